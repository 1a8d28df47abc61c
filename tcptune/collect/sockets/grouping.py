"""From single sockets to groups, in one pass and in bounded memory; pure.

A row is looked at once and added to sums. What is kept of single sockets are those that can be the first or the
last of their group to go.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterable, Mapping
from math import log2

from tcptune.collect.sockets.rows import Info, Seen
from tcptune.collect.sockets.tally import (
    NEW_SYN_RECV,
    TIMER_KEEPALIVE,
    TIMER_PERSIST,
    TIMER_RETRANSMIT,
    TIMER_TIMEWAIT,
    Key,
)
from tcptune.kernel.running_timer import Timer
from tcptune.kernel.states import UNACKNOWLEDGED, TcpState
from tcptune.model.sockets import Group, Owner, thinned

MOST = 20_000
"""Different groups that are told apart; further peers are summed. Each takes some 700 bytes."""

MOST_STEPS = 256
"""Steps of a group's timers that are told apart; of further ones only the back-off is."""

LARGEST = 255
"""The counters behind a timer are bytes in the kernel (tcp_info, inet_diag_msg); a text may claim more."""

TIMERS = {TIMER_RETRANSMIT: "on", TIMER_KEEPALIVE: "keepalive", TIMER_TIMEWAIT: "timewait", TIMER_PERSIST: "persist"}
"""Timer codes as `ss -o` names them."""

RTO_STEPS = 8
"""Sockets whose RTOs differ by less than an eighth of a doubling stand for each other, but for the extreme ones."""

Owners = Mapping[int, Owner]
"""Who holds a socket, by its inode."""


class Bin:
    """The sums of the sockets that share a key."""

    __slots__ = ("count", "recv_q", "send_q", "timers", "unread")

    def __init__(self) -> None:
        self.count = self.recv_q = self.send_q = self.unread = 0
        self.timers: Timers = {}


BinKey = tuple[int, int, int, bool, bool, bytes, bytes, bytes, bytes, int | Owner | None]
"""Family, state, timer, whether anything is unanswered, whether it has an inode, addresses and ports, and the
owner, or the id of the cgroup where the owner is not known."""

NOWHERE = bytes(16)
MAPPED = bytes(10) + b"\xff\xff"
"""How an IPv4 address begins that an IPv6 socket talks to."""

ESTABLISHED = TcpState.ESTABLISHED
TIMED = frozenset({*UNACKNOWLEDGED, TcpState.FIN_WAIT_2, TcpState.SYN_SENT})
"""States whose kind the timer decides where nobody owns them."""


def collect_bins(
    rows: Iterable[Seen], listening: Collection[bytes], owners: Owners, local_ports: range
) -> dict[BinKey, Bin]:
    """Every socket added to the bin of its kind.

    A socket whose port is listened on was called, and its peer's port means nothing; so is one with a port outside
    of ip_local_port_range that talks to a port inside, as its listener may be gone. Others called, and their own
    port means nothing. Those in ESTABLISHED that somebody has are only counted.
    """
    bins: dict[BinKey, Bin] = {}
    get = bins.get
    for fields, cgroup, info in rows:
        family, state, timer, unanswered, port, far_port, local, remote, expires, recv_q, send_q, _, inode = fields
        if port in listening or was_called(port, far_port, local_ports):
            far_port = b""
        else:
            port = b""
        if state == ESTABLISHED and inode:
            local, port, remote, far_port = NOWHERE, b"", NOWHERE, b""
        holder = owners.get(inode, cgroup) if inode else cgroup
        key: BinKey = (family, state, timer, unanswered > 0, inode != 0, local, port, remote, far_port, holder)
        found = get(key)
        if found is None:
            if len(bins) >= MOST:
                key = _summed(key, len(bins) >= 2 * MOST)
                found = get(key)
            if found is None:
                found = bins[key] = Bin()
        found.count += 1
        found.recv_q += recv_q
        found.send_q += send_q
        found.unread += recv_q > 0
        if timer:
            _note(found.timers, timer, expires, unanswered, info)
    return bins


def _summed(key: BinKey, far_too_many: bool) -> BinKey:
    """Where a socket goes when no group may be added: to all peers of its door, or all that its owner called."""
    family, state, timer, unanswered, owned, local, port, _, _, holder = key
    if far_too_many:
        return family, state, timer, unanswered, owned, NOWHERE, b"", NOWHERE, b"", None
    if not port:
        local = NOWHERE
    return family, state, timer, unanswered, owned, local, port, NOWHERE, b"", holder


def was_called(port: bytes, far_port: bytes, local_ports: range) -> bool:
    """Whether the ports alone say so: ours is that of a service, and the peer's is one that connect() chose."""
    return int.from_bytes(port, "big") not in local_ports and int.from_bytes(far_port, "big") in local_ports


