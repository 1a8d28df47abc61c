"""`tcptune collect`: the snapshot as JSON, to be audited elsewhere or later."""

from __future__ import annotations

from typing import Annotated

import typer

from tcptune.cli import options
from tcptune.cli.output import write


def collect_command(
    root: options.Root = "/",
    netns: options.Netns = None,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")] = None,
) -> None:
    """Print what the machine says, and what it would not say, as JSON for `tcptune audit FILE`."""
    import json
    from pathlib import Path

    from tcptune import __version__
    from tcptune.collect.source import take

    snapshot = take(None, Path(root), netns)
    write(json.dumps(snapshot.document(__version__), indent=1) + "\n", output)
