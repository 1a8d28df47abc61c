"""Counting 100,000 sockets, and what their number does to memory."""

from __future__ import annotations

from bench.crowd import Crowd, Mix
from bench.measure import interleaved, peak
from bench.programs import COLLECT, SS_AWK
from bench.ratio import Ratio, shown

RUNS, RUNS_FOR_MEMORY = 9, 3
ABOUT_THE_SAME = 1.05

MIX = Mix(established=30_000, half_closed=5_000, time_wait=30_000)


def counting() -> list[Ratio]:
    """The cost of `collect` among many sockets, and among twice as many of those that are only counted."""
    with Crowd() as crowd, crowd.namespace:
        none = peak(COLLECT, RUNS_FOR_MEMORY)
        print(crowd.make(MIX))
        ms = interleaved({"collect": COLLECT, "ss": SS_AWK}, RUNS)
        many = peak(COLLECT, RUNS_FOR_MEMORY)
        crowd.check()
        ratios = [
            shown(Ratio("tcptune collect", ms["collect"], "ss -tan | awk", ms["ss"], "ms", 0.5)),
            shown(Ratio("tcptune collect", many, "the same without sockets", none, "MB", ABOUT_THE_SAME)),
        ]
        print(crowd.make(MIX._replace(half_closed=0)))
        more = peak(COLLECT, RUNS_FOR_MEMORY)
        return [
            *ratios,
            shown(Ratio("tcptune collect", more, "the same among the 100,000", many, "MB", ABOUT_THE_SAME)),
        ]
