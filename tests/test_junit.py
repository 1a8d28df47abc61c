"""JUnit XML: one suite a report, one case a rule, read back with a parser that others use."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Skipped
from reports_common import failures, finding, is_clean, report, report_lists, stored

from tcptune.model.report import Severity, Suppressed
from tcptune.report import junit


def read(*reports, failures=(), fail_on="medium") -> JUnitXml:
    """The document as junitparser reads it."""
    return JUnitXml.fromstring(junit.render(reports, failures, fail_on).encode())


def results(suite) -> dict[str, list[type]]:
    """What became of each case of a suite."""
    return {case.name: [type(result) for result in case.result] for case in suite}


def test_a_rule_fails_is_skipped_or_passes():
    """One case for each rule of the report."""
    (suite,) = read(report(finding(), finding(rule="mild", severity=Severity.low)))

    assert {
        "fin-timeout-above-60": [Failure],
        "mild": [],
        "max-orphans-low": [Skipped],
        "time-wait-normal": [],
    } == results(suite)
    assert (4, 1, 0, 1) == (suite.tests, suite.failures, suite.errors, suite.skipped)
    assert ("web-3", "web-3", "2026-11-20T22:52:00") == (suite.name, suite.hostname, suite.timestamp)


@pytest.mark.parametrize(("fail_on", "failing"), [("info", 2), ("low", 2), ("medium", 1), ("high", 0), ("never", 0)])
def test_the_threshold_is_that_of_the_exit_code(fail_on, failing):
    """A milder finding is told in the output of its case."""
    found = junit.render([report(finding(), finding(rule="mild", severity=Severity.low))], fail_on=fail_on)
    root = ET.fromstring(found)

    assert failing == len(root.findall(".//failure"))
    assert 2 - failing == len(root.findall(".//system-out"))


def test_the_failure_holds_place_numbers_and_cure():
    """Whoever reads the log of a pipeline needs no other page."""
    (suite,) = read(report(finding(path="sysctl.d/9.conf", line=3, column=1)))
    case = next(case for case in suite if case.name == "fin-timeout-above-60")
    (failure,) = case.result

    assert ("tcp_fin_timeout is 300 s.", "medium") == (failure.message, failure.type)
    assert failure.text.splitlines() == [
        "sysctl.d/9.conf:3:1: medium",
        "tcp_fin_timeout is 300 s.",
        "  net.ipv4.tcp_fin_timeout = 300 s",
        "Set net.ipv4.tcp_fin_timeout = 60 (now 300). The default again.",
        "Find the file that sets it.",
    ]


def test_several_findings_of_a_rule_are_one_failure():
    """Most readers take only the first; the worst gives the message."""
    mild, bad = (finding(severity=severity, message=severity.name) for severity in (Severity.low, Severity.high))
    (suite,) = read(report(mild, bad, bad._replace(subject="b")))
    case = next(iter(suite))
    (failure,) = case.result

    assert ("high", "high") == (failure.message, failure.type)
    assert 2 == failure.text.count("high\nhigh")
    assert "low\nlow" in case.system_out


def test_a_source_that_could_not_be_judged_is_an_error():
    """A pipeline in which a file was lost is not green."""
    document = read(report(), failures=["lost.json: no such file"])
    lost = list(document)[1]

    assert 1 == document.errors == lost.errors
    assert [[Error]] == list(results(lost).values())
    assert "lost.json: no such file" == next(iter(lost)).result[0].message


def test_the_stored_hosts_give_a_suite_each():
    """With as many cases as rules were asked."""
    document = read(*stored())

    assert len(stored()) == len(list(document))
    assert [len({f.rule for f in each.findings}) + len(each.skipped) + len(each.quiet) for each in stored()] == [
        suite.tests for suite in document
    ]


@settings(deadline=None)
@given(report_lists, failures)
def test_any_report_is_well_formed_and_clean(reports, lost):
    """No character that XML 1.0 forbids, nothing that ends a tag, and the totals are right."""
    text = junit.render(reports, lost)
    document = JUnitXml.fromstring(text.encode("utf-8"))

    assert is_clean(text)
    assert len(reports) + bool(lost) == len(list(document))
    for suite in document:
        assert suite.tests == len(list(suite))
        assert suite.failures == sum(Failure in kinds for kinds in map(kinds_of, suite))
    assert document.tests == sum(suite.tests for suite in document)


def kinds_of(case) -> list[type]:
    """What became of one case."""
    return [type(result) for result in case.result]


@settings(deadline=None)
@given(report_lists)
def test_the_text_of_a_message_comes_back(reports):
    """What is escaped is unescaped by the reader."""
    from tcptune.printable import printable

    document = ET.fromstring(junit.render(reports, fail_on="info"))
    messages = {failure.get("message") for failure in document.iter("failure")}

    assert messages <= {printable(found.message, 2000) for each in reports for found in each.findings}


def test_a_rule_whose_findings_are_suppressed_is_skipped_with_the_reasons():
    """Unless another of its findings stands."""
    waved = tuple(Suppressed("fin-timeout-above-60", "x.conf", line, "a load generator") for line in (7, 9))
    (suite,) = read(report(suppressed=waved))
    (stands,) = read(report(finding(), suppressed=waved))
    case = next(iter(suite))

    assert (
        "suppressed at x.conf:7: a load generator; suppressed at x.conf:9: a load generator" == case.result[0].message
    )
    assert [Failure] == results(stands)["fin-timeout-above-60"]
