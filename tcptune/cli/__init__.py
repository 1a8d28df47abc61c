"""The commands: the only package that reads argv, prints and exits.

Only the command that is asked for is built, and it imports what it needs in its own body.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, NoReturn

import typer

from tcptune import __version__
from tcptune.cli.output import complain
from tcptune.errors import TcptuneError, UsageError

GARBAGE = 50_000
"""Objects made before the collector looks; the default of 700 has it look a hundred times for nothing."""

USAGE, COULD_NOT_JUDGE, INTERNAL = 2, 3, 70

VERBOSE = frozenset({"-v", "--verbose"})

COMMANDS = {
    "audit": ("audit", "Say what is wrong on this machine, or a stored one."),
    "explain": ("explain", "Explain a sysctl, state, counter or rule."),
    "timeouts": ("timeouts", "Say how long each closing state lasts here."),
    "collect": ("collect_command", "Print a snapshot of this machine as JSON."),
}
"""Each command: the function in the module of its name, and what `--help` says of it."""

GROUPS = ("rules", "lab")
"""Commands with commands of their own, each the `app` in the module of its name."""


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """The application. Where the arguments begin with a command, only that one is built, which saves 6 ms."""
    app = typer.Typer(
        name="tcptune",
        help="Says how Linux closes TCP connections on this machine, what is wrong, and what is normal.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(common)
    first = next((word for word in arguments if word not in VERBOSE), None)
    alone = first if first in COMMANDS or first in GROUPS else None
    for name, (function, summary) in COMMANDS.items():
        if alone in (None, name):
            app.command(name, short_help=summary)(getattr(import_module(f"tcptune.cli.{name}"), function))
    for name in GROUPS:
        if alone in (None, name):
            app.add_typer(import_module(f"tcptune.cli.{name}").app, name=name)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"tcptune {__version__}")
        raise typer.Exit


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
        build(sys.argv[1:])()
    except UsageError as error:
        complain(str(error))
        code = USAGE
    except TcptuneError as error:
        complain(str(error))
        code = COULD_NOT_JUDGE
    except Exception as error:
        complain(f"internal error: {type(error).__name__}: {error}; `tcptune -v ...` shows where, please report it")
        if not VERBOSE.isdisjoint(sys.argv):
            import traceback

            traceback.print_exc()
        code = INTERNAL
    except SystemExit:
        gc.freeze()  # nothing is worth collecting on the way out; it would cost as much as the counting
        raise
    else:
        code = 0
    sys.exit(code)
