"""A rule's own tests: run its examples and say what differs from what they promise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from tcptune.engine.check import judge
from tcptune.engine.language import Language
from tcptune.engine.rule import Example, Rule
from tcptune.model.facts import Facts
from tcptune.model.report import Finding, Skipped
from tcptune.model.snapshot import Host, Snapshot
from tcptune.model.sockets import SocketTable

FactsOf = Callable[[Example], Facts]
"""How facts follow from an example; handed in, so that the engine knows no particular fact."""


NO_SUCH_FIELD = frozenset({"unexpected_keyword_argument", "extra_forbidden"})
"""What pydantic calls a name that the shape does not have."""


class Failure(NamedTuple):
    """One example that did not come out as promised."""

    rule: str
    example: str
    cause: str


def machine(example: Example) -> Snapshot:
    """The machine in miniature that an example describes; nothing else is known of it.

    ValueError with a sentence where its sockets have other fields than those of `model.sockets`.
    """
    host = Host(release=example.kernel, source="example")
    table = socket_table(example.sockets) if example.sockets else None
    return Snapshot(host=host, values=dict(example.given), sockets=table)


def socket_table(sockets: Mapping[str, Any]) -> SocketTable:
    """The sockets of an example; ValueError says which field is wrong, and how."""
    from pydantic import ValidationError

    try:
        table: SocketTable = _table_adapter().validate_python(dict(sockets))
    except ValidationError as error:
        problems = error.errors()
        strange = next((one for one in problems if one["type"] in NO_SUCH_FIELD), None)
        place = ".".join(["sockets", *map(str, (strange or problems[0])["loc"])])
        raise ValueError(f"{place}: {'no such field' if strange else problems[0]['msg']}") from None
    return table


@cache
def _table_adapter() -> Any:
    """What a `SocketTable` may be made of, in the eyes of pydantic; only examples ask for it."""
    from pydantic import TypeAdapter

    return TypeAdapter(SocketTable)


def run_examples(rule: Rule, facts_of: FactsOf, language: Language) -> list[Failure]:
    """Every example of a rule that does not keep its promise."""
    failures = []
    for outcome in ("fires", "quiet", "skipped"):
        for index, example in enumerate(getattr(rule.examples, outcome)):
            try:
                facts = facts_of(example)
            except ValueError as error:
                failures.append(Failure(rule.id, f"{outcome}[{index}]", str(error)))
                continue
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
