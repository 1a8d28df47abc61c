"""`tcptune timeouts`: lifetimes as a table with a time line for a person, and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from math import log10
from typing import Any, NamedTuple

from tcptune.kernel.timeouts import Lifetime
from tcptune.model.snapshot import Host
from tcptune.printable import printable
from tcptune.report.durations import seconds
from tcptune.report.words import LIFETIMES_NOTE, SAME_AS_FIN_WAIT_1, lifetime_cells

SCHEMA = "tcptune/timeouts/1"
WIDTH = 79
LINE = 60
"""Columns of a time line."""

SHORTEST = 0.1
"""Seconds at the left end of a time line; what is sent before stands there too."""


class Computed(NamedTuple):
    """Lifetimes by case, what they were computed from, and why a case is missing."""

    host: Host
    inputs: Mapping[str, float | int | str | None]
    lifetimes: Mapping[str, Lifetime]
    gaps: Mapping[str, str]
    notes: tuple[str, ...] = ()


def render_json(now: Computed) -> str:
    """Schema tcptune/timeouts/1; durations in seconds, `expected` null where nothing ends a state."""
    document = {
        "schema": SCHEMA,
        "inputs": dict(now.inputs),
        "lifetimes": [_lifetime(found) for found in now.lifetimes.values()],
        "gaps": dict(now.gaps),
        "notes": list(now.notes),
    }
    return json.dumps(document, indent=1) + "\n"


def _lifetime(found: Lifetime) -> dict[str, Any]:
    return {
        "case": found.case,
        "min": found.min,
        "expected": found.expected,
        "max": found.max,
        "model": found.model,
        "transmissions": list(found.transmissions),
        "transmission_ranges": [list(pair) for pair in found.transmission_ranges],
        "decided_by": list(found.decided_by),
        "ends": found.ends,
        "notes": list(found.notes),
    }


def render_text(now: Computed, before: Computed | None = None) -> str:
    """The table, with the lifetimes before a change beside it, and when each FIN, SYN or probe goes out."""
    lines = [*_inputs(now), "", *_table(now, before), "", f"  {LIFETIMES_NOTE}", "", *_time_lines(now)]
    for case, why in now.gaps.items():
        lines += textwrap.wrap(f"{case}: not computed: {printable(why)}", WIDTH, subsequent_indent="  ")
    for note in now.notes:
        lines += textwrap.wrap(printable(note), WIDTH, break_on_hyphens=False)
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


def _inputs(now: Computed) -> list[str]:
    told = ", ".join(
        f"{name.removeprefix('net.ipv4.')} {value}" for name, value in now.inputs.items() if value is not None
    )
    return textwrap.wrap(f"Computed from {printable(told, 2000)}", WIDTH, break_on_hyphens=False)


def _table(now: Computed, before: Computed | None) -> Iterator[str]:
    from tabulate import tabulate

    rows = []
    for case, found in now.lifetimes.items():
        if case.startswith(SAME_AS_FIN_WAIT_1):
            continue
        expected, between, decided = lifetime_cells(found)
        was = [lifetime_cells(before.lifetimes[case])[0] if case in before.lifetimes else "?"] if before else []
        rows.append([case, *was, expected, between, *([] if before else [decided.partition(",")[0]])])
    headers = (
        ["state/kind", "before", "after", "range, s"]
        if before
        else ["state/kind", "expected", "range, s", "decided by"]
    )
    yield from ("  " + line for line in tabulate(rows, headers, tablefmt="simple").splitlines())


def _time_lines(now: Computed) -> Iterator[str]:
    """One line for each case that sends something more than once, on a logarithmic scale."""
    drawn = [
        found
        for case, found in now.lifetimes.items()
        if len(found.transmissions) > 1 and found.max is not None and not case.startswith(SAME_AS_FIN_WAIT_1)
    ]
    if not drawn:
        return
    end = max(found.max or 0.0 for found in drawn)
    yield "When the FIN, SYN or probe goes out (|), and when the socket is gone (x)"
    yield ""
    yield "  " + _scale(end)
    for found in drawn:
        yield "  " + time_line(found, end)
        told = f"{found.case}: {', '.join(f'{second:.4g}' for second in found.transmissions)} s"
        yield from textwrap.wrap(told, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    yield ""


def column(second: float, end: float) -> int:
    """Where a moment stands on a time line that ends at `end` seconds."""
    if second <= SHORTEST:
        return 0
    return min(LINE - 1, round(log10(second / SHORTEST) / log10(max(end, 2 * SHORTEST) / SHORTEST) * (LINE - 1)))


def time_line(found: Lifetime, end: float) -> str:
    """Transmissions and the end of one lifetime as a line of characters."""
    cells = [" "] * LINE
    if found.min is not None and found.max is not None and found.expected is not None:
        for place in range(column(found.min, end), column(found.max, end) + 1):
            cells[place] = "-"
    for second in found.transmissions:
        cells[column(second, end)] = "|"
    if found.expected is not None:
        cells[column(found.expected, end)] = "x"
    return "".join(cells)


def _scale(end: float) -> str:
    """Labels at 0.1, 1, 10, 100 ... seconds."""
    cells = [" "] * (LINE + 10)
    moment = SHORTEST
    while moment <= end:
        label = seconds(moment).replace(".00", "").replace(".10", ".1").replace(".0 s", " s")
        place = column(moment, end)
        cells[place : place + len(label)] = label
        moment *= 10
    return "".join(cells).rstrip()
