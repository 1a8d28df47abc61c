"""`python -m bench`: each cost of tcptune against something everybody knows, as a ratio beside its bar.

Only ratios taken in one run mean something: machines differ, and so do moments.
"""

from __future__ import annotations

import signal
import sys

from bench.counting import counting
from bench.fleet import fleet
from bench.looking import looking
from bench.measure import BenchError, interleaved
from bench.programs import TCPTUNE
from bench.ratio import HEADER, Ratio, shown
from tests.live.workshop.wire import why_not

RUNS = 15

AUDIT = [TCPTUNE, "audit", "--format", "json"]
HELP = [TCPTUNE, "--help"]


def main() -> int:
    """Measure, print, and say by the exit code whether every bar was kept."""
    print(HEADER)
    ratios = [*start_up(), *fleet()]
    why = why_not()
    if why is None:
        ratios += [*counting(), *looking()]
    else:
        print(f"Nothing was measured among many sockets: {why}.")
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


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        sys.exit(main())
    except BenchError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit("bench: interrupted; its sockets and processes are gone")
