"""`python -m bench`: each cost of tcptune against something everybody knows, as a ratio beside its bar.

Only ratios taken in one run mean something: machines differ, and so do moments.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from bench.crowd import HOLDERS, Crowd
from bench.measure import BenchError, interleaved, output, peak
from bench.ratio import HEADER, Ratio
from tests.live.workshop.waiting import until
from tests.live.workshop.wire import why_not

RUNS, RUNS_IN_A_CROWD, RUNS_FOR_MEMORY = 15, 9, 3

TCPTUNE = str(Path(sys.executable).with_name("tcptune"))
COLLECT = [TCPTUNE, "collect"]
AUDIT = [TCPTUNE, "audit", "--format", "json"]
HELP = [TCPTUNE, "--help"]
SS_AWK = ["sh", "-c", "ss -tan | awk '{n[$1]++} END{for(s in n) print s, n[s]}'"]

ESTABLISHED, HALF_CLOSED, TIME_WAIT = 30_000, 5_000, 30_000
"""Connections; both ends are here: 60,000 ESTABLISHED, 5,000 FIN-WAIT-2, 5,000 CLOSE-WAIT, 30,000 TIME-WAIT."""

ABOUT_THE_SAME = 1.05


def main() -> int:
    """Measure, print, and say by the exit code whether every bar was kept."""
    print(HEADER)
    ratios = start_up()
    why = why_not()
    ratios += many_sockets() if why is None else []
    if why is not None:
        print(f"Nothing was measured among 100,000 sockets: {why}.")
    return 0 if all(ratio.kept for ratio in ratios) else 1


def start_up() -> list[Ratio]:
    """What a command costs beside its work: the imports that it cannot do without are the measure."""
    frameworks = {"typer": [sys.executable, "-c", "import typer"]}
    frameworks["typer, pydantic"] = [sys.executable, "-c", "import typer, pydantic"]
    ms = interleaved({"audit": AUDIT, "help": HELP, **frameworks}, RUNS)
    return [
        shown(
            Ratio(
                "tcptune audit --format json", ms["audit"], "import typer, pydantic", ms["typer, pydantic"], "ms", 1.8
            )
        ),
        shown(Ratio("tcptune --help", ms["help"], "import typer", ms["typer"], "ms", 1.3)),
    ]


def many_sockets() -> list[Ratio]:
    """Counting 100,000 sockets, and what their number does to memory."""
    with Crowd() as crowd, crowd.namespace:
        none = peak(COLLECT, RUNS_FOR_MEMORY)
        crowd.add("established", ESTABLISHED)
        crowd.add("half_closed", HALF_CLOSED)
        crowd.add("time_wait", TIME_WAIT)
        print(checked(crowd, 1))
        ms = interleaved({"collect": COLLECT, "ss": SS_AWK}, RUNS_IN_A_CROWD)
        many = peak(COLLECT, RUNS_FOR_MEMORY)
        checked(crowd, 1)
        ratios = [
            shown(Ratio("tcptune collect", ms["collect"], "ss -tan | awk", ms["ss"], "ms", 0.5)),
            shown(Ratio("tcptune collect", many, "the same without sockets", none, "MB", ABOUT_THE_SAME)),
        ]
        crowd.add("established", ESTABLISHED)
        crowd.add("time_wait", TIME_WAIT)
        print(checked(crowd, 2))
        more = peak(COLLECT, RUNS_FOR_MEMORY)
        return [
            *ratios,
            shown(Ratio("tcptune collect", more, "the same among the 100,000", many, "MB", ABOUT_THE_SAME)),
        ]


def checked(crowd: Crowd, times: int) -> str:
    """What is there, in words; BenchError where ss or tcptune finds anything else than what was made."""
    made = {
        "ESTABLISHED": 2 * ESTABLISHED * times,
        "TIME-WAIT": TIME_WAIT * times,
        "CLOSE-WAIT": HALF_CLOSED,
        "FIN-WAIT-2": HALF_CLOSED,
        "LISTEN": HOLDERS,
    }
    if (found := until(crowd.mix, made)) != made:
        raise BenchError(f"some sockets came or went while they were counted: {made} were made, {found} are there")
    values = output(COLLECT)["values"]
    if (ours := {state: values["states." + state.replace("-", "_")] for state in made}) != made:
        raise BenchError(f"tcptune counts otherwise than ss: {ours} instead of {made}")
    return f"{sum(found.values()):,} sockets: " + ", ".join(f"{count:,} {state}" for state, count in found.items())


def shown(ratio: Ratio) -> Ratio:
    """The ratio, once its line is printed."""
    print(ratio.row(), flush=True)
    return ratio


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit("bench: interrupted; its sockets and processes are gone")
