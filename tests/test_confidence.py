"""How sure a finding is: what is counted now is, counters since boot are less so, and two samples tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from common import LANGUAGE
from hypothesis import given
from hypothesis import strategies as st

from tcptune.engine.check import check
from tcptune.engine.confidence import LONGEST_WATCH, TELLING, deciding
from tcptune.engine.rule import Rule, Source
from tcptune.engine.rulebook import load_heads, pick
from tcptune.facts.derive import derive
from tcptune.facts.rates import between
from tcptune.kernel.log_lines import LOG_LINES
from tcptune.model.report import Counted, Finding, Report, Severity
from tcptune.model.snapshot import Host, Snapshot
from tcptune.report.history import sentence

OVERFLOWS, PASSIVE, ACTIVE = "TcpExt.ListenOverflows", "Tcp.PassiveOpens", "Tcp.ActiveOpens"
ON_DATA, RESETS = "TcpExt.TCPAbortOnData", "Tcp.EstabResets"
TW_OVERFLOW = "TcpExt.TCPTimeWaitOverflow"
DAY = 86400.0
STORED = pick(load_heads(), ["accept-queue-overflow", "time-wait-overflow", "timestamps-off"], [])


def rule(when: str, severity: str = "medium", for_each: str | None = None) -> Rule:
    """A rule with this condition."""
    return Rule(
        id="x", title="X", severity=severity, status="stable", for_each=for_each, when=when, message="X.",
        evidence=tuple(name for name in LANGUAGE.names_in(when) if name != for_each), rationale="", recommend=(),
        sources=(Source("x"),),
    )  # fmt: skip


def sample(values: dict[str, Any], uptime: float | None = DAY, netns: str | None = "initial") -> Snapshot:
    """A machine that says no more than this."""
    return Snapshot(Host(netns=netns), values={**values, **({} if uptime is None else {"uptime": uptime})})


def report(later: Snapshot, *rules: Any, rise: dict[str, int] | None = None, watched: float = 5.0) -> Report:
    """What rules say of a machine; with `rise`, after it was watched while these counters rose and the others not."""
    rates = None
    if rise is not None:
        before = {name: value - rise.get(name, 0) for name, value in later.values.items()}
        rates = between(replace(later, values=before | {"uptime": later.values["uptime"] - watched}), later)
    return check(later, derive(later, rates), rules, LANGUAGE)


def finding(later: Snapshot, when: str, severity: str = "medium", **watched: Any) -> Finding:
    """The one finding of a rule with this condition."""
    (found,) = report(later, rule(when, severity), **watched).findings
    return found


def decided_by(when: str, values: dict[str, Any]) -> tuple[str, ...]:
    """The counters that decide a condition which holds."""
    facts = derive(sample(values))
    assert LANGUAGE.evaluate(when, facts.values) is True
    return deciding(when, facts, facts.values, LANGUAGE)


@pytest.mark.parametrize(
    ("when", "values", "counters"),
    [
        (f"{OVERFLOWS} > 5", {OVERFLOWS: 6}, (OVERFLOWS,)),
        ("sockstat.TCP.tw > 5", {"sockstat.TCP.tw": 6, OVERFLOWS: 6}, ()),
        ("net.ipv4.tcp_timestamps == 0", {"net.ipv4.tcp_timestamps": 0, OVERFLOWS: 6}, ()),
        (f"{OVERFLOWS} > 5 || sockstat.TCP.tw > 5", {OVERFLOWS: 6, "sockstat.TCP.tw": 6}, ()),
        (f"{OVERFLOWS} > 5 || sockstat.TCP.tw > 5", {OVERFLOWS: 6, "sockstat.TCP.tw": 5}, (OVERFLOWS,)),
        (f"{OVERFLOWS} > 5 || sockstat.TCP.tw > 5", {OVERFLOWS: 6}, (OVERFLOWS,)),
        (f"{OVERFLOWS} > 5 && sockstat.TCP.tw > 5", {OVERFLOWS: 6, "sockstat.TCP.tw": 6}, (OVERFLOWS,)),
        (f"{OVERFLOWS} > 5 || {TW_OVERFLOW} > 5", {OVERFLOWS: 6, TW_OVERFLOW: 6}, (TW_OVERFLOW, OVERFLOWS)),
        (f"{OVERFLOWS} > 5 || {TW_OVERFLOW} > 5", {OVERFLOWS: 6, TW_OVERFLOW: 5}, (OVERFLOWS,)),
        (f"{OVERFLOWS} < 5", {OVERFLOWS: 4}, ()),
        (f"{OVERFLOWS} * 100 >= {PASSIVE}", {OVERFLOWS: 6, PASSIVE: 600}, (OVERFLOWS,)),
        (f"{OVERFLOWS} * 100 >= opens.passive_at_least", {OVERFLOWS: 6, PASSIVE: 600}, (OVERFLOWS,)),
        (f"{OVERFLOWS} - {TW_OVERFLOW} > 5", {OVERFLOWS: 9, TW_OVERFLOW: 2}, (OVERFLOWS,)),
        (f"{OVERFLOWS} / {PASSIVE} >= 1", {OVERFLOWS: 9, PASSIVE: 2}, (OVERFLOWS,)),
        ("listen.overflow_share > 0.1", {OVERFLOWS: 6, PASSIVE: 10}, (OVERFLOWS,)),
        ("opens.passive_share >= 0.95", {PASSIVE: 99, ACTIVE: 1}, (PASSIVE,)),
        ("opens.passive_share >= 0.95", {PASSIVE: 99, ACTIVE: 0}, (PASSIVE,)),
        ("closes.late_data_at_least > 5", {ON_DATA: 9, RESETS: 1}, (ON_DATA,)),
        (f"{ON_DATA} > 5 && !(closes.late_data_at_least > 5)", {ON_DATA: 9, RESETS: 9}, (ON_DATA, RESETS)),
        (
            "tw.count >= 1000 && tw.harm_seen == 0",
            {"states.TIME_WAIT": 1000, PASSIVE: 9, ACTIVE: 1, "net.ipv4.tcp_max_tw_buckets": 5000},
            (),
        ),
        ("tw.harm_seen == 1", {TW_OVERFLOW: 1}, (TW_OVERFLOW,)),
    ],
)
def test_a_counter_decides_where_the_rule_would_be_quiet_had_it_never_moved(when, values, counters):
    """Not the whole that it is a share of, nor one beside a number of now that would do; also through derived facts."""
    assert set(counters) == set(decided_by(when, values))


def test_what_is_counted_now_is_sure():
    """Gauges, states and settings have no history, watched or not."""
    later = sample({"sockstat.TCP.tw": 6, OVERFLOWS: 100})
    for watched in ({}, {"rise": {}}):
        found = finding(later, "sockstat.TCP.tw > 5", **watched)

        assert ("high", None, Severity.medium) == (found.confidence, found.history, found.severity)


def test_one_sample_of_a_counter_is_half_sure():
    """It may be past; the sentence says how to find out."""
    found = finding(sample({OVERFLOWS: 176}), f"{OVERFLOWS} > 5")

    assert ("medium", Severity.medium) == (found.confidence, found.severity)
    assert (
        "TcpExt.ListenOverflows: 176 since boot 24 h 0 min ago. `tcptune audit --interval 5` tells whether it still "
        "happens."
    ) == sentence(found.history)


@pytest.mark.parametrize(("count", "confidence"), [(71, "low"), (72, "medium")])
def test_what_comes_less_than_three_times_an_hour_is_hardly_sure(count, confidence):
    """On the average since boot; the severity stays, for nobody has watched."""
    found = finding(sample({OVERFLOWS: count}), f"{OVERFLOWS} > 5")

    assert (confidence, Severity.medium) == (found.confidence, found.severity)


@pytest.mark.parametrize(("uptime", "netns"), [(None, "initial"), (DAY, "child"), (DAY, None)])
def test_an_average_over_an_unknown_time_is_none(uptime, netns):
    """A container's counters may be a minute old on a machine that is up for years."""
    found = finding(sample({OVERFLOWS: 6}, uptime, netns), f"{OVERFLOWS} > 5")

    assert "medium" == found.confidence
    assert ("since boot" in sentence(found.history)) == (netns == "initial")


