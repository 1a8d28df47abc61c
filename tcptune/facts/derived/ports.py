"""Ports of outgoing connections, connection tracking, keepalive."""

from __future__ import annotations

from tcptune.facts.derived.shape import Derived, or_else, ratio
from tcptune.kernel.reserved_ports import count_within

PORTS_LOW = "net.ipv4.ip_local_port_range.min"
PORTS_HIGH = "net.ipv4.ip_local_port_range.max"
KEEPALIVE_TIME = "net.ipv4.tcp_keepalive_time"

RESERVED = "net.ipv4.ip_local_reserved_ports"

DEFAULT_PORTS = (32768, 60999)
"""The kernel's own ip_local_port_range, 4.4 and later."""

NAT_KEEPS_IDLE = 7440
"""Seconds, 2 h 4 min: the least that a NAT must keep an idle established connection (RFC 5382 REQ-5)."""


SERVICES_END = 10_000
"""Below it lie nearly all ports above 1023 that services are known to listen on (3306, 5432, 6379, 8080, 9200)."""


def usable_ports(low: int, high: int, reserved: str) -> int:
    """Ports that connect() may choose: the range without the reserved ones."""
    return max(0, high - low + 1) - count_within(reserved, low, high)


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
