"""derive(): what follows from a snapshot, and why the rest is missing."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcptune.facts.contradictions import NEVER_ABOVE, SLACK, is_count
from tcptune.facts.derive import derive
from tcptune.facts.derived import DERIVED
from tcptune.facts.vocabulary import IMMORTAL, vocabulary
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.lifetimes import CASES
from tcptune.kernel.reserved_ports import count_within, intervals
from tcptune.model.facts import Facts
from tcptune.model.snapshot import Host, Snapshot

DECIDING = {
    "net.ipv4.tcp_orphan_retries": 0,
    "net.ipv4.tcp_retries2": 15,
    "net.ipv4.tcp_fin_timeout": 60,
    "net.ipv4.tcp_syn_retries": 6,
    "net.ipv4.tcp_synack_retries": 5,
}
SYSCTL_FACTS = [name for key in SYSCTLS.values() if not key.text for name in key.facts()]
EXTREMES = [-(2**63), -(2**31) - 1, -(2**31), -1, 0, 1, 2, 255, 256, 65535, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1]
SLOWEST = 0.2
"""Seconds that derive() may take, whatever the settings are."""


def facts(values: dict[str, Any] | None = None, gaps: dict[str, str] | None = None, release: str = "6.18.0") -> Facts:
    """The facts of a machine that says no more than this."""
    return derive(Snapshot(Host(release=release), values=values or {}, gaps=gaps or {}))


def contradictions(values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What a machine's numbers contradict, as (subject, left, right, why)."""
    found = facts(values).values["contradictions"]

    assert isinstance(found, list)
    return [(item["subject"], item["left"], item["right"], item["why"]) for item in found]


def test_an_unknown_machine_has_no_facts_but_what_holds_for_all():
    """Without a value nothing is derived from it, and each absent fact says what it lacks."""
    found = facts()
    needy = {row.name for row in DERIVED} - set(found.values)

    assert needy <= set(found.missing)
    assert all(found.missing[name].startswith("needs ") for name in needy)
    assert "needs net.ipv4.tcp_orphan_retries: not read" == found.missing["timeouts.FIN_WAIT_1.orphan"]
    assert [] == found.values["contradictions"]


def test_a_derived_fact_hands_down_the_reason_of_what_it_needs():
    """A person learns the first cause, however many steps away it is."""
    found = facts({"sockstat.TCP.tw": 5}, {"net.ipv4.tcp_max_tw_buckets": "permission denied"})

    assert "needs net.ipv4.tcp_max_tw_buckets: permission denied" == found.why_missing("tw.share_of_limit")
    assert "not read" == found.why_missing("TcpExt.TW")


@pytest.mark.parametrize(
    ("gap", "name"),
    [
        ("sockstat6", "sockstat6.TCP6.inuse"),
        ("TcpExt", "TcpExt.TCPTimeWaitOverflow"),
        ("states", "states.CLOSE_WAIT"),
        ("kinds", "kinds.CLOSE_WAIT.owned"),
        ("meminfo", "meminfo.MemTotal"),
        ("net.ipv4.tcp_mem", "net.ipv4.tcp_mem.max"),
        ("uptime", "uptime"),
    ],
)
def test_the_gap_of_a_file_is_that_of_each_fact_in_it(gap, name):
    """A file that could not be read is the reason for every number that stands in it."""
    assert "no such file" == facts(gaps={gap: "no such file"}).why_missing(name)


def test_a_fact_has_a_value_or_a_reason():
    """A value that is there needs no reason, even where a snapshot gives both."""
    found = facts(DECIDING | {"uptime": 5}, {"uptime": "no such file", "net.ipv4.tcp_mem": "no such file"})

    assert set() == found.values.keys() & found.missing.keys()
    assert 5.0 == found.values["uptime"]