def test_a_counter_that_rises_is_sure():
    """With its rate in the sentence and in the evidence."""
    found = finding(sample({OVERFLOWS: 176}), f"{OVERFLOWS} > 5", rise={OVERFLOWS: 60})

    assert ("high", Severity.medium) == (found.confidence, found.severity)
    assert "TcpExt.ListenOverflows rose by 60 (12/s) in the 5.00 s watched: it happens now." == sentence(found.history)
    assert [12.0] == [one.rate for one in found.evidence]


def test_the_rise_of_the_whole_that_a_share_is_of_proves_nothing():
    """Connections are accepted all the time; that some were turned away may still be past."""
    later = sample({OVERFLOWS: 10_000, PASSIVE: 20_000})
    found = finding(later, "listen.overflow_share > 0.1", rise={PASSIVE: 500}, watched=60.0)

    assert ("low", (Counted(OVERFLOWS, 10_000, 0),)) == (found.confidence, found.history.counted)


@pytest.mark.parametrize(
    ("severity", "lowered"), [("high", "medium"), ("medium", "low"), ("low", "info"), ("info", "info")]
)
def test_what_did_not_happen_while_it_was_watched_is_one_step_less_severe(severity, lowered):
    """A burst of last month does not fail the host."""
    found = finding(sample({OVERFLOWS: 176}, 93 * DAY), f"{OVERFLOWS} > 5", severity, rise={})

    assert ("low", lowered) == (found.confidence, found.severity.name)
    told = sentence(found.history)
    assert told.startswith(
        "TcpExt.ListenOverflows: 176 since boot 93 days ago; none in the 5.00 s watched: perhaps long over"
    )
    assert (f"less severe than the {severity} of the rule" in told) == (severity != lowered)


