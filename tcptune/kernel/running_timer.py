"""The timer that runs on a socket, as sock_diag, /proc/net/tcp and `ss -o` show it."""

from __future__ import annotations

from math import log2
from typing import NamedTuple


class Timer(NamedTuple):
    """What runs on one socket.

    `name` is that of `ss -o`: on, keepalive, timewait, persist. `left` is what it has to go in seconds, None where
    the source does not say; `rto` the retransmission timeout as `ss -i` shows it, backed off where the socket
    retransmits; `backoff` how often it was doubled; `unanswered` the retransmissions or probes without an answer.
    `tail_probed` says that no tail loss probe is to come: something was retransmitted already, or the path has no
    SACK. `window` is the peer's window in bytes, None where it is not known.
    """

    name: str
    left: float | None = None
    rto: float | None = None
    backoff: int = 0
    unanswered: int = 0
    tail_probed: bool = False
    window: int | None = None


def backoff_of(timer: str, rto: float, left: float, retransmits: int) -> int:
    """How often a timer was doubled, where the source does not say: /proc/net/tcp shows the RTO alone.

    A retransmitting socket doubles at each retransmission. A probing one keeps its RTO, so what is left of the
    timer tells how often at least.
    """
    if timer == "persist":
        return max(0, round(log2(left / rto) + 0.5)) if left > rto > 0 else 0
    return retransmits
