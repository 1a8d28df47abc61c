"""How numbers and places are worded for people, the same in every format."""

from __future__ import annotations

from tcptune.kernel.timeouts import Lifetime
from tcptune.model.report import Evidence, Finding, Report
from tcptune.model.snapshot import Host
from tcptune.model.values import Value
from tcptune.printable import printable
from tcptune.report.durations import seconds

SCOPES = {"host": "whole machine", "netns": ""}
UNITLESS = frozenset({"", "bool", "enum", "text", "list"})


def amount(value: Value | None, unit: str) -> str:
    """A value with its unit; shares as percentages; what was not read says so."""
    if value is None:
        return "not read"
    if isinstance(value, str):
        return printable(value) or "(empty)"
    if unit == "ratio":
        return f"{value * 100:.3g} %"
    if unit == "s" and isinstance(value, float):
        return seconds(value)
    if unit == "1/s":
        return per_second(value)
    text = str(value) if isinstance(value, int) else f"{value:.3g}" if value < 100 else f"{value:.0f}"
    return text if unit in UNITLESS else f"{text} {unit}"


def per_second(rate: float) -> str:
    """How often in a second: 0.4/s, 12/s, 2400/s."""
    return f"{rate:.3g}/s" if rate < 100 else f"{rate:.0f}/s"


def evidence_rows(finding: Finding) -> list[tuple[str, str, str]]:
    """(name, value with unit, scope where it is the whole machine's, or rate) for each number that was read."""
    return [(e.name, amount(e.value, e.unit), _place(e)) for e in finding.evidence if e.value is not None]


def unread(finding: Finding) -> str:
    """The names of what a finding would have looked at too, had it been told; "" where nothing is missing."""
    names = [one.name for one in finding.evidence if one.value is None and one.unit != "list"]
    return f"not read: {', '.join(names)}" if names else ""


def _place(evidence: Evidence) -> str:
    rate = "" if evidence.rate is None else f"rising {per_second(evidence.rate)}" if evidence.rate else "not rising"
    return ", ".join(filter(None, (evidence.where or SCOPES[evidence.scope], rate)))


def verdict(finding: Finding) -> str:
    """What a finding rests on, and where that is the past how sure it is that it is about now."""
    return finding.basis if finding.history is None else f"{finding.basis}, {finding.confidence} confidence"


def whose(host: Host, taken_at: str | None, interval: float | None = None) -> str:
    """One line that says whose numbers these are, when they were taken, and for how long they were watched."""
    namespace = {"initial": "initial network namespace", "child": "a network namespace inside the machine"}
    parts = [
        f"linux {printable(host.release)}" if host.release else "kernel release unknown",
        namespace.get(host.netns or "", "network namespace unknown"),
        (taken_at or "taken at an unknown time").replace("T", " "),
        *([] if interval is None else [f"watched for {seconds(interval)}"]),
    ]
    name = printable(host.name) + ": " if host.name else ""
    return name + ", ".join(parts)


def sockets(report: Report) -> str:
    """One line: how many sockets are in each state, most first; states without any are left out."""
    seen = sorted(((count, name) for name, count in report.states.items() if count), key=lambda pair: -pair[0])
    if not report.states:
        return "sockets: not counted"
    return "sockets: " + (", ".join(f"{count} {name}" for count, name in seen) or "none")


def tally(report: Report) -> str:
    """The last line of a report: how many rules said what."""
    count = len(report.findings)
    line = f"{count} finding{'' if count == 1 else 's'}, {len(report.quiet)} quiet, {len(report.skipped)} skipped"
    return line + (" (--show skipped says why)" if report.skipped else "")


SAME_AS_FIN_WAIT_1 = ("CLOSING/", "LAST-ACK/")
"""States whose FIN is retransmitted by the same rules; said once in a sentence instead of four rows."""

LIFETIMES_NOTE = "CLOSING and LAST-ACK last as long as FIN-WAIT-1 of the same kind."


def lifetime_rows(report: Report) -> list[tuple[str, str, str, str]]:
    """(case, expected, range, what decides) for each computed lifetime, but for `SAME_AS_FIN_WAIT_1`."""
    return [
        (case, *lifetime_cells(found))
        for case, found in report.timeouts.items()
        if not case.startswith(SAME_AS_FIN_WAIT_1)
    ]


def lifetime_cells(found: Lifetime) -> tuple[str, str, str]:
    """(expected, range in seconds, what decides) of one lifetime."""
    decided = ", ".join(name.removeprefix("net.ipv4.tcp_") for name in found.decided_by) or "fixed"
    if found.expected is None or found.min is None or found.max is None:
        return "never ends", "", "the owner" if decided == "fixed" else decided
    return seconds(found.expected), f"{found.min:.4g}..{found.max:.4g}", decided


def changes(report: Report) -> list[tuple[str, str, str, str | None]]:
    """(key, value, rules, old value) once for each key to change; the worst finding's value stands."""
    wanted: dict[str, tuple[str, list[str], str | None]] = {}
    for finding in report.findings:
        for advice in finding.advice:
            if advice.kind == "sysctl" and advice.key and advice.value is not None:
                rules = wanted.setdefault(advice.key, (advice.value, [], advice.was))[1]
                if finding.rule not in rules:
                    rules.append(finding.rule)
    return [(key, value, ", ".join(rules), was) for key, (value, rules, was) in wanted.items()]
