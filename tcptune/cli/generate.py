"""`tcptune generate`: the recommendations of an audit as a fragment for the tool that keeps the settings."""

from __future__ import annotations

from typing import Annotated

import typer

from tcptune.cli import choices, options
from tcptune.cli.output import write
from tcptune.errors import SnapshotError


def generate(
    source: Annotated[
        str | None, typer.Argument(metavar="[SOURCE]", help="A folder, an archive, a snapshot, a text, or - for stdin.")
    ] = None,
    for_: Annotated[
        str,
        typer.Option("--for", metavar="TOOL", help="sysctl.d (default), ansible, puppet, salt, tuned or kubernetes."),
    ] = "sysctl.d",
    undo: Annotated[bool, typer.Option("--undo", help="Write the values from before, to take it back.")] = False,
    root: options.Root = "/",
    netns: options.Netns = None,
    kernel: options.Kernel = None,
    select: Annotated[list[str] | None, typer.Option("--select", metavar="RULE", help="Only these rules.")] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="RULE", help="Not these rules.")] = None,
    rules: options.Rules = None,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")] = None,
) -> None:
    """Print what an audit recommends to set as a fragment, with the reasons and the old values as comments."""
    from tcptune.cli.audit import judge_of
    from tcptune.report import fragments
    from tcptune.report.outcomes import judged

    choices.choice(for_, fragments.KINDS, "--for")
    judge = judge_of(rules or [], choices.split(select), choices.split(ignore), kernel, root, netns, redact=False)
    report, _ = judge(source)
    if not judged(report):
        raise SnapshotError(f"{report.host.source}: no rule could judge it; `tcptune audit --show skipped` says why")
    write(fragments.render(report, for_, undo), output)
