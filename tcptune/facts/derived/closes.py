"""How connections were opened and closed since the namespace was made."""

from __future__ import annotations

from tcptune.facts.derived.shape import Derived, or_else, ratio

ACTIVE, PASSIVE = "Tcp.ActiveOpens", "Tcp.PassiveOpens"
ABORT_ON_DATA = "TcpExt.TCPAbortOnData"

ONE_IN_A_HUNDRED = 0.01


def overflows_now(turned_away: float | None, accepted: float | None) -> int:
    """Whether accept queues overflow while somebody watches: once a second, and once for a hundred handshakes."""
    return int((turned_away or 0.0) >= max(1.0, ONE_IN_A_HUNDRED * (accepted or 0.0)))


CLOSES: tuple[Derived, ...] = (
    Derived(
        "opens.total", "int", "connections", "netns", lambda active, passive: active + passive,
        "Connections opened since the namespace was made, both ways.",
        needs=(ACTIVE, PASSIVE),
    ),
    Derived(
        "opens.at_least", "int", "connections", "netns", or_else(0),
        "Connections opened since the namespace was made, both ways; where they were not counted, at least those that "
        "left a time-wait entry.",
        maybe=("opens.total", "TcpExt.TW"),
    ),
    Derived(
        "opens.passive_at_least", "int", "connections", "netns", or_else(0),
        "Connections that others opened since the namespace was made; where they were not counted, those that left a "
        "time-wait entry stand for them.",
        maybe=(PASSIVE, "TcpExt.TW"),
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
    Derived(
        "listen.overflows_now", "int", "bool", "netns", overflows_now,
        "1 where accept queues turned one handshake a second away between two samples, and one for a hundred that were "
        "accepted; 0 where they did not, or where there was one sample.",
        maybe=("rates.TcpExt.ListenOverflows", f"rates.{PASSIVE}"),
    ),
)  # fmt: skip
"""In order: a row may need a row above it."""
