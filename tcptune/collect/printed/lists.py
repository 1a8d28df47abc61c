"""Lists of single sockets in a text: of ss, of netstat, and the kernel's own in /proc/net/tcp and tcp6."""

from __future__ import annotations

import re
from socket import AF_INET, AF_INET6

from tcptune.collect.printed import netstat_output, ss_output
from tcptune.collect.printed.asked import EVERY, Asked, asked
from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.piece import Format, Piece, Said
from tcptune.collect.printed.ss_output import MAX_LINE, MAX_ROWS, Told
from tcptune.collect.proc import proc_net_tcp
from tcptune.collect.sockets.rows import Info, Row
from tcptune.collect.sockets.tally import kind_counts
from tcptune.kernel.states import CLOSING_STATES, TcpState
from tcptune.model.values import Value

CONTINUATION = re.compile(
    r"\s.{0,600}?\b(?:rto|cwnd|mss|skmem|wscale|users|timer|ino|sk|cgroup|fwmark|minrtt|lastsnd|rcv_space|bytes_acked):"
)
"""A further line of a socket, as ss -i and -m print them."""
SS_WORDS = frozenset({*ss_output.NETIDS, "State", "Netid"})

ACTIVE = re.compile(r"\s{0,8}Active (?:Internet connections|UNIX domain sockets) \(")

NAME_OF = {state: name for name, state in ss_output.STATES.items() if state is not None}
LOSSES = frozenset({"lines", "rows"})
"""Gaps of a list that say that sockets were lost."""
Rows = list[tuple[Row, int, Info | None]]

KERNEL_HEADLINE = re.compile(r"\s{0,8}sl\s+local_address\s+rem(?:ote)?_address\s+st\s.*")
KERNEL_ROW = re.compile(
    r"\s{0,8}[0-9]{1,9}: (?P<local>[0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4} "
    r"(?:[0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4} (?P<state>[0-9A-F]{2}) "
)
UNCONNECTED = "07"
"""What /proc/net/udp shows for its sockets (TCP_CLOSE)."""


def begins_ss(line: str, _: Command) -> object:
    """Whether a line is a headline or a socket of ss."""
    return len(line) < MAX_LINE and ss_output.looks_like(line)


def goes_on_ss(line: str) -> object:
    """Whether a line is a socket of ss, of TCP or not, or its continuation."""
    first = line.split(None, 1)[0]
    if first in ss_output.STATES or first.isdecimal():
        return ":" in line
    if first in SS_WORDS:
        return True
    return line[0].isspace() and CONTINUATION.match(line)


def begins_netstat(line: str, _: Command) -> object:
    """Whether a line is a headline or a socket of netstat, or what it says first where programs are hidden."""
    is_said_first = line.lstrip().startswith(netstat_output.NOT_ALL_SHOWN)
    return is_said_first or ACTIVE.match(line) or netstat_output.looks_like(line)


def goes_on_netstat(line: str) -> object:
    """Whether a line stands in such a list, which names sockets of every kind."""
    first, *rest = line.split(None, 3)
    if first in ("tcp", "tcp6"):
        return len(rest) == 3 and rest[0].isdecimal()
    return netstat_output.OTHER.match(line.lstrip())


def is_of_kernel(line: str, _: Command) -> object:
    """Whether a line is of /proc/net/tcp or tcp6."""
    return KERNEL_ROW.match(line) or KERNEL_HEADLINE.fullmatch(line[:300])


def read_ss(piece: Piece) -> Said:
    """The sockets, as `ss_output.parse()` gives them.

    Asked for one state alone, ss leaves out its name: it is that of the command.
    """
    lines, gaps = _last_sample(piece.lines, "Peer Address")
    question = asked(piece.command)
    if question is not None and len(question.states) == 1 and "State" not in lines[0]:
        (state,) = question.states
        lines = [_with_state(line, NAME_OF[state]) for line in lines]
    return _list(ss_output.parse(lines), piece, question, gaps, "ss")


def read_netstat(piece: Piece) -> Said:
    """The sockets, as `netstat_output.parse()` gives them."""
    lines, gaps = _last_sample(piece.lines, "Foreign Address")
    return _list(netstat_output.parse(lines), piece, asked(piece.command), gaps, "netstat")


def _last_sample(lines: list[str], headline: str) -> tuple[list[str], dict[str, str]]:
    """The lines from the last headline on, and a gap where an earlier one stands above."""
    at = [number for number, line in enumerate(lines) if headline in line and "Local Address" in line]
    if len(at) < 2:
        return lines, {}
    return lines[at[-1] :], {"samples": "the sockets are listed more than once; the last list is taken"}