def test_names_outside_the_vocabulary_are_no_facts():
    """A counter that nobody describes is carried in the snapshot and not judged."""
    assert facts() == facts({"TcpExt.Unheard": 5})


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("net.ipv4.tcp_fin_timeout", "60", "'60' is not a whole number"),
        ("net.ipv4.tcp_fin_timeout", 60.0, "60.0 is not a whole number"),
        ("net.ipv4.tcp_fin_timeout", True, "True is not a whole number"),
        ("net.ipv4.tcp_fin_timeout", 2**63, "larger than any number of the kernel"),
        ("net.ipv4.ip_local_reserved_ports", 5, "5 is not text"),
        ("uptime", "soon", "'soon' is not a number"),
        ("uptime", math.nan, "nan is not a finite number"),
        ("uptime", math.inf, "inf is not a finite number"),
        ("uptime", -1.5, "a count of -1.5 cannot be"),
        ("uptime", 10**400, "larger than any number of the kernel"),
        ("states.CLOSE_WAIT", -1, "a count of -1 cannot be"),
        ("sockstat.TCP.tw", -(2**63), "a count of -9223372036854775808 cannot be"),
        ("net.ipv4.tcp_fin_timeout", "\x1b[2J" * 1000, None),
    ],
)
def test_a_value_of_the_wrong_type_is_missing(name, value, cause):
    """Conditions get values of the type they expect, or a reason that says what stands there."""
    found = facts({name: value})

    assert name not in found.values
    assert cause in (None, found.missing[name])
    assert found.missing[name].isprintable()
    assert len(found.missing[name]) < 100


@pytest.mark.parametrize("name", ["net.ipv4.tcp_fin_timeout", "net.ipv4.ip_local_reserved_ports", "uptime"])
def test_a_number_that_python_will_not_print_is_missing(name):
    """Python refuses to write out more than 4300 digits, so nobody asks it to."""
    assert "larger than any number of the kernel" == facts({name: 10**5000}).missing[name]


def test_a_whole_number_is_a_number_where_fractions_are_allowed():
    """Seconds and shares are floats in conditions, whatever the file said."""
    assert float is type(facts({"uptime": 5}).values["uptime"])


def test_a_list_is_never_read():
    """The one list is made here, so a snapshot cannot put anything into its place."""
    assert [] == facts({"contradictions": 5}).values["contradictions"]
    assert "contradictions" not in facts({"contradictions": "x"}).missing


def test_a_setting_may_be_negative_and_a_count_may_not():
    """Negative settings are stored by many kernels and judged by rules."""
    assert -1 == facts({"net.ipv4.tcp_max_tw_buckets": -1}).values["net.ipv4.tcp_max_tw_buckets"]
    assert {"Tcp.MaxConn"} == {
        name for name in ("Tcp.MaxConn", "Tcp.CurrEstab", "kinds.CLOSE_WAIT.owned") if not is_count(name)
    }


@pytest.mark.parametrize(("left", "right", "why"), NEVER_ABOVE)
def test_a_part_above_its_whole_is_a_contradiction(left, right, why):
    """Beyond what a busy machine moves between two looks, the pair is reported with both numbers."""
    slack = SLACK if left.startswith("sockstat") else 0

    assert [] == contradictions({left: 100 + slack, right: 100})
    assert [(f"{left} above {right}", 101 + slack, 100, why)] == contradictions({left: 101 + slack, right: 100})
    assert [] == contradictions({left: 101 + slack})


def test_a_negative_count_is_a_contradiction():
    """It is missing as a fact, and reported as what it is."""
    values = {"TcpExt.TW": -3, "Tcp.MaxConn": -1, "net.ipv4.tcp_max_tw_buckets": -1, "uptime": 4.5}

    assert [("TcpExt.TW below 0", 0, -3, "a count is never negative")] == contradictions(values)


def test_contradictions_do_not_compare_what_is_no_number():
    """Text in the place of a number contradicts nothing."""
    left, right, _ = NEVER_ABOVE[0]

    assert [] == contradictions({left: "900", right: 1})


def test_lifetimes_are_facts():
    """Each case has its expected seconds, or says that nothing ends it."""
    found = facts(DECIDING)

    assert 107 == pytest.approx(found.values["timeouts.FIN_WAIT_1.orphan"], abs=1.5)
    assert "nothing ends it" == found.missing["timeouts.CLOSE_WAIT"]
    assert {case.fact for case in CASES} == {
        name for name in {*found.values, *found.missing} if name.startswith("timeouts.")
    }
    assert [case.name for case in CASES] == list(found.lifetimes)


