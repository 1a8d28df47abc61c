"""The report as Markdown, for issues and merge requests; text of the machine is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tcptune.model.report import Advice, Finding, Report
from tcptune.printable import printable
from tcptune.report.history import sentence
from tcptune.report.sockets import until, whereabouts
from tcptune.report.text import sysctl_command
from tcptune.report.words import (
    LIFETIMES_NOTE,
    changes,
    evidence_rows,
    lifetime_rows,
    sockets,
    tally,
    unread,
    verdict,
    whose,
)

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~])")


def render(report: Report, show: frozenset[str] = frozenset()) -> str:
    """The whole report; `show` may hold "skipped" and "quiet"."""
    lines = [
        "# tcptune audit",
        "",
        escaped(whose(report.host, report.taken_at, report.interval)),
        "",
        escaped(sockets(report)),
        "",
    ]
    for finding in report.findings:
        lines += _finding(finding)
    lines += [*_changes(report), *_timeouts(report), *_shown(report, show), tally(report)]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    r"""Text that Markdown shows as it is.

    >>> escaped("a|b<script>")
    'a\\|b\\<script\\>'
    """
    return SPECIAL.sub(r"\\\1", printable(text, 2000))


def code(text: str) -> str:
    """Text in backticks, with more of them around any that it holds."""
    clean = printable(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", clean)), default=0) + 1)
    return f"{fence}{clean}{fence}"


def _finding(finding: Finding) -> Iterator[str]:
    subject = f": {escaped(finding.subject)}" if finding.subject else ""
    yield f"## {finding.severity.name}: `{finding.rule}`{subject} ({verdict(finding)})"
    yield ""
    yield escaped(finding.message)
    yield ""
    if finding.history is not None:
        yield escaped(sentence(finding.history))
        yield ""
    yield "| what | value | scope |"
    yield "| --- | ---: | --- |"
    for name, value, place in evidence_rows(finding):
        yield f"| {code(name)} | {escaped(value)} | {escaped(place)} |"
    yield ""
    if missing := unread(finding):
        yield escaped(missing)
        yield ""
    for outlook in finding.groups:
        yield f"- {outlook.group.sockets}, {escaped(until(outlook))}: {escaped(whereabouts(outlook))}"
    if finding.groups_left:
        yield f"- and {finding.sockets_left} more in {finding.groups_left} groups: `tcptune sockets`"
    if finding.groups:
        yield ""
    for advice in finding.advice:
        yield f"- {_advice(advice)}"
    for text in finding.avoid:
        yield f"- **Do not.** {escaped(text)}"
    for command in finding.see:
        yield f"- See it: {code(command)}"
    yield ""


def _advice(advice: Advice) -> str:
    what = (
        code(sysctl_command(advice.key or "", advice.value or ""))
        if advice.kind == "sysctl"
        else f"**{advice.kind.capitalize().replace('-', ' ')}.** {escaped(advice.action or '')}"
    )
    return f"{what} *Effect:* {escaped(advice.effect)} *Cost:* {escaped(advice.cost)}"


def _changes(report: Report) -> Iterator[str]:
    found = changes(report)
    yield "## Changes to make"
    yield ""
    if not found:
        yield "Nothing to set."
    else:
        yield "```ini"
        for key, value, rules, was in found:
            yield f"# {rules}" + (f"; was {printable(was)}" if was is not None else "")
            yield f"{key} = {value}"
        yield "```"
    yield ""


def _timeouts(report: Report) -> Iterator[str]:
    yield "## How long a closing socket stays here"
    yield ""
    yield "| state/kind | expected | range, s | decided by |"
    yield "| --- | ---: | --- | --- |"
    for row in lifetime_rows(report):
        yield "| " + " | ".join(escaped(cell) for cell in row) + " |"
    yield ""
    yield LIFETIMES_NOTE
    yield ""


def _shown(report: Report, show: frozenset[str]) -> Iterator[str]:
    if "skipped" in show:
        yield "## Skipped"
        yield ""
        for skipped in report.skipped:
            yield f"- `{skipped.rule}`: {escaped(skipped.reason)}"
        yield ""
    if "quiet" in show:
        yield "## Quiet"
        yield ""
        yield ", ".join(f"`{rule}`" for rule in report.quiet)
        yield ""
