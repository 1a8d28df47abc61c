"""What ss or netstat printed, as a snapshot: the sockets, and no more than the text says of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tcptune.collect.files import read_lines
from tcptune.collect.printed import netstat_output, ss_output
from tcptune.collect.printed.ss_output import Told
from tcptune.collect.sockets.grouping import collect_bins, groups_of, host_text, tally_of
from tcptune.collect.sockets.look import ANY_PORT
from tcptune.collect.sockets.ports import Ports
from tcptune.collect.sockets.tally import kind_counts, state_counts
from tcptune.kernel.states import TcpState
from tcptune.model.snapshot import Host, Snapshot
from tcptune.model.sockets import Listener, SocketTable, bounded
from tcptune.model.values import Value

KEPT_BY_SOS = (
    "sos_commands/networking/ss_-peaonmi",
    "sos_commands/networking/netstat_-W_-neopa",
    "sos_commands/networking/netstat_-neopa",
)
"""Where sos puts what ss and netstat print (sos, plugins/networking.py)."""
HEAD = 40
"""Lines that tell what a file is."""

USUAL_PORTS = range(32768, 61000)
"""ip_local_port_range as nearly every kernel has it: what tells who called where the text has no listeners."""


class Format(NamedTuple):
    """One program's output: how it is known, and how it is read."""

    program: str
    looks_like: Callable[[str], bool]
    parse: Callable[[Iterable[str]], Told]


FORMATS = (
    Format("ss", ss_output.looks_like, ss_output.parse),
    Format("netstat", netstat_output.looks_like, netstat_output.parse),
)


def format_of(head: str) -> Format | None:
    """The program that printed a text, by how it begins; None where none of them did."""
    return next((known for known in FORMATS if known.looks_like(head)), None)


def snapshot(lines: Iterable[str], printed: Format, source: str) -> Snapshot:
    """The sockets of a text. A state that is not in it is unknown, since nobody knows what was asked for.

    ValueError where the text turns out not to be what it looked like.
    """
    told = printed.parse(lines)
    gaps = {f"{printed.program}.{subject}": why for subject, why in told.gaps.items()}
    table, counts = _table(told)
    if not {"inode", "timer"} <= told.columns:
        gaps["kinds"] = f"the text lacks the owners or the timers of sockets ({printed.program} -oe tells them)"
    gaps["states"] = f"{printed.program} shows the states it was asked for; those without a socket are unknown"
    return Snapshot(host=Host(source=source), values=counts, gaps=gaps, sockets=bounded(table))


def of_report(root: Path) -> Snapshot | None:
    """What a report of sos keeps of the sockets; None where it keeps nothing."""
    for path in KEPT_BY_SOS:
        try:
            head = "".join(islice(read_lines(root, path), HEAD))
            printed = format_of(head)
            if printed is not None:
                return snapshot(read_lines(root, path), printed, path)
        except (OSError, ValueError):
            continue
    return None


def _table(told: Told) -> tuple[SocketTable, dict[str, Value]]:
    doors = [row for row, _, _ in told.rows if row.state == TcpState.LISTEN]
    listening = {row.local_port for row in doors}
    ports = Ports(ANY_PORT, listening)
    rows = (seen for seen in told.rows if seen[0].state != TcpState.LISTEN)
    bins = collect_bins(ports.watch(rows), listening, told.owners, USUAL_PORTS)
    closing = {key: one for key, one in bins.items() if key[1] != TcpState.ESTABLISHED}
    listeners = tuple(
        Listener(
            host_text(row.family, row.local),
            int.from_bytes(row.local_port, "big"),
            row.recv_q,
            row.send_q if "backlog" in told.columns else None,
            told.owners.get(row.inode),
        )
        for row in doors
    )
    groups = groups_of(closing, owners_known="inode" in told.columns, timers_known="timer" in told.columns)
    tally = Counter(tally_of(bins)) + Counter((row.state, row.timer, row.inode != 0) for row in doors)
    states = state_counts(tally, frozenset())
    counts: dict[str, Value] = {f"states.{state.name}": count for state, count in states.items() if count}
    if {"inode", "timer"} <= told.columns:
        counts |= {name: count for name, count in kind_counts(tally).items() if count}
    return SocketTable(groups, listeners, ports.used()), counts
