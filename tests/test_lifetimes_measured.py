"""The model of lifetimes against runs on a real kernel, where those are at hand (../shared/ground-truth)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tcptune.kernel import timeouts
from tcptune.kernel.lifetimes import CASES, EARLY_RETRANS, ORPHAN_RETRIES, RETRIES2, RTO_MAX
from tcptune.kernel.timeouts import Lifetime
from tcptune.kernel.timer_wheel import ceil_jiffies

MEASURED = Path(__file__).parents[2] / "shared/ground-truth/lifetimes.json"

pytestmark = pytest.mark.skipif(not MEASURED.is_file(), reason=f"{MEASURED} is not there")

KERNEL_DEFAULTS = {
    ORPHAN_RETRIES: 0,
    RETRIES2: 15,
    "net.ipv4.tcp_fin_timeout": 60,
    "net.ipv4.tcp_syn_retries": 6,
    "net.ipv4.tcp_synack_retries": 5,
}

FEWEST_COVERED = 140
"""Fewer covered rows would mean that the filter, and not the model, passes the test."""
FEWEST_WATCHED = 100


class Verdict(NamedTuple):
    """One run: what the model promised, and whether the run kept to it."""

    scenario: str
    inside: bool
    measured: float | None
    predicted: Lifetime


def not_covered(row: dict[str, Any]) -> str | None:
    """Why the plain model (settings, RTO and round trip; nothing else of the socket) says nothing about a run."""
    if "user_timeout_ms" in row and row["mode"] != "time_wait":
        return "TCP_USER_TIMEOUT takes the place of the retry count"
    if {"sysctl_at", "late_sysctls"} & row.keys():
        return "a setting was changed on the way"
    if "close_at" in row:
        return "closed only after a while in FIN-WAIT-2"
    if {"sent", "unsent"} & row.keys():
        return "data was in flight: the tail loss probe comes sooner"
    if "_icmp_" in row["scenario"]:
        return "each ICMP error takes back a step of the back-off"
    if row["socket"]["backoff"] > 0:
        return "the zero-window probes had begun before close()"
    if row["mode"] == "zero_window" and not row["orphan"]:
        return "an owned socket behind a zero window has no case of its own"
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


def predicted(row: dict[str, Any], hz: int) -> Lifetime:
    """What the model says with the settings of the run and the RTO and round trip of its socket."""
    given = row.get("sysctls") or {}
    settings = KERNEL_DEFAULTS | {f"net.ipv4.{name}": value for name, value in given.items()}
    rtt = row["socket"]["rtt_ms"] / 1000
    path = timeouts.Path(
        rtt=rtt,
        rto_min=row["socket"]["rto_ms"] / 1000 - ceil_jiffies(rtt, hz) / hz,
        rto_max=settings.get(RTO_MAX, 120_000) / 1000,
        hz=hz,
        tail_loss_probe=settings.get(EARLY_RETRANS, 3) in (3, 4) and given.get("tcp_sack") != 0,
    )
    [case] = [case for case in CASES if case.name == case_of(row)]
    return case.compute(case.name, settings, path)


def verdict(row: dict[str, Any], hz: int, poll: float) -> Verdict:
    """A run is inside when it ended between the model's least and most, give or take how it was watched."""
    lifetime = predicted(row, hz)
    measured, last_seen = row["lifetime_s"], row["last_seen_s"]
    if lifetime.min is None or lifetime.max is None:
        inside = measured is None
    elif measured is None:
        inside = last_seen < lifetime.max
    else:
        inside = lifetime.min - 0.05 <= measured <= lifetime.max + 0.1 + poll
    return Verdict(row["scenario"], inside, measured, lifetime)


def verdicts() -> list[Verdict]:
    """All runs that the model covers."""
    document = json.loads(MEASURED.read_text())
    hz, poll = document["meta"]["HZ"], document["meta"]["poll_s"]
    return [verdict(row, hz, poll) for row in document["rows"] if not_covered(row) is None]


def test_runs_on_a_real_kernel_end_when_the_model_says():
    """At least 95 of 100 runs that the model covers end between its least and its most."""
    found = verdicts()
    outside = [f"{run.scenario}: {run.measured} s, not {run.predicted[1:4]}" for run in found if not run.inside]

    assert FEWEST_COVERED <= len(found)
    assert len(outside) <= 0.05 * len(found), outside


def test_a_fin_is_sent_as_often_as_the_model_says():
    """Every covered run that waited for the ACK of a FIN sent it exactly as often as predicted."""
    document = json.loads(MEASURED.read_text())
    rows = [row for row in document["rows"] if not_covered(row) is None and row["at_close"]["timer"] == "on(retrans)"]
    sent = {
        row["scenario"]: len(row["tx_times_s"])
        for row in rows
        if row["mode"] in ("fin_wait1", "last_ack", "closing") and row.get("tx_times_s")
    }

    assert FEWEST_WATCHED <= len(sent)
    assert sent == {
        row["scenario"]: len(predicted(row, document["meta"]["HZ"]).transmissions)
        for row in rows
        if row["scenario"] in sent
    }


def test_the_expected_time_is_near_what_was_measured():
    """Half of the runs end within 1 % of the expected time."""
    errors = sorted(
        abs(run.measured - run.predicted.expected) / run.measured
        for run in verdicts()
        if run.measured is not None and run.predicted.expected is not None
    )

    assert errors[len(errors) // 2] <= 0.01
