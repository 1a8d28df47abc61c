"""Looking at single sockets among 100,000 and 300,000, with and without the processes that hold them."""

from __future__ import annotations

from bench.crowd import HOLDERS, Crowd, Mix
from bench.measure import interleaved, peak
from bench.programs import SOCKETS, SOCKETS_BY_OWNER, SS_AWK, SS_OWNERS
from bench.ratio import Ratio, shown

RUNS, RUNS_FOR_MEMORY = 7, 3
MOST_MEMORY = 60.0
"""MB among 300,000 sockets."""
NO_WORSE = 1.05
"""How much the ratio may grow from 100,000 to 300,000: what two measurements of the same differ by."""

MIX = Mix(established=30_000, half_closed=5_000, time_wait=30_000)
"""Of 100,000 sockets 60 % are in ESTABLISHED, 30 % in TIME-WAIT, 5 % each in CLOSE-WAIT and FIN-WAIT-2."""


def looking() -> list[Ratio]:
    """The cost of `sockets` for two sizes of one crowd."""
    small, large = _ratios(1), _ratios(3)
    return [
        *small,
        *large,
        *(
            shown(Ratio(f"{more.what}, 300,000", more.ratio, "the ratio for 100,000", less.ratio, "", NO_WORSE))
            for less, more in zip(small, large, strict=False)
        ),
    ]


def _ratios(times: int) -> list[Ratio]:
    with Crowd(HOLDERS * times) as crowd, crowd.namespace:
        print(crowd.make(Mix(*(count * times for count in MIX))))
        ms = interleaved({"ours": SOCKETS, "ss": SS_AWK}, RUNS)
        found = [shown(Ratio("tcptune sockets", ms["ours"], "ss -tan | awk", ms["ss"], "ms", 0.35))]
        crowd.check()
        ms = interleaved({"ours": SOCKETS_BY_OWNER, "ss": SS_OWNERS}, RUNS)
        found.append(
            shown(Ratio("tcptune sockets --by owner", ms["ours"], "ss -tanp of those states", ms["ss"], "ms", 0.25))
        )
        if times > 1:
            found += [_memory("tcptune sockets", SOCKETS), _memory("tcptune sockets --by owner", SOCKETS_BY_OWNER)]
        return found


def _memory(name: str, command: list[str]) -> Ratio:
    return shown(Ratio(name, peak(command, RUNS_FOR_MEMORY), "the most allowed", MOST_MEMORY, "MB", 1.0))
