"""How late a kernel timer fires (kernel/time/timer.c calc_wheel_index(), since 4.8).

A timer of d jiffies never fires early. It fires up to g jiffies late, where g is the granularity of
the wheel level that holds d: measured on 6.18 at HZ=250, a 60 s timer took 60.0 to 62.05 s.
"""

from __future__ import annotations

from typing import NamedTuple

LEVEL_BITS = 3
LEVELS = tuple(63 << (LEVEL_BITS * level) for level in range(8))
"""Upper ends, in jiffies, of the wheel levels: 63 with granularity 1, 504 with 8, 4032 with 64, and so on."""

DEFAULT_HZ = 250


def granularity(jiffies: int) -> int:
    """The latest a timer of so many jiffies can fire, in jiffies after its time."""
    for level, end in enumerate(LEVELS):
        if jiffies < end:
            return 1 << (LEVEL_BITS * level)
    return 1 << (LEVEL_BITS * len(LEVELS))


class Wait(NamedTuple):
    """The time a timer really takes, in seconds: at least `least`, at most `most`."""

    least: float
    most: float

    @property
    def middle(self) -> float:
        """The expected time: the phase of the wheel is as good as random."""
        return (self.least + self.most) / 2

    def then(self, other: Wait) -> Wait:
        """Two waits, one after the other."""
        return Wait(self.least + other.least, self.most + other.most)


NOW = Wait(0.0, 0.0)


def wait(seconds: float, hz: int = DEFAULT_HZ) -> Wait:
    """How long a timer armed for `seconds` takes on a kernel built with CONFIG_HZ=`hz`.

    >>> wait(60.0)
    Wait(least=60.0, most=62.048)
    """
    jiffies = ceil_jiffies(seconds, hz)
    return Wait(jiffies / hz, (jiffies + granularity(jiffies)) / hz)


def ceil_jiffies(seconds: float, hz: int = DEFAULT_HZ) -> int:
    """A time in jiffies, rounded up as usecs_to_jiffies() does."""
    exact = seconds * hz
    whole = round(exact)
    return whole if abs(exact - whole) < 1e-6 else int(exact) + 1
