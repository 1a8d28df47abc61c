"""Numbers of one machine that cannot both be true."""

from __future__ import annotations

from collections.abc import Mapping

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

COUNTED = ("sockstat", "states.", "kinds.", "Tcp.", "TcpExt.", "meminfo.", "uptime", "net.netfilter.nf_conntrack_count")
"""How the names of what is counted begin."""
SIGNED = frozenset({"Tcp.MaxConn"})
"""The one that may be negative: -1 is "no fixed number" (RFC 4022)."""


def is_count(name: str) -> bool:
    """Whether a name stands for something that is counted and so is never negative."""
    return name.startswith(COUNTED) and name not in SIGNED


def contradictions(values: Mapping[str, Value]) -> list[Item]:
    """One item for each pair of `NEVER_ABOVE` that is the wrong way round, and for each negative count."""
    found: list[Item] = []
    for left, right, why in NEVER_ABOVE:
        if left in values and right in values:
            low, high = values[left], values[right]
            slack = SLACK if left.startswith("sockstat") else 0
            if isinstance(low, int) and isinstance(high, int) and low > high + slack:
                found.append(_item(f"{left} above {right}", low, high, why, left, right))
    for name, value in values.items():
        if not isinstance(value, str) and value < 0 and is_count(name):
            found.append(_item(f"{name} below 0", 0, value, "a count is never negative", "", name))
    return found


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
