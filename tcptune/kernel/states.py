"""TCP states: RFC 9293 names, kernel numbers (include/net/tcp_states.h)."""

from __future__ import annotations

from enum import IntEnum


class TcpState(IntEnum):
    """A TCP state with the number the kernel gives it in sock_diag and /proc/net/tcp."""

    ESTABLISHED = 1
    SYN_SENT = 2
    SYN_RECEIVED = 3
    FIN_WAIT_1 = 4
    FIN_WAIT_2 = 5
    TIME_WAIT = 6
    CLOSE = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11

    @property
    def rfc(self) -> str:
        """The name as RFC 9293 writes it: `FIN-WAIT-1`."""
        return self.name.replace("_", "-")


UNACKNOWLEDGED = (TcpState.FIN_WAIT_1, TcpState.CLOSING, TcpState.LAST_ACK)
"""States that wait for the ACK of a FIN."""

CLOSING_STATES = (
    TcpState.FIN_WAIT_1,
    TcpState.FIN_WAIT_2,
    TcpState.CLOSING,
    TcpState.TIME_WAIT,
    TcpState.CLOSE_WAIT,
    TcpState.LAST_ACK,
)
"""The states in which at least one FIN has been sent or received."""