@pytest.mark.parametrize(("retries2", "immortal"), [(15, 0), (9, 1), (8, 1)])
def test_immortal_orphans_are_a_fact(retries2, immortal):
    """An orphan behind an answered zero window never dies where the back-off stops too soon."""
    found = facts(DECIDING | {"net.ipv4.tcp_retries2": retries2})

    assert immortal == found.values[IMMORTAL]
    assert bool(immortal) == ("timeouts.FIN_WAIT_1.zero_window_answered" in found.missing)


def test_what_decides_a_lifetime_and_is_absent_is_named():
    """One missing setting takes away its own cases only."""
    found = facts({name: value for name, value in DECIDING.items() if name != "net.ipv4.tcp_retries2"})
    why = "needs net.ipv4.tcp_retries2: not read"

    assert why == found.missing["timeouts.FIN_WAIT_1.owned"] == found.missing[IMMORTAL]
    assert "timeouts.FIN_WAIT_1.orphan" in found.values


def test_a_lifetime_given_beside_its_setting_does_not_outlive_it():
    """Where nothing ends a state, no number stands for its length."""
    found = facts(
        DECIDING
        | {"net.ipv4.tcp_retries2": 3, "timeouts.FIN_WAIT_1.zero_window_answered": 5.0, "timeouts.CLOSE_WAIT": 1.0}
    )

    assert found.missing["timeouts.FIN_WAIT_1.zero_window_answered"] == found.missing["timeouts.CLOSE_WAIT"]


@pytest.mark.parametrize(
    ("name", "value", "fact"),
    [
        ("net.ipv4.tcp_orphan_retries", 2**31 - 1, "timeouts.FIN_WAIT_1.orphan"),
        ("net.ipv4.tcp_orphan_retries", 256, IMMORTAL),
        ("net.ipv4.tcp_retries2", 99999, "timeouts.FIN_WAIT_1.owned"),
        ("net.ipv4.tcp_syn_retries", 2**31, "timeouts.SYN_SENT"),
        ("net.ipv4.tcp_syn_retries", 0, "timeouts.SYN_SENT"),
        ("net.ipv4.tcp_synack_retries", 2**31, "timeouts.SYN_RECEIVED"),
        ("net.ipv4.tcp_rto_max_ms", 0, "timeouts.FIN_WAIT_1.orphan"),
        ("net.ipv4.tcp_rto_max_ms", -1, "timeouts.SYN_SENT"),
        ("net.ipv4.tcp_rto_min_us", 2**31, "timeouts.FIN_WAIT_2.orphan"),
        ("net.ipv4.tcp_rto_min_us", 0, "timeouts.FIN_WAIT_1.zero_window_unanswered"),
        ("net.ipv4.tcp_fin_timeout", 2**40, "timeouts.FIN_WAIT_2.orphan"),
        ("kernel.hz", 0, "timeouts.TIME_WAIT"),
        ("kernel.hz", -250, "timeouts.FIN_WAIT_1.orphan"),
    ],
)
def test_a_setting_outside_what_the_kernel_accepts_has_no_lifetime(name, value, fact):
    """Nothing is computed from a value that no kernel holds; the reason names it and its range."""
    found = facts(DECIDING | {name: value})

    assert fact not in found.values
    assert found.missing[fact].startswith(f"{name} = {value} is outside ")
    assert value == found.values[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("net.ipv4.tcp_orphan_retries", 255),
        ("net.ipv4.tcp_retries2", 255),
        ("net.ipv4.tcp_syn_retries", 127),
        ("net.ipv4.tcp_synack_retries", 255),
        ("net.ipv4.tcp_fin_timeout", -8589934),
        ("net.ipv4.tcp_fin_timeout", 8589934),
        ("net.ipv4.tcp_rto_min_us", 2**31 - 1),
        ("net.ipv4.tcp_rto_max_ms", 1000),
        ("net.ipv4.tcp_orphan_retries", -1),
        ("kernel.hz", 24),
        ("kernel.hz", 1200),
    ],
)
def test_the_last_accepted_value_has_lifetimes(name, value):
    """The ranges end exactly where the kernel's do."""
    assert len(CASES) == len(facts(DECIDING | {name: value}).lifetimes)