def _with_state(line: str, name: str) -> str:
    """A line of ss with the state that it leaves out."""
    first, _, rest = line.strip().partition(" ")
    if first in ss_output.NETIDS:
        return f"{first} {name} {rest}"
    if first.isdecimal():
        return f"{name} {line.strip()}"
    return f"State {line}" if first in ("Recv-Q", "Netid") else line


def _list(told: Told, piece: Piece, question: Asked | None, gaps: dict[str, str], program: str) -> Said:
    """The sockets with what is known of those that are not shown."""
    in_states = {row.state for row, _, _ in told.rows}
    if question is not None:
        states = question.states
        told = told._replace(columns=told.columns | question.columns)
    elif TcpState.LISTEN not in in_states:
        states = EVERY - {TcpState.LISTEN}
    else:
        states = frozenset({TcpState.LISTEN}) if in_states == {TcpState.LISTEN} else EVERY
    assumed: dict[str, Value] = {}
    if question is not None and question.all_sockets and piece.command.saved and not told.gaps.keys() & LOSSES:
        assumed = {f"states.{state.name}": 0 for state in states}
        if {"inode", "timer"} <= told.columns and states >= set(CLOSING_STATES):
            assumed |= kind_counts({})
    why = f"{program} shows the states it was asked for; those without a socket are unknown"
    return Said(gaps={"states": why, **gaps}, assumed=assumed, sockets=told, states=states)


def laid_over(old: Told | None, new: Said) -> Told | None:
    """Two lists as one: the later one tells all of the states that it shows, the earlier one the others."""
    if old is None or new.sockets is None:
        return new.sockets or old
    rows, owners, gaps, columns = new.sockets
    kept = [row for row in old.rows if row[0].state not in new.states]
    if not kept:
        return new.sockets
    # Below 0 stand sockets whose inode is not told (`Told`).
    shift = min(old.owners, default=0)
    if shift < 0:
        rows = [(row._replace(inode=row.inode + shift) if row.inode < 0 else row, at, info) for row, at, info in rows]
        owners = {inode + shift if inode < 0 else inode: owner for inode, owner in owners.items()}
    return Told([*kept, *rows], old.owners | owners, old.gaps | gaps, _columns(old.columns, columns, kept, rows))


def _columns(old: frozenset[str], new: frozenset[str], kept: Rows, rows: Rows) -> frozenset[str]:
    """The columns of both; of listeners only the backlog is asked."""
    if all(row.state == TcpState.LISTEN for row, _, _ in kept):
        return new | (old & {"backlog"})
    if all(row.state == TcpState.LISTEN for row, _, _ in rows):
        return old | (new & {"backlog"})
    return old & new


def read_kernel(piece: Piece) -> Said:
    """The sockets of one or both files; of two samples of a file those of the last. There is no backlog in them."""
    states = {found["state"] for found in map(KERNEL_ROW.match, piece.lines) if found}
    if states == {UNCONNECTED}:
        raise ValueError("sockets without any state of TCP, as /proc/net/udp has them")
    samples: dict[int, list[str]] = {}
    family = 0
    for line in piece.lines:
        if KERNEL_HEADLINE.fullmatch(line[:300]):
            family = AF_INET6 if "remote_address" in line else AF_INET
            samples[family] = []
        elif found := KERNEL_ROW.match(line):
            family = AF_INET if len(found["local"]) == 8 else AF_INET6
            samples.setdefault(family, []).append(line)
    lost: list[str] = []
    rows = [
        (Row(*fields), 0, info)
        for lines in samples.values()
        for fields, _, info in proc_net_tcp.sockets(lines, lost)
        if fields[1] != TcpState.CLOSE
    ]
    gaps = {}
    if lost:
        gaps["lines"] = f"{len(lost)} lines are not sockets and were left out"
    if len(rows) > MAX_ROWS:
        gaps["rows"] = f"the text has more than {MAX_ROWS} sockets; the rest was left out"
    told = Told(rows[:MAX_ROWS], {}, gaps, frozenset({"inode", "timer", "queue"}))
    missing = next((file for file, one in (("tcp", AF_INET), ("tcp6", AF_INET6)) if one not in samples), None)
    if missing is not None:
        why = f"/proc/net/{missing} is not in the text: states without a socket in the other one are unknown"
        return Said(gaps={"states": why, "kinds": why}, sockets=told, states=EVERY)
    assumed: dict[str, Value] = {}
    if not gaps:
        assumed = {f"states.{state.name}": 0 for state in EVERY} | kind_counts({})
    return Said(assumed=assumed, sockets=told, states=EVERY)


FORMATS = (
    Format("ss", begins_ss, read_ss, goes_on_ss),
    Format("netstat", begins_netstat, read_netstat, goes_on_netstat),
    Format("/proc/net/tcp", is_of_kernel, read_kernel),
)
