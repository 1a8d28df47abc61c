"""`tcptune collect`: the snapshot as JSON, to be audited elsewhere or later."""

from __future__ import annotations

from typing import Annotated

import typer

from tcptune.cli import options


def collect_command(
    root: options.Root = "/",
    netns: options.Netns = None,
    owners: Annotated[
        bool, typer.Option("--owners", help="Look through /proc for the processes that hold closing sockets.")
    ] = False,
    redact: options.Redact = False,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")] = None,
) -> None:
    """Print what the machine says, and what it would not say, as JSON for `tcptune audit FILE`."""
    from tcptune.cli.collect_work import print_snapshot

    print_snapshot(root, netns, owners, redact, output)
