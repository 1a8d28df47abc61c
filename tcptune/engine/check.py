"""check(): facts and rules in, report out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tcptune.engine.confidence import weigh
from tcptune.engine.language import Failed, Language, Missing
from tcptune.engine.rule import Head, Recommendation, Rule
from tcptune.kernel.release import KernelRange
from tcptune.kernel.states import TcpState
from tcptune.model.facts import Facts
from tcptune.model.report import Advice, Confidence, Evidence, Finding, Report, Severity, Skipped
from tcptune.model.snapshot import Snapshot

Outcome = list[Finding] | Skipped | None
"""What one rule says: findings, or that it could not judge, or nothing."""

SUREST_FIRST: tuple[Confidence, ...] = ("high", "medium", "low")

PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w.]*)\}")


def check(snapshot: Snapshot, facts: Facts, rules: Iterable[Head], language: Language) -> Report:
    """Ask every rule about one machine; findings come worst first, then as `_place` says."""
    findings: list[Finding] = []
    skipped: list[Skipped] = []
    quiet: list[str] = []
    for rule in rules:
        match judge(rule, facts, language):
            case Skipped() as outcome:
                skipped.append(outcome)
            case None:
                quiet.append(rule.id)
            case fired:
                findings.extend(fired)
    findings.sort(key=_place)
    return Report(
        host=snapshot.host,
        taken_at=snapshot.taken_at,
        findings=tuple(findings),
        skipped=tuple(skipped),
        quiet=tuple(quiet),
        states=_states(snapshot),
        timeouts=dict(facts.lifetimes),
        gaps={**snapshot.gaps, **facts.watch.gaps},
        interval=facts.watch.interval,
    )


def _place(finding: Finding) -> tuple[Any, ...]:
    """Where a finding stands in the report.

    Of those as severe what is hardly sure comes last, before it what is latent, and of what is observed the surest
    comes first. A counter goes before a log, of which nobody knows how much is left.
    """
    sureness = SUREST_FIRST.index(finding.confidence)
    hardly_sure, latent = finding.confidence == "low", finding.basis == "latent"
    logged = finding.history is not None and all(one.logged for one in finding.history.counted)
    return -finding.severity, hardly_sure, latent, sureness, -finding.sockets, logged, finding.rule


def judge(rule: Head, facts: Facts, language: Language) -> Outcome:
    """One rule on one machine. A rule that the kernel release rules out is quiet."""
    if rule.applies_to is not None and facts.release is not None:
        if not KernelRange.parse(rule.applies_to.kernel).holds(facts.release):
            return None
        if any(facts.release.is_vendor(line) for line in rule.applies_to.except_):
            return None
    elif rule.applies_to is not None and rule.applies_to.shown_by not in facts.values:
        return Skipped(rule.id, f"kernel release unknown; the rule holds for {rule.applies_to.kernel}")
    if rule.for_each is None:
        return _outcome(rule, facts, language, facts.values)
    items = facts.values.get(rule.for_each)
    if not isinstance(items, list):
        return Skipped(rule.id, f"{rule.for_each}: {facts.why_missing(rule.for_each)}")
    findings: list[Finding] = []
    named = {name: facts.values[name] for name in language.names_in(rule.when) if name in facts.values}
    for item in items:
        if language.evaluate(rule.when, {**named, "item": item}) is False:
            continue  # asked with what the condition names, which for a list of thousands is ten times as cheap
        outcome = _outcome(rule, facts, language, {**facts.values, "item": item})
        if isinstance(outcome, Skipped):
            return outcome
        findings.extend(outcome or ())
    return findings or None


def _outcome(head: Head, facts: Facts, language: Language, values: Mapping[str, Any]) -> Outcome:
    match language.evaluate(head.when, values):
        case Missing(name) if name in facts.not_in_this_kernel:
            return None
        case Missing(name):
            return Skipped(head.id, f"{name}: {facts.why_missing(name)}")
        case Failed(cause):
            return Skipped(head.id, f"the condition cannot be computed: {cause}")
        case False:
            return None
    rule = head.whole()
    names = [name for name in language.names_in(rule.when) if name in facts.vocabulary]
    scopes = {facts.vocabulary[name].scope for name in names}
    decided_by = [*names, *([rule.for_each] if rule.for_each and not names else [])]
    item = values.get("item", {})
    weighed = weigh(rule.when, Severity[rule.severity], facts, values, language)
    return [
        Finding(
            rule=rule.id,
            severity=weighed.severity,
            basis="latent" if decided_by and all(facts.vocabulary[name].setting for name in decided_by) else "observed",
            scope="host" if "host" in scopes else "netns",
            title=rule.title,
            message=fill(rule.message, values),
            subject=str(item["subject"]) if "subject" in item else None,
            evidence=tuple(_evidence(name, facts) for name in rule.evidence if _tells(name, facts))
            + _item_evidence(rule, item, facts),
            advice=tuple(_advice(rule, facts, language, values)),
            avoid=tuple(f"{avoid.cure}: {avoid.why}" for avoid in rule.avoid),
            see=rule.see,
            sources=tuple(source.line() for source in rule.sources),
            sockets=_sockets(names, facts),
            shows=rule.shows,
            line=item.get("line"),
            column=item.get("column"),
            confidence=weighed.confidence,
            history=weighed.history,
        )
    ]


def _sockets(names: Iterable[str], facts: Facts) -> int:
    """How many sockets a condition is about: the first count of sockets that it names."""
    for name in names:
        info, value = facts.vocabulary[name], facts.values.get(name)
        if info.unit == "sockets" and not info.setting and isinstance(value, int):
            return value
    return 0


def _advice(rule: Rule, facts: Facts, language: Language, values: Mapping[str, Any]) -> Iterable[Advice]:
    for recommendation in rule.recommend:
        if recommendation.when is not None and language.evaluate(recommendation.when, values) is not True:
            continue
        value = _value(recommendation, language, values)
        if recommendation.kind == "sysctl" and value is None:
            continue
        yield Advice(
            kind=recommendation.kind,
            effect=fill(recommendation.effect, values),
            cost=fill(recommendation.cost, values),
            key=recommendation.key,
            value=value,
            was=_was(recommendation.key, facts),
            action=fill(recommendation.action, values) if recommendation.action else None,
        )


def _value(recommendation: Recommendation, language: Language, values: Mapping[str, Any]) -> str | None:
    """The value to set; None where a number it is computed from is absent."""
    if recommendation.value is None:
        return None
    answer = language.evaluate(recommendation.value, values)
    return None if isinstance(answer, Missing | Failed) else str(answer)


def _was(key: str | None, facts: Facts) -> str | None:
    """The value a key has now, as /proc/sys shows it: the parts of a vector joined by blanks."""
    if key is None:
        return None
    if key in facts.values:
        return str(facts.values[key])
    parts = [
        str(facts.values[name]) for name in facts.vocabulary if name.startswith(key + ".") and name in facts.values
    ]
    return " ".join(parts) or None


def _tells(name: str, facts: Facts) -> bool:
    """Whether a fact is evidence: lines that no log has are none."""
    return facts.vocabulary[name].unit != "lines" or facts.values.get(name) != 0


def _evidence(name: str, facts: Facts) -> Evidence:
    info = facts.vocabulary[name]
    value, rate = facts.values.get(name), facts.values.get(info.rate)
    return Evidence(
        name,
        None if isinstance(value, list) else value,
        info.unit,
        info.scope,
        rate=rate if isinstance(rate, float) else None,
    )


def _item_evidence(rule: Rule, item: Mapping[str, Any], facts: Facts) -> tuple[Evidence, ...]:
    """The facts that an item names in one of its fields, but for those the rule shows anyway."""
    names = (value for value in item.values() if isinstance(value, str) and value in facts.vocabulary)
    return tuple(_evidence(name, facts) for name in names if name not in rule.evidence)


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Put values where a text has {names}; a list item's fields are {item.field}."""

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name.startswith("item."):
            return number(values.get("item", {}).get(name.removeprefix("item."), "?"))
        return number(values[name]) if name in values else "unknown"

    return PLACEHOLDER.sub(value_of, text)


def number(value: Any) -> str:
    """A value for a person: whole numbers as they are, others to three significant digits."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


def _states(snapshot: Snapshot) -> dict[str, int]:
    """Sockets by state, in the order of the kernel's numbers."""
    counts = {state.rfc: snapshot.values.get(f"states.{state.name}") for state in TcpState}
    return {name: count for name, count in counts.items() if isinstance(count, int)}
