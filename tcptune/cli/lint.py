"""`tcptune lint`: settings files judged without a machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tcptune.cli import choices, formats, options
from tcptune.cli.output import complain
from tcptune.errors import UsageError

if TYPE_CHECKING:
    from tcptune.model.report import Report

MEMORY_UNITS = {"K": 1, "M": 1 << 10, "G": 1 << 20, "T": 1 << 30}
"""kB in each."""
NOT_WALKED = frozenset({".git", ".hg", ".svn", ".tox", ".venv", "__pycache__", "node_modules"})


def lint(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Files, folders to walk, or - for stdin.")],
    kind: Annotated[
        str | None, typer.Option("--as", metavar="KIND", help="Read them as sysctl, tuned, ansible, kubernetes, ...")
    ] = None,
    kernel: options.Kernel = None,
    memory: Annotated[
        str | None, typer.Option("--memory", metavar="SIZE", help="The memory of the machines, such as 16G.")
    ] = None,
    format_: formats.Format = None,
    output: formats.Output = None,
    fail_on: formats.FailOn = "medium",
    select: Annotated[list[str] | None, typer.Option("--select", metavar="RULE", help="Only these rules.")] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="RULE", help="Not these rules.")] = None,
    rules: options.Rules = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour, even on a terminal.")] = False,
) -> None:
    """Say what is wrong with settings files: keys that do nothing, values that are refused, advice that harms.

    A comment `# tcptune: ignore[rule-id] reason` on the line, or alone above it, waves a finding through.
    """
    from tcptune.cli.audit import load
    from tcptune.engine.rulebook import pick
    from tcptune.lint.facts import Assumed
    from tcptune.lint.judge import lint as judge
    from tcptune.settings.kinds import parse

    planned = formats.plan(format_, output, fail_on)
    assumed = Assumed(choices.release(kernel), _kilobytes(memory), kind is not None)
    language, everything = load(rules or [])
    wanted, unwanted = choices.split(select), choices.split(ignore)
    for name in (*wanted, *unwanted):
        choices.choice(name, (rule.id for rule in everything), "--select or --ignore")
    chosen = pick(everything, wanted, unwanted)
    reports: list[Report] = []
    failures: list[str] = []
    for path, asked in _files(paths, failures):
        data = _data(path, failures)
        if data is None:
            continue
        parsed = parse(data, path, kind)
        if asked or parsed.settings:
            reports.append(judge(parsed, path, chosen, language, assumed))
    raise typer.Exit(formats.finish(planned, reports, failures, {"text": _text, "markdown": _markdown}, no_color))


def _files(paths: Sequence[str], failures: list[str]) -> Iterator[tuple[str, bool]]:
    """Each file, and whether it was named itself; one that was only met is judged where it holds settings."""
    import os

    for path in paths:
        if path == "-" or not os.path.isdir(path):  # noqa: PTH112 -- Path.is_dir() raises where it may not look
            yield path, True
            continue
        for folder, inside, names in os.walk(path, onerror=lambda error: _lost(str(error), failures)):
            inside[:] = sorted(name for name in inside if name not in NOT_WALKED)
            for name in sorted(names):
                met = os.path.join(folder, name)  # noqa: PTH118 -- as os.walk
                yield met.removeprefix("./"), False


def _data(path: str, failures: list[str]) -> bytes | None:
    """The bytes of a file, no more than the parser wants to see; None, said so, where it cannot be read."""
    import os
    import sys
    from stat import S_ISREG

    from tcptune.collect.files import reason
    from tcptune.settings.kinds import MAX_BYTES

    if path == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not S_ISREG(os.fstat(descriptor).st_mode):
                _lost(f"{path}: is not a file that can be read", failures)
                return None
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        _lost(f"{path}: {reason(error)}; name a file, a folder, or - for standard input", failures)
        return None


def _lost(sentence: str, failures: list[str]) -> None:
    complain(sentence)
    failures.append(sentence)


def _kilobytes(text: str | None) -> int | None:
    """A size such as 16G in kB; UsageError where it is none."""
    if text is None:
        return None
    number, unit = text.rstrip("Bbi"), "K"
    if number[-1:].upper() in MEMORY_UNITS:
        number, unit = number[:-1], number[-1].upper()
    if not number.isdecimal() or not 0 < int(number) * MEMORY_UNITS[unit] < 1 << 50:
        raise UsageError(f"--memory: {text!r} is no size such as 512M or 16G")
    return int(number) * MEMORY_UNITS[unit]


def _text(reports: Sequence[Report], colour: bool) -> str:
    from tcptune.report import lint

    return lint.render(reports, colour)


def _markdown(reports: Sequence[Report], _: bool) -> str:
    from tcptune.report import lint

    return lint.markdown(reports)
