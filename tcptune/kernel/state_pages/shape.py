"""The shape of one state's page: what an operator must know of it, as data."""

from __future__ import annotations

from dataclasses import dataclass

from tcptune.kernel.history import Belief
from tcptune.kernel.states import TcpState


@dataclass(frozen=True, slots=True)
class StatePage:
    """One TCP state.

    `means` says how a socket gets here and who must act next; `ends` what ends it, with and without an
    owner. `kinds` pairs the kinds one meets with how `ss` tells them apart. Each text of `counted_in`
    begins with a name from `counters.COUNTERS` or a sysctl, a condition may follow in brackets.
    `settings` are full sysctl names that decide something here, `timeouts` the computed lifetimes that
    belong here, `see` exact commands.
    """

    state: TcpState
    summary: str
    means: tuple[str, ...]
    ends: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    counted_in: tuple[str, ...]
    settings: tuple[str, ...]
    timeouts: tuple[str, ...]
    normal: str
    who_fixes: str
    see: tuple[str, ...]
    sources: tuple[str, ...]
    beliefs: tuple[Belief, ...] = ()
