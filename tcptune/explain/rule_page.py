"""The page of one rule: when it fires, why, what to do at what cost, what not to do, examples, sources."""

from __future__ import annotations

from tcptune.engine.rule import Avoid, Example, Recommendation, Rule
from tcptune.explain import belief_page, page

MOST_LINES = 8
"""Of a file in the table of examples."""


def render(rule: Rule) -> str:
    """The page, the same for the terminal and for docs/rules."""
    kernel = rule.applies_to.kernel if rule.applies_to else "all"
    lines = [
        *page.heading(f"`{rule.id}`", 1),
        *page.paragraph(f"**{rule.title.rstrip('.')}.**"),
        *page.table(("severity", "kernel", "status"), [(rule.severity, kernel, rule.status)]),
        *page.heading("When it fires"),
        *page.code(_condition(rule), "text"),
        *page.paragraph("It says: " + rule.message),
    ]
    if rule.applies_to:
        but = f" Not on {', '.join(rule.applies_to.except_)}." if rule.applies_to.except_ else ""
        lines += page.paragraph(f"Only on kernels {kernel}: {rule.applies_to.because.rstrip('.')}.{but}")
    lines += [*page.heading("Why"), *page.prose(rule.rationale), *page.heading("What to do")]
    for recommendation in rule.recommend:
        lines += _recommendation(recommendation)
    lines += page.section("What not to do", [_avoid(avoid) for avoid in rule.avoid])
    lines += belief_page.section(rule.id)
    if rule.see:
        lines += [*page.heading("See it yourself"), *page.code(rule.see)]
    lines += _examples(rule)
    lines += page.section("Sources", [source.line() for source in rule.sources])
    return page.text(lines)


def _condition(rule: Rule) -> list[str]:
    loop = [f"for each item of {rule.for_each}:"] if rule.for_each else []
    return loop + rule.when.strip().splitlines()


def _recommendation(recommendation: Recommendation) -> list[str]:
    titles = {"application": "Fix the application", "investigate": "Find out", "do-nothing": "Do nothing"}
    lines = page.paragraph(f"Where `{recommendation.when}`:") if recommendation.when else []
    if recommendation.kind == "sysctl":
        lines += page.code([f"{recommendation.key} = {recommendation.value}"], "text")
    else:
        lines += page.paragraph(f"**{titles[recommendation.kind]}.** {recommendation.action}")
    return lines + page.bullets([f"**Effect.** {recommendation.effect}", f"**Cost.** {recommendation.cost}"])


def _avoid(avoid: Avoid) -> str:
    return f"**{avoid.cure.rstrip('.')}.** {avoid.why}"


def _examples(rule: Rule) -> list[str]:
    outcomes = (("fires", rule.examples.fires), ("quiet", rule.examples.quiet), ("skipped", rule.examples.skipped))
    rows = [(outcome, _given(example), example.because or "") for outcome, found in outcomes for example in found]
    return [*page.heading("Examples"), *page.table(("outcome", "given", "because"), rows)] if rows else []


def _given(example: Example) -> str:
    files = {example.path: example.file} if example.file else example.files
    told = [f"`{name} = {value}`" for name, value in example.given.items()]
    told += [f"{path}: {_lines(text)}" for path, text in files.items()]
    kernel = [] if example.kernel == "6.18.0" else [f"kernel {example.kernel}"]
    return ", ".join(told + kernel) or "nothing read"


def _lines(text: str) -> str:
    """The first lines of a file, on one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fences = ["``" if "`" in line else "`" for line in lines]
    shown = [f"{fence}{line}{fence}" for fence, line in zip(fences, lines, strict=True)]
    left = [f"and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return "; ".join(shown[:MOST_LINES] + left) or "empty"
