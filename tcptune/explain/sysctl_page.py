"""The page of one sysctl: what it decides and does not, its history, what it makes of lifetimes."""

from __future__ import annotations

from collections.abc import Iterable

from tcptune.engine.rule import Rule
from tcptune.explain import belief_page, page
from tcptune.explain.effective import effective
from tcptune.explain.what_if import TRIALS, what_if
from tcptune.kernel.history import Range, Span
from tcptune.kernel.sysctl import Sysctl
from tcptune.model.facts import Facts
from tcptune.printable import printable

SCOPE_WORDS = {"netns": "one value for each network namespace", "host": "one value for the whole machine"}
STILL_SO = ""


def render(key: Sysctl, rules: Iterable[Rule], facts: Facts | None) -> str:
    """The page; with facts, this machine's value, effective value and lifetimes stand in it."""
    lines = [*page.heading(key.name, 1), *page.paragraph(key.summary), *_at_a_glance(key)]
    if facts is not None:
        lines += _this_machine(key, facts)
    lines += page.section("What it decides", key.decides)
    lines += page.section("What it does not decide", key.decides_not)
    if key.name in TRIALS:
        lines += _what_if(key, facts)
    lines += page.section("By kernel release", [_dated(span) for span in _history(key)])
    lines += page.section("Vendor kernels", [f"{vendor}: {what}" for vendor, what in key.vendors])
    if key.takes_effect:
        lines += [*page.heading("When a change takes effect"), *page.paragraph(_sentence(key.takes_effect))]
    lines += page.section("Plays together with", key.interplay)
    lines += page.section("Dangers", key.dangers)
    lines += belief_page.section(key.name, key.beliefs)
    lines += page.section(
        "Rules that read or set it", [f"`{rule.id}`: {rule.title}" for rule in mentioning(key, rules)]
    )
    lines += page.section("Sources", key.sources)
    return page.text(lines)


def mentioning(key: Sysctl, rules: Iterable[Rule]) -> list[Rule]:
    """The rules that read the key or one of its parts, or recommend a value for it."""
    names = {key.name, *key.facts()}
    return [
        rule for rule in rules if names & set(rule.evidence) or any(part.key == key.name for part in rule.recommend)
    ]


def _at_a_glance(key: Sysctl) -> list[str]:
    rows = [("unit", key.unit + (f" ({', '.join(key.parts)})" if key.parts else ""))]
    rows += [("default", span.says) for span in key.defaults if span.until == STILL_SO][:1]
    rows += [("accepted", _range(found)) for found in key.ranges if found.until == STILL_SO][:1]
    rows += [("scope", SCOPE_WORDS[span.says]) for span in key.scopes if span.until == STILL_SO][:1]
    if key.vendor_only:
        rows.append(("kernels", "only some vendors' kernels; mainline never had it"))
    elif key.since or key.removed:
        since = f"since {key.since}" if key.since else ""
        removed = f"removed in {key.removed}" if key.removed else ""
        rows.append(("kernels", ", ".join(part for part in (since, removed) if part)))
    return page.table(("", "current kernels"), rows)


def _this_machine(key: Sysctl, facts: Facts) -> list[str]:
    lines = page.heading("On this machine")
    told = []
    for name in key.facts():
        if name in facts.values:
            told.append(f"`{name}` is {printable(str(facts.values[name])) or '(empty)'}.")
        else:
            told.append(f"`{name}` is not known: {printable(facts.why_missing(name))}.")
    meaning = effective(key.name, facts.values)
    if meaning:
        told.append(f"Effective: {meaning}.")
    return lines + page.bullets(told)


def _what_if(key: Sysctl, facts: Facts | None) -> list[str]:
    settings = {name: value for name, value in facts.values.items() if isinstance(value, int)} if facts else {}
    headers, rows = what_if(key.name, settings)
    now = settings.get(key.name)
    rows = [[f"{row[0]} (now)" if str(now) == row[0] else row[0], *row[1:]] for row in rows]
    basis = "this machine's other settings" if facts else "the kernel's defaults"
    note = f"Expected, for a connection on a LAN whose peer is gone, with {basis}. A timer fires up to an eighth late."
    return [*page.heading("Computed lifetimes"), *page.paragraph(note), *page.table(headers, rows)]


def _history(key: Sysctl) -> list[Span]:
    """Meanings first, then defaults, ranges and scopes where they changed."""
    found = list(key.meanings)
    if len(key.defaults) > 1:
        found += [Span(f"Default {span.says}.", span.since, span.until, span.note) for span in key.defaults]
    if len(key.ranges) > 1:
        found += [Span(f"Accepts {_range(r)}.", r.since, r.until, r.note) for r in key.ranges]
    if len(key.scopes) > 1:
        found += [Span(f"{SCOPE_WORDS[s.says].capitalize()}.", s.since, s.until, s.note) for s in key.scopes]
    return found


def _dated(span: Span) -> str:
    note = f" ({span.note})" if span.note else ""
    return f"{span.label()}: {span.says}{note}"


def _range(found: Range) -> str:
    return f"{found.low} to {found.high}"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:].rstrip(".") + "."
