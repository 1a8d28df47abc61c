"""`tcptune timeouts`: the JSON contract, what-if, the options of a socket, the time line."""

from __future__ import annotations

import json

import pytest
from test_cli import OVERFLOW, QUIET, STORM, tcptune

from tcptune.kernel.lifetimes import CASES
from tcptune.kernel.timeouts import Lifetime
from tcptune.report.timeouts import LINE, column, time_line


def computed(*arguments: object) -> dict[str, dict]:
    """The lifetimes that a run prints, by case."""
    run = tcptune("timeouts", *arguments, "--format", "json")

    assert (0, "") == (run.returncode, run.stderr)
    return {found["case"]: found for found in json.loads(run.stdout)["lifetimes"]}


def test_the_json_has_the_fields_of_its_schema():
    """Names, units and order are a contract."""
    document = json.loads(tcptune("timeouts", QUIET, "--format", "json").stdout)

    assert "tcptune/timeouts/1" == document["schema"]
    assert 0 == document["inputs"]["net.ipv4.tcp_orphan_retries"]
    assert {"rto_ms": 204.0, "rtt_ms": 0.1, "hz": 250}.items() <= document["inputs"].items()
    assert [case.name for case in CASES] == [found["case"] for found in document["lifetimes"]]
    for found in document["lifetimes"]:
        assert {
            "case",
            "min",
            "expected",
            "max",
            "model",
            "transmissions",
            "transmission_ranges",
            "decided_by",
            "ends",
            "notes",
        } == set(found)
        assert (found["ends"] == "never") == (found["expected"] is None)


@pytest.mark.parametrize(
    ("arguments", "case", "least", "most"),
    [
        (["--set", "net.ipv4.tcp_orphan_retries=3"], "FIN-WAIT-1/orphan", 6.5, 6.95),
        (["--set", "tcp_orphan_retries=1"], "LAST-ACK/orphan", 1.63, 1.72),
        (["--set", "net/ipv4/tcp_fin_timeout=61"], "FIN-WAIT-2/orphan", 2.0, 2.2),
        (["--set", "tcp_orphan_retries=1", "--user-timeout", "20000"], "FIN-WAIT-1/orphan", 20.3, 22.7),
        (["--set", "tcp_orphan_retries=8", "--user-timeout", "1000"], "CLOSING/orphan", 1.4, 1.5),
        (["--rto", "360", "--rtt", "150"], "FIN-WAIT-1/orphan", 187, 192),
        (["--no-tlp"], "FIN-WAIT-1/orphan", 105.5, 108.4),
        (
            ["--rto", "208", "--backoff", "3", "--timer", "208", "--rtt", "5.5"],
            "FIN-WAIT-1/zero-window-answered",
            334,
            338,
        ),
        (
            ["--rto", "208", "--backoff", "3", "--timer", "212", "--set", "tcp_orphan_retries=3"],
            "FIN-WAIT-1/zero-window-unanswered",
            23.9,
            24.5,
        ),
        (
            ["--rto", "208", "--backoff", "3", "--timer", "200", "--user-timeout", "20000"],
            "FIN-WAIT-1/zero-window-unanswered",
            17.1,
            17.9,
        ),
        (["--linger2", "61"], "FIN-WAIT-2/orphan", 2.0, 2.2),
        (["--linger2", "-1"], "FIN-WAIT-2/orphan", 0.0, 0.05),
        (["--set", "tcp_rto_max_ms=1000"], "FIN-WAIT-1/orphan", 2.6, 2.8),
    ],
)
def test_settings_and_sockets_live_as_long_as_was_measured(arguments, case, least, most):
    """Each range lies where a run on 6.18 at HZ=250 ended."""
    found = computed(QUIET, *arguments)[case]

    assert least <= found["min"] <= found["expected"] <= found["max"] <= most