Timers = dict[tuple[int, ...], list[Timer]]
"""Of the sockets that are about as far: those with the least and the most to go, and with the least and the largest
RTO."""


def _note(timers: Timers, code: int, expires: int, unanswered: int, info: Info | None) -> None:
    """Keep a socket's timer if it may be the first or the last to go of those that are about as far."""
    name, left = TIMERS.get(code), expires / 1e3
    if name is None:
        return
    unanswered = min(unanswered, LARGEST)
    if info is None or code not in (TIMER_RETRANSMIT, TIMER_PERSIST):
        alike: tuple[int, ...] = (code, unanswered)
        timer = Timer(name, left, unanswered=unanswered)
    else:
        probed, backoff = info.retransmitted or not info.sack, min(info.backoff, LARGEST)
        about = round(RTO_STEPS * log2(info.rto or 1e-3))
        alike = (code, unanswered, backoff, probed, about, bool(info.window))
        if len(timers) >= MOST_STEPS and alike not in timers:
            alike = (code, backoff, -1)
        timer = Timer(name, left, info.rto, backoff, unanswered, probed, info.window)
    kept = timers.get(alike)
    if kept is None:
        timers[alike] = [timer] * 4
        return
    if left < (kept[0].left or 0.0):
        kept[0] = timer
    elif left > (kept[1].left or 0.0):
        kept[1] = timer
    if timer.rto is not None:
        if timer.rto < (kept[2].rto or 0.0):
            kept[2] = timer
        elif timer.rto > (kept[3].rto or 0.0):
            kept[3] = timer


def groups_of(
    bins: Mapping[BinKey, Bin],
    unit: Callable[[int], str | None] = lambda _: None,
    owners_known: bool = True,
    timers_known: bool = True,
) -> tuple[Group, ...]:
    """The bins as groups, the largest first; `unit` names a cgroup id.

    Where the source does not say which sockets have an owner or a timer, their kind may be unknown.
    """
    found: list[Group] = []
    for key, one in bins.items():
        family, number, timer, unanswered, owned, local, port, remote, far_port, holder = key
        state = TcpState.SYN_RECEIVED if number == NEW_SYN_RECV else TcpState(number)
        timers = thinned(timer for kept in one.timers.values() for timer in kept)
        found.append(
            Group(
                state.rfc,
                kind_of(state, timer, owned or (False if owners_known else None), unanswered, timers, timers_known),
                one.count,
                address(family, local, port),
                address(family, remote, far_port),
                _owner(holder, unit),
                one.recv_q,
                one.send_q,
                one.unread,
                timers=timers,
                owned=owned,
            )
        )
    return tuple(sorted(found, key=lambda group: -group.sockets))


def _owner(holder: int | Owner | None, unit: Callable[[int], str | None]) -> Owner | None:
    """The process; or the unit whose process made the socket, for orphans too; or None where nothing is known."""
    if isinstance(holder, Owner):
        return holder
    name = unit(holder) if holder else None
    return None if name is None else Owner(unit=name)


def kind_of(
    state: TcpState,
    timer: int,
    owned: bool | None,
    unanswered: bool,
    timers: Collection[Timer] = (),
    timers_known: bool = True,
) -> str:
    """What ends the socket, in the words of the report; `owned` is None where nobody knows.

    `unsent` is a FIN that could not leave: the persist timer runs, and the peer's window is open.
    """
    if state in (TcpState.TIME_WAIT, TcpState.SYN_RECEIVED) or timer == TIMER_TIMEWAIT:
        return "minisock"
    if timer == TIMER_PERSIST:
        return "unsent" if any(timer.window for timer in timers) else "zero-window"
    if timer == TIMER_RETRANSMIT and unanswered:
        return "unanswered"
    if owned:
        return "owned"
    if owned is None or (not timers_known and state in TIMED):
        return "unknown"
    return "unaccepted" if state in (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT) else "orphan"


def address(family: int, host: bytes, port: bytes) -> str | None:
    """An address as text, with its port where that tells groups apart; None for several addresses."""
    if host == NOWHERE and not port:
        return None
    text = host_text(family, host)
    if not port:
        return text
    number = int.from_bytes(port, "big")
    return f"[{text}]:{number}" if ":" in text else f"{text}:{number}"


def host_text(family: int, host: bytes) -> str:
    """An address without a port; that of an IPv4 peer of an IPv6 socket as IPv4."""
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, host[:4])
    if host.startswith(MAPPED):
        return socket.inet_ntop(socket.AF_INET, host[12:])
    return socket.inet_ntop(socket.AF_INET6, host)


def tally_of(bins: Mapping[BinKey, Bin]) -> dict[Key, int]:
    """The same sockets counted by state, timer and owner."""
    tally: dict[Key, int] = {}
    for (_, state, timer, _, owned, *_), one in bins.items():
        tally[state, timer, owned] = tally.get((state, timer, owned), 0) + one.count
    return tally
