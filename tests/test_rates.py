"""Two samples of one machine: rates where they make a pair, a sentence where they do not, and never a wrong number."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tcptune.facts.derive import derive
from tcptune.facts.derived import DERIVED
from tcptune.facts.rates import CLOCKS_DIFFER, INTERVAL, ONE_SAMPLE, RATES, Rates, between
from tcptune.facts.unmoved import OF_THE_PAST, unmoved
from tcptune.facts.vocabulary import vocabulary
from tcptune.kernel.counters import COUNTERS
from tcptune.model.facts import ALL
from tcptune.model.snapshot import Host, Snapshot

OVERFLOWS = "TcpExt.ListenOverflows"
PASSIVE = "Tcp.PassiveOpens"

counts = st.integers(0, 2**64) | st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63])
strange = st.booleans() | st.floats() | st.text(max_size=5) | st.integers(max_value=-1)
names = st.sampled_from([*RATES, "uptime", "sockstat.TCP.tw"])
seconds = st.floats(0, 1e9)
times = st.none() | st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | st.text(max_size=10)
snapshots = st.builds(
    Snapshot,
    host=st.builds(Host, name=st.sampled_from([None, "a", "b"]), netns=st.sampled_from([None, "initial", "child"])),
    taken_at=times,
    values=st.dictionaries(names, counts | strange | seconds),
)


def sample(values: dict[str, Any] | None = None, *, uptime: float | None = 100.0, taken_at: str | None = None, **host):
    """A snapshot with these values."""
    told = {} if uptime is None else {"uptime": uptime}
    return Snapshot(Host(**host), taken_at, told | (values or {}))


def refusal(earlier: Snapshot, later: Snapshot) -> str:
    """Why two samples make no pair."""
    with pytest.raises(ValueError, match=r".") as refused:
        between(earlier, later)
    return str(refused.value)


def test_a_rise_over_the_seconds_between_is_the_rate():
    """Seconds come from the uptime; what did not move has a rate of 0."""
    found = between(sample({OVERFLOWS: 176, PASSIVE: 5}), sample({OVERFLOWS: 236, PASSIVE: 5}, uptime=105.0))

    assert Rates(5.0, {OVERFLOWS: 12.0, PASSIVE: 0.0}, {}) == found


def test_only_counters_have_rates():
    """How many sockets there are is no count of events, and rises and falls."""
    assert {name for name, counter in COUNTERS.items() if counter.kind == "counter"} == set(RATES)


def test_a_counter_that_one_sample_lacks_has_no_rate():
    """Absent is not zero."""
    assert {} == between(sample({OVERFLOWS: 176}), sample({PASSIVE: 5}, uptime=105.0)).rates


@given(snapshots, snapshots)
@example(sample({OVERFLOWS: 1}, uptime=0.0), sample({OVERFLOWS: 2**63 - 1}, uptime=0.011))
def test_any_two_snapshots_give_rates_or_a_sentence(earlier, later):
    """A rate is finite and never negative, whatever the samples say, and what fell is a gap."""
    try:
        found = between(earlier, later)
    except ValueError:  # the sentences are tested below
        return

    assert found.seconds > 0
    assert all(math.isfinite(rate) and rate >= 0 for rate in found.rates.values())
    for name in found.rates:
        assert 0 <= earlier.values[name] <= later.values[name] < 2**63
    for name in RATES:
        one, other = earlier.values.get(name), later.values.get(name)
        if type(one) is type(other) is int and 0 <= other < one < 2**63:
            assert {"rates", RATES[name]} & found.gaps.keys()


@given(st.integers(1, 2**31 - 1), st.data())
def test_a_counter_that_fell_takes_all_the_others_with_it(before, data):
    """It began anew with its network namespace, and one that has risen past its old value since would deceive."""
    after = data.draw(st.integers(0, before - 1))
    found = between(sample({OVERFLOWS: before, PASSIVE: 5}), sample({OVERFLOWS: after, PASSIVE: 9}, uptime=105.0))

    assert {} == found.rates
    assert {"rates": f"the counters began anew between the two samples: {OVERFLOWS} fell from {before} to {after}"} == (
        found.gaps
    )


@given(st.integers(2**31, 2**32 - 1), st.integers(0, 2**31 - 1))
def test_a_counter_of_32_bits_that_ran_over_is_a_gap_alone(before, after):
    """A 32-bit kernel counts so; nothing is wrong with the others."""
    found = between(sample({OVERFLOWS: before, PASSIVE: 5}), sample({OVERFLOWS: after, PASSIVE: 10}, uptime=105.0))

    assert {PASSIVE: 1.0} == found.rates
    assert [f"rates.{OVERFLOWS}"] == list(found.gaps)


@pytest.mark.parametrize(
    ("earlier", "later", "words"),
    [
        (sample(name="web-3"), sample(uptime=105.0, name="web-4"), "of different machines: web-3 and web-4"),
        (sample(netns="initial"), sample(uptime=105.0, netns="child"), "of different network namespaces"),
        (sample(), sample(), "at the same moment"),
        (sample(), sample(uptime=100.001), "at the same moment"),
        (sample(), sample(uptime=90.0), "was started again"),
        (sample(uptime=None), sample(), "do not say how much time lies between them"),
        (sample(taken_at="yesterday"), sample(uptime=None, taken_at="today"), "do not say how much time"),
        (
            sample(taken_at="2026-11-20T22:52:00Z"),
            sample(taken_at="2026-11-20T22:51:55Z", uptime=95.0),
            "give them the other way round",
        ),
        (
            sample(uptime=None, taken_at="2026-11-20T22:52:00Z"),
            sample(uptime=None, taken_at="2026-11-20T22:51:59Z"),
            "give them the other way round",
        ),
        (
            sample(taken_at="2026-11-20T22:52:00Z", uptime=5.0),
            sample(taken_at="2026-11-19T22:52:00Z", uptime=9000.0),
            "give them the other way round",
        ),
        (
            sample(taken_at="2026-11-20T22:52:00Z", uptime=5.0),
            sample(taken_at="2026-11-21T22:52:00Z", uptime=9000.0),
            "was started again",
        ),
        (
            sample(taken_at="2026-11-20T22:52:00Z", uptime=9000.0),
            sample(taken_at="2026-11-20T22:57:00Z", uptime=60.0),
            "was started again",
        ),
    ],
)
def test_two_samples_that_make_no_pair_are_refused(earlier, later, words):
    """With the reason, and what to do where something can be done."""
    assert words in refusal(earlier, later)


def test_a_machine_without_a_name_is_not_taken_for_another():
    """What one sample does not say contradicts nothing."""
    assert 5.0 == between(sample(name="web-3", netns="initial"), sample(uptime=105.0)).seconds


def test_the_clock_counts_where_the_uptime_is_not_known():
    """It is as fine as a second, and any time zone will do."""
    earlier = sample(uptime=None, taken_at="2026-11-20T22:52:00Z")

    assert 5.0 == between(earlier, sample(taken_at="2026-11-20T23:52:05+01:00")).seconds


@given(st.integers(1 - CLOCKS_DIFFER, CLOCKS_DIFFER))
def test_the_uptime_counts_where_the_clock_was_corrected(correction):
    """A clock that is set between the samples changes no rate."""
    earlier = sample(taken_at="2026-11-20T22:52:00Z")
    hour, minute = divmod(22 * 60 + 53, 60)
    later = sample(taken_at=f"2026-11-20T{hour}:{minute + correction // 60:02}:{correction % 60:02}Z", uptime=105.0)

    assert 5.0 == between(earlier, later).seconds


def test_one_sample_says_how_to_get_rates():
    """A rule that asks for one is skipped with that sentence."""
    found = derive(sample({OVERFLOWS: 176}))

    assert {ONE_SAMPLE} == {found.missing[name] for name in (INTERVAL, *RATES.values())}
    assert found.watch.interval is None


def test_two_samples_give_facts():
    """Rates and the time between them are facts; what has no rate says why."""
    earlier, later = sample({OVERFLOWS: 176}), sample({OVERFLOWS: 236, PASSIVE: 7}, uptime=105.0)
    found = derive(later, between(earlier, later))

    assert (5.0, 12.0) == (found.values[INTERVAL], found.values[f"rates.{OVERFLOWS}"])
    assert f"needs {PASSIVE} in both samples" == found.missing[f"rates.{PASSIVE}"]
    assert 1 == found.values["listen.overflows_now"]


def test_what_fell_is_a_gap_of_every_rate():
    """The reason names the counter that told."""
    earlier, later = sample({OVERFLOWS: 176, PASSIVE: 9}), sample({OVERFLOWS: 3, PASSIVE: 10}, uptime=105.0)
    found = derive(later, between(earlier, later))

    assert f"{OVERFLOWS} fell from 176 to 3" in found.missing[f"rates.{PASSIVE}"]
    assert ["rates"] == list(found.watch.gaps)


def test_every_rate_is_in_the_vocabulary_with_its_counter():
    """A counter names its rate; a rate has the unit of the counter, a second."""
    known = vocabulary()

    assert {name: info.rate for name, info in known.items() if info.rate} == RATES
    assert {"1/s", "ms/s"} == {known[rate].unit for rate in RATES.values()}
    assert {"double"} == {known[rate].type for rate in RATES.values()}


def facts_made_of_counters(values: dict[str, Any]) -> dict[str, Any]:
    """Counters, rates and derived facts of a machine that says no more."""
    found = derive(Snapshot(values=values)).values
    return {name: found.get(name) for name in (*OF_THE_PAST, *RATES.values(), *(row.name for row in DERIVED))}


few_counts = st.integers(0, 3) | st.sampled_from([1000, 28000, 10**6])
machines = st.dictionaries(
    st.sampled_from(
        [
            *(PASSIVE, "Tcp.ActiveOpens", "Tcp.EstabResets", OVERFLOWS, f"rates.{OVERFLOWS}"),
            *("TcpExt.TCPAbortOnClose", "TcpExt.TCPAbortOnData", "TcpExt.TCPTimeWaitOverflow", "sockstat.TCP.tw"),
            *("net.ipv4.ip_local_port_range.min", "net.ipv4.ip_local_port_range.max", "log.EADDRNOTAVAIL"),
        ]
    ),
    few_counts,
)


@given(machines)
@example({PASSIVE: 1000, "Tcp.ActiveOpens": 1, "sockstat.TCP.tw": 28000})
@example({PASSIVE: 1})
def test_what_would_be_had_a_counter_never_moved_is_what_derive_makes_of_it(values):
    """The short way, over the rows that the counter is part of, gives what the long way over all of them gives."""
    for counter, changed in unmoved(derive(Snapshot(values=values)).values).items():
        still = [name for name in (OF_THE_PAST if counter == ALL else [counter]) if values.get(name)]
        zero = {name: 0 for name in values if name in {*still, *map(RATES.get, still)}}

        assert facts_made_of_counters(values | zero) == facts_made_of_counters(values) | changed


def test_counters_that_never_moved_need_no_thought():
    """Most are 0 on most machines."""
    assert {} == derive(sample({OVERFLOWS: 0})).unmoved
    assert [OVERFLOWS] == list(derive(sample({OVERFLOWS: 1})).unmoved)
