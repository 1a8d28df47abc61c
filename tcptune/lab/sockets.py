"""sock_diag, one socket at a time and in detail: timer, time left, queues, RTO (net/ipv4/inet_diag.c).

For a namespace with a handful of sockets; `collect.sock_diag` counts the thousands of a real one.
"""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

from tcptune.collect.sock_diag import (
    ALL_STATES,
    HEADER,
    NETLINK_SOCK_DIAG,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    SOCK_DIAG_BY_FAMILY,
)
from tcptune.collect.tally import NEW_SYN_RECV, kind_of
from tcptune.kernel.states import TcpState

TIMERS = {1: "on", 2: "keepalive", 3: "timewait", 4: "persist"}
"""idiag_timer as `ss -o` names it."""

INFO = 2
REQUEST = struct.Struct("=BBBxI48x")
"""struct inet_diag_req_v2: family, protocol, extensions, states, an empty socket id; INET_DIAG_INFO."""
MESSAGE = struct.Struct("=BBBB2s2s44xIIIII")
"""struct inet_diag_msg: family, state, timer, retransmits, ports, expires, receive and send queue, uid, inode."""
ATTRIBUTE = struct.Struct("=HH")
TCP_INFO = struct.Struct("=6BxxI56xI")
"""struct tcp_info up to tcpi_rtt: ... retransmits, probes, backoff, options; rto (byte 8) and rtt (byte 68) in us."""

LISTED = sum(1 << number for number in (*ALL_STATES, NEW_SYN_RECV))
SACK = 0x2
"""TCPI_OPT_SACK of tcpi_options: both sides speak it, without which there is no tail loss probe."""

BUFFER = 1 << 16


class Seen(NamedTuple):
    """One socket at one look. Times in seconds; `rto` and `rtt` are None where the kernel keeps none."""

    ours: int
    peer: int
    state: TcpState
    kind: str | None
    timer: str | None
    left: float | None
    recv_q: int
    send_q: int
    rto: float | None = None
    rtt: float | None = None
    backoff: int = 0
    sack: bool = False


class Looker:
    """An open question to the kernel: which IPv4 TCP sockets are in this namespace now."""

    def __init__(self) -> None:
        self._netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG)
        self._netlink.settimeout(5.0)
        self._netlink.bind((0, 0))
        body = REQUEST.pack(socket.AF_INET, socket.IPPROTO_TCP, 1 << (INFO - 1), LISTED)
        flags = NLM_F_REQUEST | NLM_F_DUMP
        self._question = HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, flags, 1, 0) + body

    def look(self) -> list[Seen]:
        """All sockets, listeners included; OSError where the kernel does not answer."""
        self._netlink.send(self._question)
        found: list[Seen] = []
        while parse(self._netlink.recv(BUFFER), found):
            pass
        return found


def parse(data: bytes, found: list[Seen]) -> bool:
    """Add the sockets of one part of the answer; false once it was the last part. OSError for a refusal."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, *_ = HEADER.unpack_from(data, at)
        if kind == NLMSG_DONE:
            return False
        if kind == NLMSG_ERROR:
            raise OSError("sock_diag refused to list the sockets")
        found.append(_socket(data[at + HEADER.size : at + length]))
        at += (length + 3) & ~3
    return True


def _socket(message: bytes) -> Seen:
    _, number, timer, _, ours, peer, expires, recv_q, send_q, _, inode = MESSAGE.unpack_from(message)
    state = TcpState.SYN_RECEIVED if number == NEW_SYN_RECV else TcpState(number)
    info = _attribute(message[MESSAGE.size :], INFO)
    seen = Seen(
        int.from_bytes(ours, "big"), int.from_bytes(peer, "big"), state, kind_of(number, timer, inode != 0),
        TIMERS.get(timer), expires / 1e3 if timer in TIMERS else None, recv_q, send_q,
    )  # fmt: skip
    if info is None or len(info) < TCP_INFO.size:
        return seen
    *_, backoff, options, rto, rtt = TCP_INFO.unpack_from(info)
    return seen._replace(rto=rto / 1e6, rtt=rtt / 1e6, backoff=backoff, sack=bool(options & SACK))


def _attribute(data: bytes, wanted: int) -> bytes | None:
    at = 0
    while at + ATTRIBUTE.size <= len(data):
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if kind == wanted:
            return data[at + ATTRIBUTE.size : at + length]
        at += max((length + 3) & ~3, ATTRIBUTE.size)
    return None
