"""What every lifetime is made of: the path of a connection, the retry model, and the result.

Restates net/ipv4/tcp_timer.c of 6.18; all times are in seconds. Timers fire late by up to the granularity of
the timer wheel, so every lifetime is a range over the phases of jiffies (`kernel.timer_wheel`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tcptune.kernel.timer_rules import CURRENT, TimerRules
from tcptune.kernel.timer_wheel import DEFAULT_HZ, PHASES, Clock, Run, ceil_jiffies, over_phases

TCP_RTO_MIN = 0.2
"""The base of the retry model; fixed, whatever tcp_rto_min_us says (tcp_timer.c retransmits_timed_out())."""

TCP_RTO_MAX = 120.0
"""Where the RTO stops doubling, unless tcp_rto_max_ms (6.15) says otherwise (include/net/tcp.h)."""

TCP_TIMEOUT_INIT = 1.0
"""The RTO of a SYN or SYN-ACK (include/net/tcp.h)."""

TCP_DELACK_MIN = 0.04
"""How long a peer may hold the ACK of a FIN back after an interactive exchange (measured: RTT + 40 ms)."""

ORPHAN_RETRIES_OF_ZERO = 8
"""What tcp_orphan_retries=0 means while the RTO is below its ceiling (tcp_timer.c tcp_orphan_retries())."""

BUSY = 0.02
"""Seconds that a busy CPU may run a timer's work late, beyond what the wheel does."""

ROUNDING = 1e-9
"""Times that are equal in jiffies may differ by so much as floats."""

NEVER = "never"


class Lifetime(NamedTuple):
    """How long a socket stays in a state, in seconds from close() or shutdown().

    `expected` is None where nothing ends it (`ends` then says "never"). `model` is the time limit the
    kernel computes from the retry count; the socket dies at the first timer at or after it.
    `transmissions` are the expected times at which the FIN, SYN or probe goes out, `transmission_ranges` the
    earliest and latest time of each.
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
    transmission_ranges: tuple[tuple[float, float], ...] = ()


class Path(NamedTuple):
    """What the kernel knows of a connection when it closes, and the clock and rules of the kernel.

    `rtt` in seconds; the RTO follows from it as on a quiet path, unless `known_rto` gives it. `timer` is
    what the running timer still has to go, `backoff` and `probes` how often it has been doubled and how many
    probes are unanswered, `user_timeout` TCP_USER_TIMEOUT (0: not set), `linger2` TCP_LINGER2 (0: not set).
    `phases` is how many phases of jiffies a lifetime is computed for.
    """

    rtt: float = 0.0001
    rto_min: float = TCP_RTO_MIN
    rto_max: float = TCP_RTO_MAX
    hz: int = DEFAULT_HZ
    tail_loss_probe: bool = True
    known_rto: float | None = None
    timer: float | None = None
    backoff: int = 0
    probes: int = 0
    user_timeout: float = 0.0
    linger2: float = 0.0
    rules: TimerRules = CURRENT
    phases: int = PHASES

    @property
    def rto_floor(self) -> float:
        """rto_min as the kernel keeps it, in whole jiffies."""
        return ceil_jiffies(self.rto_min, self.hz) / self.hz

    @property
    def rto(self) -> float:
        """The retransmission timeout before any back-off (tcp_input.c tcp_set_rto()).

        The round trip plus rto_min, each rounded up to a jiffy: 204 ms on a LAN at HZ=250.
        """
        rto = self.known_rto or ceil_jiffies(self.rtt + self.rto_floor, self.hz) / self.hz
        return min(rto, self.rto_max)

    @property
    def fin_rto(self) -> float:
        """The RTO before any back-off of a socket that retransmits: ss then shows the doubled one.

        Where that has reached the ceiling, what it was doubled from is not known, and is taken to be usual.
        """
        if self.known_rto is None:
            return self.rto
        base = self.rto / 2.0**self.backoff
        return base if self.rto < self.rto_max else max(base, self._replace(known_rto=None).rto)

    def backed_off(self, base: float, backoff: int) -> float:
        """A timeout after so many doublings."""
        return min(base * 2.0**backoff, self.rto_max)


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


def lasting(
    case: str,
    process: Callable[[Clock, float], Run],
    path: Path,
    ends: str,
    decided_by: tuple[str, ...],
    model: float | None = None,
    notes: tuple[str, ...] = (),
) -> Lifetime:
    """The lifetime that a process has over the phases of jiffies, to the millisecond."""
    spread = over_phases(process, path.hz, path.rules.timer_wheel, path.phases)
    return Lifetime(
        case,
        min=round(spread.earliest, 3),
        expected=round(spread.middle.end, 3),
        max=round(spread.latest + BUSY, 3),
        ends=ends,
        decided_by=decided_by,
        model=model,
        transmissions=tuple(round(second, 3) for second in spread.middle.sent),
        notes=notes,
        transmission_ranges=tuple((round(least, 3), round(most + BUSY, 3)) for least, most in spread.sent),
    )


def never(case: str, decided_by: tuple[str, ...], why: str) -> Lifetime:
    """A state that no timer ends."""
    return Lifetime(case, None, None, None, NEVER, decided_by, notes=(why,))
