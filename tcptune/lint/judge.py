"""lint(): rules held against one settings file, each finding at the line that it is about; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from tcptune.engine.check import judge
from tcptune.engine.language import Language
from tcptune.engine.rule import Head
from tcptune.facts.vocabulary import OF_DRIFT
from tcptune.kernel.release import KernelRange, Release
from tcptune.lint.facts import WRITTEN, Assumed, facts_of_values, places, with_lines
from tcptune.lint.written import MAX_JUDGED, READ_AS_WRITTEN, READ_TO_THE_END, same
from tcptune.model.facts import Facts
from tcptune.model.report import Evidence, Finding, Report, Severity, Skipped, Suppressed
from tcptune.model.snapshot import Host
from tcptune.settings.setting import Parsed, Setting, Suppression

SUPPORTED = (
    *("6.18.0", "6.12.0", "6.6.0", "6.1.0", "5.15.0", "5.10.0"),
    *("5.4.0", "4.19.0", "4.14.0", "4.9.0", "4.4.0", "3.10.0"),
)
"""A release for each long-term line: one of them stands for a range where the kernel is not said."""


def lint(parsed: Parsed, path: str, rules: Iterable[Head], language: Language, assumed: Assumed) -> Report:
    """The verdict on one file. What only some kernels do is told with the range of those."""
    rules = [rule for rule in rules if rule.for_each not in OF_DRIFT]
    asked = _Asked(parsed, path, assumed)
    where = places(parsed)
    found: list[Finding] = []
    skipped: list[Skipped] = []
    quiet: list[str] = []
    for rule in rules:
        outcome = _outcome(rule, asked, assumed.release, language)
        if isinstance(outcome, Skipped):
            skipped.append(outcome)
        elif outcome is None:
            quiet.append(rule.id)
        else:
            found += _placed(outcome, rule, path, where, language)
    found += _of_other_cases(parsed, path, rules, language, assumed)
    kept, suppressed = _without_suppressed(found, parsed.suppressions)
    kept.sort(key=lambda finding: (finding.line or 0, finding.column or 0, -finding.severity, finding.rule))
    return Report(
        host=Host(release=assumed.release, source=path),
        taken_at=None,
        findings=tuple(kept),
        skipped=tuple(skipped),
        quiet=tuple(quiet),
        states={},
        timeouts={},
        gaps=_gaps(parsed, asked.lines(assumed.release)),
        suppressed=tuple(suppressed),
    )


class _Asked:
    """The facts of a file for each release that rules ask for, computed once; those of its lines where one does."""

    def __init__(self, parsed: Parsed, path: str, assumed: Assumed) -> None:
        self.values = cache(lambda release: facts_of_values(parsed, path, assumed._replace(release=release)))
        self.lines = cache(
            lambda release: with_lines(self.values(release), parsed, path, assumed._replace(release=release))
        )

    def by(self, rule: Head, release: str | None) -> Facts:
        """What a rule may ask."""
        return self.values(release) if rule.for_each is None else self.lines(release)


def _gaps(parsed: Parsed, facts: Facts) -> dict[str, str]:
    """What could not be judged, by its place."""
    gaps = {f"line {one.line}": one.text for one in parsed.complaints if one.kind in TOLD_AS_GAPS}
    judged = facts.values[WRITTEN]
    if isinstance(judged, list) and len(judged) == MAX_JUDGED:
        gaps[f"line {judged[-1]['line']}"] = f"more than {MAX_JUDGED} settings; those from here on were not judged"
    return gaps


TOLD_AS_GAPS = frozenset({"yaml", "template", "not-utf8", "too-large", "too-many"})
"""Complaints about what could not be read, rather than about what is wrong."""


def _outcome(rule: Head, asked: _Asked, told: str | None, language: Language) -> list[Finding] | Skipped | None:
    """What a rule says; of a rule for some kernels, where none is given, what it says for the newest of them."""
    if rule.applies_to is None or told is not None:
        return judge(rule, asked.by(rule, told), language)
    holds = KernelRange.parse(rule.applies_to.kernel).holds
    for text in SUPPORTED:
        release = Release.parse(text)
        if release is not None and holds(release):
            outcome = judge(rule, asked.by(rule, text), language)
            if isinstance(outcome, list):
                return [_for_kernels(finding, rule.applies_to.kernel) for finding in outcome]
            return outcome
    return None


def _for_kernels(finding: Finding, kernels: str) -> Finding:
    return finding._replace(message=f"{finding.message} This holds for kernels {kernels}.")


def _of_other_cases(
    parsed: Parsed, path: str, rules: Iterable[Head], language: Language, assumed: Assumed
) -> list[Finding]:
    """What is to be said of values that another line of the same key follows, where that line is for another case.

    A script has branches and a manifest several pods; each value is judged with the rest of the file around it.
    """
    if parsed.kind in READ_TO_THE_END:
        return []
    found: list[Finding] = []
    ordinary = [rule for rule in rules if rule.for_each is None]
    for one in _followed(parsed.settings)[:MAX_CASES]:
        settings = tuple(other for other in parsed.settings if other.key != one.key or other is one)
        case = parsed._replace(settings=settings)
        asked, where = _Asked(case, path, assumed), places(case)
        for rule in ordinary:
            deciding = _deciding(rule, where, language)
            if deciding and where[deciding[0]].line != one.line:
                continue  # what it would find stands at another line
            outcome = _outcome(rule, asked, assumed.release, language)
            if isinstance(outcome, list):
                placed = _placed(outcome, rule, path, where, language)
                found += [finding for finding in placed if finding.line == one.line]
    return found


MAX_CASES = 20
"""A file with more values for the same keys is a collection, and each costs one more run of the rules."""


def _followed(settings: Sequence[Setting]) -> list[Setting]:
    """The settings that a later one gives another value, each value of a key once."""
    known = [one for one in settings if one.flavour in READ_AS_WRITTEN]
    last = {one.key: one.value for one in known}
    first = {(one.key, one.value): one for one in reversed(known)}
    return [one for one in first.values() if not same(one.value, last[one.key])][::-1]


def _placed(
    findings: Iterable[Finding], rule: Head, path: str, where: Mapping[str, Setting], language: Language
) -> list[Finding]:
    """Findings at the line of their item, or of the first setting that decided; the evidence is what decided."""
    deciding = _deciding(rule, where, language)
    placed = []
    for finding in findings:
        told = [_told(one, path, where) for one in finding.evidence if one.name in (deciding or where)]
        first = where[(deciding or [one.name for one in told])[0]] if told else None
        line, column = (
            (finding.line, finding.column) if finding.line else (first.line, first.column) if first else (1, 1)
        )
        placed.append(finding._replace(path=path, line=line, column=column, evidence=tuple(told)))
    return placed


def _deciding(rule: Head, where: Mapping[str, Setting], language: Language) -> list[str]:
    """The settings of the file that a condition names."""
    return [name for name in language.names_in(rule.when) if name in where]


def _told(evidence: Evidence, path: str, where: Mapping[str, Setting]) -> Evidence:
    return evidence._replace(where=f"{path}:{where[evidence.name].line}")


def _without_suppressed(
    found: Iterable[Finding], suppressions: Iterable[Suppression]
) -> tuple[list[Finding], list[Suppressed]]:
    """The findings that stand, and those that a comment with a reason waves through."""
    waved = {(one.applies_to, rule): one for one in suppressions if one.reason for rule in one.rules}
    kept, suppressed = [], []
    for finding in found:
        one = waved.get((finding.line or 0, finding.rule))
        if one is None:
            kept.append(finding)
        else:
            suppressed.append(Suppressed(finding.rule, finding.path or "", finding.line or 0, one.reason))
    return kept, suppressed


def worst(reports: Iterable[Report]) -> Severity | None:
    """The highest severity in some reports."""
    return max((found for report in reports if (found := report.worst()) is not None), default=None)
