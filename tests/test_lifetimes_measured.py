"""The model of lifetimes against runs on a real kernel: a few of ours, and many more where those are at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tcptune.kernel import timeouts
from tcptune.kernel.lifetimes import CASES, EARLY_RETRANS, ORPHAN_RETRIES, RETRIES2, RTO_MAX, RTO_MIN
from tcptune.kernel.timeouts import Lifetime

OURS = Path(__file__).parent / "measured.json"
SHARED = Path(__file__).parents[2] / "shared/ground-truth/lifetimes.json"

KERNEL_DEFAULTS = {
    ORPHAN_RETRIES: 0,
    RETRIES2: 15,
    "net.ipv4.tcp_fin_timeout": 60,
    "net.ipv4.tcp_syn_retries": 6,
    "net.ipv4.tcp_synack_retries": 5,
}

FEWEST_COVERED = 190
"""Fewer covered rows would mean that the filter, and not the model, passes the test."""


class Verdict(NamedTuple):
    """One run: what the model promised, and whether the run kept to it."""

    scenario: str
    inside: bool
    near: bool
    sent_as_often: bool | None
    measured: float | None
    predicted: Lifetime


def not_covered(row: dict[str, Any]) -> str | None:
    """Why the model, which computes from what is known at close(), says nothing about a run."""
    if {"sysctl_at", "late_sysctls"} & row.keys():
        return "a setting was changed on the way"
    if "close_at" in row:
        return "closed only after a while in FIN-WAIT-2"
    if "fw1_icmp_" in row["scenario"]:
        return "each ICMP error takes back a step of the back-off"
    return None


def case_of(row: dict[str, Any]) -> str:
    """The case that a run belongs to."""
    owner = "orphan" if row["orphan"] else "owned"
    if row["mode"] == "zero_window" or "_noroute_" in row["scenario"]:
        return "FIN-WAIT-1/zero-window-" + ("answered" if row.get("answered") else "unanswered")
    return {
        "fin_wait1": f"FIN-WAIT-1/{owner}",
        "last_ack": f"LAST-ACK/{owner}",
        "closing": f"CLOSING/{owner}",
        "fin_wait2": f"FIN-WAIT-2/{owner}",
        "time_wait": "TIME-WAIT",
    }[row["mode"]]


def path_of_row(row: dict[str, Any], settings: dict[str, int], hz: int) -> timeouts.Path:
    """What the socket of a run looked like when it was closed."""
    socket, at_close = row["socket"], row["at_close"]
    timer = socket.get("timer_ms")
    if row["mode"] != "zero_window" and (at_close["unacked"] or 0) > 1:
        timer = at_close["expires"]
    route_rto_min = float(row.get("route_rto_min", "0ms").removesuffix("ms")) / 1000
    return timeouts.Path(
        rtt=socket["rtt_ms"] / 1000,
        rto_min=route_rto_min or settings.get(RTO_MIN, 200_000) / 1e6,
        rto_max=settings.get(RTO_MAX, 120_000) / 1000,
        hz=hz,
        tail_loss_probe=settings.get(EARLY_RETRANS, 3) in (3, 4) and settings.get("net.ipv4.tcp_sack") != 0,
        known_rto=socket["rto_ms"] / 1000,
        timer=None if timer is None else timer / 1000,
        backoff=socket["backoff"] or 0,
        probes=socket.get("probes") or 0,
        user_timeout=row.get("user_timeout_ms", 0) / 1000,
    )


def predicted(row: dict[str, Any], hz: int) -> Lifetime:
    """What the model says with the settings of the run and what was seen of its socket."""
    given = {f"net.ipv4.{name}": value for name, value in (row.get("sysctls") or {}).items()}
    settings = KERNEL_DEFAULTS | given
    if row["mode"] == "zero_window" and not row["orphan"]:
        if row.get("answered"):
            return timeouts.never("", (), "an owned socket behind an answered zero window lives on (RFC 9293)")
        settings[ORPHAN_RETRIES] = settings[RETRIES2]
    [case] = [case for case in CASES if case.name == case_of(row)]
    return case.compute(case.name, settings, path_of_row(row, settings, hz))


def verdict(row: dict[str, Any], hz: int, poll: float) -> Verdict:
    """A run is inside when it ended between the model's least and most, give or take the time between two looks."""
    lifetime = predicted(row, hz)
    measured, last_seen = row["lifetime_s"], row["last_seen_s"]
    if measured is None or lifetime.expected is None or lifetime.min is None or lifetime.max is None:
        inside = near = measured is None and (lifetime.max is None or last_seen < lifetime.max)
    else:
        inside = lifetime.min <= measured <= lifetime.max + poll
        near = abs(measured - lifetime.expected) <= max(0.05, 0.02 * measured)
    sent = [second for second in row.get("tx_times_s") or () if not str(second).startswith("-")]
    data = {"sent", "unsent"} & row.keys()
    as_often = None if not sent or not lifetime.transmissions or data else len(sent) == len(lifetime.transmissions)
    return Verdict(row["scenario"], inside, near, as_often, measured, lifetime)


def verdicts(document: dict[str, Any]) -> list[Verdict]:
    """All runs that the model covers."""
    hz, poll = document["meta"]["HZ"], document["meta"]["poll_s"]
    return [verdict(row, hz, poll) for row in document["rows"] if not_covered(row) is None]


@pytest.fixture(scope="module", params=[OURS, SHARED], ids=["ours", "shared"])
def runs(request) -> list[Verdict]:
    """The verdicts on one file of measured runs."""
    if not request.param.is_file():
        pytest.skip(f"{request.param} is not there")
    found = verdicts(json.loads(request.param.read_text()))
    assert len(found) >= (FEWEST_COVERED if request.param == SHARED else 10)
    return found


def test_runs_on_a_real_kernel_end_when_the_model_says(runs):
    """At least 99 of 100 runs end between the model's least and its most."""
    outside = [f"{run.scenario}: {run.measured} s, not {run.predicted[1:4]}" for run in runs if not run.inside]

    assert len(outside) <= 0.01 * len(runs), outside


def test_the_expected_time_is_what_was_measured(runs):
    """At least 95 of 100 runs end within 2 % or 50 ms of the expected time."""
    far = [f"{run.scenario}: {run.measured} s, not {run.predicted.expected}" for run in runs if not run.near]

    assert len(far) <= 0.05 * len(runs), far


def test_a_fin_or_probe_is_sent_as_often_as_the_model_says(runs):
    """At least 97 of 100 runs sent what they sent as often as predicted."""
    wrong = [run.scenario for run in runs if run.sent_as_often is False]

    assert len(wrong) <= 0.03 * len([run for run in runs if run.sent_as_often is not None]), wrong
