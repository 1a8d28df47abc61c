"""FIN-WAIT-2 that no process owns, and TIME-WAIT (tcp_minisocks.c tcp_time_wait(), tcp_timer.c)."""

from __future__ import annotations

from math import ceil

from tcptune.kernel.timeouts import TCP_DELACK_MIN, Lifetime, Path, lasting
from tcptune.kernel.timer_wheel import Clock, Run, ceil_jiffies

TCP_TIMEWAIT_LEN = 60.0
"""TIME-WAIT, fixed when the kernel is built (include/net/tcp.h); vendors' tcp_tw_timeout takes its place."""

SMOOTHING = 8
"""A round trip moves the smoothed one by an eighth of the difference (tcp_input.c tcp_rtt_estimator())."""

SLOTS, SLOT = 8, 7.5
"""INET_TWDR_TWKILL_SLOTS, and the seconds of each: TCP_TIMEWAIT_LEN over 8 (3.10 to 4.0)."""

SHORTEST_IN_SLOTS = 4.0
"""Seconds; anything shorter had a wheel of short timers (INET_TWDR_RECYCLE_SLOTS)."""

PROMPT = 0.25
"""The share of peers taken to acknowledge a FIN at once; the others were in an interactive exchange."""


def fin_wait_2_orphan(
    case: str, fin_timeout: float, path: Path, decided_by: tuple[str, ...], timewait_len: float = TCP_TIMEWAIT_LEN
) -> Lifetime:
    """How long an orphan waits for its peer's FIN, from close() on (tcp.c __tcp_close(), tcp_fin_time()).

    Up to 60 s it is a minisock at once. Above 60 s it stays a full socket for (timeout - 60) s and then
    becomes a minisock for the same time again: 61 lasts 2 s (measured 2.1 s), 90 lasts 60 s.
    Anything shorter, zero and negatives too, is raised to 3.5 times the RTO. TCP_LINGER2 replaces the sysctl;
    negative, it allows no FIN-WAIT-2 at all.
    """
    if path.linger2 < 0:
        return _reset_at_once(case, path)
    asked = _asked(fin_timeout, path)

    def process(clock: Clock, chance: float) -> Run:
        delay = TCP_DELACK_MIN if chance > PROMPT else 0.0
        clock.pass_time(path.rtt + delay)
        timeout = max(asked, _floor(path, delay))
        if timeout > timewait_len:
            timeout -= timewait_len
            clock.sleep(timeout)
        _wait_as_minisock(clock, timeout, path, chance)
        return Run(clock.elapsed, (0.0,))

    above = asked > timewait_len
    notes = (f"above {timewait_len:.0f} s it lasts 2 x (timeout - {timewait_len:.0f}), half of it as a full socket",)
    return lasting(
        case,
        process,
        path,
        "silently; no TIME-WAIT follows. A FIN from the peer turns it into TIME-WAIT",
        decided_by,
        model=round(2 * (asked - timewait_len) if above else max(asked, _floor(path, 0.0)), 3),
        notes=notes if above else (),
    )


def time_wait(case: str, path: Path, decided_by: tuple[str, ...] = (), length: float = TCP_TIMEWAIT_LEN) -> Lifetime:
    """How long TIME-WAIT lasts, from close() on, with a peer that closes too; tcp_fin_timeout has no part in it."""

    def process(clock: Clock, chance: float) -> Run:
        clock.pass_time(path.rtt + (TCP_DELACK_MIN if chance > PROMPT else 0.0))
        _wait_as_minisock(clock, length, path, chance)
        return Run(clock.elapsed, (0.0,))

    fixed = ("fixed when the kernel is built; no sysctl changes it",)
    return lasting(
        case,
        process,
        path,
        "silently; a retransmitted FIN starts the time again",
        decided_by,
        model=length,
        notes=() if decided_by else fixed,
    )


def _wait_as_minisock(clock: Clock, timeout: float, path: Path, chance: float) -> None:
    """A minisock's own timer, or up to 4.0 a slot (inet_timewait_sock.c inet_twsk_schedule(), inet_twdr_hangman()).

    The slots are emptied one by one, every 7.5 s; 60 s take the last of them, which is 52.5 to 60 s ahead.
    """
    if not path.rules.timewait_slots or timeout < SHORTEST_IN_SLOTS:
        clock.sleep(timeout)
        return
    slots = min(ceil(timeout / SLOT), SLOTS - 1)
    clock.pass_time(slots * SLOT + chance * SLOT)


def _asked(fin_timeout: float, path: Path) -> float:
    """tcp_fin_timeout, or TCP_LINGER2 as far as the kernel allows it."""
    if not path.linger2:
        return fin_timeout
    limit = path.rules.linger2_limit
    if limit is None:
        return min(path.linger2, fin_timeout)
    return min(path.linger2, limit)


def _floor(path: Path, delay: float) -> float:
    """3.5 times the RTO (include/net/tcp.h tcp_fin_time()), which a delayed ACK has made longer."""
    rto = ceil_jiffies(path.rto + delay / SMOOTHING, path.hz) / path.hz
    return 3.5 * min(rto, path.rto_max)


def _reset_at_once(case: str, path: Path) -> Lifetime:
    """TCP_LINGER2 < 0: a RST as soon as the FIN is acknowledged."""
    return Lifetime(
        case,
        min=round(path.rtt, 3),
        expected=round(path.rtt + TCP_DELACK_MIN / 2, 3),
        max=round(path.rtt + TCP_DELACK_MIN, 3),
        ends="with a RST when the FIN is acknowledged: TCP_LINGER2 is negative",
        decided_by=("TCP_LINGER2",),
    )