def test_a_release_that_is_none_is_no_release():
    """Facts are derived without one, too."""
    for release in ("", "garbage", "\x1b[2J"):
        assert facts(DECIDING, release=release).release is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" , ,", []),
        ("8080", [(8080, 8080)]),
        ("8080,9000-9010", [(8080, 8080), (9000, 9010)]),
        (" 1 , 2-3\n", [(1, 1), (2, 3)]),
        ("0-65535", [(0, 65535)]),
    ],
)
def test_reserved_ports_are_intervals(text, expected):
    """The kernel writes ports and ranges, parted by commas."""
    assert expected == intervals(text)


@pytest.mark.parametrize("text", ["a", "1-", "-1", "1-2-3", "9-1", "65536", "1_0", "٣", "1;2", "1 2", "99999999999"])
def test_what_is_no_list_of_ports_is_refused(text):
    """The part that is wrong is named."""
    with pytest.raises(ValueError, match="is not a port or a range of ports"):
        intervals(text)
    values = {"net.ipv4.ip_local_port_range.min": 1, "net.ipv4.ip_local_port_range.max": 9}

    assert "is not a port" in facts(values | {"net.ipv4.ip_local_reserved_ports": text}).missing["ports.usable"]


ports = st.lists(st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(sorted), max_size=8)


@settings(deadline=None)
@given(ports, st.integers(-10, 70000), st.integers(-10, 70000))
def test_reserved_ports_are_counted_once_each(ranges, low, high):
    """Overlaps and whatever lies outside the range do not count."""
    reserved = {port for start, end in ranges for port in range(start, end + 1)}
    text = ",".join(f"{start}-{end}" for start, end in ranges)

    assert len([port for port in reserved if low <= port <= high]) == count_within(text, low, high)


def timed(values: dict[str, Any]) -> Facts:
    """The facts of some values; the second time, so that nothing is compiled or cached for the first time."""
    facts(values)
    started = time.perf_counter()
    found = facts(values)

    assert time.perf_counter() - started < SLOWEST
    assert found == facts(values)
    return found


@pytest.mark.parametrize("value", EXTREMES)
def test_no_extreme_of_every_setting_is_slow(value):
    """All numbers of a machine at the same extreme give facts at once."""
    timed(dict.fromkeys([*SYSCTL_FACTS, "kernel.hz", "kernel.page_size", "meminfo.MemTotal"], value))


@pytest.mark.parametrize("name", [*DECIDING, "net.ipv4.tcp_rto_max_ms", "net.ipv4.tcp_rto_min_us", "kernel.hz"])
def test_no_extreme_of_one_setting_is_slow(name):
    """One absurd number among usual ones is as quick as any."""
    for value in EXTREMES:
        timed(DECIDING | {name: value})


numbers = st.sampled_from(EXTREMES) | st.integers(-(2**70), 2**70) | st.integers(-10, 300)
anything = numbers | st.floats() | st.text(max_size=20) | st.booleans()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*SYSCTL_FACTS, "kernel.hz"]), numbers))
@example(DECIDING | {"net.ipv4.tcp_retries2": 255, "net.ipv4.tcp_orphan_retries": 255})
@example(DECIDING | {"net.ipv4.tcp_syn_retries": 127, "net.ipv4.tcp_rto_max_ms": 1000})
def test_any_settings_give_facts_at_once(values):
    """derive() raises nothing, gives the same twice, and takes no time that anybody would notice."""
    found = timed(values)

    assert all(-(2**63) <= value < 2**63 for value in found.values.values() if isinstance(value, int))


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(vocabulary())), anything, max_size=60))
def test_any_values_of_any_names_give_facts_of_their_types(values):
    """Whatever a snapshot says of whatever name, conditions meet only values of the declared types."""
    found = timed(values)
    types = {"int": int, "double": float, "string": str, "list": list}
    wrong = {
        name: value
        for name, value in found.values.items()
        if type(value) is not types[found.vocabulary[name].type]
        or (isinstance(value, float) and not math.isfinite(value))
    }

    assert {} == wrong
    assert set() == found.values.keys() & found.missing.keys()
