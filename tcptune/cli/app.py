"""The typer application: every command that there is, each built from the module of its name."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from tcptune import __version__

VERBOSE = frozenset({"-v", "--verbose"})

COMMANDS = {
    "audit": ("audit", "Say what is wrong on this machine, or a stored one."),
    "sockets": ("sockets", "Say who holds the sockets that are closing, why, and until when."),
    "lint": ("lint", "Say what is wrong with settings files, without a machine."),
    "drift": ("drift", "Compare running values with what the settings files say."),
    "generate": ("generate", "Print what an audit recommends as a settings file."),
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
