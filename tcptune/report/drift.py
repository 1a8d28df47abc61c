"""`tcptune drift` for a person and for a program: the worst first, then which line of which file wins, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tcptune.model.drift import BOOT, RELOAD, SCHEMA, VERDICTS, Drift, Row, Setter
from tcptune.model.report import Finding, Report
from tcptune.printable import printable
from tcptune.report import json
from tcptune.report.folding import folded
from tcptune.report.markdown import code, escaped
from tcptune.report.outcomes import cures

KEY_WIDTH, VALUE_WIDTH = 32, 13
LONGEST_VALUE = 60
NAMES = {BOOT: "systemd-sysctl", RELOAD: "sysctl --system of procps"}
REMEDIES = {
    "differs-from-files": "Where the running value is wanted, write it into a file of /etc/sysctl.d; where the files "
    "are right, load them with `sysctl --system`, and find out who set the other value.",
    "differs-from-boot": "Write the wanted value into a file of /etc/sysctl.d that sorts last, so that a reboot keeps "
    "it.",
    "differs-from-reload": "Write the wanted value into a file of /etc/sysctl.d, so that the next `sysctl --system` "
    "keeps it.",
    "boot-differs-from-reload": "Keep one line for the key, in a file of /etc/sysctl.d: both loaders read it there.",
}
"""What to do about each verdict that says that something would change."""
WHEN = {BOOT: "at boot", RELOAD: "at reload"}


def document(found: Drift, rows: Iterable[Row], report: Report | None = None) -> dict[str, Any]:
    """The rows and findings as plain data, schema tcptune/drift/1.

    The values of rows are text, as they stand in the files and in /proc/sys.
    """
    return {
        "schema": SCHEMA,
        "host": found.host._asdict(),
        "loaders": dict(found.loaders),
        "rows": [row(one) for one in rows],
        "findings": [] if report is None else json.document(report)["findings"],
        "gaps": dict(found.gaps),
    }


def row(one: Row) -> dict[str, Any]:
    """One key as plain data."""
    return {
        "key": one.key,
        "running": one.running,
        "boot": one.boot._asdict(),
        "reload": one.reload._asdict(),
        "setters": [_setter(setter) for setter in one.setters],
        "verdict": one.verdict,
        "drifts": one.drifts,
        "rules": list(one.rules),
        "why": one.why or None,
    }


def _setter(setter: Setter) -> dict[str, Any]:
    return {
        "where": setter.where,
        "written": setter.written,
        "value": setter.value,
        "kind": setter.kind,
        "read_by": list(setter.read_by),
        "wins": list(setter.wins),
        "why": setter.why or None,
    }


def text(found: Drift, rows: Sequence[Row]) -> str:
    """The tables for a person, under 80 columns, and the lines behind every row that is not simply as set."""
    lines = [*folded(_head(found)), ""]
    for verdict, meaning in VERDICTS.items():
        if section := [one for one in rows if one.verdict == verdict]:
            lines += [*folded(f"{verdict}: {meaning}"), *_table(section)]
            lines += [*folded(REMEDIES.get(verdict, ""), "  -> ", "     "), ""]
    for one in rows:
        if one.verdict != "as-set" or one.apart or any(setter.loses for setter in one.setters):
            lines += [*_lines(one), ""]
    if rest := _rest(found, rows):
        lines += [rest, ""]
    for path, why in found.gaps.items():
        lines += folded(f"{path}: {why}", "", "  ")
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"


def markdown(found: Drift, rows: Sequence[Row], report: Report) -> str:
    """The tables for an issue or a review, and what to do about which line; text of the machine is escaped."""
    lines = ["# tcptune drift", "", escaped(_head(found)), ""]
    for verdict, meaning in VERDICTS.items():
        if section := [one for one in rows if one.verdict == verdict]:
            lines += [f"## {verdict}", "", f"{meaning[0].upper()}{meaning[1:]}.", ""]
            lines += ["| key | running | boot | reload |", "| --- | --- | --- | --- |"]
            lines += [f"| {' | '.join(map(code, (one.key, *_cells(one))))} |" for one in section]
            lines += ["", REMEDIES[verdict], ""] if verdict in REMEDIES else [""]
    if report.findings:
        lines += ["## Findings", "", "| where | severity | rule | what | do |", "| --- | --- | --- | --- | --- |"]
        lines += [f"| {' | '.join(_finding(finding))} |" for finding in report.findings]
        lines.append("")
    lines += [escaped(line) for line in (_rest(found, rows), *(f"{path}: {why}" for path, why in found.gaps.items()))]
    return "\n".join(lines).rstrip("\n") + "\n"


def _finding(finding: Finding) -> Iterator[str]:
    place = ":".join(str(part) for part in (finding.path, finding.line) if part is not None)
    yield from (code(place), finding.severity.name, code(finding.rule), escaped(finding.message))
    yield escaped(" ".join(cures(finding)[:1]))


def _rest(found: Drift, rows: Iterable[Row]) -> str:
    """What there is besides the rows that are shown."""
    if not found.rows:
        return "No file sets any key."
    shown = {one.key for one in rows}
    left = sum(one.key not in shown for one in found.rows)
    return f"{left} more {'keys are' if left > 1 else 'key is'} set and not shown (--all)" if left else ""


def _head(found: Drift) -> str:
    loaders = ", ".join(
        f"{WHEN[name]} {NAMES[name]}{f' {release}' if release else ' (release not known)'}"
        for name, release in found.loaders.items()
    )
    source = "" if found.host.source == "live" else f" ({found.host.source})"
    return f"{found.host.name or 'this machine'}{source}: {loaders}"


def _table(rows: Iterable[Row]) -> Iterator[str]:
    from tabulate import tabulate

    cells = [[printable(one.key, 200), *_cells(one)] for one in rows]
    table = tabulate(
        cells,
        ["key", "running", "boot", "reload"],
        tablefmt="simple",
        disable_numparse=True,
        maxcolwidths=[KEY_WIDTH, VALUE_WIDTH, VALUE_WIDTH, VALUE_WIDTH],
    )
    yield from (f"  {line}" for line in table.splitlines())


def _cells(one: Row) -> list[str]:
    return [_shown(value) for value in (one.running, one.boot.value, one.reload.value)]


def _lines(one: Row) -> Iterator[str]:
    """Every line about a key, with what becomes of it."""
    yield from folded(one.key, "", "    ")
    if one.why:
        yield from folded(f"running value: {one.why}", "  ", "    ")
    for setter in one.setters:
        value = "kept out of patterns" if setter.value is None else _shown(setter.value)
        if setter.kind in ("glob", "exclusion"):
            value += f", as {setter.written}"
        wins = f"wins {' and '.join(WHEN[name] for name in setter.wins)}" if setter.wins else ""
        told = "; ".join(filter(None, (wins, setter.why)))
        yield from folded(f"{setter.where}: {value}{f' -- {told}' if told else ''}", "  ", "      ")


def _shown(value: str | None) -> str:
    """A value in a table: blanks count once, and nothing is not the same as empty."""
    if value is None:
        return "-"
    return printable(" ".join(value.split()), LONGEST_VALUE) or '""'
