"""What a scenario brings home: steps, states, packets, counters, and predicted against measured. Frozen.

Times are seconds on CLOCK_MONOTONIC, told relative to the moment that the scenario is about (its close()).
"""

from __future__ import annotations

from typing import NamedTuple


class Step(NamedTuple):
    """One thing that the scenario did."""

    at: float
    did: str


class Sighting(NamedTuple):
    """A socket that had changed when we looked: state and kind in the words of the design, timer as sock_diag says it.

    `state` is "gone" once it is no longer listed; `left` is the time until its timer is due, in seconds.
    """

    at: float
    ours: int
    peer: int
    state: str
    kind: str | None = None
    timer: str | None = None
    left: float | None = None
    recv_q: int = 0
    send_q: int = 0


class Packet(NamedTuple):
    """A packet on the wire; `seq` and `ack` count from the first number of their side, `size` is bytes of data."""

    at: float
    sent_by: str
    ports: tuple[int, int]
    flags: str
    seq: int
    ack: int
    window: int
    size: int
    raw: bytes = b""


class Lived(NamedTuple):
    """One lifetime, predicted and measured, in seconds.

    The measured one lies between `at_least` and `at_most`, which differ by the time between two looks; `at_most`
    is None where the socket was still there. `gap` is how exact both are, the longest time between two looks: a
    machine too busy to look runs its timers late too. `armed` says that the timer was read instead of waited for.
    `transmissions` are counts, predicted and measured.
    """

    case: str
    predicted: tuple[float, float, float] | None
    at_least: float
    at_most: float | None
    gap: float = 0.0
    decided_by: tuple[str, ...] = ()
    armed: bool = False
    transmissions: tuple[int, int] | None = None

    @property
    def inside(self) -> bool:
        """Whether predicted and measured can both be true."""
        if self.predicted is None:
            return self.at_most is None
        shortest, _, longest = self.predicted
        return (self.at_most is None or self.at_most + self.gap >= shortest) and self.at_least <= longest + self.gap


class Result(NamedTuple):
    """One run of one scenario. `problem` says why it could not be played, or not to its end; `began` is since 1970."""

    scenario: str
    shows: str
    settings: dict[str, str]
    kernel: str
    article: str
    began: float = 0.0
    steps: tuple[Step, ...] = ()
    states: tuple[Sighting, ...] = ()
    packets: tuple[Packet, ...] = ()
    counters: dict[str, int] = {}  # noqa: RUF012 -- never changed
    lived: tuple[Lived, ...] = ()
    observed: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def inside(self) -> bool:
        """Whether every lifetime that was measured lies in what was predicted."""
        return all(lived.inside for lived in self.lived)
