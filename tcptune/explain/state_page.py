"""The page of one TCP state: how a socket gets there, what ends it, how long that takes here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tcptune.engine.rule import Rule
from tcptune.explain import belief_page, page
from tcptune.explain.what_if import KERNEL_DEFAULTS
from tcptune.kernel.lifetimes import lifetimes
from tcptune.kernel.state_pages import StatePage
from tcptune.kernel.timeouts import Lifetime
from tcptune.model.facts import Facts
from tcptune.report.words import amount, lifetime_cells


def render(state: StatePage, rules: Iterable[Rule], facts: Facts | None) -> str:
    """The page; with facts, this machine's counts and lifetimes stand in it."""
    lines = [*page.heading(state.state.rfc, 1), *page.paragraph(state.summary)]
    lines += page.section("What it means", state.means)
    lines += page.section("What ends it", state.ends)
    lines += _lifetimes(state, facts)
    if facts is not None:
        lines += _counts(state, facts)
    if state.kinds:
        lines += [
            *page.heading("Kinds, and how to tell them apart"),
            *page.table(("kind", "how it looks"), state.kinds),
        ]
    lines += [*page.heading("When many are normal"), *page.paragraph(state.normal)]
    lines += [*page.heading("Who can change it"), *page.paragraph(state.who_fixes)]
    lines += page.section("Where it is counted", state.counted_in)
    lines += page.section("Settings that decide something here", [f"`{name}`" for name in state.settings])
    lines += belief_page.section(state.state.rfc, state.beliefs)
    prefixes = (f"states.{state.state.name}", f"kinds.{state.state.name}.")
    concerned = [rule for rule in rules if any(name.startswith(prefixes) for name in rule.evidence)]
    lines += page.section("Rules that look at it", [f"`{rule.id}`: {rule.title}" for rule in concerned])
    if state.see:
        lines += [*page.heading("See it yourself"), *page.code(state.see)]
    lines += page.section("Sources", state.sources)
    return page.text(lines)


def _lifetimes(state: StatePage, facts: Facts | None) -> list[str]:
    if not state.timeouts:
        return []
    computed: Mapping[str, Lifetime] = facts.lifetimes if facts is not None else lifetimes(KERNEL_DEFAULTS)
    rows = [_row(case, computed[case]) for case in state.timeouts if case in computed]
    whose = "this machine" if facts is not None else "kernel defaults at HZ=250"
    return [
        *page.heading("How long"),
        *page.paragraph(f"With the settings of {whose}, on a LAN, with a peer that is gone."),
        *page.table(("case", "expected", "range, s", "decided by"), rows),
    ]


def _row(case: str, found: Lifetime) -> tuple[str, str, str, str]:
    expected, between, decided = lifetime_cells(found)
    return case, expected, between or "; ".join(found.notes), decided


def _counts(state: StatePage, facts: Facts) -> list[str]:
    names = [f"states.{state.state.name}", *(n for n in facts.vocabulary if n.startswith(f"kinds.{state.state.name}."))]
    told = []
    for name in names:
        value = facts.values.get(name)
        known = value is not None and not isinstance(value, list)
        told.append(f"`{name}`: {amount(value, 'sockets')}." if known else f"`{name}`: {facts.why_missing(name)}.")  # type: ignore[arg-type]
    return [*page.heading("On this machine"), *page.bullets(told)]
