"""Rules held against all settings files of a machine together, each finding at the line that wins or loses; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tcptune.engine.check import judge
from tcptune.engine.language import Language
from tcptune.engine.rule import Head
from tcptune.facts.vocabulary import OF_DRIFT
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.release import Release
from tcptune.kernel.scope import scope_at
from tcptune.kernel.sysctl import Scope
from tcptune.lint.drift_facts import Told, facts_of, items_of, why_not_compared
from tcptune.model.drift import Drift, Row
from tcptune.model.report import Evidence, Finding, Report, Skipped


class Judged(NamedTuple):
    """A key with the ids of the rules that fired on it, their findings, and the rules that could not judge it."""

    row: Row
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]


def judged(found: Drift, rows: Iterable[Row], rules: Iterable[Head], language: Language) -> list[Judged]:
    """What rules about `drift.rows` and its kin say of some rows of a machine."""
    rules = of_drift(rules)
    root = "" if found.host.source == "live" else found.host.source.rstrip("/")
    release = Release.parse(found.host.release or "")
    return [_judged(row, rules, language, root, release) for row in rows]


def report(found: Drift, judged: Sequence[Judged], rules: Iterable[Head], taken_at: str | None) -> Report:
    """The findings about all rows as one report, the worst first; what is not known of a key is a gap."""
    findings = [finding for one in judged for finding in one.findings]
    findings.sort(key=lambda finding: (-finding.severity, finding.path or "", finding.line or 0, finding.rule))
    fired = {finding.rule for finding in findings}
    skipped = {one.rule: one for key in reversed(judged) for one in key.skipped if one.rule not in fired}
    unknown = {one.row.key: why for one in judged if (why := why_not_compared(one.row)) is not None}
    return Report(
        host=found.host,
        taken_at=taken_at,
        findings=tuple(findings),
        skipped=tuple(skipped.values()),
        quiet=tuple(rule.id for rule in of_drift(rules) if rule.id not in fired and rule.id not in skipped),
        states={},
        timeouts={},
        gaps={**found.gaps, **unknown},
    )


def of_drift(rules: Iterable[Head]) -> list[Head]:
    """The rules that are about drift."""
    return [rule for rule in rules if rule.for_each in OF_DRIFT]


def _judged(row: Row, rules: Iterable[Head], language: Language, root: str, release: Release | None) -> Judged:
    facts = facts_of([row], release)
    scope = _scope(row.key, release)
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    items = list(items_of(row))
    for rule in rules:
        name = rule.for_each or ""
        if name in facts.missing:
            skipped.append(Skipped(rule.id, f"{row.key}: {facts.why_missing(name)}"))
        for told in items:
            if told.name == name:
                match judge(rule, facts._replace(values={told.name: [told.item]}), language):
                    case Skipped() as outcome:
                        skipped.append(outcome)
                    case fired:
                        findings += [_placed(finding, row, told, root, scope) for finding in fired or ()]
    ids = tuple(dict.fromkeys(finding.rule for finding in findings))
    return Judged(row._replace(rules=ids), tuple(findings), tuple(skipped))


def _placed(finding: Finding, row: Row, told: Told, root: str, scope: Scope) -> Finding:
    """A finding at the line that it is about; the evidence is what runs, and what each loader sets."""
    path, line = _place(told.where, root)
    evidence = tuple(_evidence(row, told, scope))
    return finding._replace(path=path, line=line, scope=scope, evidence=evidence)


def _place(where: str | None, root: str) -> tuple[str | None, int | None]:
    """The path and the number of a line; the command line of the kernel has no number."""
    path, colon, number = (where or "").rpartition(":")
    if colon and number.isascii() and number.isdecimal():
        return (root + path).removeprefix("./"), int(number)
    return ((root + where).removeprefix("./"), None) if where else (None, None)


def _evidence(row: Row, told: Told, scope: Scope) -> Iterator[Evidence]:
    written = [("written", told.setter.value, told.setter.where)] if told.setter else []
    loaders = [("boot", *row.boot), ("reload", *row.reload)]
    for name, value, where in [(row.key, row.running, None), *written, *loaders]:
        if value is not None:
            yield Evidence(name, " ".join(value.split()), "", scope, where)


def _scope(key: str, release: Release | None) -> Scope:
    """Whether a key is of one network namespace; of those that are not in the catalogue, most below net are."""
    entry = SYSCTLS.get(key)
    if entry is not None:
        return scope_at(entry.scopes, release)
    return "netns" if key.startswith("net.") else "host"