def test_a_zero_window_that_is_answered_never_ends_where_retries2_is_low():
    """null and "never", not a number."""
    found = computed(QUIET, "--set", "tcp_retries2=8")["FIN-WAIT-1/zero-window-answered"]

    assert (None, "never") == (found["expected"], found["ends"])


def test_a_kernel_before_the_timer_wheel_is_on_time():
    """Up to 4.7 a timer fires within a jiffy."""
    found = computed(QUIET, "--kernel", "4.4.0")["TIME-WAIT"]

    assert found["max"] - found["min"] < 0.1


def test_another_clock_has_another_rto():
    """201 ms at HZ=1000, 210 ms at HZ=100."""
    for hz, rto in ((1000, 201.0), (100, 210.0)):
        document = json.loads(tcptune("timeouts", QUIET, "--hz", hz, "--format", "json").stdout)
        assert rto == document["inputs"]["rto_ms"]


def test_what_if_stands_beside_what_is():
    """The text shows before and after, and when each FIN goes out."""
    text = tcptune("timeouts", STORM, "--set", "tcp_orphan_retries=3").stdout

    assert "before" in text
    assert "107.2 s" in text
    assert "6.7" in text
    assert "FIN-WAIT-1/orphan: 0, 0.2" in text
    assert [] == [line for line in text.splitlines() if len(line) > 79]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "tcp_orphan_retries=256"], "is outside"),
        (["--set", "tcp_orphan_retries"], "is not KEY=VALUE"),
        (["--set", "tcp_orphan_retrys=3"], "did you mean 'tcp_orphan_retries'?"),
        (["--set", "tcp_fin_timeout=soon"], "is not KEY=VALUE"),
        (["--rto", "nan"], "--rto: nan is not within"),
        (["--rtt", "-1"], "--rtt: -1 is not within"),
        (["--hz", "0"], "--hz: 0 is not within"),
        (["--backoff", "999"], "--backoff: 999 is not within"),
        (["--kernel", "seven"], "is no kernel release"),
        (["--format", "xml"], "--format: 'xml' is not known"),
    ],
)
def test_what_cannot_be_is_wrong_usage(arguments, words):
    """One sentence on stderr, nothing on stdout, exit 2."""
    run = tcptune("timeouts", QUIET, *arguments)

    assert (2, "") == (run.returncode, run.stdout)
    assert words in run.stderr


def test_a_machine_that_does_not_tell_a_setting_leaves_its_cases_out():
    """What is missing is named with its reason, and an assumed clock is said."""
    snapshot = {"schema": "tcptune/snapshot/1", "values": {"net.ipv4.tcp_fin_timeout": 60}}
    run = tcptune("timeouts", "-", "--format", "json", stdin=json.dumps(snapshot))
    document = json.loads(run.stdout)

    assert "net.ipv4.tcp_orphan_retries: not read" in document["gaps"]["FIN-WAIT-1/orphan"]
    assert "FIN-WAIT-1/orphan" not in {found["case"] for found in document["lifetimes"]}
    assert any("HZ is not known" in note for note in document["notes"])
    assert any("rules of 6.18" in note for note in document["notes"])


def test_the_time_line_keeps_its_order_and_width():
    """Later is further right; the end is an x within its range."""
    columns = [column(second, 1000.0) for second in (0.0, 0.1, 1.0, 10.0, 100.0, 1000.0, 5000.0)]
    line = time_line(Lifetime("c", 9.0, 10.0, 11.0, "", (), transmissions=(0.0, 1.0)), 1000.0)

    assert sorted(columns) == columns
    assert LINE - 1 == columns[-1]
    assert LINE == len(line)
    assert line.index("|") < line.index("x")


def test_two_hosts_differ_where_their_settings_do():
    """tcp_fin_timeout is 10 on one of them."""
    assert computed(QUIET)["FIN-WAIT-2/orphan"]["expected"] > 60 > computed(OVERFLOW)["FIN-WAIT-2/orphan"]["max"]
