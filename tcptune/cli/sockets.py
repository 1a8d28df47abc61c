"""`tcptune sockets`: the sockets that are not ESTABLISHED: who holds them, why, and until when."""

from __future__ import annotations

from typing import Annotated

import typer

from tcptune.cli import options


def sockets(
    source: Annotated[
        str | None, typer.Argument(metavar="[SOURCE]", help="A folder, archive, snapshot, what ss printed, or -.")
    ] = None,
    states: Annotated[
        list[str] | None, typer.Option("--state", metavar="STATE", help="Only this state, TIME-WAIT among them.")
    ] = None,
    by: Annotated[
        str, typer.Option("--by", metavar="WHAT", help="Put together by place (default), peer, owner or listener.")
    ] = "place",
    everything: Annotated[bool, typer.Option("--all", help="Every group, and TIME-WAIT too.")] = False,
    owners: Annotated[
        bool, typer.Option("--owners", help="Look through /proc for the processes that hold them; --by owner does.")
    ] = False,
    redact: options.Redact = False,
    root: options.Root = "/",
    netns: options.Netns = None,
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")] = "text",
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")] = None,
) -> None:
    """The sockets that are not ESTABLISHED: who holds them, why, and until when; the worst group first."""
    from tcptune.cli.sockets_work import show

    show(source, states, by, everything, owners, redact, root, netns, format_, output)
