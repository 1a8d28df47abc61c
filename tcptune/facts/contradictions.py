"""Numbers of one machine that cannot both be true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tcptune.model.values import Item, Value

SLACK = 64
"""Counters are read one after the other; a busy machine moves by so much in between."""

NEVER_ABOVE = (
    ("sockstat.TCP.inuse", "sockstat.TCP.alloc", "sockets in use in one namespace are among all allocated"),
    ("sockstat.TCP.orphan", "sockstat.TCP.alloc", "orphans are among all allocated sockets"),
    ("sockstat6.TCP6.inuse", "sockstat.TCP.alloc", "IPv6 sockets in use are among all allocated"),
    ("net.ipv4.tcp_mem.min", "net.ipv4.tcp_mem.pressure", "tcp_mem rises from its first number to its second"),
    ("net.ipv4.tcp_mem.pressure", "net.ipv4.tcp_mem.max", "tcp_mem rises from its second number to its third"),
    ("net.ipv4.ip_local_port_range.min", "net.ipv4.ip_local_port_range.max", "a port range has no end below its start"),
    ("meminfo.MemAvailable", "meminfo.MemTotal", "available memory is part of the total"),
)
"""(left, right, why): left cannot exceed right."""

LATER = 20
"""A twentieth: sums that come of different files, or of a list that takes its time, may differ by so much besides."""

FULL = tuple(
    f"states.{name}"
    for name in ("ESTABLISHED", "SYN_SENT", "FIN_WAIT_1", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING")
)
"""States whose sockets are full ones, never time-wait entries or requests."""


class Sums(NamedTuple):
    """Two sums of which the left one, `times` something, cannot exceed the right one."""

    subject: str
    left: tuple[str, ...]
    right: tuple[str, ...]
    why: str
    times: int = 1


SUMS = (
    Sums(
        "IPv4 and IPv6 sockets in use above all allocated",
        ("sockstat.TCP.inuse", "sockstat6.TCP6.inuse"), ("sockstat.TCP.alloc",),
        "sockets in use in one namespace are among all allocated",
    ),
    Sums(
        "the sockets of the list above all allocated", FULL, ("sockstat.TCP.alloc",),
        "full sockets are allocated ones",
    ),
    Sums(
        "the sockets of the list above those in use",
        FULL, ("sockstat.TCP.inuse", "sockstat6.TCP6.inuse"),
        "full sockets are in use, as IPv4 or as IPv6",
    ),
    Sums(
        "orphans of the list above sockstat.TCP.orphan",
        ("kinds.FIN_WAIT_1.orphan", "kinds.CLOSING.orphan", "kinds.LAST_ACK.orphan"), ("sockstat.TCP.orphan",),
        "the orphans of one namespace are among those of the machine",
    ),
    Sums(
        "states.TIME_WAIT above sockstat.TCP.tw", ("states.TIME_WAIT",), ("sockstat.TCP.tw",),
        "every TIME-WAIT is a time-wait entry",
    ),
    Sums(
        "Tcp.CurrEstab above ESTABLISHED and CLOSE-WAIT",
        ("Tcp.CurrEstab",), ("states.ESTABLISHED", "states.CLOSE_WAIT"),
        "it counts the one state, since 6.10 both",
    ),
    Sums(
        "states.ESTABLISHED above Tcp.CurrEstab", ("states.ESTABLISHED",), ("Tcp.CurrEstab",),
        "it counts at least this state",
    ),
    Sums(
        "closes above opens",
        ("TcpExt.TW", "TcpExt.TCPTimeWaitOverflow"), ("Tcp.ActiveOpens", "Tcp.PassiveOpens"),
        "each connection closes once, unless a counter of 32 bits has run over",
    ),
    Sums(
        "time-wait entries above tcp_max_tw_buckets", ("sockstat.TCP.tw",), ("net.ipv4.tcp_max_tw_buckets",),
        "the kernel refuses more; for a minute after the limit was lowered there can be",
    ),
    Sums(
        "kB in TCP buffers above the memory", ("sockstat.TCP.mem",), ("meminfo.MemTotal",),
        "a page has 4 kB at least", times=4,
    ),
    Sums(
        "kB of TCP sockets above the memory", ("sockstat.TCP.alloc",), ("meminfo.MemTotal",),
        "a TCP socket takes about 2 kB", times=2,
    ),
)  # fmt: skip
"""Each is held against the numbers that were read; where one of them is missing nothing is said."""

TW_OF_NETNS = Sums(
    "sockstat.TCP.tw above TIME-WAIT and FIN-WAIT-2 of the list",
    ("sockstat.TCP.tw",), ("states.TIME_WAIT", "states.FIN_WAIT_2"),
    "on this kernel both are of one network namespace, and a time-wait entry is in one of the two states",
)  # fmt: skip

COUNTED = (
    *("sockstat", "states.", "kinds.", "Tcp.", "TcpExt.", "meminfo.", "uptime", "net.netfilter.nf_conntrack_count"),
    *("rates.", "interval", "log.", "conntrack.states."),
)
"""How the names of what is counted begin."""
SIGNED = frozenset({"Tcp.MaxConn"})
"""The one that may be negative: -1 is "no fixed number" (RFC 4022)."""


def is_count(name: str) -> bool:
    """Whether a name stands for something that is counted and so is never negative."""
    return name.startswith(COUNTED) and name not in SIGNED


def contradictions(values: Mapping[str, Value], tw_is_of_netns: bool | None = None) -> list[Item]:
    """One item for each pair of `NEVER_ABOVE` that is the wrong way round, each sum, and each negative count.

    `tw_is_of_netns` says what sockstat's tw counts on this kernel; None where its release is not known.
    """
    found: list[Item] = []
    for left, right, why in NEVER_ABOVE:
        if left in values and right in values:
            low, high = values[left], values[right]
            slack = SLACK if left.startswith("sockstat") else 0
            if isinstance(low, int) and isinstance(high, int) and low > high + slack:
                found.append(_item(f"{left} above {right}", low, high, why, left, right))
    found += [item for sums in SUMS if (item := _of_sums(sums, values)) is not None]
    if tw_is_of_netns and (item := _of_sums(TW_OF_NETNS, values)) is not None:
        found.append(item)
    for name, value in values.items():
        if not isinstance(value, str) and value < 0 and is_count(name):
            found.append(_item(f"{name} below 0", 0, value, "a count is never negative", "", name))
    return found


def _of_sums(sums: Sums, values: Mapping[str, Value]) -> Item | None:
    """The contradiction, where everything that it needs was read and its left side is too large."""
    parts = [[values.get(name) for name in names] for names in (sums.left, sums.right)]
    if any(not isinstance(part, int) for side in parts for part in side):
        return None
    left, right = (sum(part for part in side if isinstance(part, int)) for side in parts)
    left *= sums.times
    if min(left, right) < 0 or left <= right + SLACK + right // LATER:
        return None
    return _item(sums.subject, left, right, sums.why, sums.left[0], sums.right[0])


def _item(subject: str, left: Value, right: Value, why: str, left_name: str, right_name: str) -> Item:
    """One contradiction as a rule sees it; the names become its evidence."""
    return {
        "subject": subject,
        "left": left,
        "right": right,
        "why": why,
        "left_name": left_name,
        "right_name": right_name,
    }
