"""`tcptune audit`: collect, judge, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tcptune.cli import choices, formats, options
from tcptune.cli.earlier import Earlier, Interval, Since, earlier
from tcptune.cli.output import complain
from tcptune.errors import SnapshotError, TcptuneError, UsageError

if TYPE_CHECKING:
    from tcptune.engine.language import Language
    from tcptune.engine.rule import Head
    from tcptune.model.facts import Facts
    from tcptune.model.report import Report

SHOW = ("skipped", "quiet")


def audit(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="A folder, an archive, a report of sos, a snapshot, a text, or -. None: this machine.",
        ),
    ] = None,
    root: options.Root = "/",
    format_: formats.Format = None,
    output: formats.Output = None,
    fail_on: formats.FailOn = "medium",
    select: Annotated[list[str] | None, typer.Option("--select", metavar="RULE", help="Only these rules.")] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="RULE", help="Not these rules.")] = None,
    rules: options.Rules = None,
    kernel: options.Kernel = None,
    netns: options.Netns = None,
    interval: Interval = None,
    since: Since = None,
    redact: options.Redact = False,
    show: Annotated[
        list[str] | None, typer.Option("--show", metavar="WHAT", help="Also list rules that were skipped, or quiet.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, metavar="N", help="Judge so many sources at a time.")
    ] = None,
    summary_only: Annotated[
        bool, typer.Option("--summary-only", help="Of several sources only what they come to together.")
    ] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour, even on a terminal.")] = False,
) -> None:
    """Read the machine, judge it, and say what is wrong, what is normal, and what each cure costs."""
    shown = frozenset(choices.choice(what, SHOW, "--show") for what in choices.split(show))
    planned = formats.plan(format_, output, fail_on)
    first = earlier(interval, since, sources, root, netns)
    judge = judge_of(rules or [], choices.split(select), choices.split(ignore), kernel, root, netns, redact, first)
    if len(sources or ()) > 1 or summary_only:
        from tcptune.cli.fleet import audit_fleet
        from tcptune.cli.outputs import Outputs

        outputs = Outputs(planned, shown, summary_only, no_color)
        raise typer.Exit(audit_fleet(sources or [None], judge, outputs, fail_on, jobs))
    judged: list[tuple[Report, Facts]] = []
    failures: list[str] = []
    try:
        judged.append(judge(sources[0] if sources else None))
    except UsageError:
        raise
    except TcptuneError as error:
        complain(str(error))
        failures.append(str(error))
    reports = [report for report, _ in judged]
    raise typer.Exit(formats.finish(planned, reports, failures, _tellers(judged, failures, shown), no_color))


def _tellers(
    judged: Sequence[tuple[Report, Facts]], failures: Sequence[str], shown: frozenset[str]
) -> dict[str, formats.Teller]:
    """What an audit says beyond its findings: rules that were skipped or quiet, and limits and ratios as metrics."""

    def text(reports: Sequence[Report], colour: bool) -> str:
        from tcptune.report import text

        return "\n".join(text.render(report, colour, shown) for report in reports)

    def markdown(reports: Sequence[Report], _: bool) -> str:
        from tcptune.report import markdown

        return "\n".join(markdown.render(report, shown) for report in reports)

    def prometheus(reports: Sequence[Report], _: bool) -> str:
        from tcptune.report import prometheus

        return prometheus.render(reports, failures, [facts.values for _, facts in judged])

    return {"text": text, "markdown": markdown, "prometheus": prometheus}


def judge_of(
    folders: list[str],
    select: list[str],
    ignore: list[str],
    kernel: str | None,
    root: str,
    netns: str | None,
    redact: bool,
    earlier: Earlier | None = None,
) -> Callable[[str | None], tuple[Report, Facts]]:
    """One function from a source to its report and facts, with the rules loaded once."""
    from functools import partial
    from pathlib import Path

    from tcptune.collect.source import take
    from tcptune.engine.check import check
    from tcptune.engine.rulebook import pick
    from tcptune.facts.derive import derive
    from tcptune.facts.shown import with_groups
    from tcptune.facts.vocabulary import OF_FILES
    from tcptune.model.snapshot import TCP_NAMES

    release = choices.release(kernel)
    language, everything = load(folders)
    for wanted in (*select, *ignore):
        choices.choice(wanted, (rule.id for rule in everything), "--select or --ignore")
    chosen = [rule for rule in pick(everything, select, ignore) if rule.for_each not in OF_FILES]

    def judge(source: str | None) -> tuple[Report, Facts]:
        look = partial(take, source, Path(root), netns, "where needed")
        snapshot, rates = (look(), None) if earlier is None else earlier.then(look)
        snapshot = snapshot.as_release(release)
        snapshot = snapshot.redacted() if redact else snapshot
        facts = derive(snapshot, rates)
        if not any(name.startswith(TCP_NAMES) and name in facts.values for name in snapshot.values):
            raise SnapshotError(f"{snapshot.host.source}: holds no setting, count or counter of TCP; nothing to judge")
        return with_groups(check(snapshot, facts, chosen, language), snapshot.sockets, facts), facts

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
