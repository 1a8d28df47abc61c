"""What becomes of groups of sockets: why they are there, and when the first and the last will be gone; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tcptune.facts.reasons import reason
from tcptune.kernel.release import Release
from tcptune.kernel.states import TcpState
from tcptune.kernel.timeouts import Lifetime
from tcptune.kernel.waiting import waiting
from tcptune.model.outlook import Outlook
from tcptune.model.sockets import Group

STATES = {state.rfc: state for state in TcpState}
FEW_PHASES = 3
"""A guess is enough to find the sockets that go first and last; those are then looked at closely. One phase alone may
be the odd one in which a socket lives for one retransmission more.
"""


def outlooks(groups: Iterable[Group], settings: Mapping[str, int], release: Release | None) -> list[Outlook]:
    """The groups with their future, the worst first: by what ails them, then by how many they are."""
    found = [outlook(group, settings, release) for group in groups]
    return sorted(found, key=lambda one: (-one.rank, -one.group.sockets))


def outlook(group: Group, settings: Mapping[str, int], release: Release | None) -> Outlook:
    """The future of one group, were its peers to stay as they are."""
    known = reason(group.state, group.kind)
    first, last = _ends(group, settings, release)
    return Outlook(group, known.why, known.rank, known.rule, first, last)


def _ends(
    group: Group, settings: Mapping[str, int], release: Release | None
) -> tuple[Lifetime | None, Lifetime | None]:
    """What is left of the socket that goes first, and of that which goes last."""
    state = STATES[group.state]
    if not group.timers:
        only = waiting(state, group.owned)
        return only, only
    from tcptune.kernel.remaining import remaining  # dear to import, and of no use where no timer runs

    guesses = [(remaining(state, group.owned, timer, settings, release, FEW_PHASES), timer) for timer in group.timers]
    ending = [(when, timer) for guess, timer in guesses if guess is not None and (when := _about(guess)) is not None]
    endless = next((guess for guess, _ in guesses if guess is not None and guess.expected is None), None)
    if any(guess is None for guess, _ in guesses):
        return None, endless
    if not ending:
        return endless, endless
    soonest = min(ending, key=lambda pair: pair[0])[1]
    latest = max(ending, key=lambda pair: pair[0])[1]
    first = remaining(state, group.owned, soonest, settings, release)
    last = endless or (first if latest == soonest else remaining(state, group.owned, latest, settings, release))
    return first, last


def _about(guess: Lifetime) -> tuple[float, float] | None:
    """The time of a guess; of two with one tick of the timer wheel, which seconds of time share, the least decides."""
    return None if guess.min is None or guess.expected is None else (guess.expected, guess.min)
