"""Sockets counted by what decides their end: state, timer, and whether anybody owns them.

Both sources (sock_diag and /proc/net/tcp) give the same tally; what it means is said here once.
"""

from __future__ import annotations

from collections.abc import Mapping

from tcptune.kernel.states import UNACKNOWLEDGED, TcpState
from tcptune.model.values import Value

TIMER_RETRANSMIT, TIMER_KEEPALIVE, TIMER_TIMEWAIT, TIMER_PERSIST = 1, 2, 3, 4
"""Timer codes of idiag_timer and of "tr" in /proc/net/tcp (net/ipv4/inet_diag.c, tcp_ipv4.c)."""

NEW_SYN_RECV = 12
"""A request socket (since 4.4); told as SYN-RECEIVED."""

Key = tuple[int, int, bool]
"""(state, timer, has an inode)."""

Tally = Mapping[Key, int]


def state_counts(tally: Tally, asked: frozenset[TcpState]) -> dict[TcpState, int]:
    """Sockets by state; a state that was asked for and not seen is 0."""
    counts = dict.fromkeys(asked, 0)
    for (number, _, _), count in tally.items():
        state = TcpState.SYN_RECEIVED if number == NEW_SYN_RECV else TcpState(number)
        counts[state] = counts.get(state, 0) + count
    return counts


def kind_counts(tally: Tally) -> dict[str, Value]:
    """Sockets of the closing states by kind, as the facts `kinds.<STATE>.<kind>`."""
    counts = {
        f"kinds.{state.name}.{kind}": 0 for state in UNACKNOWLEDGED for kind in ("owned", "orphan", "zero_window")
    }
    counts |= {f"kinds.FIN_WAIT_2.{kind}": 0 for kind in ("owned", "orphan", "minisock")}
    counts |= {f"kinds.CLOSE_WAIT.{kind}": 0 for kind in ("owned", "unaccepted")}
    for (number, timer, owned), count in tally.items():
        if kind := kind_of(number, timer, owned):
            counts[f"kinds.{TcpState(number).name}.{kind}"] += count
    return dict(counts)


def kind_of(number: int, timer: int, owned: bool) -> str | None:
    """What ends a socket of a closing state; None for a state without kinds.

    An inode of 0 means that no process ever had it or that the last one has closed it. A FIN-WAIT-2 with
    the timewait timer is a minisock; the persist timer means a closed window or a FIN that could not leave.
    """
    if number in UNACKNOWLEDGED:
        return "zero_window" if timer == TIMER_PERSIST else "owned" if owned else "orphan"
    if number == TcpState.FIN_WAIT_2:
        return "minisock" if timer == TIMER_TIMEWAIT else "owned" if owned else "orphan"
    if number == TcpState.CLOSE_WAIT:
        return "owned" if owned else "unaccepted"
    return None
