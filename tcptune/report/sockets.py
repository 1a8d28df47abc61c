"""The sockets for a person and for a program: the worst group first, who holds it, why, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tcptune.kernel.timeouts import NEVER, Lifetime
from tcptune.model.outlook import Outlook
from tcptune.model.sockets import Group, Listener, Owner, is_endpoint
from tcptune.printable import printable
from tcptune.report.durations import seconds

SCHEMA = "tcptune/sockets/1"
WIDTH = 79
"""Columns of a terminal, but for the last one."""
SHOWN = 20
"""Groups that are shown where not all are asked for."""


class Sockets(NamedTuple):
    """What there is to tell.

    The groups and their future, sockets by state, the listeners whose queues hold something, and what could not be
    seen.
    """

    outlooks: Sequence[Outlook]
    total: Mapping[str, int]
    listeners: Sequence[Listener]
    gaps: Mapping[str, str]


def document(found: Sockets) -> dict[str, Any]:
    """The sockets as plain data, schema tcptune/sockets/1; durations in seconds."""
    return {
        "schema": SCHEMA,
        "total": dict(found.total),
        "groups": [group(outlook) for outlook in found.outlooks],
        "listeners": [{**door._asdict(), "owner": _owner(door.owner)} for door in found.listeners],
        "gaps": dict(found.gaps),
    }


def group(outlook: Outlook) -> dict[str, Any]:
    """One group as plain data."""
    sockets = outlook.group
    return {
        "state": sockets.state,
        "kind": sockets.kind,
        "count": sockets.sockets,
        "local": sockets.local,
        "remote": sockets.remote,
        "peers": sockets.peers,
        "owner": _owner(sockets.owner),
        "recv_q": sockets.recv_q,
        "send_q": sockets.send_q,
        "unread": sockets.unread,
        "first_gone_in": _range(outlook.first),
        "gone_in": _range(outlook.last),
        "ends": "unknown" if outlook.last is None else outlook.last.ends,
        "why": outlook.why,
        "rule": outlook.rule,
    }


def _owner(owner: Owner | None) -> dict[str, Any] | None:
    return None if owner is None else owner._asdict()


def _range(lifetime: Lifetime | None) -> dict[str, float | None] | None:
    if lifetime is None or lifetime.expected is None:
        return None
    return {"min": lifetime.min, "expected": lifetime.expected, "max": lifetime.max}


def text(found: Sockets, everything: bool) -> str:
    """The table for a person, under 80 columns: a section for each state and kind, the worst first."""
    lines = [*_folded(_totals(found.total), "", "  "), ""]
    shown = found.outlooks if everything else found.outlooks[:SHOWN]
    for section in _sections(shown):
        lines += [*_section(section), ""]
    if left := found.outlooks[len(shown) :]:
        count = sum(outlook.group.sockets for outlook in left)
        lines += [f"{len(left)} more groups with {count} sockets are left out (--all shows them)", ""]
    lines += _doors(found.listeners)
    lines += [line for name, why in found.gaps.items() for line in _folded(f"{name}: {why}", "", "  ")]
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


def _totals(total: Mapping[str, int]) -> str:
    counts = sorted(((count, state) for state, count in total.items() if count), reverse=True)
    return "sockets: " + (", ".join(f"{count} {state}" for count, state in counts) or "none in these states")


def _sections(outlooks: Sequence[Outlook]) -> list[list[Outlook]]:
    """The groups by state and kind, in the order of the worst of each."""
    sections: dict[tuple[str, str], list[Outlook]] = {}
    for outlook in outlooks:
        sections.setdefault((outlook.group.state, outlook.group.kind), []).append(outlook)
    return list(sections.values())


def _section(outlooks: Sequence[Outlook]) -> Iterator[str]:
    first = outlooks[0]
    count = sum(outlook.group.sockets for outlook in outlooks)
    yield from _folded(f"{first.group.state} {first.group.kind}: {count}", "", "  ")
    more = f" (tcptune explain {first.rule})" if first.rule else ""
    yield from _folded(f"{first.why}{more}", "  ", "  ")
    yield from rows(outlooks)


def rows(outlooks: Sequence[Outlook]) -> Iterator[str]:
    """A line for each group, or more: how many, until when, where, and who holds them."""
    cells = [(str(outlook.group.sockets), until(outlook)) for outlook in outlooks]
    counts, ends = (max(map(len, column)) for column in zip(*cells, strict=True))
    for (number, end), outlook in zip(cells, outlooks, strict=True):
        left = f"  {number.rjust(max(counts, 6))}  {end.ljust(ends)}  "
        yield from _folded(whereabouts(outlook), left, " " * len(left))


def until(outlook: Outlook) -> str:
    """When the first and the last are gone, in words."""
    first, last = outlook.first, outlook.last
    if last is None:
        return "not shown"
    if last.expected is None or first is None or first.expected is None:
        return f"{seconds(first.expected)} .. never" if first is not None and first.expected is not None else NEVER
    if outlook.group.sockets == 1 or seconds(first.expected) == seconds(last.expected):
        return f"in {seconds(last.expected)}"
    return f"in {seconds(first.expected)} .. {seconds(last.expected)}"


def whereabouts(outlook: Outlook) -> str:
    """Where the sockets are, who is at the other end, who holds them, and what he has done."""
    notes = (place(outlook), read_so_far(outlook.group), held_by(outlook.group.owner))
    return ", ".join(note for note in notes if note)


def read_so_far(group: Group) -> str:
    """For what an application holds in CLOSE-WAIT: whether it has noticed that the peer closed."""
    if group.state != "CLOSE-WAIT" or not group.owned:
        return ""
    if group.unread in (0, group.sockets):
        return "read to the end" if group.unread == 0 else "not read to the end"
    return f"{group.unread} of them not read to the end"


def place(outlook: Outlook) -> str:
    """Where the sockets are and who is at the other end."""
    group = outlook.group
    peer = group.remote or (f"{group.peers} peers" if group.peers > 1 else "several peers")
    local = group.local or "several addresses"
    return f"{local} called by {peer}" if is_endpoint(group.local) else f"{local} to {peer}"


def held_by(owner: Owner | None) -> str:
    """Who holds them, as the end of a line."""
    if owner is None:
        return ""
    if owner.pid is None:
        return f"from {printable(owner.unit or '?', 80)}"
    name = printable(owner.command or "?", 40)
    facts = [f"pid {owner.pid}" if owner.processes == 1 else f"pid {owner.pid} and {owner.processes - 1} more"]
    facts += [printable(owner.unit, 80)] if owner.unit else []
    facts += [f"{owner.fds} descriptors"] if owner.fds is not None else []
    return f"held by {name} ({', '.join(facts)})"


def _doors(listeners: Sequence[Listener]) -> Iterator[str]:
    """The listeners with connections that wait to be accepted."""
    for door in listeners:
        limit = "" if door.backlog is None else f" of {door.backlog + 1}"
        full = " (full)" if door.backlog is not None and door.waiting > door.backlog else ""
        host = f"[{door.address}]" if ":" in door.address else door.address
        line = f"listener {host}:{door.port}: {door.waiting}{limit} places taken by connections that wait{full}"
        held = held_by(door.owner)
        yield from _folded(f"{line}, {held}" if held else line, "", "  ")
    if listeners:
        yield ""


def _folded(line: str, first: str, rest: str) -> list[str]:
    """A line folded at its blanks to `WIDTH` columns; textwrap would cost 5 ms to import."""
    lines, current = [], first
    for word in printable(line, 1000).split():
        if current.strip() and len(current) + len(word) > WIDTH:
            lines.append(current)
            current = rest
        while len(current) + len(word) > WIDTH:  # the name of a unit, or a long address
            room = WIDTH - len(current)
            lines.append(current + word[:room])
            word, current = word[room:], rest
        current += word + " "
    return [*lines, current]
