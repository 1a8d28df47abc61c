"""`tcptune audit`: collect, judge, report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from tcptune.cli import options
from tcptune.cli.output import colour_wanted, complain, write
from tcptune.errors import SnapshotError, TcptuneError, UsageError

if TYPE_CHECKING:
    from tcptune.engine.language import Language
    from tcptune.engine.rule import Head
    from tcptune.model.report import Report

FAIL_ON = ("info", "low", "medium", "high", "never")
FORMATS = ("text", "json", "markdown")
SHOW = ("skipped", "quiet")
FOUND, COULD_NOT_JUDGE = 1, 3


def audit(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]...", help="A snapshot, a stored tree, or - for stdin. None: this machine."),
    ] = None,
    root: options.Root = "/",
    format_: Annotated[
        list[str] | None, typer.Option("--format", metavar="FORMAT", help="text (default), json or markdown.")
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write; pairs up with --format, in order."),
    ] = None,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on", metavar="SEVERITY", help="Exit with 1 from this severity on: info, low, medium, high, never."
        ),
    ] = "medium",
    select: Annotated[list[str] | None, typer.Option("--select", metavar="RULE", help="Only these rules.")] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="RULE", help="Not these rules.")] = None,
    rules: options.Rules = None,
    kernel: options.Kernel = None,
    netns: options.Netns = None,
    show: Annotated[
        list[str] | None, typer.Option("--show", metavar="WHAT", help="Also list rules that were skipped, or quiet.")
    ] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour, even on a terminal.")] = False,
) -> None:
    """Read the machine, judge it, and say what is wrong, what is normal, and what each cure costs."""
    options.choice(fail_on, FAIL_ON, "--fail-on")
    shown = frozenset(options.choice(what, SHOW, "--show") for what in options.split(show))
    pairs = _pairs([options.choice(name, FORMATS, "--format") for name in format_ or ["text"]], output or [])
    judge = _judge(rules or [], options.split(select), options.split(ignore), kernel, root, netns)
    reports, failed = [], False
    asked: list[str | None] = [*sources] if sources else [None]
    for source in asked:
        try:
            reports.append(judge(source))
        except UsageError:
            raise
        except TcptuneError as error:
            complain(str(error))
            failed = True
    if reports:
        for name, target in pairs:
            colour = name == "text" and target in (None, "-") and colour_wanted(no_color)
            write(_render(name, reports, shown, colour), target)
    raise typer.Exit(COULD_NOT_JUDGE if failed else max(exit_code(report, fail_on) for report in reports))


def exit_code(report: Report, fail_on: str) -> int:
    """0, 1 or 3 for one report; nothing judged at all is not "clean"."""
    from tcptune.model.report import Severity

    if not report.findings and not report.quiet:
        return COULD_NOT_JUDGE
    worst = report.worst()
    return FOUND if fail_on != "never" and worst is not None and worst >= Severity[fail_on] else 0


def _pairs(formats: list[str], outputs: list[str]) -> list[tuple[str, str | None]]:
    """Each format with its file; the last ones without a file go to stdout."""
    if len(outputs) > len(formats):
        raise UsageError(f"--output: {len(outputs)} files for {len(formats)} formats; give a --format for each")
    return list(zip(formats, [*outputs, *[None] * (len(formats) - len(outputs))], strict=True))


def _judge(
    folders: list[str], select: list[str], ignore: list[str], kernel: str | None, root: str, netns: str | None
) -> Callable[[str | None], Report]:
    """One function from a source to its report, with the rules loaded once."""
    from pathlib import Path

    from tcptune.collect.source import take
    from tcptune.engine.check import check
    from tcptune.engine.rulebook import pick
    from tcptune.facts.derive import derive
    from tcptune.model.snapshot import TCP_NAMES

    release = options.release(kernel)
    language, everything = load(folders)
    for wanted in (*select, *ignore):
        options.choice(wanted, (rule.id for rule in everything), "--select or --ignore")
    chosen = pick(everything, select, ignore)

    def judge(source: str | None) -> Report:
        snapshot = take(source, Path(root), netns).as_release(release)
        facts = derive(snapshot)
        if not any(name.startswith(TCP_NAMES) and name in facts.values for name in snapshot.values):
            raise SnapshotError(f"{snapshot.host.source}: holds no setting, count or counter of TCP; nothing to judge")
        return check(snapshot, facts, chosen, language)

    return judge


def load(folders: list[str]) -> tuple[Language, list[Head]]:
    """The language of the rules, and our rules with those of the folders laid over them."""
    from pathlib import Path

    from tcptune.engine.language import Language
    from tcptune.engine.rulebook import load_heads
    from tcptune.facts.vocabulary import vocabulary

    language = Language(vocabulary())
    found: dict[str, Head] = {rule.id: rule for rule in load_heads()}
    if folders:
        from tcptune.engine.validate import load_folder
    for folder in folders:
        found |= {rule.id: rule for rule in load_folder(Path(folder), language)}
    return language, list(found.values())


def _render(name: str, reports: list[Report], show: frozenset[str], colour: bool) -> str:
    """All reports in one format."""
    match name:
        case "json":
            from tcptune.report import json

            return json.render(reports[0]) if len(reports) == 1 else json.render_many(reports)
        case "markdown":
            from tcptune.report import markdown

            return "\n".join(markdown.render(report, show) for report in reports)
        case _:
            from tcptune.report import text

            return "\n".join(text.render(report, colour, show) for report in reports)
