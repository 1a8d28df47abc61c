"""Two samples of one machine: how fast its counters rise; pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import NamedTuple

from tcptune.kernel.counters import COUNTERS
from tcptune.model.snapshot import Snapshot, moment
from tcptune.model.values import FactInfo

INTERVAL = "interval"
RATES = {counter.name: f"rates.{counter.name}" for counter in COUNTERS.values() if counter.kind == "counter"}
"""The fact that says how fast a counter rises, by the name of the counter."""

ONE_SAMPLE = "one sample only: give --interval or a second snapshot"

SHORTEST = 0.01
"""Seconds; /proc/uptime shows no less."""

CLOCKS_DIFFER = 60
"""Seconds by which a machine's clock is believed to be corrected between two samples."""

HALF, WHOLE = 2**31, 2**32
"""A counter of a 32-bit kernel that falls from the upper half of its range to the lower may have run over."""


class Rates(NamedTuple):
    """What two samples say: the seconds between them, and how fast each counter rose, a second.

    `gaps` says of counters that fell why they have no rate; a counter that one of the samples lacks is in neither.
    """

    seconds: float
    rates: Mapping[str, float]
    gaps: Mapping[str, str]


def between(earlier: Snapshot, later: Snapshot) -> Rates:
    """How fast the counters rose from one sample to the other; ValueError says why the two make no pair."""
    for what, one, other in (
        ("machines", earlier.host.name, later.host.name),
        ("network namespaces", earlier.host.netns, later.host.netns),
    ):
        if one is not None and other is not None and one != other:
            raise ValueError(f"the two samples are of different {what}: {one} and {other}")
    seconds = _seconds_between(earlier, later)
    pairs = {
        name: (before, after)
        for name in RATES
        if (before := _count(earlier, name)) is not None and (after := _count(later, name)) is not None
    }
    gaps = _fallen(pairs)
    rates = {
        name: (after - before) / seconds
        for name, (before, after) in pairs.items()
        if "rates" not in gaps and RATES[name] not in gaps
    }
    return Rates(seconds, rates, gaps)


def rate_facts() -> dict[str, FactInfo]:
    """The names that rules have for rates, and for the time between the two samples."""
    found = {
        rate: FactInfo("double", _per_second(COUNTERS[name].unit), "netns", f"How fast {name} rises, by two samples.")
        for name, rate in RATES.items()
    }
    found[INTERVAL] = FactInfo("double", "s", "host", "The time between two samples.")
    return found


def _per_second(unit: str) -> str:
    return "1/s" if unit in ("events", "segments") else f"{unit}/s"


def _seconds_between(earlier: Snapshot, later: Snapshot) -> float:
    """The time between two samples: by the uptime, which is finer than the clock and never set; else by the clock."""
    before, after = _uptime(earlier), _uptime(later)
    one, other = moment(earlier.taken_at), moment(later.taken_at)
    by_clock = None if one is None or other is None else other - one
    seconds = by_clock if before is None or after is None else after - before
    if seconds is None:
        raise ValueError("the two samples do not say how much time lies between them: uptime or taken_at is missing")
    if by_clock is not None and by_clock < (-CLOCKS_DIFFER if seconds > 0 else 0):
        raise ValueError("the earlier sample is the later one; give them the other way round")
    if seconds < 0 or (by_clock is not None and after is not None and by_clock > after + CLOCKS_DIFFER):
        raise ValueError("the machine was started again between the two samples, unless they are the wrong way round")
    if seconds < SHORTEST:
        raise ValueError("the two samples were taken at the same moment; a rate needs time to pass")
    return seconds


def _uptime(snapshot: Snapshot) -> float | None:
    value = snapshot.values.get("uptime")
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
        return None
    return float(value)


def _count(snapshot: Snapshot, name: str) -> int | None:
    value = snapshot.values.get(name)
    return None if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63 else value


def _fallen(pairs: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """Why counters that fell have no rate; where one began anew all of them did, those that have risen since too."""
    gaps = {}
    for name, (before, after) in pairs.items():
        if after < before:
            fell = f"{name} fell from {before} to {after}"
            if not after < HALF <= before < WHOLE:
                return {"rates": f"the counters began anew between the two samples: {fell}"}
            gaps[RATES[name]] = f"{fell}: the 32 bits of the counter ran over"
    return gaps
