"""The text of `ss`, of any age and with any options: each TCP socket in it as sock_diag would give it.

Read in iproute2's misc/ss.c, 2.6.38 to 7.1. Two things to know: `*` is any IPv4 address before 4.14 and any IPv6
address since; and asked for one state alone, ss leaves out the column State.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tcptune.collect.printed import ss_details
from tcptune.collect.printed.endpoints import Unknown, endpoint, family_of
from tcptune.collect.printed.ss_details import Details, owner_of
from tcptune.collect.sockets.rows import Info, Row
from tcptune.collect.sockets.tally import TIMER_KEEPALIVE, TIMER_PERSIST
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import Owner

MAX_ROWS = 1_000_000
MAX_LINE = 1 << 16
"""Characters; a socket shared by a thousand processes has half of them."""
PIECE = 4096
"""Characters of a long line that `read_lines()` hands over at once."""

STATES: dict[str, TcpState | None] = {
    **{state.rfc: state for state in TcpState if state not in (TcpState.CLOSE, TcpState.ESTABLISHED)},
    "ESTAB": TcpState.ESTABLISHED,
    "SYN-RECV": TcpState.SYN_RECEIVED,
    **dict.fromkeys(("UNCONN", "UNKNOWN", "UNDEF")),
}
NETIDS = (
    "tcp", "mptcp", "udp", "raw", "sctp", "dccp", "icmp6", "u_str", "u_dgr", "u_seq", "nl", "p_raw", "p_dgr",
    "v_str", "v_dgr", "ti_st", "ti_dg", "ti_rd", "ti_sq", "xdp", "unknown", "???", "`-",
)  # fmt: skip
ROW = re.compile(
    rf"(?:(?P<netid>{'|'.join(map(re.escape, NETIDS))})\s+)?(?P<state>{'|'.join(STATES)})"
    # Where the terminal is narrow the columns touch; -Q leaves the queues out.
    r"(?:\s*(?P<recv_q>[0-9]{1,10})\s+(?P<send_q>[0-9]{1,10})|(?=\s+\S*:))\s+(?P<local>\S+)\s+(?P<remote>\S+)(?P<rest>.*)",
    re.DOTALL,
)


class Told(NamedTuple):
    """What a text says of TCP sockets.

    `rows` are the sockets, each with the id of its cgroup (0: a text has paths, no ids) and its `Info` where there
    is one. `owners` holds by inode who has a socket; where the text names processes without inodes, their sockets
    have inodes below 0. `columns` says which of timer, owner, inode, info, queue and backlog the text has at all:
    where one is missing, its zeros in the rows mean nothing. `gaps` says by subject what was not understood.
    """

    rows: list[tuple[Row, int, Info | None]]
    owners: dict[int, Owner]
    gaps: dict[str, str]
    columns: frozenset[str]


def parse(lines: Iterable[str]) -> Told:
    """The TCP sockets of a text; sockets of other kinds are passed over.

    ValueError where the text is no output of ss, or where the column State is missing.

    >>> [(row, _, _)] = parse(["ESTAB 0 36 10.0.0.5:22 10.0.0.9:1984 timer:(on,2.992ms,3)"]).rows
    >>> row.state, row.timer, row.retransmits, row.expires, row.send_q
    (1, 1, 3, 2992, 36)
    """
    reader = _Reader()
    for line in whole(lines):
        reader.take(line)
        if reader.found.full:
            break
    return reader.told()


def looks_like(head: str) -> bool:
    """Whether a text that begins so is output of ss."""
    return any(_is_headline(line) or ROW.match(line.strip()) for line in head.splitlines())


def whole(lines: Iterable[str]) -> Iterator[str]:
    """Lines as they were written, where `read_lines()` hands long ones over in pieces."""
    begun = ""
    for line in lines:
        begun += line
        if len(line) != PIECE or line.endswith("\n") or len(begun) >= MAX_LINE:
            yield begun
            begun = ""
    if begun:
        yield begun


def _is_headline(line: str) -> bool:
    return "Local Address" in line and "Peer Address" in line


class Gathering:
    """The sockets of a text as far as it was read."""

    def __init__(self) -> None:
        self.rows: list[tuple[Row, int, Info | None]] = []
        self.owners: dict[int, Owner] = {}
        self.columns: set[str] = set()
        self.unknown = Unknown()
        self.lost = self.without_inode = 0
        self.full = self.has_timers = self.has_inodes = self.has_infos = False

    def add(self, row: Row, told: Details) -> None:
        """Add a socket, of which the row has all but the details."""
        if len(self.rows) == MAX_ROWS:
            self.full = True
            return
        if told is ss_details.NOTHING:
            self.rows.append((row, 0, None))
            return
        self.has_timers |= told.timer is not None
        self.has_inodes |= told.inode is not None
        self.has_infos |= told.info is not None
        timer, left, count = told.timer or (0, 0, 0)
        inode = told.inode or 0
        owner = owner_of(told)
        if owner is not None:
            self.columns.add("owner")
            if told.people and told.inode is None:
                self.without_inode -= 1
                inode = self.without_inode
            if inode:
                self.owners[inode] = owner
        info = None if row.state == TcpState.LISTEN else told.info
        if info is not None and timer in (TIMER_KEEPALIVE, TIMER_PERSIST):
            info = info._replace(probes=count)
        family, state, _, _, port, far_port, local, remote, _, recv_q, send_q, _, _ = row
        ends = port, far_port, local, remote
        self.rows.append((Row(family, state, timer, count, *ends, left, recv_q, send_q, told.uid or 0, inode), 0, info))

    def told(self) -> Told:
        """All of it, with what was not understood."""
        gaps = self.unknown.gaps()
        if self.lost:
            gaps["lines"] = f"{self.lost} lines are neither sockets nor their continuation and were left out"
        if self.full:
            gaps["rows"] = f"the text has more than {MAX_ROWS} sockets; the rest was left out"
        seen = (("timer", self.has_timers), ("inode", self.has_inodes), ("info", self.has_infos))
        return Told(self.rows, self.owners, gaps, frozenset(self.columns | {name for name, has in seen if has}))


class _Reader:
    """What was read so far. A socket is added when the next one begins, because it can have several lines."""

    def __init__(self) -> None:
        self.found = Gathering()
        self.is_ss = self.inside = self.has_windows = self.has_queues = False
        self.open: Row | None = None
        self.details = ss_details.NOTHING
        self.star_is_ipv4 = self.star_is_ipv6 = False

    def take(self, line: str) -> None:
        """Read one more line."""
        text = line.strip()
        if not text:
            return
        found = ROW.match(text) if len(text) < MAX_LINE else None
        headline = found is None and _is_headline(text)
        if found is None and not headline and self.inside and line[0].isspace():
            self._continue(text)
            return
        self._close()
        self.inside = found is not None
        if found is not None:
            self._begin(found)
        elif not headline:
            self.found.lost += 1
        elif "State" not in text:
            raise ValueError("the column State is missing, as ss leaves it out when asked for one state: ask for all")
        else:
            self.is_ss = True

    def told(self) -> Told:
        """Everything that was read; ValueError where nothing was of ss."""
        self._close()
        if not self.is_ss:
            raise ValueError("neither headline nor sockets in it; it is not what ss prints")
        star = socket.AF_INET if self.star_is_ipv4 and not self.star_is_ipv6 else socket.AF_INET6
        rows = self.found.rows
        for at, (row, _, info) in enumerate(rows):
            if not row.family:
                rows[at] = (row._replace(family=star), 0, info)
            # A text that has windows at all leaves out those of 0.
            elif self.has_windows and info is not None and info.window is None:
                rows[at] = (row, 0, info._replace(window=0))
        if self.has_queues:
            self.found.columns |= {"queue", "backlog"}
        return self.found.told()

    def _begin(self, found: re.Match[str]) -> None:
        """Open a socket; of one that is not of TCP nothing is kept."""
        netid, name, recv_q, send_q, here, there, rest = found.groups()
        state = STATES[name]
        if netid not in (None, "tcp") or state is None:
            self.is_ss = True
            return
        # Where the terminal is narrow the processes touch the port.
        peer, users, touching = there.partition(ss_details.USERS)
        try:
            local, remote = endpoint(here), endpoint(peer)
            family = family_of(local, remote)
            self.details = ss_details.parse(users + touching + rest)
        except ValueError:
            self.found.lost += 1
            return
        self.is_ss = True
        self.found.unknown = self.found.unknown.add(local, remote)
        if recv_q:
            self.has_queues = True
        self._learn_star(here, peer, family)
        if not family and not peer.startswith("*:"):
            family = socket.AF_INET
        ends = local.port, remote.port, local.address, remote.address
        self.open = Row(family, int(state), 0, 0, *ends, 0, int(recv_q or 0), int(send_q or 0), 0, 0)

    def _learn_star(self, local: str, peer: str, family: int) -> None:
        """What `*` means here: old ones print it for IPv4 beside [::] or :::, newer ones for IPv6 beside 0.0.0.0."""
        if not peer.startswith("*:"):
            self.star_is_ipv6 |= local.startswith("0.0.0.0:")
            self.star_is_ipv4 |= local.startswith(("[::]:", "::"))
        else:
            self.star_is_ipv4 |= family == socket.AF_INET
            self.star_is_ipv6 |= family == socket.AF_INET6

    def _continue(self, text: str) -> None:
        """Read a further line of the open socket; one of a socket that was passed over goes with it."""
        if self.open is None:
            return
        try:
            self.details = self.details.and_then(ss_details.parse(text))
        except ValueError:
            self.found.lost += 1

    def _close(self) -> None:
        """Add the open socket."""
        row, self.open = self.open, None
        told, self.details = self.details, ss_details.NOTHING
        if row is not None:
            self.has_windows |= told.info is not None and told.info.window is not None
            self.found.add(row, told)
