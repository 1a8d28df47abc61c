"""A rule's own tests: run its examples and say what differs from what they promise."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tcptune.engine.check import judge
from tcptune.engine.language import Language
from tcptune.engine.rule import Example, Rule
from tcptune.model.facts import Facts
from tcptune.model.report import Finding, Skipped
from tcptune.model.snapshot import Host, Snapshot

Derive = Callable[[Snapshot], Facts]
"""How facts follow from a snapshot; handed in, so that the engine knows no particular fact."""


class Failure(NamedTuple):
    """One example that did not come out as promised."""

    rule: str
    example: str
    cause: str


def machine(example: Example) -> Snapshot:
    """The machine in miniature that an example describes; nothing else is known of it."""
    return Snapshot(host=Host(release=example.kernel, source="example"), values=dict(example.given))


def run_examples(rule: Rule, derive: Derive, language: Language) -> list[Failure]:
    """Every example of a rule that does not keep its promise."""
    failures = []
    for outcome in ("fires", "quiet", "skipped"):
        for index, example in enumerate(getattr(rule.examples, outcome)):
            facts = derive(machine(example))
            causes = [*_wrong_facts(example, facts), *_wrong_outcome(rule, outcome, example, facts, language)]
            failures += [Failure(rule.id, f"{outcome}[{index}]", cause) for cause in causes]
    return failures


def _wrong_facts(example: Example, facts: Facts) -> list[str]:
    unknown = [f"given: {name} is not a known fact" for name in example.given if name not in facts.vocabulary]
    return unknown + [
        f"then: {name} is {facts.values.get(name, 'absent')}, not {expected}"
        for name, expected in example.then.items()
        if not _close(facts.values.get(name), expected, facts.vocabulary[name].unit if name in facts.vocabulary else "")
    ]


def _close(actual: object, expected: object, unit: str) -> bool:
    """Equal; a ratio within a thousandth, a duration within a fiftieth: it is the middle of a range."""
    if isinstance(actual, float) and isinstance(expected, int | float):
        return abs(actual - expected) <= (0.02 if unit == "s" else 1e-3) * max(1.0, abs(expected))
    return actual == expected


def _wrong_outcome(rule: Rule, outcome: str, example: Example, facts: Facts, language: Language) -> list[str]:
    match judge(rule, facts, language):
        case Skipped(reason=reason):
            if outcome != "skipped":
                return [f"was skipped: {reason}"]
            if example.because is not None and example.because not in reason:
                return [f"was skipped because {reason!r}, not {example.because!r}"]
            return []
        case None:
            return [] if outcome == "quiet" else ["stayed quiet"]
        case findings:
            return _wrong_advice(example, findings) if outcome == "fires" else ["fired"]


def _wrong_advice(example: Example, findings: list[Finding]) -> list[str]:
    advised = {advice.key: advice.value for finding in findings for advice in finding.advice if advice.key}
    return [
        f"advises {key} = {advised.get(key, 'nothing')}, not {value}"
        for key, value in example.advises.items()
        if advised.get(key) != value
    ]
