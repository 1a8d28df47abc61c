"""What the facts would be without a count of the past, which tells whether a verdict rests on it; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from tcptune.facts.derived import DERIVED, Derived
from tcptune.facts.rates import RATES
from tcptune.kernel.log_lines import LOG_LINES
from tcptune.model.facts import ALL
from tcptune.model.values import Item, Value

OF_THE_PAST = (*RATES, *LOG_LINES)
"""Counters since boot, and lines of a log, which are as old as it is."""


def unmoved(values: Mapping[str, Value | list[Item]]) -> dict[str, dict[str, Value | None]]:
    """The facts that would be other ones, by the count of the past that is 0, and under `ALL` with all of them 0.

    A value of None is an absent one. Counts that are 0 anyway, or were not read, are left out.
    """
    moved = [name for name in OF_THE_PAST if values.get(name)]
    found = {name: _without([name], _made_of(name), values) for name in moved}
    return found | ({ALL: _without(moved, _made_of(*OF_THE_PAST), values)} if len(moved) > 1 else {})


def _without(
    names: Iterable[str], rows: Sequence[Derived], values: Mapping[str, Value | list[Item]]
) -> dict[str, Value | None]:
    """The counts and their rates at 0, and of the rows made of them those that change."""
    changed: dict[str, Value | None] = dict.fromkeys(names, 0)
    changed |= {RATES[name]: 0.0 for name in names if RATES.get(name) in values}
    if not rows:
        return changed
    known: dict[str, Any] = {**values, **changed}
    for row in rows:
        result = _of(row, known)
        if result != values.get(row.name):
            changed[row.name] = result
        if result is None:
            known.pop(row.name, None)
        else:
            known[row.name] = result
    return changed


@cache
def _made_of(*counts: str) -> tuple[Derived, ...]:
    """The derived facts that counts or their rates are part of, however many steps away, in their order."""
    names = {*counts, *(RATES.get(name) for name in counts)}
    rows = []
    for row in DERIVED:
        if names & {*row.needs, *row.maybe}:
            names.add(row.name)
            rows.append(row)
    return tuple(rows)


def _of(row: Derived, known: Mapping[str, Any]) -> int | float | None:
    try:
        return row.of(known) if all(name in known for name in row.needs) else None
    except (ValueError, ArithmeticError):
        return None
