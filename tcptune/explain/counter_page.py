"""The page of one counter, and of a fact that tcptune derives."""

from __future__ import annotations

from collections.abc import Iterable

from tcptune.engine.rule import Rule
from tcptune.explain import belief_page, page
from tcptune.explain.sysctl_page import SCOPE_WORDS
from tcptune.facts.rates import RATES
from tcptune.kernel.counters.shape import Counter
from tcptune.model.facts import Facts
from tcptune.model.values import FactInfo
from tcptune.report.words import amount

KINDS = {"counter": "counts events since the namespace was made", "gauge": "how many there are now"}


def render(counter: Counter, rules: Iterable[Rule], facts: Facts | None) -> str:
    """What moves the counter, what it does not count, where it changed."""
    rows = [("unit", counter.unit), ("kind", KINDS[counter.kind])]
    rows += [("scope", f"{SCOPE_WORDS[span.says]} ({span.label()})") for span in counter.scopes]
    if counter.packet:
        rows.append(("on the wire", counter.packet))
    if counter.since or counter.until:
        since = f"since {counter.since}" if counter.since else ""
        until = f"until {counter.until}" if counter.until else ""
        rows.append(("kernels", ", ".join(part for part in (since, until) if part)))
    lines = [*page.heading(counter.name, 1), *page.paragraph(counter.meaning), *page.table(("", ""), rows)]
    lines += this_machine(counter.name, facts)
    lines += rate_section(counter)
    lines += page.section("Traps", counter.notes)
    lines += belief_page.section(counter.name, counter.beliefs)
    lines += rules_section(counter.name, rules)
    lines += page.section("Sources", counter.sources)
    return page.text(lines)


def render_fact(name: str, info: FactInfo, rules: Iterable[Rule], facts: Facts | None) -> str:
    """A derived fact: its meaning, unit and scope."""
    rows = [("unit", info.unit or "none"), ("type in conditions", info.type), ("scope", SCOPE_WORDS[info.scope])]
    lines = [*page.heading(name, 1), *page.paragraph(info.meaning), *page.table(("", ""), rows)]
    return page.text([*lines, *this_machine(name, facts), *rules_section(name, rules)])


def this_machine(name: str, facts: Facts | None) -> list[str]:
    """The value here, or why it is not known."""
    if facts is None:
        return []
    value = facts.values.get(name)
    if isinstance(value, list):
        told = f"{len(value)} of them."
    elif value is not None:
        told = f"`{name}` is {amount(value, facts.vocabulary[name].unit)}."
    else:
        told = f"`{name}` is not known: {facts.why_missing(name)}."
    return [*page.heading("On this machine"), *page.bullets([told])]


def rate_section(counter: Counter) -> list[str]:
    """How to read a counter as a rate."""
    rate = RATES.get(counter.name)
    told = (
        "The number is as old as its network namespace, and may be of last month: `tcptune audit --interval 5` looks "
        f"twice and says how fast it rises now (`{rate}` in rules)."
    )
    return page.section("As a rate", [told] if rate else [])


def rules_section(name: str, rules: Iterable[Rule]) -> list[str]:
    """The rules that look at a fact."""
    return page.section("Rules that read it", [f"`{rule.id}`: {rule.title}" for rule in rules if name in rule.evidence])
