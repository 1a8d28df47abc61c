"""The life of every socket in a namespace, put together from looks; pure.

Between two looks anything may happen, so each state has four times: not yet there, first seen, last seen, gone by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tcptune.kernel.states import TcpState
from tcptune.lab.result import Sighting
from tcptune.lab.sockets import Seen

Ends = tuple[int, int]
"""The kernel's port and the peer's."""


class Span:
    """One socket in one state, as it was first seen and as it was seen last.

    All times are on CLOCK_MONOTONIC; `gone` is None while it lasts.
    """

    def __init__(self, seen: Seen, before: float, first: float, at: float) -> None:
        self.seen = self.latest = seen
        self.before, self.first, self.last = before, first, at
        self.gone: float | None = None


class Timeline:
    """What all looks together say."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._open: dict[Ends, Span] = {}
        self._previous = 0.0

    def add(self, began: float, ended: float, sockets: Iterable[Seen]) -> None:
        """One look that lasted from `began` to `ended`."""
        now = {(seen.ours, seen.peer): seen for seen in sockets}
        for ends in [ends for ends in self._open if ends not in now]:
            self._open.pop(ends).gone = ended
        for ends, seen in now.items():
            span = self._open.get(ends)
            if span is not None and _same(span.seen, seen):
                span.last, span.latest = began, seen
                continue
            if span is not None:
                span.gone = ended
            self._open[ends] = Span(seen, self._previous, ended, began)
            self.spans.append(self._open[ends])
        self._previous = began

    def now(self, ours: int, peer: int | None = None) -> Seen | None:
        """A socket as it was last seen, by its ports; None once it is gone."""
        for ends, span in self._open.items():
            if ends[0] == ours and (peer is None or ends[1] == peer):
                return span.latest
        return None

    def count(self, state: TcpState) -> int:
        """How many sockets were in this state at the last look."""
        return sum(span.seen.state == state for span in self._open.values())

    def lasted(self, ours: int, peer: int, states: Collection[TcpState]) -> tuple[float, float | None] | None:
        """How long a socket was in any of these states: at least, and at most (None: it still is); seconds.

        None where it was never seen in them.
        """
        spans = [s for s in self.spans if (s.seen.ours, s.seen.peer) == (ours, peer) and s.seen.state in states]
        if not spans:
            return None
        first, last = spans[0], spans[-1]
        return max(0.0, last.last - first.first), None if last.gone is None else last.gone - first.before

    def sightings(self, zero: float) -> tuple[Sighting, ...]:
        """Every change, in the order of time, relative to `zero`."""
        found = []
        for span in self.spans:
            seen = span.seen
            found.append(
                Sighting(
                    span.first - zero, seen.ours, seen.peer, seen.state.rfc, seen.kind, seen.timer, seen.left,
                    seen.recv_q, seen.send_q,
                )
            )  # fmt: skip
            if span.gone is not None and not self._followed(span):
                found.append(Sighting(span.gone - zero, seen.ours, seen.peer, "gone"))
        return tuple(sorted(found, key=lambda sighting: sighting.at))

    def _followed(self, span: Span) -> bool:
        """Whether the socket was seen in another state when this one ended."""
        ends = span.seen.ours, span.seen.peer
        return any((other.seen.ours, other.seen.peer) == ends and other.first == span.gone for other in self.spans)


def _same(one: Seen, other: Seen) -> bool:
    """Whether nothing has changed that a person would call a change."""
    queue = (one.recv_q == other.recv_q) if one.state == TcpState.LISTEN else True
    return queue and (one.state, one.kind, one.timer) == (other.state, other.kind, other.timer)
