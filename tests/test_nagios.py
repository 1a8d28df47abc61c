"""The check for Nagios and its kin: status line, performance data, more lines, exit code."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from reports_common import failures, finding, is_clean, report, report_lists, stored

from tcptune.model.report import Evidence, Severity
from tcptune.report import nagios

DATUM = re.compile(r"(?:(?P<plain>[\w.-]+)|'(?P<quoted>[^'=]+)')=(?P<value>-?\d+);;;0;(?P<most>\d*)", re.ASCII)


def read(text: str) -> tuple[str, dict[str, tuple[int, int | None]], list[str]]:
    """Status, performance data, the other lines; as the guidelines say that a reader cuts them."""
    first, *others = text.split("\n")[:-1]
    status, _, data = first.partition(" | ")
    found = {}
    while data:
        match = DATUM.match(data)
        assert match is not None, data
        most = int(match["most"]) if match["most"] else None
        found[match["plain"] or match["quoted"]] = (int(match["value"]), most)
        data = data[match.end() :].removeprefix(" ")
    return status, found, others


def of(severity: str | None):
    """A report whose only finding is of a severity."""
    return report() if severity is None else report(finding(severity=Severity[severity]))


@pytest.mark.parametrize(
    ("severity", "failed", "code", "status"),
    [
        (None, False, 0, "TCPTUNE OK - nothing found, 1 rule quiet"),
        ("info", False, 0, "TCPTUNE OK - 1 info: fin-timeout-above-60"),
        ("low", False, 0, "TCPTUNE OK - 1 low: fin-timeout-above-60"),
        ("medium", False, 1, "TCPTUNE WARNING - 1 medium: fin-timeout-above-60"),
        ("high", False, 2, "TCPTUNE CRITICAL - 1 high: fin-timeout-above-60"),
        (None, True, 3, "TCPTUNE UNKNOWN - nothing found, 1 rule quiet, 1 source not judged"),
        ("low", True, 3, "TCPTUNE UNKNOWN - 1 low, 1 source not judged: fin-timeout-above-60"),
        ("medium", True, 1, "TCPTUNE WARNING - 1 medium, 1 source not judged: fin-timeout-above-60"),
        ("high", True, 2, "TCPTUNE CRITICAL - 1 high, 1 source not judged: fin-timeout-above-60"),
    ],
)
def test_the_code_and_the_word_agree(severity, failed, code, status):
    """What is known to be wrong comes before what could not be seen."""
    lost = ["x: broken"] if failed else []

    assert code == nagios.exit_code([of(severity)], failed)
    assert status == read(nagios.render([of(severity)], lost))[0]


def test_nothing_judged_is_unknown():
    """Whether there was no report at all, or one in which every rule was skipped."""
    assert (3, 3) == (nagios.exit_code([], True), nagios.exit_code([report(quiet=())], False))
    assert "TCPTUNE UNKNOWN - nothing could be judged\nUNKNOWN: x: broken\n" == nagios.render([], ["x: broken"])
    assert "TCPTUNE UNKNOWN - nothing could be judged" == read(nagios.render([report(quiet=())]))[0]


def test_counts_are_performance_data_with_their_limits():
    """The limit is the largest value there can be, where it was read."""
    found = finding(
        evidence=(
            Evidence("sockstat.TCP.orphan", 309, "sockets", "host"),
            Evidence("net.ipv4.tcp_max_orphans", 256, "sockets", "host"),
            Evidence("net.ipv4.tcp_max_tw_buckets", -1, "sockets", "netns"),
        )
    )
    _, data, _ = read(nagios.render([report(found)]))

    assert {"time_wait": (31000, None), "close_wait": (3, None), "orphans": (309, 256)} == data


def test_without_counts_there_is_no_bar():
    """As for settings files."""
    assert "|" not in nagios.render([report(states={})])


def test_several_machines_have_labels_in_quotes():
    """Quotes and equals signs would end a label, so they are replaced."""
    hosts = [report().host._replace(name=name) for name in ("web-3", "it's=a|b")]
    _, data, _ = read(nagios.render([report(host=host) for host in hosts]))

    assert {"web-3 time_wait", "web-3 close_wait", "it_s_a_b time_wait", "it_s_a_b close_wait"} == set(data)


def test_the_findings_follow_the_worst_first():
    """With machine, place and item; not more of them than a monitoring system keeps."""
    mild = finding(severity=Severity.low, path="x.conf", line=3)
    bad = finding(severity=Severity.high, subject="10.0.0.5")
    _, _, lines = read(nagios.render([report(mild), report(bad)]))
    _, _, many = read(nagios.render([report(*[mild] * 40)]))

    assert [
        "HIGH: web-3 (live): fin-timeout-above-60: 10.0.0.5: tcp_fin_timeout is 300 s.",
        "LOW: x.conf:3: fin-timeout-above-60: tcp_fin_timeout is 300 s.",
    ] == lines
    assert (31, "and 10 more") == (len(many), many[-1])


def test_the_stored_hosts_fit_into_a_line():
    """Alone and together."""
    for reports in (*([each] for each in stored()), stored()):
        status, data, _ = read(nagios.render(reports))
        assert len(status) <= nagios.WIDTH
        assert all(label.endswith(("time_wait", "close_wait", "orphans")) for label in data)


@settings(deadline=None)
@given(report_lists, failures)
def test_any_report_is_cut_where_the_guidelines_say(reports, lost):
    """No bar but the one before the data, no line that is too long, nothing that a terminal obeys."""
    text = nagios.render(reports, lost)
    status, data, lines = read(text)

    assert is_clean(text)
    assert len(status) <= nagios.WIDTH
    assert status.startswith(f"TCPTUNE {nagios.STATES[nagios.exit_code(reports, bool(lost))]} - ")
    assert "|" not in "".join(lines)
    assert bool(data) or " | " not in text
