"""The commands: the only package that reads argv, prints and exits.

Every command imports what it needs in its own body, so that `--help` costs no more than typer.
"""

from __future__ import annotations

import gc
import signal
import sys
from typing import Annotated, NoReturn

import typer

from tcptune import __version__
from tcptune.cli import audit, collect, explain, lab, rules, timeouts
from tcptune.cli.output import complain
from tcptune.errors import TcptuneError, UsageError

GARBAGE = 50_000
"""Objects made before the collector looks; the default of 700 has it look a hundred times for nothing."""

USAGE, COULD_NOT_JUDGE, INTERNAL = 2, 3, 70

app = typer.Typer(
    name="tcptune",
    help="Says how Linux closes TCP connections on this machine, what is wrong, and what is normal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("audit", short_help="Say what is wrong on this machine, or a stored one.")(audit.audit)
app.command("explain", short_help="Explain a sysctl, state, counter or rule.")(explain.explain)
app.command("timeouts", short_help="Say how long each closing state lasts here.")(timeouts.timeouts)
app.command("collect", short_help="Print a snapshot of this machine as JSON.")(collect.collect_command)
app.add_typer(rules.app, name="rules")
app.add_typer(lab.app, name="lab")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"tcptune {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show the traceback of an internal error.")] = False,
) -> None:
    """Says how Linux closes TCP connections on this machine, what is wrong, and what is normal."""


def main() -> NoReturn:
    """Run the command line and exit with the code of the contract (README, "Exit codes")."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.set_threshold(GARBAGE)
    try:
        app()
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
    except SystemExit:
        gc.freeze()  # nothing is worth collecting on the way out; it would cost as much as the counting
        raise
    else:
        code = 0
    sys.exit(code)