@pytest.mark.parametrize(("watched", "lowered"), [(299.0, False), (301.0, True)])
def test_a_watch_too_short_to_tell_lowers_the_confidence_alone(watched, lowered):
    """What comes once in 100 s on the average is not over because 5 s saw none; the sentence says what would tell."""
    found = finding(sample({OVERFLOWS: 864}), f"{OVERFLOWS} > 5", rise={}, watched=watched)

    assert ("low", lowered) == (found.confidence, found.severity < Severity.medium)
    assert ("--interval 300 would" in sentence(found.history)) == (not lowered)


def test_in_a_container_the_watch_alone_decides():
    """Its counters have no known age, so there is no average to hold the watch against."""
    found = finding(sample({OVERFLOWS: 864}, netns="child"), f"{OVERFLOWS} > 5", rise={})

    assert ("low", Severity.low) == (found.confidence, found.severity)
    assert "since its network namespace was made, 24 h 0 min ago at most" in sentence(found.history)


def test_a_counter_without_a_rate_leaves_the_question_open():
    """It fell between the samples: nobody knows what it did."""
    earlier, later = sample({OVERFLOWS: 200}, DAY - 5), sample({OVERFLOWS: 176})
    found = check(later, derive(later, between(earlier, later)), [rule(f"{OVERFLOWS} > 5")], LANGUAGE)

    assert "medium" == found.findings[0].confidence
    assert "Whether it still happens is not known: the counters began anew" in sentence(found.findings[0].history)
    assert "fell from 200 to 176" in found.gaps["rates"]


