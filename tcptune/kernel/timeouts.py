"""How long each closing state lasts, as functions of sysctl values; all times in seconds.

Restates net/ipv4/tcp_timer.c, tcp_input.c and tcp_minisocks.c of 6.18 (the functions are named at each
rule). Timers fire late by up to the granularity of the timer wheel, so every lifetime is a range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tcptune.kernel.timer_wheel import DEFAULT_HZ, NOW, Wait, ceil_jiffies, wait

TCP_RTO_MIN = 0.2
"""The base of the retry model; fixed, whatever tcp_rto_min_us says (tcp_timer.c retransmits_timed_out())."""

TCP_RTO_MAX = 120.0
"""Where the RTO stops doubling, unless tcp_rto_max_ms (6.15) says otherwise (include/net/tcp.h)."""

TCP_TIMEOUT_INIT = 1.0
"""The RTO of a SYN or SYN-ACK (include/net/tcp.h)."""

TCP_TIMEWAIT_LEN = 60.0
"""TIME-WAIT, fixed when the kernel is built (include/net/tcp.h)."""

ORPHAN_RETRIES_OF_ZERO = 8
"""What tcp_orphan_retries=0 means while the RTO is below its ceiling (tcp_timer.c tcp_orphan_retries())."""

NEVER = "never"


class Lifetime(NamedTuple):
    """How long a socket stays in a state, in seconds from the moment it entered it.

    `expected` is None where nothing ends it (`ends` then says "never"). `model` is the time limit the
    kernel computes from the retry count; the socket dies at the first timer at or after it.
    `transmissions` are the expected times at which the FIN, SYN or probe goes out.
    """

    case: str
    min: float | None
    expected: float | None
    max: float | None
    ends: str
    decided_by: tuple[str, ...]
    model: float | None = None
    transmissions: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


class Path(NamedTuple):
    """What the kernel knows of a connection when it closes, and the clock of the kernel.

    `rtt` in seconds; `rto` is computed from it as on a quiet path (tcp_input.c tcp_set_rto()): the round
    trip plus rto_min, each rounded up to a jiffy. 204 ms on a LAN at HZ=250, and 8 ms for an rto_min of 1 us.
    """

    rtt: float = 0.0001
    rto_min: float = TCP_RTO_MIN
    rto_max: float = TCP_RTO_MAX
    hz: int = DEFAULT_HZ
    tail_loss_probe: bool = True

    @property
    def rto_floor(self) -> float:
        """rto_min as the kernel keeps it, in whole jiffies."""
        return ceil_jiffies(self.rto_min, self.hz) / self.hz

    @property
    def rto(self) -> float:
        """The retransmission timeout before any back-off."""
        return min(ceil_jiffies(self.rtt + self.rto_floor, self.hz) / self.hz, self.rto_max)


def model_timeout(retries: int, rto_max: float = TCP_RTO_MAX, base: float = TCP_RTO_MIN) -> float:
    """The time limit behind a retry count (tcp_timer.c tcp_model_timeout()), counted from the first RTO.

    `base` is the first of the doubling waits: 1 s for a SYN, 200 ms for everything else.

    >>> [model_timeout(n) for n in (1, 3, 8, 15)]
    [0.6, 3.0, 102.2, 924.6]
    """
    doublings = max(1, int(rto_max / base + 1e-9)).bit_length() - 1
    backed_off = (2 << min(retries, doublings)) - 1
    return round(backed_off * base + max(0, retries - doublings) * rto_max, 6)


def orphan_retries(setting: int, rto: float, rto_max: float = TCP_RTO_MAX) -> int:
    """The retry count an orphan really gets (tcp_timer.c tcp_orphan_retries()).

    `rto` is the backed-off timeout that has just expired: 0 means 8 below the ceiling and 0 at it.
    """
    return ORPHAN_RETRIES_OF_ZERO if setting == 0 and rto < rto_max else setting


RetriesAt = Callable[[float], int]
"""The retry count in force when a timer of so many seconds has expired."""


def unacknowledged_fin(case: str, retries_at: RetriesAt, path: Path, decided_by: tuple[str, ...]) -> Lifetime:
    """FIN-WAIT-1, LAST-ACK or CLOSING whose FIN is never acknowledged (tcp_timer.c tcp_write_timeout()).

    The limit counts from the first RTO, is tested at every later one, and the test comes before the
    retransmission. A tail loss probe repeats the FIN once before the first RTO and counts for nothing.
    A negative retry count (accepted up to 5.12) overflows into weeks and is told as "never".
    """
    if retries_at(path.rto) < 0:
        return never(case, decided_by, "a negative retry count overflows the model: weeks")
    first, sent = _first_rto(path)
    elapsed, rto = NOW, path.rto
    earliest = expected = None
    while True:
        rto = min(rto * 2, path.rto_max)
        elapsed = elapsed.then(wait(rto, path.hz))
        limit = model_timeout(retries_at(rto), path.rto_max)
        if earliest is None and elapsed.most >= limit:
            earliest = first.least + max(elapsed.least, limit)
        if expected is None:
            at = first.middle + elapsed.middle
            if elapsed.middle >= limit:
                expected = at
            else:
                sent.append(at)
        if elapsed.least >= limit:
            break
    latest = first.then(elapsed).most
    return _lasting(
        case,
        Wait(latest if earliest is None else earliest, latest),
        expected=latest if expected is None else expected,
        ends="silently: no RST is sent; TcpExt.TCPAbortOnTimeout counts it",
        decided_by=decided_by,
        model=limit,
        sent=sent,
    )


def _first_rto(path: Path) -> tuple[Wait, list[float]]:
    """The time of the first RTO after the FIN, and what was sent until then, it included."""
    first, sent = NOW, [0.0]
    if path.tail_loss_probe:
        first = first.then(wait(min(path.rto, 2 * path.rtt + path.rto_floor), path.hz))
        sent.append(first.middle)
    first = first.then(wait(path.rto, path.hz))
    return first, [*sent, first.middle]


def zero_window_orphan(
    case: str, setting: int, retries2: int, path: Path, answered: bool, decided_by: tuple[str, ...]
) -> Lifetime:
    """An orphan in FIN-WAIT-1 whose FIN waits behind a closed window (tcp_timer.c tcp_probe_timer()).

    The back-off of the probes stops growing at tcp_retries2. An answer resets the count of unanswered
    probes, so only the test "RTO at its ceiling and back-off >= retries" can end it then; where
    tcp_retries2 keeps the back-off below that, the socket never dies (measured: alive after 1000 s).
    The probes wait at least 200 ms (tcp_probe0_base()), but the ceiling is asked of the RTO itself.
    """
    base = max(path.rto, TCP_RTO_MIN)
    elapsed, backoff, unanswered = NOW, 0, 0
    sent: list[float] = []
    while True:
        interval = min(base * 2**backoff, path.rto_max)
        elapsed = elapsed.then(wait(interval, path.hz))
        backed_off = min(path.rto * 2**backoff, path.rto_max)
        limit = orphan_retries(setting, backed_off, path.rto_max)
        if limit < 0:
            return never(case, decided_by, "a negative retry count is never reached")
        at_ceiling = backed_off >= path.rto_max
        if (at_ceiling and backoff >= limit) or unanswered >= limit:
            break
        if answered and backoff >= retries2:
            return never(case, decided_by, "the peer's answers reset the count, and the back-off has stopped growing")
        sent.append(elapsed.middle)
        unanswered += not answered
        backoff += backoff < retries2
    return _lasting(
        case,
        elapsed,
        ends="silently, or with a RST where data was sent in the last minute; TcpExt.TCPAbortOnTimeout counts it",
        decided_by=decided_by,
        sent=sent,
    )


def fin_wait_2_orphan(case: str, fin_timeout: float, path: Path, decided_by: tuple[str, ...]) -> Lifetime:
    """FIN-WAIT-2 that no process owns (tcp.c __tcp_close(), tcp_timer.c tcp_keepalive_timer()).

    Up to 60 s it is a minisock at once. Above 60 s it stays a full socket for (timeout - 60) s and then
    becomes a minisock for the same time again: 61 lasts 2 s (measured 2.1 s), 90 lasts 60 s.
    tcp_fin_time() raises anything shorter, zero and negatives too, to 3.5 times the RTO.
    """
    timeout = max(fin_timeout, 3.5 * path.rto)
    if timeout <= TCP_TIMEWAIT_LEN:
        total = wait(timeout, path.hz)
        notes: tuple[str, ...] = ()
    else:
        half = wait(timeout - TCP_TIMEWAIT_LEN, path.hz)
        total = half.then(half)
        notes = ("above 60 s it lasts 2 x (tcp_fin_timeout - 60), half of it as a full socket",)
    return _lasting(
        case,
        total,
        ends="silently; no TIME-WAIT follows. A FIN from the peer turns it into TIME-WAIT",
        decided_by=decided_by,
        model=round(timeout, 3) if timeout <= TCP_TIMEWAIT_LEN else round(2 * (timeout - TCP_TIMEWAIT_LEN), 3),
        notes=notes,
    )


def time_wait(case: str, path: Path) -> Lifetime:
    """TIME-WAIT: always TCP_TIMEWAIT_LEN (tcp_minisocks.c tcp_time_wait()); tcp_fin_timeout has no part in it."""
    total = wait(TCP_TIMEWAIT_LEN, path.hz)
    return _lasting(
        case,
        total,
        ends="silently; a retransmitted FIN starts the 60 s again",
        decided_by=(),
        model=TCP_TIMEWAIT_LEN,
        notes=("fixed when the kernel is built; no sysctl changes it",),
    )


def syn_sent(case: str, retries: int, linear: int, path: Path, decided_by: tuple[str, ...]) -> Lifetime:
    """connect() whose SYNs stay unanswered (tcp_timer.c tcp_retransmit_timer(); linear timeouts since 6.5).

    The first 1 + `linear` timeouts are 1 s each, then they double up to 120 s. connect() fails at the first
    timer at or after `model_timeout` with a base of 1 s, which is 127 s for 6 retries and 120 s more for each
    further one: measured 133 s for 6 retries with 4 linear ones, 129 s without.
    """
    limit = model_timeout(retries, path.rto_max, TCP_TIMEOUT_INIT)
    sent, elapsed, rto, timeouts = [0.0], NOW, TCP_TIMEOUT_INIT, 0
    while True:
        elapsed = elapsed.then(wait(rto, path.hz))
        timeouts += 1
        if elapsed.least >= limit:
            break
        sent.append(elapsed.middle)
        if timeouts > linear:
            rto = min(rto * 2, path.rto_max)
    return _lasting(
        case,
        elapsed,
        ends="connect() fails with ETIMEDOUT",
        decided_by=decided_by,
        model=limit,
        sent=sent,
    )


def syn_received(case: str, retries: int, path: Path, decided_by: tuple[str, ...]) -> Lifetime:
    """A handshake whose last ACK never comes (inet_connection_sock.c reqsk_timer_handler())."""
    elapsed, sent = NOW, [0.0]
    timeout = TCP_TIMEOUT_INIT
    for _ in range(max(0, retries) + 1):
        elapsed = elapsed.then(wait(timeout, path.hz))
        sent.append(elapsed.middle)
        timeout = min(timeout * 2, path.rto_max)
    return _lasting(
        case,
        elapsed,
        ends="the server forgets it; the client may believe the connection is open",
        decided_by=decided_by,
        sent=sent[:-1],
    )


def never(case: str, decided_by: tuple[str, ...], why: str) -> Lifetime:
    """A state that no timer ends."""
    return Lifetime(case, None, None, None, NEVER, decided_by, notes=(why,))


def _lasting(
    case: str,
    total: Wait,
    ends: str,
    decided_by: tuple[str, ...],
    expected: float | None = None,
    model: float | None = None,
    sent: Sequence[float] = (),
    notes: tuple[str, ...] = (),
) -> Lifetime:
    """A lifetime to the millisecond, which is all that a jiffy can promise; expected in the middle by default."""
    return Lifetime(
        case,
        min=round(total.least, 3),
        expected=round(total.middle if expected is None else expected, 3),
        max=round(total.most, 3),
        ends=ends,
        decided_by=decided_by,
        model=model,
        transmissions=tuple(round(second, 3) for second in sent),
        notes=notes,
    )
