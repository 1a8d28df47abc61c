"""What a fragment says, before any language of a tool comes into it: keys with their values, and the reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.release import Release
from tcptune.kernel.scope import scope_at
from tcptune.kernel.sysctl import Scope
from tcptune.model.report import Report
from tcptune.printable import printable

KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[./][A-Za-z0-9_-]+)+")
"""The name of a sysctl; nothing in it has a meaning in any of the languages but `.` and `/`."""

VALUE = re.compile(r"(?:[A-Za-z0-9_.,:/+@-]+(?: [A-Za-z0-9_.,:/+@-]+)*)?")
"""A number, numbers, a list of ports, a name, or nothing. A value comes from a machine or from a rule of anybody's, and
no quoting is safe in six languages and the templates around them: what is not of this shape is told in a comment."""


BLANKS = re.compile(r"[ \t]+")
"""What stands between the numbers of a vector: a tab in /proc, a blank in a file."""

LONGEST = 4096
"""Characters of a value, by sysctl.conf(5)."""


class Entry(NamedTuple):
    """One key to set. A `value` of None cannot be set; `reasons` are sentences, and say why in that case.

    `scope` is whether the key has one value for the machine or one for each network namespace; None: not known.
    """

    key: str
    value: str | None
    reasons: tuple[str, ...]
    scope: Scope | None


def entries(report: Report, undo: bool = False) -> list[Entry]:
    """The changes that a report recommends, each key once; with `undo`, what the same keys were before.

    The value of the worst finding stands, as in `report.words.changes()`.
    """
    values: dict[str, str] = {}
    before: dict[str, str | None] = {}
    reasons: dict[str, list[str]] = {}
    for finding in report.findings:
        for advice in finding.advice:
            if advice.kind != "sysctl" or not advice.key or advice.value is None:
                continue
            value = values.setdefault(advice.key, advice.value)
            before.setdefault(advice.key, advice.was)
            told = reasons.setdefault(advice.key, [])
            other = "" if advice.value == value else f" It would rather have {advice.value}."
            told += [f"{finding.rule} ({finding.severity.name}): {advice.effect} Cost: {advice.cost}{other}"]
    release = Release.parse(report.host.release or "")
    if undo:
        return [_before(key, value, before[key], release) for key, value in values.items()]
    return [
        _entry(key, value, (*dict.fromkeys(reasons[key]), _was(before[key])), release) for key, value in values.items()
    ]


def _was(was: str | None) -> str:
    return "It was not known before." if was is None else f"It was {_quoted(was)} before."


def _before(key: str, value: str, was: str | None, release: Release | None) -> Entry:
    """The undo of one change."""
    if was is None:
        why = f"{key} was not known before it was set to {_quoted(value)}, so there is no value to go back to."
        return Entry(key, None, (why,), None)
    return _entry(key, was, (f"In the place of {_quoted(value)}.",), release)


def _entry(key: str, value: str, reasons: tuple[str, ...], release: Release | None) -> Entry:
    spaced = BLANKS.sub(" ", value).strip(" ")
    if not KEY.fullmatch(key):
        return Entry(key, None, (*reasons, f"{_quoted(key)} is no name of a sysctl, so it is left out."), None)
    if not VALUE.fullmatch(spaced) or len(spaced) > LONGEST:
        why = f"{key} cannot be written here: {_quoted(value)} is no plain value."
        return Entry(key, None, (*reasons, why), None)
    known = SYSCTLS.get(key)
    return Entry(key, spaced, reasons, None if known is None else scope_at(known.scopes, release))


def _quoted(text: str) -> str:
    return text if text and VALUE.fullmatch(text) else f'"{printable(text, 200)}"'


def rules(report: Report) -> Iterator[str]:
    """The rules whose advice stands in a fragment, the worst first."""
    yield from dict.fromkeys(
        finding.rule for finding in report.findings for advice in finding.advice if advice.kind == "sysctl"
    )
