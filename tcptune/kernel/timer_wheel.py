"""How late a kernel timer fires (kernel/time/timer.c calc_wheel_index(), since 4.8).

A timer of d jiffies never fires early. It waits for the next tick of its wheel level, up to g jiffies after
its time, where g is the granularity of the level that holds d: measured on 6.18 at HZ=250, a 60 s timer took
60.0 to 62.05 s. How late exactly depends on the phase of jiffies when it was armed, which is as good as random.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

LEVEL_BITS = 3
LEVELS = tuple(63 << (LEVEL_BITS * level) for level in range(8))
"""Upper ends, in jiffies, of the wheel levels: 63 with granularity 1, 504 with 8, 4032 with 64, and so on."""

DEFAULT_HZ = 250

PHASES = 32
"""How many phases of jiffies a lifetime is computed for."""

GOLDEN = 0.6180339887498949
"""Steps of the golden ratio fill any period evenly, whatever its length."""

PERIOD = 1 << 15
"""Jiffies after which the wheel levels of all timers of up to an hour repeat."""


@lru_cache(maxsize=1024)
def granularity(jiffies: int) -> int:
    """The latest a timer of so many jiffies can fire, in jiffies after its time."""
    for level, end in enumerate(LEVELS):
        if jiffies < end:
            return 1 << (LEVEL_BITS * level)
    return 1 << (LEVEL_BITS * len(LEVELS))


@lru_cache(maxsize=4096)
def ceil_jiffies(seconds: float, hz: int = DEFAULT_HZ) -> int:
    """A time in jiffies, rounded up as usecs_to_jiffies() does."""
    exact = seconds * hz
    whole = round(exact)
    return whole if abs(exact - whole) < 1e-6 else int(exact) + 1


class Clock:
    """A kernel's jiffies from one phase on; `sleep` is what a timer does to them.

    `least` and `most` are the seconds that must and can have passed by now, were every timer on time or as late
    as its level allows; `coarsest` is the largest granularity that was met.

    With `wheel` false every timer fires on the first tick after its time, as up to 4.7.
    """

    __slots__ = ("_now", "_start", "coarsest", "hz", "least", "most", "wheel")

    def __init__(self, phase: float, hz: int = DEFAULT_HZ, wheel: bool = True) -> None:
        self._start = self._now = phase
        self.hz = hz
        self.wheel = wheel
        self.coarsest = 1
        self.least = self.most = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return (self._now - self._start) / self.hz

    def sleep(self, seconds: float, armed_for: float | None = None) -> None:
        """Wait for a timer with so long to go; `armed_for` is its whole time, where it was armed before."""
        jiffies = max(1, ceil_jiffies(seconds, self.hz))
        grain = 1
        if self.wheel:
            grain = granularity(jiffies if armed_for is None else ceil_jiffies(armed_for, self.hz))
            self.coarsest = max(self.coarsest, grain)
        self.least += jiffies / self.hz
        self.most += (jiffies + grain) / self.hz
        expires = int(self._now) + jiffies
        self._now = float((expires // grain + 1) * grain)

    def relive(self, timers: Iterable[float], running: float) -> float:
        """Let timers fire that did so before now, and the one that runs now run so long; the seconds that took.

        The clock counts from now on, in a phase that those timers lead to: they fired on ticks of their levels.
        """
        before = self._now
        for seconds in timers:
            self.sleep(seconds)
        self.pass_time(running)
        self._start = self._now
        self.coarsest = 1
        self.least = self.most = 0.0
        return (self._now - before) / self.hz

    def pass_time(self, seconds: float) -> None:
        """Let time pass without a timer: a packet is on its way."""
        self.least += seconds
        self.most += seconds
        self._now += seconds * self.hz


class Run(NamedTuple):
    """What happened in one phase: seconds to the end, and when something was sent."""

    end: float
    sent: Sequence[float] = ()


class Spread(NamedTuple):
    """What happened over the phases: the earliest and latest end in seconds, and the run in the middle.

    `sent` has the earliest and latest time of each thing that the middle run sent.
    """

    earliest: float
    latest: float
    middle: Run
    sent: tuple[tuple[float, float], ...]


def over_phases(process: Callable[[Clock, float], Run], hz: int, wheel: bool = True, phases: int = PHASES) -> Spread:
    """Run a process in so many phases of jiffies; in one, it gives a guess that is 32 times as cheap.

    The process is also handed a number 0..1 that differs from phase to phase, for what else is random in it.
    Between two phases that were tried lie others, so the ends are widened by the gap, and by a jiffy for where
    in its own jiffy the socket was closed.
    """
    runs: list[tuple[Run, float, float]] = []
    coarsest = 1
    for number in range(phases):
        clock = Clock((number * GOLDEN * PERIOD) % PERIOD, hz, wheel)
        runs.append((process(clock, (number + 0.5) / phases), clock.least, clock.most))
        coarsest = max(coarsest, clock.coarsest)
    runs.sort(key=lambda run: run[0].end)
    gap = (4 * coarsest / phases + 1) / hz
    (first, least, _), (last, _, most) = runs[0], runs[-1]
    middle = runs[phases // 2][0]
    sent = tuple(
        _around([run.sent[place] for run, *_ in runs if place < len(run.sent)], gap)
        for place in range(len(middle.sent))
    )
    return Spread(max(least, first.end - gap), min(most, last.end + gap), middle, sent)


def _around(moments: Sequence[float], gap: float) -> tuple[float, float]:
    """The earliest and latest of some moments, widened; what is sent at once is not."""
    return (0.0, 0.0) if max(moments) == 0 else (max(0.0, min(moments) - gap), max(moments) + gap)