def test_of_several_counters_one_that_rises_is_enough():
    """Any of them makes the trouble one of now; the sentence names those that rose."""
    later = sample({OVERFLOWS: 6000, TW_OVERFLOW: 6000})
    when = f"{OVERFLOWS} > 5 || {TW_OVERFLOW} > 5"
    found = finding(later, when, rise={TW_OVERFLOW: 1})

    assert "high" == found.confidence
    assert sentence(found.history).startswith("TcpExt.TCPTimeWaitOverflow rose by 1 (0.2/s)")
    assert "low" == finding(later, when, rise={}).confidence


LINES = next(iter(LOG_LINES))


@pytest.mark.parametrize(("rise", "confidence"), [(None, "medium"), ({}, "medium"), ({OVERFLOWS: 5}, "high")])
def test_lines_of_a_log_are_half_sure_however_long_one_watches(rise, confidence):
    """They are as old as they say themselves; a counter that rises is sure beside them."""
    later = sample({LINES: 3, OVERFLOWS: 6})
    alone = finding(later, f"{LINES} > 2", rise=rise)
    both = finding(later, f"{LINES} > 2 || {OVERFLOWS} > 5", rise=rise)

    assert ("medium", confidence) == (alone.confidence, both.confidence)
    assert f"Lines of a log decide it ({LINES}: 3); their times tell whether it still happens." == (
        sentence(alone.history)
    )


def test_a_rule_about_rates_is_about_now():
    """With one sample it is skipped, and says what it lacks."""
    when = f"rates.{OVERFLOWS} > 1.0"
    found = finding(sample({OVERFLOWS: 176}), when, rise={OVERFLOWS: 60})
    (skipped,) = report(sample({OVERFLOWS: 176}), rule(when)).skipped

    assert "high" == found.confidence
    assert f"rates.{OVERFLOWS}: one sample only: give --interval or a second snapshot" == skipped.reason


def test_an_item_is_of_now_where_its_counters_do_not_decide():
    """Rules with `for_each` are weighed with their item."""
    item = "item.left > item.right"
    later = sample({"sockstat.TCP.orphan": 500, "sockstat.TCP.alloc": 5, OVERFLOWS: 100})
    (now,) = report(later, rule(item, for_each="contradictions")).findings[:1]
    later = sample({"sockstat.TCP.inuse": 500, "sockstat.TCP.alloc": 5, OVERFLOWS: 100})
    (past,) = report(later, rule(f"{item} && {OVERFLOWS} > 5", for_each="contradictions")).findings[:1]

    assert ("high", "medium") == (now.confidence, past.confidence)


def test_the_surest_of_equals_comes_first():
    """Severity; then observed before latent, the surest first, and what is hardly sure last."""
    later = sample({OVERFLOWS: 1000, PASSIVE: 1000, "net.ipv4.tcp_timestamps": 0, TW_OVERFLOW: 10_000})
    found = report(later, *STORED, rise={TW_OVERFLOW: 5}).findings

    assert ["time-wait-overflow", "timestamps-off", "accept-queue-overflow"] == [one.rule for one in found]
    assert ["high", "high", "low"] == [one.confidence for one in found]
    later = sample({OVERFLOWS: 1000, PASSIVE: 1000, TW_OVERFLOW: 10})
    assert ["medium", "low"] == [one.confidence for one in report(later, *STORED).findings]


@given(st.integers(1, 10**6), st.floats(2 * LONGEST_WATCH, 10**8), st.floats(1.0, LONGEST_WATCH))
def test_a_watch_that_would_tell_can_be_asked_for(total, uptime, watched):
    """No sentence asks for a longer watch than --interval gives, and one so long is never called too short."""
    history = finding(sample({OVERFLOWS: total}, uptime), f"{OVERFLOWS} > 0", rise={}, watched=watched).history
    least = history.watch_for

    assert least is None or watched < least <= LONGEST_WATCH
    assert (history.was is None) == (least is not None)
    assert least is None or round(least * total / uptime) == TELLING
