"""Whether a finding is about now: which counters decide it, and whether they rose while they were watched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tcptune.engine.language import Language, Missing
from tcptune.model.facts import ALL, Facts, Watch
from tcptune.model.report import Confidence, Counted, History, Severity

TELLING = 3
"""Events that a watch has to expect, at their average, for its silence to tell: by chance it has none 1 time in 20."""

LONGEST_WATCH = 3600
"""Seconds. What is so rare that an hour would not expect `TELLING` of it is no trouble of today on the average."""


class Weighed(NamedTuple):
    """How sure it is that a finding is about now, how bad that makes it, and the past that decides it, if any does."""

    confidence: Confidence
    severity: Severity
    history: History | None = None


def weigh(condition: str, severity: Severity, facts: Facts, values: Mapping[str, Any], language: Language) -> Weighed:
    """Judge a condition that holds, of a rule of this severity.

    What is counted now is sure. A counter tells of all the time since its network namespace was made: one sample
    leaves open whether that is past, two tell. Where the watch was long enough to tell that nothing happens any
    more, the finding is one step less severe.
    """
    names = deciding(condition, facts, values, language)
    if not names:
        return Weighed("high", severity)
    watch = facts.watch
    counted = tuple(_counted(name, facts) for name in names)
    history = History(counted, watch.uptime, watch.from_boot, watch.interval)
    if watch.interval is None:
        return Weighed("low" if _is_rare(counted, watch) else "medium", severity, history)
    if any(one.rise for one in counted):
        return Weighed("high", severity, history)
    if any(one.rise is None for one in counted):
        return Weighed("medium", severity, history)
    least = _telling_watch(counted, watch)
    if watch.interval < least:
        return Weighed("low", severity, history._replace(watch_for=least))
    if severity is Severity.info:
        return Weighed("low", severity, history)
    return Weighed("low", Severity(severity - 1), history._replace(was=severity))


def deciding(condition: str, facts: Facts, values: Mapping[str, Any], language: Language) -> tuple[str, ...]:
    """The counters, and counts of log lines, without whose rise a condition that holds would not hold.

    Not those that it would hold without: it may say "or". Nor those that only make up the whole that another is a
    share of: without the whole there is no answer. Where several would do, each by itself, it is all of them.
    """
    names = frozenset(language.names_in(condition))
    used = tuple(name for name, changed in facts.unmoved.items() if name != ALL and not names.isdisjoint(changed))
    if not used:
        return ()
    answers = {name: _had_it_been(facts.unmoved[name], condition, values, language) for name in used}
    alone = tuple(name for name, answer in answers.items() if answer is False)
    if alone or _had_it_been(facts.unmoved.get(ALL, facts.unmoved[used[0]]), condition, values, language):
        return alone
    return used


def _had_it_been(
    changed: Mapping[str, Any], condition: str, values: Mapping[str, Any], language: Language
) -> bool | None:
    """Whether a condition would hold with other values; None where those leave nothing to answer with."""
    others = {name: value for name, value in {**values, **changed}.items() if value is not None}
    match language.evaluate(condition, others):
        case bool(answer):
            return answer
        case Missing(name) if name not in values:
            return False
    return None


def _counted(name: str, facts: Facts) -> Counted:
    value, rate, interval = facts.values[name], facts.vocabulary[name].rate, facts.watch.interval
    speed = facts.values.get(rate)
    total = value if isinstance(value, int) else 0
    if not rate:
        return Counted(name, total, logged=True)
    if interval is None or not isinstance(speed, float):
        return Counted(name, total, gap=facts.why_missing(rate))
    return Counted(name, total, round(speed * interval))


def _is_rare(counted: tuple[Counted, ...], watch: Watch) -> bool:
    """Whether the counters moved so seldom, on the average since boot, that even the longest watch tells little."""
    if watch.uptime is None or not watch.from_boot or any(one.logged for one in counted):
        return False
    return max(one.total for one in counted) * LONGEST_WATCH < TELLING * watch.uptime


def _telling_watch(counted: tuple[Counted, ...], watch: Watch) -> float:
    """How long a watch has to be, in seconds, for its silence to tell; 0 where the average is not known, or rare."""
    if watch.uptime is None or not watch.from_boot or _is_rare(counted, watch):
        return 0.0
    return TELLING * watch.uptime / max(one.total for one in counted)
