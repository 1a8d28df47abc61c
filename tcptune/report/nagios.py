"""The reports as a check of Nagios, Icinga and their kin (Monitoring Plugins Development Guidelines).

One line of status with performance data, more lines below it, and an exit code of its own: this is the one format
whose readers say what the codes mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tcptune.model.report import Finding, Report, Severity
from tcptune.printable import printable
from tcptune.report.history import sentence
from tcptune.report.outcomes import counted, judged, names, numbers, severities, worst_of

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
OK, WARNING, CRITICAL, UNKNOWN = range(4)

WIDTH = 80
"""Characters before the bar: what a pager and a table of services show."""

MOST_LINES = 30
MOST_LINE = 300
"""Findings, and characters of each, below the first line; Nagios keeps 8 KB of a check."""

PLAIN_LABEL = re.compile(r"[\w.-]+", re.ASCII)
NOT_IN_LABELS = str.maketrans("'=|", "___")
"""The guidelines forbid the equals sign, Icinga the quote, and a bar would end the data."""

PERFORMANCE = (
    ("time_wait", "TIME-WAIT", "sockstat.TCP.tw", "net.ipv4.tcp_max_tw_buckets"),
    ("close_wait", "CLOSE-WAIT", "states.CLOSE_WAIT", ""),
    ("orphans", "", "sockstat.TCP.orphan", "net.ipv4.tcp_max_orphans"),
)
"""Label; the state or else the number that is counted; the limit, which is the largest value there can be."""


def exit_code(reports: Sequence[Report], failed: bool) -> int:
    """0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; what is known to be wrong comes before what could not be seen."""
    worst = worst_of(reports)
    if worst is not None and worst >= Severity.medium:
        return CRITICAL if worst is Severity.high else WARNING
    return UNKNOWN if failed or not reports or not all(map(judged, reports)) else OK


def render(reports: Sequence[Report], failures: Sequence[str] = ()) -> str:
    """The status line and a line for each finding; `failures` are sentences about sources that were not judged."""
    hosts = names(reports)
    status = f"TCPTUNE {STATES[exit_code(reports, bool(failures))]} - {_summary(reports, failures)}"
    if len(status) > WIDTH:
        status = status[: WIDTH - 3].rstrip() + "..."
    data = [
        text
        for report, host in zip(reports, hosts, strict=True)
        for text in _performance(report, f"{host} " if len(reports) > 1 else "")
    ]
    found = [(finding, host) for report, host in zip(reports, hosts, strict=True) for finding in report.findings]
    found.sort(key=lambda pair: -pair[0].severity)
    lines = [
        *(_cut(f"UNKNOWN: {sentence}") for sentence in failures),
        *(_told(finding, host if len(reports) > 1 else "") for finding, host in found),
    ]
    if left := lines[MOST_LINES:]:
        lines = [*lines[:MOST_LINES], f"and {len(left)} more"]
    return "\n".join((status + (f" | {' '.join(data)}" if data else ""), *lines)) + "\n"


def _summary(reports: Sequence[Report], failures: Sequence[str]) -> str:
    if not any(map(judged, reports)):
        return "nothing could be judged"
    counts = severities(reports)
    parts = [f"{counts[severity]} {severity.name}" for severity in sorted(counts, reverse=True)]
    if not parts:
        parts = ["nothing found", f"{counted(sum(len(report.quiet) for report in reports), 'rule')} quiet"]
    if lost := len(failures) + sum(not judged(report) for report in reports):
        parts.append(f"{counted(lost, 'source')} not judged")
    found = [finding for report in reports for finding in report.findings]
    worst = max(found, key=lambda finding: finding.severity, default=None)
    return ", ".join(parts) + (f": {_clean(worst.rule)}" if worst else "")


def _performance(report: Report, prefix: str) -> Iterator[str]:
    read = numbers(report, {})
    for label, state, name, limit in PERFORMANCE:
        value = report.states.get(state, read.get(name))
        if isinstance(value, int):
            most = read.get(limit)
            yield f"{_label(prefix + label)}={value};;;0;{most if isinstance(most, int) and most > 0 else ''}"


def _label(text: str) -> str:
    """A label, in quotes where the guidelines demand them."""
    clean = printable(text).translate(NOT_IN_LABELS)
    return clean if PLAIN_LABEL.fullmatch(clean) else f"'{clean}'"


def _told(finding: Finding, host: str) -> str:
    place = ":".join(str(part) for part in (finding.path, finding.line) if part is not None)
    message = finding.message if finding.history is None else f"{finding.message} {sentence(finding.history)}"
    parts = (finding.severity.name.upper(), place or host, finding.rule, finding.subject, message)
    return _cut(": ".join(part for part in parts if part))


def _cut(text: str) -> str:
    return _clean(text, MOST_LINE)


def _clean(text: str, limit: int = 400) -> str:
    """Text without a bar, behind which everything would be taken for performance data."""
    return printable(text, limit).replace("|", "/")
