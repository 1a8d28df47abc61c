"""How connections were opened and closed since the namespace was made."""

from __future__ import annotations

from tcptune.facts.derived.shape import Derived, or_else, ratio

ACTIVE, PASSIVE = "Tcp.ActiveOpens", "Tcp.PassiveOpens"
ABORT_ON_DATA = "TcpExt.TCPAbortOnData"

CLOSES: tuple[Derived, ...] = (
    Derived(
        "opens.total", "int", "connections", "netns", lambda active, passive: active + passive,
        "Connections opened since the namespace was made, both ways.",
        needs=(ACTIVE, PASSIVE),
    ),
    Derived(
        "opens.at_least", "int", "connections", "netns", or_else(0),
        "Connections opened since the namespace was made, both ways; at least 0 where they were not counted.",
        maybe=("opens.total",),
    ),
    Derived(
        "opens.passive_at_least", "int", "connections", "netns", or_else(0),
        "Connections that others opened since the namespace was made; at least 0 where they were not counted.",
        maybe=(PASSIVE,),
    ),
    Derived(
        "opens.passive_share", "double", "ratio", "netns", ratio,
        "The share of connections that others opened to this machine.",
        needs=(PASSIVE, "opens.total"),
    ),
    Derived(
        "closes.unread_share", "double", "ratio", "netns", ratio,
        "Connections reset because they were closed with data unread, against all opened.",
        needs=("TcpExt.TCPAbortOnClose", "opens.total"),
    ),
    Derived(
        "closes.abort_on_data_share", "double", "ratio", "netns", ratio,
        "Connections reset by SO_LINGER 0 or by data that came after close(), against all opened.",
        needs=(ABORT_ON_DATA, "opens.total"),
    ),
    Derived(
        "closes.late_data_at_least", "int", "connections", "netns",
        lambda aborts, resets: 0 if resets is None else max(0, aborts - resets),
        "The resets of TCPAbortOnData above Tcp.EstabResets, of sockets past their FIN; 0 where that was not read.",
        needs=(ABORT_ON_DATA,), maybe=("Tcp.EstabResets",),
    ),
    Derived(
        "listen.overflow_share", "double", "ratio", "netns", ratio,
        "Handshakes turned away by a full accept queue, against those accepted.",
        needs=("TcpExt.ListenOverflows", PASSIVE),
    ),
)  # fmt: skip
"""In order: a row may need a row above it."""
