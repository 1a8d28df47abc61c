"""`tcptune audit` of several sources: judged side by side, told in their order, and a summary of them all."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tcptune.cli import formats
from tcptune.cli.output import complain
from tcptune.cli.outputs import Outputs, Pieces
from tcptune.cli.progress import Progress, wanted
from tcptune.cli.workers import Died, in_order, usable
from tcptune.errors import TcptuneError, UsageError
from tcptune.facts.fleet import Gathering, row_of
from tcptune.model.facts import Facts
from tcptune.model.fleet import Row
from tcptune.model.report import Report

Judge = Callable[[str | None], tuple[Report, Facts]]

WORTH_A_PROCESS = 16
"""Snapshots that take as long as another process takes to start."""
BYTES = 64 << 10
"""What counts as one more snapshot in the size of a source."""

USAGE, INTERNAL = 2, 70
THIS_MACHINE = "this machine"
VERBOSE = frozenset({"-v", "--verbose"})


class Told(NamedTuple):
    """One source that was judged: its row in the summary, what it says for the exit code, and its report in pieces."""

    row: Row
    code: int
    pieces: Pieces


class Lost(NamedTuple):
    """One source that could not be judged: why, the code to exit with, and the traceback of an error of ours."""

    reason: str
    code: int = formats.COULD_NOT_JUDGE
    trace: str = ""


def audit_fleet(sources: Sequence[str | None], judge: Judge, outputs: Outputs, fail_on: str, jobs: int | None) -> int:
    """Judge every source by itself, write what there is to tell, and say what the run exits with."""
    if sources.count("-") > 1:
        raise UsageError("- stands for standard input, which can be read once")
    gathering = Gathering()
    codes = {0}
    progress = Progress(len(sources), wanted(outputs.talks))
    told = in_order(_looker(judge, outputs, fail_on), sources, _jobs(jobs, sources))
    for done, (source, one) in enumerate(zip(_names(sources), told, strict=True), 1):
        if isinstance(one, Told):
            gathering.add(one.row)
            codes.add(one.code)
            outputs.add(one.pieces)
        else:
            lost = _of_dead(source, one) if isinstance(one, Died) else one
            progress.erase()
            if lost.code == USAGE:
                raise UsageError(lost.reason)
            _complain(lost)
            gathering.lose(source, lost.reason.removeprefix(f"{source}: "))
            codes.add(lost.code)
            outputs.lose(lost.reason)
        progress.show(done, (isinstance(one, Told) and one.row.name) or source)
    progress.erase()
    own = outputs.end(gathering.summary())
    return max(codes) if own is None else own


def _looker(judge: Judge, outputs: Outputs, fail_on: str) -> Callable[[str | None], Told | Lost]:
    """What is done with one source, in this process or another."""

    def look(source: str | None) -> Told | Lost:
        try:
            report, facts = judge(source)
            row = row_of(source or THIS_MACHINE, report, facts)
            return Told(row, formats.exit_code(report, fail_on), outputs.pieces(report, facts))
        except UsageError as error:
            return Lost(str(error), USAGE)
        except TcptuneError as error:
            return Lost(str(error))
        except Exception as error:
            why = f"{source}: internal error: {type(error).__name__}: {error}; `tcptune -v ...` shows where"
            return Lost(why, INTERNAL, traceback.format_exc())

    return look


def _of_dead(source: str, died: Died) -> Lost:
    return Lost(f"{source}: the process that judged it {died.how}; memory may have run out: audit it by itself")


def _complain(lost: Lost) -> None:
    complain(lost.reason)
    if lost.trace and not VERBOSE.isdisjoint(sys.argv):
        sys.stderr.write(lost.trace)


def _names(sources: Sequence[str | None]) -> list[str]:
    return [THIS_MACHINE if source is None else source for source in sources]


def _jobs(asked: int | None, sources: Sequence[str | None]) -> int:
    """How many processes judge: as many as are asked for, else as many as pay; one is this process."""
    if asked is None:
        work = sum(1 + _size(source) // BYTES for source in sources)
        asked = max(1, min(usable(), work // WORTH_A_PROCESS))
    return min(asked, len(sources))


def _size(source: str | None) -> int:
    try:
        return 0 if source in (None, "-") else os.stat(source).st_size  # noqa: PTH116 -- a name may be anything
    except (OSError, ValueError):
        return 0
