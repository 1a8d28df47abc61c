"""The formats in which reports are written, for `audit` and `lint` alike, and what each run exits with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tcptune.cli import choices
from tcptune.cli.output import colour_wanted, write
from tcptune.errors import UsageError

if TYPE_CHECKING:
    from tcptune.model.report import Report

FORMATS = ("text", "json", "markdown", "sarif", "junit", "github", "nagios", "prometheus", "ndjson")
FAIL_ON = ("info", "low", "medium", "high", "never")
FOUND, COULD_NOT_JUDGE = 1, 3
REPLACED = frozenset({"prometheus"})
"""Files of these formats are read by others at any moment, so they are replaced whole."""

Format = Annotated[list[str] | None, typer.Option("--format", metavar="FORMAT", help=f"{', '.join(FORMATS)}.")]
Output = Annotated[
    list[str] | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to write; pairs up with --format, in order."),
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on", metavar="SEVERITY", help="Exit with 1 from this severity on: info, low, medium, high, never."
    ),
]

Teller = Callable[["Sequence[Report]", bool], str]
"""How reports are told in one format, in colour or not."""
TOLD_TO_PEOPLE = ("text", "markdown", "json")
"""Formats that hold nothing where there is no report; the others say what could not be judged."""


class Plan(NamedTuple):
    """What is to be written where, and from which severity on the run fails."""

    pairs: tuple[tuple[str, str | None], ...]
    fail_on: str


def plan(formats: Sequence[str] | None, outputs: Sequence[str] | None, fail_on: str) -> Plan:
    """Each format with its file; the last ones without a file go to stdout. UsageError where they do not pair up."""
    choices.choice(fail_on, FAIL_ON, "--fail-on")
    names = [choices.choice(name, FORMATS, "--format") for name in formats or ["text"]]
    targets = list(outputs or [])
    if len(targets) > len(names):
        raise UsageError(f"--output: {len(targets)} files for {len(names)} formats; give a --format for each")
    return Plan(tuple(zip(names, [*targets, *[None] * (len(names) - len(targets))], strict=True)), fail_on)


def finish(
    planned: Plan,
    reports: Sequence[Report],
    failures: Sequence[str],
    tellers: Mapping[str, Teller],
    no_color: bool = False,
) -> int:
    """Write every pair, and say what the run exits with; `tellers` are the command's own words for some formats."""
    own_code = write_all(planned, reports, failures, tellers, no_color)
    if own_code is not None:
        return own_code
    return COULD_NOT_JUDGE if failures else max((exit_code(report, planned.fail_on) for report in reports), default=0)


def write_all(
    planned: Plan,
    reports: Sequence[Report],
    failures: Sequence[str],
    tellers: Mapping[str, Teller],
    no_color: bool = False,
) -> int | None:
    """Write every pair; the exit code, where a format on standard output has codes of its own."""
    for name, target in planned.pairs:
        if not reports and name in TOLD_TO_PEOPLE:
            continue
        colour = name == "text" and target in (None, "-") and colour_wanted(no_color)
        own = tellers.get(name)
        made = own(reports, colour) if own else render(name, reports, failures, planned.fail_on)
        deliver(name, made, target)
    if any(name == "nagios" and target in (None, "-") for name, target in planned.pairs):
        from tcptune.report import nagios

        return nagios.exit_code(reports, bool(failures))
    return None


def deliver(name: str, made: str, target: str | None) -> None:
    """Put what was made in a format where it goes."""
    if name in REPLACED and target not in (None, "-"):
        from tcptune.cli.replacing import write_replacing

        write_replacing(made, target or "")
    else:
        write(made, target)


def exit_code(report: Report, fail_on: str) -> int:
    """0, 1 or 3 for one report; nothing judged at all is not "clean"."""
    from tcptune.model.report import Severity

    if not report.findings and not report.quiet and not report.suppressed:
        return COULD_NOT_JUDGE
    worst = report.worst()
    return FOUND if fail_on != "never" and worst is not None and worst >= Severity[fail_on] else 0


def render(name: str, reports: Sequence[Report], failures: Sequence[str], fail_on: str) -> str:
    """All reports in one format for programs."""
    if name == "json":
        from tcptune.report import json

        return json.render(reports[0]) if len(reports) == 1 else json.render_many(list(reports))
    if name == "junit":
        from tcptune.report import junit

        return junit.render(reports, failures, fail_on)
    make: Callable[[Sequence[Report], Sequence[str]], str] = import_module(f"tcptune.report.{name}").render
    return make(reports, failures)
