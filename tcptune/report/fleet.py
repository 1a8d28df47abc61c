"""The summary over many machines: which finding is on which host, and which settings differ from those of most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tcptune.model.fleet import Fleet, Found, Usual
from tcptune.model.report import Severity
from tcptune.printable import printable
from tcptune.report.folding import folded
from tcptune.report.markdown import code, escaped
from tcptune.report.outcomes import counted
from tcptune.report.text import COLOURS

FIRST = 5
"""Names that a line for people holds; a program gets all of them."""
MOST_VALUES = 5
"""Odd values of one key that people are told."""

BY_MEMORY = "the kernel's own default"
UNKNOWN = "unknown"


def text(fleet: Fleet, colour: bool = False) -> str:
    """The summary for a terminal, under 80 columns."""
    lines = [*folded(headline(fleet), "", ""), *folded(worst(fleet), "", "  "), ""]
    lines += ["Findings by host"] if fleet.findings else ["Nothing found on any host."]
    for found in fleet.findings:
        lines += _found(found, colour)
    lines += ["", *_differing(fleet), "", "Kernels"]
    for release, count in fleet.releases.items():
        lines += folded(f"{count:6}  {release or UNKNOWN}", "", " " * 8)
    if fleet.not_judged:
        lines += ["", "Not judged", *_not_judged(fleet)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def headline(fleet: Fleet) -> str:
    """How many were judged.

    >>> headline(Fleet(3, (), {}, (), (), 0, {}))
    'Fleet: 3 hosts judged'
    """
    lost = len(fleet.not_judged)
    return f"Fleet: {counted(fleet.judged, 'host')} judged" + (f", {counted(lost, 'source')} not" if lost else "")


def worst(fleet: Fleet) -> str:
    """How many hosts are how badly off."""
    parts = [
        f"{severity.name} on {fleet.worst[severity]}" for severity in reversed(Severity) if severity in fleet.worst
    ]
    parts += [f"nothing on {fleet.worst[None]}"] if None in fleet.worst else []
    return f"the worst that was found: {', '.join(parts)}" if parts else "nothing was judged"


def named(hosts: Sequence[str]) -> str:
    """The first few names, and how many more there are.

    >>> named(["a", "b", "c", "d", "e", "f", "g"])
    'a, b, c, d, e and 2 more'
    """
    left = len(hosts) - FIRST
    return ", ".join(printable(host, 200) for host in hosts[:FIRST]) + (f" and {left} more" if left > 0 else "")


def _found(found: Found, colour: bool) -> Iterator[str]:
    badge = found.severity.name.upper().ljust(6)
    first, *rest = folded(f"{badge}  {found.rule}: {counted(len(found.hosts), 'host')}", "  ", " " * 10)
    yield first.replace(badge, f"\x1b[{COLOURS[found.severity]}m{badge}\x1b[0m", 1) if colour else first
    yield from rest
    yield from folded(named(found.hosts), " " * 10, " " * 10)


def _not_judged(fleet: Fleet) -> Iterator[str]:
    for source, reason in fleet.not_judged[:FIRST]:
        yield from folded(f"{source}: {reason}", "  ", "    ")
    if left := len(fleet.not_judged[FIRST:]):
        yield f"  and {left} more"


def _differing(fleet: Fleet) -> Iterator[str]:
    if fleet.settings:
        yield "Settings that differ from those of most hosts"
    elif fleet.common:
        yield "No setting differs from that of most hosts."
    else:
        yield "Three hosts are needed to say which setting is unusual."
    for usual in fleet.settings:
        yield from folded(f"{usual.key}: {told(usual.value)} on {usual.hosts} of {usual.of}", "  ", "    ")
        for odd in usual.odd[:MOST_VALUES]:
            yield from folded(f"{told(odd.value)} on {named(odd.hosts)}", "    ", "      ")
        if left := others(usual):
            yield f"    {left}"


def told(value: str | None) -> str:
    """A value of a setting; what a kernel chose for the memory of its machine is not one number."""
    return BY_MEMORY if value is None else printable(value, 80) or "(empty)"


def others(usual: Usual) -> str:
    """What is not told of the odd values of a key."""
    left = usual.odd[MOST_VALUES:]
    hosts = sum(len(odd.hosts) for odd in left)
    return f"and {counted(len(left), 'other value')} on {counted(hosts, 'host')}" if left else ""


def markdown(fleet: Fleet) -> str:
    """The summary for issues and merge requests."""
    lines = ["# tcptune audit: the fleet", "", f"{headline(fleet)}; {worst(fleet)}.", ""]
    lines += ["## Findings by host", ""]
    if fleet.findings:
        lines += ["| severity | rule | hosts | which |", "| --- | --- | ---: | --- |"]
        lines += [
            f"| {found.severity.name} | {code(found.rule)} | {len(found.hosts)} | {escaped(named(found.hosts))} |"
            for found in fleet.findings
        ]
    else:
        lines += ["Nothing found on any host."]
    lines += ["", "## Settings that differ from those of most hosts", ""]
    for usual in fleet.settings:
        lines += [f"- {code(usual.key)}: {escaped(told(usual.value))} on {usual.hosts} of {usual.of}"]
        lines += [f"  - {escaped(told(odd.value))} on {escaped(named(odd.hosts))}" for odd in usual.odd[:MOST_VALUES]]
        lines += [f"  - {left}" for left in (others(usual),) if left]
    if not fleet.settings:
        lines += ["None." if fleet.common else "Three hosts are needed to say which."]
    lines += ["", "## Kernels", ""]
    lines += [f"- {code(release or UNKNOWN)}: {count}" for release, count in fleet.releases.items()]
    if fleet.not_judged:
        lines += ["", "## Not judged", ""]
        lines += [f"- {code(lost.source)}: {escaped(lost.reason)}" for lost in fleet.not_judged]
    return "\n".join(lines) + "\n"


def document(fleet: Fleet) -> dict[str, Any]:
    """The summary as plain data; nothing is left out."""
    return {
        "judged": fleet.judged,
        "not_judged": [lost._asdict() for lost in fleet.not_judged],
        "worst": {severity.name: fleet.worst.get(severity, 0) for severity in Severity}
        | {"none": fleet.worst.get(None, 0)},
        "findings": [
            {"rule": found.rule, "severity": found.severity.name, "hosts": list(found.hosts)}
            for found in fleet.findings
        ],
        "settings": [
            {
                "key": usual.key,
                "value": usual.value,
                "hosts": usual.hosts,
                "of": usual.of,
                "odd": [{"value": odd.value, "hosts": list(odd.hosts)} for odd in usual.odd],
            }
            for usual in fleet.settings
        ],
        "releases": [{"release": release, "hosts": count} for release, count in fleet.releases.items()],
    }
