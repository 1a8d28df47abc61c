"""What the formats for machines have in common: whose report it is, what fired, what was read, what to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tcptune.model.report import Advice, Finding, Report, Severity
from tcptune.printable import printable
from tcptune.report.history import sentence

MOST_TEXT = 2000
"""Characters of one text that a format for machines carries; no message of ours is half as long."""


LINE = re.compile(r" ?\(?\bline \d+\)?", re.ASCII)
"""How the item of a settings file says where it stands."""


def judged(report: Report) -> bool:
    """Whether any rule could judge; a report without findings, suppressed ones too, and quiet rules is not clean."""
    return bool(report.findings or report.quiet or report.suppressed)


def name_of(report: Report) -> str:
    """The machine's name, else where its numbers came from."""
    return printable(report.host.name or report.host.source, 200)


def names(reports: Iterable[Report]) -> list[str]:
    """A name for each report, no two alike: the second of a machine says where it came from, or its number.

    Two namespaces of one machine have one name, and a label or a test suite must not stand for both.
    """
    found: dict[str, None] = {}
    for report in reports:
        name = name_of(report)
        if name in found:
            name = printable(f"{name} ({report.host.source})", 400)
        number = 2
        unique = name
        while unique in found:
            unique = f"{name} #{number}"
            number += 1
        found[unique] = None
    return list(found)


def by_rule(report: Report) -> dict[str, list[Finding]]:
    """The findings of each rule that fired, the worst first, as the report has them."""
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.rule, []).append(finding)
    return found


def severities(reports: Iterable[Report]) -> Counter[Severity]:
    """How many findings there are of each severity, in all reports together."""
    return Counter(finding.severity for report in reports for finding in report.findings)


def worst_of(reports: Iterable[Report]) -> Severity | None:
    """The highest severity found in any report, or None when nothing was."""
    return max((finding.severity for report in reports for finding in report.findings), default=None)


def about(finding: Finding) -> str:
    """What a finding is about besides its rule: the item, else the first name of its evidence.

    It holds no count, and of a file no line, so it is the same tomorrow.
    """
    item = finding.subject or ""
    if finding.path is not None:
        item = LINE.sub("", item)
    return item or (finding.evidence[0].name if finding.evidence else "")


def numbers(report: Report, known: Mapping[str, Any]) -> dict[str, int | float]:
    """Every number that was read, by name: those behind the findings, and those that are known besides."""
    evidence = {each.name: each.value for finding in report.findings for each in finding.evidence}
    return {name: value for name, value in {**evidence, **known}.items() if isinstance(value, int | float)}


def cures(finding: Finding) -> list[str]:
    """A sentence for each thing to do about a finding."""
    return [printable(_cure(advice), MOST_TEXT) for advice in finding.advice]


def _cure(advice: Advice) -> str:
    if advice.kind != "sysctl":
        return advice.action or ""
    was = f" (now {advice.was})" if advice.was is not None else ""
    return f"Set {advice.key} = {advice.value}{was}. {advice.effect}"


def paragraphs(finding: Finding) -> list[str]:
    """The message of a finding, the past behind it and what to do about it, each on one line and clean."""
    history = [] if finding.history is None else [printable(sentence(finding.history), MOST_TEXT)]
    return [printable(finding.message, MOST_TEXT), *history, *cures(finding)]


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "finding"), counted(0, "finding")
    ('1 finding', '0 findings')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def whole(value: Any) -> Any:
    r"""Plain data that any JSON parser takes: half characters replaced, numbers that JSON lacks as null.

    A file name that is no UTF-8, or "\ud800" in a snapshot, becomes a lone surrogate; json.dumps() writes it
    as an escape that strict parsers refuse. NaN and Infinity are no JSON either (RFC 8259, 6 and 8.2).
    """
    match value:
        case str():
            return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case float():
            return value if value - value == 0.0 else None
        case Mapping():
            return {str(whole(key)): whole(inner) for key, inner in value.items()}
        case Sequence():
            return [whole(inner) for inner in value]
    return value
