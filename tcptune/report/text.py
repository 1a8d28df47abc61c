"""The report for a person at a terminal: worst first, under 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tcptune.model.report import Advice, Finding, Report, Severity
from tcptune.printable import printable
from tcptune.report.folding import WIDTH, folded
from tcptune.report.history import sentence
from tcptune.report.sockets import rows
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

BLANKS = 8
"""Those before and between the three columns of the evidence."""

COLOURS = {Severity.high: "31;1", Severity.medium: "33;1", Severity.low: "36", Severity.info: "32"}


def render(report: Report, colour: bool = False, show: frozenset[str] = frozenset()) -> str:
    """The whole report; `show` may hold "skipped" and "quiet"."""
    lines = [*_wrapped(whose(report.host, report.taken_at, report.interval), ""), *_listed(sockets(report)), ""]
    for finding in report.findings:
        lines += [*_finding(finding, colour), ""]
    if not report.findings:
        lines += ["Nothing found.", ""]
    lines += [*_changes(report), *_timeouts(report), *_shown(report, show), tally(report)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _finding(finding: Finding, colour: bool) -> Iterator[str]:
    badge = finding.severity.name.upper().ljust(6)
    if colour:
        badge = f"\x1b[{COLOURS[finding.severity]}m{badge}\x1b[0m"
    subject = f": {finding.subject}" if finding.subject else ""
    first, *more = folded(f"{finding.rule}{subject}  ({verdict(finding)})", " " * 8, " " * 10)
    yield f"{badge}  {first.lstrip()}"
    yield from more
    yield from _wrapped(finding.message, "  ")
    if finding.history is not None:
        yield from _wrapped(sentence(finding.history), "  ")
    yield ""
    yield from _evidence(finding)
    yield from _groups(finding)
    for advice in finding.advice:
        yield ""
        yield from _advice(advice)
    for text in finding.avoid:
        yield ""
        yield from _labelled("do not", text)
    if finding.see:
        yield ""
    for command in finding.see:
        yield from _command(printable(command))


def _evidence(finding: Finding) -> Iterator[str]:
    rows = evidence_rows(finding)
    names = max((len(name) for name, _, _ in rows), default=0)
    values = max((len(value) for _, value, _ in rows), default=0)
    places = max((len(place) for _, _, place in rows), default=0)
    names = min(names, WIDTH - values - places - BLANKS)
    for name, value, place in rows:
        yield f"    {name.ljust(names)}  {value.rjust(values)}  {place}"
    yield from folded(unread(finding), "    ", "      ")


def _groups(finding: Finding) -> Iterator[str]:
    """The sockets that it is about, where they were looked at."""
    if not finding.groups:
        return
    yield ""
    yield "  which, and when they will be gone"
    yield from rows(finding.groups)
    if finding.groups_left:
        yield f"          and {finding.sockets_left} more in {finding.groups_left} groups: tcptune sockets"


def _advice(advice: Advice) -> Iterator[str]:
    if advice.kind == "sysctl":
        yield "  " + sysctl_command(advice.key or "", advice.value or "")
    else:
        title = {"application": "fix the application", "investigate": "find out", "do-nothing": "do nothing"}
        yield from _wrapped(f"{title[advice.kind]}: {advice.action or ''}", "  ")
    yield from _labelled("effect", advice.effect)
    yield from _labelled("cost", advice.cost)


def _labelled(label: str, text: str) -> list[str]:
    return folded(text, f"    {label.ljust(6)}  ", " " * 12)


def _command(command: str) -> list[str]:
    """A shell command, broken so that it can still be pasted."""
    lines = textwrap.wrap(
        command,
        WIDTH - 2,
        initial_indent="  see it   ",
        subsequent_indent=" " * 13,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _wrapped(text: str, indent: str) -> list[str]:
    return folded(text, indent, indent)


def _listed(text: str) -> list[str]:
    """A list folded at its commas, so that a count stays with its name."""
    kept = text.replace(" ", "\u00a0").replace(",\u00a0", ", ")
    return [line.replace("\u00a0", " ") for line in _wrapped(kept, "")]


def sysctl_command(key: str, value: str) -> str:
    """The command that sets a key now; a vector is quoted for the shell."""
    return f"sysctl -w {key}='{value}'" if " " in value else f"sysctl -w {key}={value}"


def _changes(report: Report) -> Iterator[str]:
    found = changes(report)
    if not found:
        yield "Nothing to set."
        yield ""
        return
    yield "Changes to make (a file in /etc/sysctl.d keeps them over a reboot)"
    yield ""
    for key, value, rules, was in found:
        yield f"  # {rules}" + (f"; was {printable(was)}" if was is not None else "")
        yield f"  {key} = {value}"
    yield ""


def _timeouts(report: Report) -> Iterator[str]:
    if not report.timeouts:
        return
    from tabulate import tabulate

    yield "How long a closing socket stays here, with a peer that is gone, on a LAN"
    yield ""
    rows = [(*cells, decided.partition(",")[0]) for *cells, decided in lifetime_rows(report)]
    table = tabulate(rows, ("state/kind", "expected", "range, s", "decided by"), tablefmt="simple")
    yield from ("  " + line for line in table.splitlines())
    yield ""
    yield f"  {LIFETIMES_NOTE}"
    yield ""


def _shown(report: Report, show: frozenset[str]) -> Iterator[str]:
    if "skipped" in show and report.skipped:
        yield "Skipped, for want of"
        for skipped in report.skipped:
            yield from folded(f"{skipped.rule}: {skipped.reason}", "  ", "    ")
        yield ""
    if "quiet" in show and report.quiet:
        yield "Quiet"
        yield from _wrapped(", ".join(report.quiet), "  ")
        yield ""
