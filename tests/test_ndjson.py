"""Lines of JSON: each stands alone and is valid against the published schema."""

from __future__ import annotations

import json

from hypothesis import given, settings
from reports_common import failures, finding, report, report_lists, stored
from schemas_common import validator

from tcptune.model.report import Severity
from tcptune.report import json as json_report
from tcptune.report import ndjson


def read(*reports, failures=()) -> list[dict]:
    """The lines, each parsed and validated."""
    text = ndjson.render(reports, failures)
    lines = [json.loads(line, parse_constant=refuse) for line in text.split("\n")[:-1]]
    for line in lines:
        validator("line").validate(line)
    return lines


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_findings_come_first_and_the_summary_last():
    """A line each; every one says whose it is."""
    lines = read(report(finding(), finding(rule="mild", severity=Severity.low)), report())

    assert ["finding", "finding", "summary", "summary"] == [line["kind"] for line in lines]
    assert {"web-3"} == {line["host"]["name"] for line in lines}


def test_a_finding_is_that_of_the_report_with_its_place():
    """So that whoever reads the one reads the other."""
    (line, _) = read(report(finding(path="x.conf", line=3, column=5)))
    plain = json_report.document(report(finding(path="x.conf", line=3, column=5)))["findings"][0]

    assert plain == {name: line[name] for name in plain}
    assert ("x.conf", 3, 5) == (line["path"], line["line"], line["column"])


def test_the_summary_counts():
    """Findings by severity, rules by outcome, what was skipped and why."""
    summary = read(report(finding(), finding(severity=Severity.high)))[-1]

    assert "high" == summary["worst"]
    assert {"info": 0, "low": 0, "medium": 1, "high": 1} == summary["findings"]
    assert {"fired": 1, "quiet": 1, "skipped": 1} == summary["rules"]
    assert [{"rule": "max-orphans-low", "reason": "net.ipv4.tcp_max_orphans: not shown"}] == summary["skipped"]


def test_a_report_in_which_nothing_was_judged_says_so():
    """It is not the same as one in which nothing was found."""
    assert [False, True] == [line["judged"] for line in read(report(quiet=()), report())]


def test_a_source_that_could_not_be_judged_is_a_line():
    """A fleet of a thousand hosts must not lose one in silence."""
    assert ["lost.json: no such file"] == [line["message"] for line in read(failures=["lost.json: no such file"])]


def test_the_stored_hosts():
    """As many lines as findings and reports."""
    assert sum(len(each.findings) + 1 for each in stored()) == len(read(*stored()))


@settings(deadline=None)
@given(report_lists, failures)
def test_any_report_is_plain_json_in_lines_of_its_own(reports, lost):
    """No line break inside a line, no half character, no NaN."""
    text = ndjson.render(reports, lost)
    lines = read(*reports, failures=lost)

    assert text.isascii()
    assert sum(len(each.findings) + 1 for each in reports) + len(lost) == len(lines)
    json.dumps(lines, ensure_ascii=False).encode()
