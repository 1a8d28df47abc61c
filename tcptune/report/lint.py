"""What is wrong with settings files, for a person: by file and line, with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcptune.model.report import Advice, Finding, Report, Severity
from tcptune.printable import printable
from tcptune.report.folding import folded
from tcptune.report.markdown import code, escaped
from tcptune.report.text import COLOURS, sysctl_command


def render(reports: Sequence[Report], colour: bool = False) -> str:
    """A block for each file with findings, and a last line that counts."""
    lines: list[str] = []
    for report in reports:
        if report.findings or report.gaps:
            lines += [printable(report.host.source, 400), ""]
            lines += [line for finding in report.findings for line in _finding(finding, colour)]
            lines += [line for where, why in report.gaps.items() for line in folded(f"{where}: {why}", "  ", "    ")]
            lines.append("")
    return "\n".join([*lines, _tally(reports)]) + "\n"


def _finding(finding: Finding, colour: bool) -> Iterator[str]:
    severity = finding.severity.name.ljust(6)
    if colour:
        severity = f"\x1b[{COLOURS[finding.severity]}m{severity}\x1b[0m"
    yield f"  {f'{finding.line}:{finding.column}'.ljust(7)}  {severity}  {finding.rule}"
    yield from folded(finding.message, " " * 11, " " * 11)
    for advice in finding.advice[:1]:
        yield from folded(_advice(advice), " " * 11 + "-> ", " " * 14)


def _advice(advice: Advice) -> str:
    if advice.kind == "sysctl":
        return f"{advice.key} = {advice.value}. {advice.effect}"
    return advice.action or advice.effect


def _tally(reports: Sequence[Report]) -> str:
    count = sum(len(report.findings) for report in reports)
    files = f"{len(reports)} file{'' if len(reports) == 1 else 's'}"
    by = ", ".join(
        f"{number} {severity.name}"
        for severity in reversed(Severity)
        if (number := sum(one.severity is severity for report in reports for one in report.findings))
    )
    waved = sum(len(report.suppressed) for report in reports)
    return f"{count} finding{'' if count == 1 else 's'} in {files}" + (f" ({by})" if by else "") + (
        f", {waved} waved through" if waved else ""
    )  # fmt: skip


def markdown(reports: Sequence[Report]) -> str:
    """A table for each file, for an issue or a review."""
    lines: list[str] = []
    for report in reports:
        lines += [f"# {escaped(report.host.source)}", ""]
        if not report.findings:
            lines += ["Nothing found.", ""]
            continue
        lines += ["| line | severity | rule | what | do |", "| ---: | --- | --- | --- | --- |"]
        for finding in report.findings:
            todo = next((_todo(advice) for advice in finding.advice), "")
            cells = (str(finding.line), finding.severity.name, code(finding.rule), escaped(finding.message), todo)
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join([*lines, _tally(reports)]) + "\n"


def _todo(advice: Advice) -> str:
    if advice.kind == "sysctl":
        return code(sysctl_command(advice.key or "", advice.value or ""))
    return escaped(advice.action or advice.effect)
