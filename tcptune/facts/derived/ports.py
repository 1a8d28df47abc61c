"""Ports of outgoing connections, connection tracking, keepalive."""

from __future__ import annotations

from tcptune.facts.derived.shape import Derived, first_known, or_else, ratio
from tcptune.kernel.reserved_ports import count_within

PORTS_LOW = "net.ipv4.ip_local_port_range.min"
PORTS_HIGH = "net.ipv4.ip_local_port_range.max"
KEEPALIVE_TIME = "net.ipv4.tcp_keepalive_time"

RESERVED = "net.ipv4.ip_local_reserved_ports"

DEFAULT_PORTS = (32768, 60999)
"""The kernel's own ip_local_port_range, 4.4 and later."""

NAT_KEEPS_IDLE = 7440
"""Seconds, 2 h 4 min: the least that a NAT must keep an idle established connection (RFC 5382 REQ-5)."""


LEAST_COUNTED = 50
"""Connections from which on a count is more than a sample."""
FEW, MANY = 200, 1000
"""From so many on, sockets in one state are worth a word: in any that is passed through, and in TIME-WAIT."""

SERVICES_END = 10_000
"""Below it lie nearly all ports above 1023 that services are known to listen on (3306, 5432, 6379, 8080, 9200)."""


def usable_ports(low: int, high: int, reserved: str) -> int:
    """Ports that connect() may choose: the range without the reserved ones."""
    return max(0, high - low + 1) - count_within(reserved, low, high)


def unremarkable(
    shown: int, established: int, others: int, ports: int, leak: int | None, time_wait: int | None, inuse: int | None
) -> int:
    """Whether a list of counts, with no more of the machine beside it, has nothing in it that stands out."""
    resting = time_wait or 0
    is_all_there_is = inuse is None and shown >= LEAST_COUNTED
    most_are_live = 2 * max(others, resting) <= shown and established > 0
    return int(is_all_there_is and most_are_live and not leak and others < FEW and resting < MANY and 2 * shown < ports)


def holders(
    shown: int | None,
    established: int | None,
    tw: int | None,
    time_wait: int | None,
    inuse: int | None,
    inuse6: int | None,
    allocated: int | None,
    used: int | None,
) -> int | None:
    """How many sockets can hold a port, at most; None where nothing bounds them.

    sockstat's `alloc` counts the whole machine and its `used` the sockets of every family: more than can hold one.
    """
    if shown is not None and established is not None:
        return shown
    if inuse is not None and inuse6 is not None:
        full: int | None = inuse + inuse6
    else:
        full = first_known(allocated, used)
    entries = first_known(tw, time_wait)
    return None if full is None or entries is None else full + entries


PORTS: tuple[Derived, ...] = (
    Derived(
        "ports.size", "int", "ports", "netns", lambda low, high: max(0, high - low + 1),
        "How many ports ip_local_port_range holds.",
        needs=(PORTS_LOW, PORTS_HIGH), setting=True,
    ),
    Derived(
        "ports.usable", "int", "ports", "netns", usable_ports,
        "Ports that connect() may choose from: the range without ip_local_reserved_ports.",
        needs=(PORTS_LOW, PORTS_HIGH, RESERVED), setting=True,
    ),
    Derived(
        "ports.usable_of_default", "int", "ports", "netns",
        lambda reserved: usable_ports(*DEFAULT_PORTS, reserved or ""),
        "The ports of the kernel's default range, 32768 to 60999, without ip_local_reserved_ports where that is known.",
        maybe=(RESERVED,), setting=True,
    ),
    Derived(
        "ports.size_or_default", "int", "ports", "netns", or_else(DEFAULT_PORTS[1] - DEFAULT_PORTS[0] + 1),
        "How many ports ip_local_port_range holds; where it is not known, the 28232 of the kernel's default.",
        maybe=("ports.size",), setting=True,
    ),
    Derived(
        "ports.holders", "int", "sockets", "netns", holders,
        "Sockets that can hold a port of ip_local_port_range, at most: those of the list of sockets, or by sockstat.",
        maybe=(
            "shown.connections", "established.counted", "sockstat.TCP.tw", "states.TIME_WAIT", "sockstat.TCP.inuse",
            "sockstat6.TCP6.inuse", "sockstat.TCP.alloc", "sockstat.sockets.used",
        ),
    ),
    Derived(
        "counts.unremarkable", "int", "bool", "netns", unremarkable,
        "1 where 50 connections and more were counted by state, with nothing else of the machine, and no state stands "
        "out; 0 where one does, or where sockstat was read.",
        needs=("shown.connections", "established.counted", "shown.passing", "ports.size_or_default"),
        maybe=("close_wait.leak", "states.TIME_WAIT", "sockstat.TCP.inuse"),
    ),
    Derived(
        "ports.among_services", "int", "ports", "netns", lambda low, high: max(0, min(high + 1, SERVICES_END) - low),
        "Ports of ip_local_port_range below 10000, where most services listen.",
        needs=(PORTS_LOW, PORTS_HIGH), setting=True,
    ),
    Derived(
        "ports.reserved_for_services", "int", "ports", "netns",
        lambda reserved: count_within(reserved or "", 1024, SERVICES_END - 1),
        "Ports below 10000 in ip_local_reserved_ports; 0 where that was not read.",
        maybe=(RESERVED,), setting=True,
    ),
    Derived(
        "ports.connections_per_second", "double", "1/s", "netns", lambda n: n / 60,
        "New connections a second to one destination when each port rests 60 s in TIME-WAIT.",
        needs=("ports.usable",), setting=True,
    ),
    Derived(
        "conntrack.share_of_limit", "double", "ratio", "netns", ratio,
        "Tracked connections against nf_conntrack_max.",
        needs=("net.netfilter.nf_conntrack_count", "net.netfilter.nf_conntrack_max"),
    ),
    Derived(
        "conntrack.close_waits", "int", "entries", "netns", or_else(0),
        "Entries of connection tracking in CLOSE_WAIT; 0 where they were not listed.",
        maybe=("conntrack.states.CLOSE_WAIT",),
    ),
    Derived(
        "conntrack.established_wanted", "int", "s", "netns", lambda time: max(NAT_KEEPS_IDLE, (time or 0) + 240),
        "The least fitting nf_conntrack_tcp_timeout_established: four minutes more than keepalive waits, and no less "
        "than the 2 h 4 min of RFC 5382.",
        maybe=(KEEPALIVE_TIME,), setting=True,
    ),
    Derived(
        "keepalive.gives_up_after", "int", "s", "netns", lambda time, interval, probes: time + interval * probes,
        "How long an idle peer with SO_KEEPALIVE may be gone before the socket is given up.",
        needs=(KEEPALIVE_TIME, "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"), setting=True,
    ),
)  # fmt: skip
"""In order: a row may need a row above it."""
