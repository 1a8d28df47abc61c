"""The reports as JUnit XML: a test suite for each report, a test case for each rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from xml.etree import ElementTree as ET

from tcptune.model.report import Finding, Report, Severity
from tcptune.printable import printable
from tcptune.report.outcomes import MOST_TEXT, by_rule, names, paragraphs
from tcptune.report.words import evidence_rows

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", re.ASCII)
NEVER = "never"


Fails = Callable[[Finding], bool]
"""Whether a finding makes the case of its rule fail."""


def render(
    reports: Sequence[Report],
    failures: Sequence[str] = (),
    fail_on: str = "medium",
    fails: Fails | None = None,
) -> str:
    """One document. A rule fails from the severity `fail_on` ("never": none does) on; a milder finding is its output.

    `failures` are sentences about sources that could not be judged; each is an error, so that it cannot pass. A command
    that exits by something else than severities says by `fails` what fails.
    """
    root = ET.Element("testsuites", name="tcptune")
    for report, name in zip(reports, names(reports), strict=True):
        root.append(_suite(report, name, fails or _at_least(fail_on)))
    if failures:
        root.append(_failed(failures))
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _at_least(fail_on: str) -> Fails:
    if fail_on == NEVER:
        return lambda _: False
    return lambda finding: finding.severity >= Severity[fail_on]


def _suite(report: Report, name: str, fails: Fails) -> ET.Element:
    suite = ET.Element("testsuite", name=name)
    fired = by_rule(report)
    cases = [
        *(_fired(rule, findings, fails) for rule, findings in fired.items()),
        *(_skipped(rule, why) for rule, why in _suppressed(report).items() if rule not in fired),
        *(_skipped(skipped.rule, skipped.reason) for skipped in report.skipped),
        *(_case(rule) for rule in report.quiet),
    ]
    for case in cases:
        case.set("classname", name)
    _count(suite, cases)
    if report.host.name is not None:
        suite.set("hostname", name)
    moment = TIMESTAMP.match(report.taken_at or "")
    if moment:  # the schema of JUnit has no time zone in it
        suite.set("timestamp", moment.group())
    suite.extend(cases)
    return suite


def _failed(failures: Sequence[str]) -> ET.Element:
    suite = ET.Element("testsuite", name="sources")
    cases = []
    for sentence in failures:
        case = _case("could be judged")
        case.set("classname", "sources")
        ET.SubElement(case, "error", message=printable(sentence, MOST_TEXT), type="error")
        cases.append(case)
    _count(suite, cases)
    suite.extend(cases)
    return suite


def _count(suite: ET.Element, cases: Sequence[ET.Element]) -> None:
    suite.set("tests", str(len(cases)))
    for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(total, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", "0")


def _case(rule: str) -> ET.Element:
    return ET.Element("testcase", name=printable(rule), time="0")


def _suppressed(report: Report) -> dict[str, str]:
    """The rules whose findings a comment in the file suppresses, with the lines and reasons."""
    told: dict[str, list[str]] = {}
    for one in report.suppressed:
        told.setdefault(one.rule, []).append(f"suppressed at {one.path}:{one.line}: {one.reason}")
    return {rule: "; ".join(reasons) for rule, reasons in told.items()}


def _skipped(rule: str, reason: str) -> ET.Element:
    case = _case(rule)
    ET.SubElement(case, "skipped", message=printable(reason, MOST_TEXT))
    return case


def _fired(rule: str, findings: Sequence[Finding], fails: Fails) -> ET.Element:
    """The case of a rule that fired: one failure for all its findings, for many readers take only the first."""
    case = _case(rule)
    first = findings[0]
    if first.path is not None:
        case.set("file", printable(first.path))
        if first.line is not None:
            case.set("line", str(first.line))
    failing = [finding for finding in findings if fails(finding)]
    if failing:
        worst = max(failing, key=lambda finding: finding.severity)
        failure = ET.SubElement(case, "failure", message=printable(worst.message, MOST_TEXT), type=worst.severity.name)
        failure.text = _text(failing)
    milder = [finding for finding in findings if not fails(finding)]
    if milder:
        ET.SubElement(case, "system-out").text = _text(milder)
    return case


def _text(findings: Sequence[Finding]) -> str:
    return "\n\n".join("\n".join(_lines(finding)) for finding in findings)


def _lines(finding: Finding) -> Iterator[str]:
    """A finding as text: where, what, the numbers behind it, and what to do."""
    place = ":".join(str(part) for part in (finding.path, finding.line, finding.column) if part is not None)
    yield ": ".join(printable(part) for part in (place, finding.subject, finding.severity.name) if part)
    message, *cures = paragraphs(finding)
    yield message
    for name, value, scope in evidence_rows(finding):
        yield printable(f"  {name} = {value}{f' ({scope})' if scope else ''}")
    yield from cures
