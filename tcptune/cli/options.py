"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Root = Annotated[
    str, typer.Option("--root", metavar="DIR", help="Read a stored tree of a machine instead of this one.")
]
Rules = Annotated[
    list[str] | None,
    typer.Option("--rules", metavar="DIR", help="Use the rules of this folder too; an id of ours is replaced."),
]
Netns = Annotated[
    str | None,
    typer.Option("--netns", metavar="NAME|PID", help="Look into this network namespace of the machine (needs root)."),
]
Redact = Annotated[bool, typer.Option("--redact", help="Write masks in the place of addresses.")]
Kernel = Annotated[
    str | None, typer.Option("--kernel", metavar="RELEASE", help="Judge as if the kernel were this release.")
]
