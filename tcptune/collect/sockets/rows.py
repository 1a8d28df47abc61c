"""One socket as every reader gives it: the fields of the kernel's struct inet_diag_msg, in its order."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """What sock_diag says of one socket (include/uapi/linux/inet_diag.h).

    `state` is the kernel's number, `timer` 0 for none, 1 on, 2 keepalive, 3 timewait, 4 persist; `retransmits`
    counts retransmissions (timer 1) or probes without an answer (timers 2 and 4). Ports are 2 bytes in network
    order, addresses 16 bytes of which IPv4 fills the first four. `expires` is what the timer has to go, in ms.
    A listener has its waiting connections in `recv_q` and its backlog in `send_q`. `inode` is 0 for what no
    process has.
    """

    family: int
    state: int
    timer: int
    retransmits: int
    local_port: bytes
    remote_port: bytes
    local: bytes
    remote: bytes
    expires: int
    recv_q: int
    send_q: int
    uid: int
    inode: int


class Info(NamedTuple):
    """What struct tcp_info adds.

    The RTO in seconds as it stands, how often it was doubled, probes out, whether anything was ever retransmitted,
    the peer's window (None before 5.4), the round trip in seconds, and whether both sides speak SACK, without which
    there is no tail loss probe.
    """

    rto: float
    backoff: int
    probes: int
    retransmitted: bool
    window: int | None
    rtt: float = 0.0
    sack: bool = True


Seen = tuple[tuple[int, int, int, int, bytes, bytes, bytes, bytes, int, int, int, int, int], int, Info | None]
"""The fields of a `Row`, the id of the socket's cgroup (0: not told), and its `Info` where it was asked for.

A plain tuple of the fields will do: no object is made for a row that nobody prints.
"""
