"""The facts of a machine's settings files together: what a boot and a reload set, and which line gives way to which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tcptune.facts.vocabulary import vocabulary
from tcptune.kernel.release import Release
from tcptune.model.drift import BOOT, NOT_AT_BOOT, RELOAD, Outcome, Row, Setter
from tcptune.model.facts import Facts
from tcptune.model.values import Item, Value
from tcptune.printable import printable

ROWS, COMPARED, LINES = "drift.rows", "drift.compared", "drift.lines"

UNTOUCHED = frozenset({"not-there", "not-set"})
"""Verdicts of keys that neither loader sets here."""

PACKAGED = ("/usr/lib/", "/usr/local/lib/", "/lib/")
"""Where packages put their settings, for the files of /etc to override them (sysctl.d(5))."""

WHEN = {BOOT: "at boot", RELOAD: "at reload"}
LONGEST = 100


class Told(NamedTuple):
    """One item of a list fact, and the line (`/path:line`) that it is about, where it is about one."""

    name: str
    item: Item
    where: str | None
    setter: Setter | None = None


def items_of(row: Row) -> Iterator[Told]:
    """What a rule may ask about one key."""
    if row.verdict in UNTOUCHED:
        return
    item = _item(row)
    yield Told(ROWS, item, row.reload.where or row.boot.where)
    if row.running is not None:
        yield Told(COMPARED, item, row.boot.where or row.reload.where)
    for setter in row.setters:
        yield Told(LINES, _line(row, setter), setter.where, setter)


def why_not_compared(row: Row) -> str | None:
    """Why the running value of a key that is set is not known; None where there is nothing to say."""
    return row.why if row.running is None and row.verdict not in UNTOUCHED else None


def facts_of(rows: Iterable[Row], release: Release | None) -> Facts:
    """Everything that a rule may ask about some keys."""
    rows = list(rows)
    values: dict[str, Value | list[Item]] = {}
    for name in (ROWS, COMPARED, LINES):
        values[name] = [told.item for row in rows for told in items_of(row) if told.name == name]
    missing = {}
    unknown = [why for row in rows if (why := why_not_compared(row)) is not None]
    if unknown and not values[COMPARED]:
        del values[COMPARED]
        missing[COMPARED] = unknown[0]
    return Facts(values, missing, vocabulary(release), release, {})


def _item(row: Row) -> Item:
    return {
        "subject": printable(row.key, 200),
        "key": printable(row.key, 200),
        "verdict": row.verdict,
        "running": _shown(row.running),
        "boot": _shown(row.boot.value),
        "boot_where": printable(row.boot.where or "", 400),
        "at_boot": _sets(row.boot),
        "reload": _shown(row.reload.value),
        "reload_where": printable(row.reload.where or "", 400),
        "at_reload": _sets(row.reload),
        "apart": int(row.apart),
        "conf_not_at_boot": int(any(RELOAD in setter.wins and NOT_AT_BOOT in setter.why for setter in row.setters)),
    }


def _line(row: Row, setter: Setter) -> Item:
    return {
        "subject": printable(row.key, 200),
        "key": printable(row.key, 200),
        "value": _shown(setter.value),
        "where": printable(setter.where, 400),
        "packaged": int(setter.where.startswith(PACKAGED)),
        "over": _over(row, setter),
    }


def _sets(outcome: Outcome) -> str:
    """What a loader does with a key, as the end of a sentence."""
    if outcome.value is None:
        return "does not set it"
    return f"sets it to {_shown(outcome.value)} ({printable(outcome.where or '', 400)})"


def _over(row: Row, setter: Setter) -> str:
    """Which lines another value comes from, and when; "" where the line is not overridden."""
    when: dict[Outcome, list[str]] = {}
    for loader, outcome in ((BOOT, row.boot), (RELOAD, row.reload)):
        if loader in setter.loses:
            when.setdefault(outcome, []).append(WHEN[loader])
    return ", ".join(
        f"{printable(outcome.where or '', 400)} sets {_shown(outcome.value)} {' and '.join(times)}"
        for outcome, times in when.items()
    )


def _shown(value: str | None) -> str:
    """A value in a sentence: blanks count once, and nothing is not the same as empty."""
    if value is None:
        return "not known"
    return printable(" ".join(value.split()), LONGEST) or '""'
