"""The earlier sample that rates need: a stored one (--since), or a first look at this machine, and a wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tcptune.errors import SnapshotError, UsageError

if TYPE_CHECKING:
    from tcptune.facts.rates import Rates
    from tcptune.model.snapshot import Snapshot

ERASE = "\r\x1b[K"

SHORTEST, LONGEST = 1, 3600
"""Seconds between two looks."""

Interval = Annotated[
    float | None,
    typer.Option("--interval", metavar="SECONDS", help="Look twice, so long apart: counters become rates."),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="EARLIER", help="An earlier sample of the machine: counters become rates."),
]


class Earlier(NamedTuple):
    """How the earlier of two samples is got; `option` is what asked for it."""

    option: str
    take: Callable[[], Snapshot]

    def then(self, look: Callable[[], Snapshot]) -> tuple[Snapshot, Rates]:
        """The later sample, and what the two say together; SnapshotError where they make no pair."""
        from tcptune.facts.rates import between

        before, after = self.take(), look()
        try:
            return after, between(before, after)
        except ValueError as error:
            raise SnapshotError(f"{self.option}: {error}") from None


def earlier(
    interval: float | None, since: str | None, sources: Sequence[str] | None, root: str, netns: str | None
) -> Earlier | None:
    """The earlier sample that the options ask for, if they do; UsageError where they do not fit the sources."""
    if interval is not None and since is not None:
        raise UsageError("--interval and --since both tell where the earlier sample comes from; give one of them")
    if interval is not None:
        if not SHORTEST <= interval <= LONGEST:
            raise UsageError(f"--interval: {interval:g} is not within {SHORTEST} to {LONGEST} seconds")
        if sources or root != "/":
            raise UsageError(
                "--interval looks twice at this machine, and what is stored does not move; "
                "give an earlier sample of it instead: --since EARLIER SOURCE"
            )
        return Earlier(f"--interval {interval:g}", lambda: _look_and_wait(interval, netns))
    if since is None:
        return None
    if len(sources or ()) > 1:
        raise UsageError("--since is an earlier sample of one machine; give one SOURCE, or none for this machine")
    if since == "-" and sources == ["-"]:
        raise UsageError("--since and SOURCE cannot both be standard input; give one of them as a file")
    return Earlier(f"--since {since}", lambda: _stored(since))


def _stored(since: str) -> Snapshot:
    from tcptune.collect.source import take

    return take(since)


def _look_and_wait(interval: float, netns: str | None) -> Snapshot:
    from tcptune.collect.everything import glance
    from tcptune.collect.netns import inside

    seen = glance() if netns is None else inside(netns, glance)
    _tell(f"watching for {interval:g} s ...")
    time.sleep(interval)
    _tell(ERASE)
    return seen


def _tell(text: str) -> None:
    """Say something on a terminal that is to go again; nothing anywhere else."""
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()
