"""From what both loaders write to one row for each key: which line wins, and whether the running value would change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from tcptune.loaders import command_line
from tcptune.loaders.lines import Line, Write, dotted
from tcptune.loaders.values import alike, same
from tcptune.model.drift import BOOT, RELOAD, Outcome, Row, Setter

NOTHING = Outcome()
ONE_CHANGES = ("differs-from-boot", "differs-from-reload")
"""Verdicts where one loader keeps the running value, and the other does not."""


class Aim(NamedTuple):
    """A line, and one key that it is about."""

    target: str
    line: Line


class Loaded(NamedTuple):
    """What one loader does: which lines are about which keys, and the writes in their order."""

    aims: Sequence[Aim]
    writes: Sequence[Write]


class Unread(NamedTuple):
    """A line that some loader does not read: about which key, and why."""

    aim: Aim
    why: str


class Running(NamedTuple):
    """What a key shows now; where `value` is None, `why` says the reason, and `there` whether the key exists."""

    value: str | None
    why: str = ""
    there: bool = True


Refusal = Callable[[str, str], str]
"""Why the kernel does not take a value for a key; "" where it may."""


def rows(
    boot: Loaded,
    reload: Loaded,
    unread: Iterable[Unread],
    running: Mapping[str, Running],
    refusal: Refusal = lambda _key, _value: "",
    origins: Mapping[str, str] | None = None,
    asked: Iterable[str] = (),
) -> list[Row]:
    """One row for each key that any line is about, or that is asked for, by name. `running` holds all of them.

    `origins` says where the links of a file end: what stands in one file is not overridden by another.
    """
    both = {BOOT: boot, RELOAD: reload}
    aims = {name: _by_target(loaded.aims) for name, loaded in both.items()}
    writes = {name: _by_target(loaded.writes) for name, loaded in both.items()}
    reasons: dict[str, dict[str, str]] = {}
    others: dict[str, list[Line]] = {}
    for aim, why in unread:
        others.setdefault(aim.target, []).append(aim.line)
        reasons.setdefault(aim.target, {}).setdefault(aim.line.where, why)
    found = []
    for target in sorted({*aims[BOOT], *aims[RELOAD], *others, *asked}):
        lines = {name: aims[name].get(target, []) for name in both}
        key = dotted(target)
        wins = {name: _winner(key, writes[name].get(target, []), refusal) for name in both}
        setters = _setters(key, lines, others.get(target, []), reasons.get(target, {}), wins, refusal, origins or {})
        found.append(_row(key, running[target], wins, setters))
    return sorted(found, key=lambda row: row.key)


def _by_target(pairs: Iterable[Aim | Write]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for target, line in pairs:
        found.setdefault(target, []).append(line)
    return found


def _winner(key: str, written: Sequence[Line], refusal: Refusal) -> Line | None:
    """The line whose value stays: the last that is written and that the kernel does not refuse."""
    return next((line for line in reversed(written) if not refusal(key, line.value or "")), None)


def _setters(
    key: str,
    lines: Mapping[str, Sequence[Line]],
    others: Sequence[Line],
    reasons: Mapping[str, str],
    wins: Mapping[str, Line | None],
    refusal: Refusal,
    origins: Mapping[str, str],
) -> tuple[Setter, ...]:
    """Every line about a key, in the order of a reload, then those that only boot reads, then those nobody reads."""
    everything: dict[str, Line] = {}
    for line in (*lines[RELOAD], *lines[BOOT], *others):
        everything.setdefault(line.where, line)
    places = {name: {line.where for line in read} for name, read in lines.items()}
    found = []
    for where, line in everything.items():
        won = tuple(name for name, winner in wins.items() if winner is not None and winner.where == where)
        read_by = tuple(name for name in wins if where in places[name])
        notes = [reasons.get(where, "")]
        if read_by and not won:
            notes.append(_loss(key, line, read_by, wins, refusal))
        loses = tuple(name for name in read_by if _loses(key, line, wins[name], refusal, origins))
        why = "; ".join(filter(None, notes))
        found.append(Setter(_shown(where), line.written, line.value, _kind(line), read_by, won, why, loses))
    return tuple(found)


def _loses(key: str, line: Line, winner: Line | None, refusal: Refusal, origins: Mapping[str, str]) -> bool:
    """Whether a line with the key itself, which the kernel would take, gives way to another value in another file."""
    if line.value is None or winner is None or winner.value is None:
        return False
    if _kind(line) != "assignment" or refusal(key, line.value):
        return False
    ours, theirs = (origins.get(one.file, one.file) for one in (line, winner))
    return ours != theirs and not alike(line.value, winner.value, key)


def _loss(key: str, line: Line, read_by: tuple[str, ...], wins: Mapping[str, Line | None], refusal: Refusal) -> str:
    """Why a line that is read does not set the key."""
    if line.value is None:
        return "keeps patterns off this key"
    if why := refusal(key, line.value):
        return why
    winners = {winner.where for name in read_by if (winner := wins[name]) is not None}
    if not winners:
        return "an exclusion takes it back"
    over = f"{' and '.join(sorted(map(_shown, winners)))} {'win' if len(winners) > 1 else 'wins'}"
    if line.pattern and not all(winner.pattern for winner in wins.values() if winner is not None):
        return f"{over}: a line with the key itself goes before a pattern"
    return over


def _kind(line: Line) -> str:
    if line.file == command_line.FILE:
        return "command-line"
    if line.value is None:
        return "exclusion"
    return "glob" if line.pattern else "assignment"


def _shown(where: str) -> str:
    return where.removesuffix(":1") if where.startswith(command_line.FILE) else where


def _row(key: str, running: Running, wins: Mapping[str, Line | None], setters: tuple[Setter, ...]) -> Row:
    boot, reload = (
        NOTHING if line is None else Outcome(line.value, _shown(line.where)) for line in (wins[BOOT], wins[RELOAD])
    )
    found = verdict(key, running, boot, reload)
    # Where one of them keeps the running value and the other does not, they are apart whatever the texts are like.
    apart = _apart(key, boot, reload) or (reload.value is not None and found in ONE_CHANGES)
    return Row(key, running.value, boot, reload, setters, found, (), running.why, apart)


def verdict(key: str, running: Running, boot: Outcome, reload: Outcome) -> str:
    """One of VERDICTS. A loader that does not set a key leaves it; what is set at reload only is lost at boot."""
    if not running.there:
        return "not-there"
    if boot.value is None and reload.value is None:
        return "not-set"
    if running.value is None:
        return "boot-differs-from-reload" if _apart(key, boot, reload) else "unknown"
    booted, reloaded = (outcome.value is None or same(running.value, outcome.value, key) for outcome in (boot, reload))
    if reloaded and boot.value is None:
        return "differs-from-boot"
    if booted and reloaded:
        return "as-set"
    if booted:
        return "differs-from-reload"
    return "differs-from-boot" if reloaded else "differs-from-files"


def _apart(key: str, boot: Outcome, reload: Outcome) -> bool:
    """Whether a reload changes what a boot has set, or sets what a boot does not."""
    if reload.value is None:
        return False
    return boot.value is None or not alike(reload.value, boot.value, key)
