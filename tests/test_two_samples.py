"""`tcptune audit` with two samples: --since a stored one, or --interval seconds between two looks."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from test_cli import HOSTS, tcptune

FULL = HOSTS / "accept-queue-full-6.1"
FORMATS = ["text", "json", "markdown", "sarif", "junit", "github", "prometheus", "ndjson"]
OVERFLOWS, PASSIVE = "TcpExt.ListenOverflows", "Tcp.PassiveOpens"
RULE = ("--select", "accept-queue-overflow")


@pytest.fixture
def stored(tmp_path: Path) -> Any:
    """A function that stores a machine with a burst of overflows, changed as asked, and gives its place."""

    def store(name: str, *, host: str = "web-3", **changed: float) -> Path:
        values = {OVERFLOWS: 176, PASSIVE: 1000, "uptime": 93 * 86400.0}
        document = {
            "schema": "tcptune/snapshot/1",
            "tool": "0.1.0",
            "taken_at": None,
            "host": {"name": host, "release": "6.12.8", "source": "live", "netns": "initial"},
            "values": values | {field.replace("__", "."): value for field, value in changed.items()},
            "gaps": {},
            "sockets": None,
        }
        place = tmp_path / name
        place.write_text(json.dumps(document))
        return place

    return store


@pytest.mark.parametrize("format_", FORMATS)
def test_a_burst_of_last_month_fails_no_host_that_was_watched(stored, format_):
    """One sample exits with 1; after a minute without any the finding is low, in every format."""
    earlier, later = stored("a.json"), stored("b.json", uptime=93 * 86400.0 + 60)
    one = tcptune("audit", later, *RULE, "--format", format_)
    two = tcptune("audit", later, *RULE, "--format", format_, "--since", earlier)

    assert (1, 0, "", "") == (one.returncode, two.returncode, one.stderr, two.stderr)


def test_what_happens_now_is_told_with_its_rate(stored):
    """In words for people, in numbers for programs."""
    earlier = stored("a.json")
    later = stored("b.json", uptime=93 * 86400.0 + 60, TcpExt__ListenOverflows=176 + 720, Tcp__PassiveOpens=1600)
    text = tcptune("audit", later, *RULE, "--since", earlier)
    report = json.loads(tcptune("audit", later, *RULE, "--since", earlier, "--format", "json").stdout)
    (finding,) = report["findings"]
    rates = {one["name"]: one["rate"] for one in finding["evidence"]}

    assert (60.0, "high", "medium") == (report["interval"], finding["confidence"], finding["severity"])
    assert (12.0, 10.0, None) == (rates[OVERFLOWS], rates[PASSIVE], rates["listen.overflow_share"])
    assert "watched for 60.0 s" in " ".join(text.stdout.split())
    assert "accept-queue-overflow  (observed, high confidence)" in text.stdout
    assert "TcpExt.ListenOverflows rose by 720 (12/s) in the 60.0 s watched: it happens\n  now." in text.stdout
    assert "896 events  rising 12/s" in text.stdout


def test_trouble_that_began_an_hour_ago_is_found_among_the_handshakes_of_a_year(stored):
    """By the average since boot the rule is quiet; between two samples it fires."""
    many = {"Tcp__PassiveOpens": 10**9}
    earlier = stored("a.json", **many)
    later = stored("b.json", uptime=93 * 86400.0 + 60, TcpExt__ListenOverflows=176 + 60, **many)

    assert 0 == tcptune("audit", later, *RULE).returncode
    assert 1 == tcptune("audit", later, *RULE, "--since", earlier).returncode


def test_one_sample_says_what_would_tell(stored):
    """And the JSON says that nobody watched."""
    later = stored("b.json")
    report = json.loads(tcptune("audit", later, *RULE, "--format", "json").stdout)
    (finding,) = report["findings"]

    assert (None, "low") == (report["interval"], finding["confidence"])
    assert "`tcptune audit --interval 5` tells" in finding["history"]
    assert {None} == {one["rate"] for one in finding["evidence"]}


def test_counters_that_began_anew_are_a_gap(stored):
    """A container that was started again: no rate, and the report says why."""
    earlier = stored("a.json", TcpExt__ListenOverflows=500)
    later = stored("b.json", uptime=93 * 86400.0 + 60)
    report = json.loads(tcptune("audit", later, *RULE, "--since", earlier, "--format", "json").stdout)
    (finding,) = report["findings"]

    assert "TcpExt.ListenOverflows fell from 500 to 176" in report["gaps"]["rates"]
    assert "medium" == finding["confidence"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"host": "web-4"}, "the two samples are of different machines: web-4 and web-3"),
        ({"uptime": 93 * 86400.0}, "at the same moment"),
        ({"uptime": 94 * 86400.0}, "was started again between the two samples"),
    ],
)
def test_two_samples_that_make_no_pair_are_not_judged(stored, changed, words):
    """3, the sentence names the option, and stdout stays empty."""
    earlier = stored("a.json", **changed)
    run = tcptune("audit", stored("b.json"), "--since", earlier, "--format", "json")

    assert (3, "") == (run.returncode, run.stdout)
    assert f"--since {earlier}: " in run.stderr
    assert words in " ".join(run.stderr.split())


def test_the_later_sample_may_come_through_a_pipe(stored):
    """And the earlier one too, but not both."""
    earlier, later = stored("a.json"), stored("b.json", uptime=93 * 86400.0 + 60)
    for run in (
        tcptune("audit", "-", *RULE, "--since", earlier, stdin=later.read_bytes()),
        tcptune("audit", later, *RULE, "--since", "-", stdin=earlier.read_bytes()),
    ):
        assert 0 == run.returncode
        assert "none in the 60.0 s watched" in " ".join(run.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--interval", "0"], "0 is not within 1 to 3600 seconds"),
        (["--interval", "3601"], "3601 is not within"),
        (["--interval", "nan"], "nan is not within"),
        (["--interval", "soon"], "--interval"),
        (["--interval", "5", FULL], "give an earlier sample of it instead: --since EARLIER SOURCE"),
        (["--interval", "5", "--root", FULL], "what is stored does not move"),
        (["--interval", "5", "--since", FULL], "give one of them"),
        (["--since", FULL, FULL, FULL], "give one SOURCE"),
        (["--since", "-", "-"], "cannot both be standard input"),
    ],
)
def test_samples_that_cannot_be_had_are_wrong_usage(arguments, words):
    """2, at once, with the way to do it."""
    run = tcptune("audit", *arguments)

    assert (2, "") == (run.returncode, run.stdout)
    assert words in " ".join(run.stderr.split())


def test_an_earlier_sample_that_is_not_there_is_not_judged(tmp_path):
    """It is a source like any other."""
    run = tcptune("audit", FULL, "--since", tmp_path / "nothing.json")

    assert 3 == run.returncode
    assert "no such file" in run.stderr


def test_two_looks_at_this_machine():
    """The seconds that passed are in the report, and off a terminal nothing is said of the waiting."""
    run = tcptune("audit", "--interval", "1", "--format", "json", "--fail-on", "never")

    assert (0, "") == (run.returncode, run.stderr)
    assert 1 <= json.loads(run.stdout)["interval"] < 10


def watching() -> tuple[subprocess.Popen[bytes], int]:
    """An audit that waits, its stderr on a terminal, and the terminal's other end."""
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "tcptune", "audit", "--interval", "60", "--format", "json"],
        stdout=subprocess.PIPE, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    return run, ours


def test_a_terminal_is_told_and_ctrl_c_ends_the_wait():
    """At once, without a report or a traceback; a shell makes 130 of the signal."""
    run, terminal = watching()
    said = os.read(terminal, 1000)
    asked = time.monotonic()
    run.send_signal(signal.SIGINT)
    out, _ = run.communicate(timeout=20)
    os.close(terminal)

    assert b"watching for 60 s ..." == said
    assert (-signal.SIGINT, b"") == (run.returncode, out)
    assert time.monotonic() - asked < 5
