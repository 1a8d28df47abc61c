"""The commands: the only package that reads argv, prints and exits.

Each imports what it needs in its own body, and typer itself only where `cli.quick` cannot read the command line.
"""

from __future__ import annotations

import gc
import signal
import sys
from typing import NoReturn

from tcptune.cli.output import complain
from tcptune.cli.quick import quick
from tcptune.errors import TcptuneError, UsageError

GARBAGE = 50_000
"""Objects made before the collector looks; the default of 700 has it look a hundred times for nothing."""

USAGE, COULD_NOT_JUDGE, INTERNAL = 2, 3, 70


def main() -> NoReturn:
    """Run the command line and exit with the code of the contract (README, "Exit codes")."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(GARBAGE)
    try:
        code = _run(sys.argv[1:])
    except UsageError as error:
        complain(str(error))
        code = USAGE
    except TcptuneError as error:
        complain(str(error))
        code = COULD_NOT_JUDGE
    except Exception as error:
        complain(f"internal error: {type(error).__name__}: {error}; `tcptune -v ...` shows where, please report it")
        if not {"-v", "--verbose"}.isdisjoint(sys.argv):
            import traceback

            traceback.print_exc()
        code = INTERNAL
    gc.freeze()  # nothing is worth collecting on the way out; it would cost as much as the counting
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    """Run what the arguments ask for; the exit code."""
    command = quick(arguments)
    if command is not None:
        command()
        return 0
    from tcptune.cli.app import build

    try:
        build(arguments)()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 0
    return 0
