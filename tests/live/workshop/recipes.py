"""How to get near sockets into every TCP state and kind, and keep them there for a minute.

A peer that has to fall silent is muted (filters.py): the segments are sent, arrive, and are ignored.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import NamedTuple

from tcptune.kernel.states import TcpState

from .filters import mute
from .raw import syn
from .wire import FAR4, FAR6, Door, Wire

LINGER2_SECONDS = 120
"""TCP_LINGER2 above 60: FIN-WAIT-2 stays a full socket for the first 120 - 60 s."""

SMALL_BUFFER = 4096


class Recipe(NamedTuple):
    """The state and kind that come out, and how to make so many."""

    state: TcpState
    kind: str | None
    make: Callable[[Wire, Door, int], None]

    @property
    def full(self) -> bool:
        """Whether it is a full socket: what sockstat calls `inuse`."""
        return self.state not in (TcpState.SYN_RECEIVED, TcpState.TIME_WAIT) and self.kind != "minisock"


def syn_sent(wire: Wire, door: Door, count: int) -> None:
    deaf = wire.door(FAR4 if door.family == socket.AF_INET else FAR6)
    mute(deaf.listener)
    for _ in range(count):
        ours = wire.make(wire.near, door.family)
        ours.setblocking(False)
        ours.connect_ex((deaf.host, deaf.port))


def syn_received(wire: Wire, door: Door, count: int) -> None:
    """A SYN by hand for each, from the port of a muted listener: the SYN-ACK finds a socket, and no answer comes."""
    for _ in range(count):
        deaf = wire.door(FAR4 if door.family == socket.AF_INET else FAR6)
        mute(deaf.listener)
        with wire.far, socket.socket(door.family, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
            raw.sendto(syn(door.family, (deaf.host, deaf.port), (door.host, door.port)), (door.host, 0))


def established(wire: Wire, door: Door, count: int) -> None:
    wire.pairs(door, count)


def fin_wait_1_orphan(wire: Wire, door: Door, count: int) -> None:
    for ours, peer in wire.pairs(door, count):
        mute(peer)
        ours.close()


def fin_wait_1_owned(wire: Wire, door: Door, count: int) -> None:
    for ours, peer in wire.pairs(door, count):
        mute(peer)
        ours.shutdown(socket.SHUT_WR)


def fin_wait_1_zero_window(wire: Wire, door: Door, count: int) -> None:
    """The peer answers, but reads nothing: our FIN waits behind data that waits for its window."""
    for ours, _peer in wire.pairs(door, count, receive_buffer=SMALL_BUFFER):
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
        ours.setblocking(False)
        try:
            while True:
                ours.send(bytes(SMALL_BUFFER))
        except BlockingIOError:
            ours.close()


def fin_wait_2_minisock(wire: Wire, door: Door, count: int) -> None:
    for ours, _peer in wire.pairs(door, count):
        ours.close()


def fin_wait_2_owned(wire: Wire, door: Door, count: int) -> None:
    for ours, _peer in wire.pairs(door, count):
        ours.shutdown(socket.SHUT_WR)


def fin_wait_2_orphan(wire: Wire, door: Door, count: int) -> None:
    for ours, _peer in wire.pairs(door, count):
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, LINGER2_SECONDS)
        ours.close()


def time_wait(wire: Wire, door: Door, count: int) -> None:
    for ours, peer in wire.pairs(door, count):
        ours.close()
        hear_end(peer)
        peer.close()


def close_wait_owned(wire: Wire, door: Door, count: int) -> None:
    for _ours, peer in wire.pairs(door, count):
        peer.close()


def close_wait_unaccepted(wire: Wire, door: Door, count: int) -> None:
    for peer in wire.callers(door, count):
        peer.connect((door.host, door.port))
        peer.close()


def last_ack(wire: Wire, door: Door, count: int) -> None:
    for ours, peer in wire.pairs(door, count):
        peer.shutdown(socket.SHUT_WR)
        hear_end(ours)
        mute(peer)
        ours.close()


def closing(wire: Wire, door: Door, count: int) -> None:
    """The peer's FIN arrives and does not acknowledge ours, which it never heard."""
    for ours, peer in wire.pairs(door, count):
        mute(peer)
        ours.close()
        peer.shutdown(socket.SHUT_WR)


def hear_end(one: socket.socket) -> None:
    """Wait for the other side's FIN."""
    if one.recv(1) != b"":
        raise AssertionError("data came where the end was expected")


SYN_SENT = Recipe(TcpState.SYN_SENT, None, syn_sent)
SYN_RECEIVED = Recipe(TcpState.SYN_RECEIVED, None, syn_received)
ESTABLISHED = Recipe(TcpState.ESTABLISHED, None, established)
FIN_WAIT_1_ORPHAN = Recipe(TcpState.FIN_WAIT_1, "orphan", fin_wait_1_orphan)
FIN_WAIT_1_OWNED = Recipe(TcpState.FIN_WAIT_1, "owned", fin_wait_1_owned)
FIN_WAIT_1_ZERO_WINDOW = Recipe(TcpState.FIN_WAIT_1, "zero_window", fin_wait_1_zero_window)
FIN_WAIT_2_MINISOCK = Recipe(TcpState.FIN_WAIT_2, "minisock", fin_wait_2_minisock)
FIN_WAIT_2_OWNED = Recipe(TcpState.FIN_WAIT_2, "owned", fin_wait_2_owned)
FIN_WAIT_2_ORPHAN = Recipe(TcpState.FIN_WAIT_2, "orphan", fin_wait_2_orphan)
TIME_WAIT = Recipe(TcpState.TIME_WAIT, None, time_wait)
CLOSE_WAIT_OWNED = Recipe(TcpState.CLOSE_WAIT, "owned", close_wait_owned)
CLOSE_WAIT_UNACCEPTED = Recipe(TcpState.CLOSE_WAIT, "unaccepted", close_wait_unaccepted)
LAST_ACK = Recipe(TcpState.LAST_ACK, "orphan", last_ack)
CLOSING = Recipe(TcpState.CLOSING, "orphan", closing)
