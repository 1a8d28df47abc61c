"""Lifetimes as functions of settings, held against what was measured on Linux 6.18 at HZ=250."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.kernel.lifetimes import (
    ACCEPTED,
    CASES,
    EARLY_RETRANS,
    FIN_TIMEOUT,
    HZ,
    LOWEST,
    ORPHAN_RETRIES,
    RETRIES2,
    RTO_MAX,
    RTO_MIN,
    SYN_LINEAR,
    SYN_RETRIES,
    SYNACK_RETRIES,
    lifetimes,
    path_of,
    refusal,
)
from tcptune.kernel.timeouts import Lifetime, Path, model_timeout, orphan_retries
from tcptune.kernel.timer_wheel import LEVELS, Clock, ceil_jiffies, granularity

DEFAULTS = {ORPHAN_RETRIES: 0, RETRIES2: 15, FIN_TIMEOUT: 60, SYN_RETRIES: 6, SYNACK_RETRIES: 5}
WATCHED = 0.05
"""How exactly the measurements below were written down: to three digits, by looks 20 ms apart."""


def lifetime(case: str, changed: dict[str, int] | None = None, rtt: float = 0.0001) -> Lifetime:
    """One case with the kernel's defaults and some settings changed."""
    given = DEFAULTS | (changed or {})
    return lifetimes(given, path_of(given, rtt))[case]


def assert_lasts(measured: float, found: Lifetime, slack: float = WATCHED) -> None:
    """What was measured lies between the least and the most, as far as it was written down exactly."""
    blur = max(slack, 0.005 * measured)

    assert found.min is not None
    assert found.max is not None
    assert found.min - blur <= measured <= found.max + blur


@pytest.mark.parametrize("state", ["FIN-WAIT-1", "LAST-ACK", "CLOSING"])
@pytest.mark.parametrize(
    ("retries", "measured", "sent"),
    [
        (1, 1.67, 3),
        (2, 3.3, 4),
        (3, 6.7, 5),
        (4, 6.7, 5),
        (5, 13.4, 6),
        (6, 26.6, 7),
        (7, 54, 8),
        (8, 107, 9),
        (0, 107, 9),
        (10, 334, None),
        (12, 575, None),
        (15, 938, None),
    ],
)
def test_orphans_whose_fin_is_not_acknowledged(state, retries, measured, sent):
    """The retry count is a time limit; the FIN goes out once more by the tail loss probe."""
    found = lifetime(f"{state}/orphan", {ORPHAN_RETRIES: retries})

    assert_lasts(measured, found)
    assert sent in (None, len(found.transmissions) - 1)


@pytest.mark.parametrize(("retries", "measured"), [(0, 0.84), (3, 6.8), (5, 13.4), (15, 938.9)])
def test_owned_sockets_whose_fin_is_not_acknowledged(retries, measured):
    """tcp_retries2 gives an owned socket the times that tcp_orphan_retries gives an orphan; 0 means 0 there."""
    assert_lasts(measured, lifetime("FIN-WAIT-1/owned", {RETRIES2: retries}))


@pytest.mark.parametrize(
    ("retries", "rto_max", "measured"),
    [
        (0, 30000, 84.6),
        (0, 5000, 11.8),
        (0, 1000, 2.7),
        (8, 30000, 84.4),
        (8, 5000, 27.2),
        (8, 1000, 7.8),
        (3, 1000, 3.75),
        (3, 5000, 6.64),
    ],
)
def test_a_lower_ceiling_of_the_rto_cuts_orphans_short(retries, rto_max, measured):
    """Where the RTO reaches tcp_rto_max_ms, 0 means 0 and no longer 8."""
    assert_lasts(measured, lifetime("FIN-WAIT-1/orphan", {ORPHAN_RETRIES: retries, RTO_MAX: rto_max}))


@pytest.mark.parametrize(
    ("retries", "rto_min", "measured", "sent"),
    [
        (3, 1_000_000, 8.3, 3),
        (0, 5_000_000, 163, None),
        (3, 50_000, 3.7, 6),
        (0, 50_000, 118.25, 11),
        (3, 1, 4.27, 9),
        (0, 1, 137.07, 14),
    ],
)
def test_the_least_rto_changes_the_steps_and_not_the_limit(retries, rto_min, measured, sent):
    """The limit is counted in steps of 200 ms whatever tcp_rto_min_us says."""
    found = lifetime("FIN-WAIT-1/orphan", {ORPHAN_RETRIES: retries, RTO_MIN: rto_min})

    assert_lasts(measured, found)
    assert sent in (None, len(found.transmissions) - 1)


@pytest.mark.parametrize(
    ("rtt", "retries", "measured"),
    [(0.0506, 0, 132.41), (0.0504, 1, 2.09), (0.0505, 3, 4.11), (0.0506, 5, 16.54)],
)
def test_a_longer_round_trip_makes_the_rto_longer(rtt, retries, measured):
    """At 50 ms the RTO is 252 ms, and the steps are longer under the same limit."""
    assert_lasts(measured, lifetime("FIN-WAIT-1/orphan", {ORPHAN_RETRIES: retries}, rtt))


def test_without_the_tail_loss_probe_one_transmission_is_missing():
    """tcp_early_retrans below 3 takes the probe away, and with it 0.2 s."""
    found = lifetime("FIN-WAIT-1/orphan", {ORPHAN_RETRIES: 1, EARLY_RETRANS: 0})

    assert_lasts(1.46, found)
    assert 2 == len(found.transmissions) - 1


@pytest.mark.parametrize(
    ("setting", "measured"),
    [(61, 2.1), (70, 20.5), (90, 61), (120, 122), (150, 182), (200, 294), (0, 0.77), (-1, 0.8), (1, 1.07), (5, 5.2)],
)
def test_orphans_in_fin_wait_2(setting, measured):
    """Above 60 s the time is twice what exceeds 60; below 3.5 RTOs it is 3.5 RTOs.

    Measured from close(), so with the ACK of the FIN, which may be 40 ms late.
    """
    assert_lasts(measured, lifetime("FIN-WAIT-2/orphan", {FIN_TIMEOUT: setting}), slack=0.1)


@pytest.mark.parametrize("measured", [60.08, 61.02, 61.92])
def test_sixty_seconds_are_sixty_to_sixty_two(measured):
    """A timer of 60 s fires up to 512 jiffies late."""
    assert_lasts(measured, lifetime("FIN-WAIT-2/orphan", {FIN_TIMEOUT: 60}))
    assert_lasts(measured, lifetime("TIME-WAIT", {FIN_TIMEOUT: 5}))


def test_nothing_ends_what_only_the_owner_can_end():
    """CLOSE-WAIT, and FIN-WAIT-2 of an open descriptor, have no timer."""
    for case in ("CLOSE-WAIT", "FIN-WAIT-2/owned"):
        found = lifetime(case)

        assert ("never", None, None, None) == (found.ends, found.min, found.expected, found.max)


@pytest.mark.parametrize(
    ("case", "changed", "measured"),
    [
        ("answered", {}, 337),
        ("answered", {ORPHAN_RETRIES: 10}, 337),
        ("answered", {ORPHAN_RETRIES: 3, RTO_MAX: 1000}, 2.54),
        ("answered", {ORPHAN_RETRIES: 15}, 942),
        ("unanswered", {}, 110),
        ("unanswered", {ORPHAN_RETRIES: 3}, 3.2),
    ],
)
def test_orphans_behind_a_closed_window(case, changed, measured):
    """Probes that go unanswered are counted; answered ones wait for the RTO's ceiling."""
    assert_lasts(measured, lifetime(f"FIN-WAIT-1/zero-window-{case}", changed), slack=3)


@pytest.mark.parametrize("changed", [{RETRIES2: 3}, {RETRIES2: 8}, {RETRIES2: 9}, {ORPHAN_RETRIES: 20}])
def test_orphans_behind_an_answered_window_may_never_die(changed):
    """Where tcp_retries2 keeps the back-off below the ceiling, or below the count, nothing ends them."""
    assert lifetime("FIN-WAIT-1/zero-window-answered", changed).expected is None
    assert lifetime("FIN-WAIT-1/zero-window-unanswered", changed).expected is not None


@pytest.mark.parametrize(
    ("retries", "linear", "syns", "measured"),
    [
        (1, 4, 3, 3.1),
        (2, 4, 6, 7.1),
        (3, 4, 8, 19.4),
        (5, 4, 10, 68),
        (6, 4, 11, 133),
        (1, 0, 2, 3.0),
        (3, 0, 4, 15.4),
        (6, 0, 7, 129),
    ],
)
def test_connects_that_nobody_answers(retries, linear, syns, measured):
    """tcp_syn_retries is a time limit too: connect() fails at the first timer after it."""
    found = lifetime("SYN-SENT", {SYN_RETRIES: retries, SYN_LINEAR: linear})

    assert_lasts(measured, found)
    assert syns == len(found.transmissions)


@pytest.mark.parametrize(("retries", "limit"), [(1, 3), (6, 127), (7, 247), (8, 367), (127, 14647)])
def test_a_connect_waits_at_most_two_minutes_more_for_each_retry(retries, limit):
    """The limit doubles up to six retries and then grows by the ceiling of the RTO."""
    assert limit == lifetime("SYN-SENT", {SYN_RETRIES: retries}).model


@pytest.mark.parametrize(
    ("retries", "syn_acks", "measured"),
    [(0, 1, 1.02), (1, 2, 3.03), (1, 2, 3.05), (2, 3, 7.12), (3, 4, 15.46), (5, 6, 65.6)],
)
def test_handshakes_that_are_never_finished(retries, syn_acks, measured):
    """tcp_synack_retries is a count: 1 s, doubled each time (a SYN from a tun device, looked at every 10 ms)."""
    found = lifetime("SYN-RECEIVED", {SYNACK_RETRIES: retries})

    assert_lasts(measured, found)
    assert syn_acks == len(found.transmissions)


@pytest.mark.parametrize(
    ("retries", "rto_max", "base", "expected"),
    [
        (0, 120.0, 0.2, 0.2),
        (1, 120.0, 0.2, 0.6),
        (9, 120.0, 0.2, 204.6),
        (10, 120.0, 0.2, 324.6),
        (15, 120.0, 0.2, 924.6),
        (3, 1.0, 0.2, 2.4),
        (0, 51.2, 0.2, 0.2),
        (9, 51.2, 0.2, 153.4),
        (6, 120.0, 1.0, 127.0),
        (7, 120.0, 1.0, 247.0),
        (3, 1.0, 1.0, 4.0),
    ],
)
def test_the_limit_behind_a_retry_count(retries, rto_max, base, expected):
    """It doubles up to the ceiling of the RTO, and then adds the ceiling for each retry."""
    assert expected == model_timeout(retries, rto_max, base)


def test_zero_orphan_retries_are_eight_below_the_ceiling():
    """Any other count is what it says."""
    assert (8, 0, 3, 3) == (
        orphan_retries(0, 0.2),
        orphan_retries(0, 120.0),
        orphan_retries(3, 0.2),
        orphan_retries(3, 120.0),
    )


@pytest.mark.parametrize(
    ("path", "rto"),
    [
        (Path(), 0.204),
        (Path(hz=1000), 0.201),
        (Path(hz=100), 0.21),
        (Path(rtt=0.05), 0.252),
        (Path(rto_min=0.000001), 0.008),
        (Path(rto_min=1.0), 1.004),
        (Path(rto_min=300.0), 120.0),
        (Path(rto_min=1.0, rto_max=1.0), 1.0),
    ],
)
def test_the_rto_of_a_quiet_path(path, rto):
    """Round trip and least RTO, each rounded up to a jiffy, and never above the ceiling."""
    assert rto == pytest.approx(path.rto)


@pytest.mark.parametrize(
    ("jiffies", "late"),
    [(0, 1), (62, 1), (63, 8), (503, 8), (504, 64), (4032, 512), (32256, 4096), (258048, 32768), (2**30, 1 << 24)],
)
def test_how_late_a_timer_may_fire(jiffies, late):
    """Each level of the wheel is eight times as coarse as the one below it."""
    assert late == granularity(jiffies)


@settings(deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([100, 250, 300, 1000]), st.floats(0, 2**15))
def test_a_timer_is_never_early_and_at_most_an_eighth_late(jiffies, hz, phase):
    """Above the first level, lateness is a share of the time waited for."""
    clock = Clock(phase, hz)
    clock.sleep(jiffies / hz)

    late = clock.elapsed - max(1, jiffies) / hz
    assert -1e-6 <= late <= max(1, jiffies / 7) / hz + 1e-6 or jiffies >= LEVELS[-1]
    assert jiffies / hz <= clock.least + 1e-6


def test_times_are_rounded_up_to_jiffies():
    """A jiffy that has begun counts, but for what floating point left over."""
    assert [0, 1, 50, 51, 15000] == [ceil_jiffies(seconds) for seconds in (0, 0.0001, 0.2, 0.2001, 60)]


def within(name: str, at_most: int = 2**63) -> st.SearchStrategy[int]:
    """Any value of a setting that some kernel accepts."""
    return st.integers(LOWEST[name], min(at_most, ACCEPTED[name].high))


accepted = st.fixed_dictionaries(
    {name: within(name) for name in DEFAULTS},
    optional={name: within(name) for name in (RTO_MAX, RTO_MIN, SYN_LINEAR, EARLY_RETRANS, HZ)},
)
wild = st.dictionaries(st.sampled_from([*DEFAULTS, RTO_MAX, RTO_MIN, SYN_LINEAR, EARLY_RETRANS, HZ]), st.integers())


@settings(deadline=None)
@given(accepted)
def test_every_accepted_setting_gives_an_answer(settings):
    """Every case is never or a finite range in order, with transmissions that rise."""
    found = lifetimes(settings)

    assert [case.name for case in CASES] == list(found)
    for name, life in found.items():
        if life.expected is None:
            assert ("never", None, None) == (life.ends, life.min, life.max), name
        else:
            assert 0 <= life.min <= life.expected <= life.max < math.inf, name
            assert sorted(life.transmissions) == list(life.transmissions), name
            assert all(sent <= life.max for sent in life.transmissions), name


@settings(deadline=None)
@given(wild)
def test_a_setting_that_no_kernel_accepts_leaves_its_cases_out(settings):
    """Each case is computed, or lacks a setting, or is refused with a reason that names the setting."""
    found = lifetimes(settings)
    for case in CASES:
        why = refusal(case, settings)
        lacking = [name for name in case.needs if name not in settings]

        assert (case.name in found) == (not lacking and why is None)
        assert why is None or any(f"{name} = {settings.get(name)} is outside " in why for name in settings)


@settings(deadline=None)
@given(st.fixed_dictionaries({name: st.integers() for name in DEFAULTS}), wild)
def test_a_what_if_takes_the_nearest_accepted_value(given_values, others):
    """Computed all the same, a refused value counts as the nearest that a kernel accepts; so every case ends."""
    tried = given_values | others | {EARLY_RETRANS: 3}
    nearest = {name: min(max(value, LOWEST[name]), ACCEPTED[name].high) for name, value in tried.items()}

    assert lifetimes(nearest) == {case.name: case.compute(case.name, tried, path_of(tried)) for case in CASES}


def length(found: Lifetime) -> float:
    """The expected time; never is longer than anything."""
    return math.inf if found.expected is None else found.expected


@settings(deadline=None)
@given(
    st.sampled_from(
        [
            (ORPHAN_RETRIES, "FIN-WAIT-1/orphan"),
            (ORPHAN_RETRIES, "LAST-ACK/orphan"),
            (ORPHAN_RETRIES, "FIN-WAIT-1/zero-window-answered"),
            (ORPHAN_RETRIES, "FIN-WAIT-1/zero-window-unanswered"),
            (RETRIES2, "FIN-WAIT-1/owned"),
            (SYN_RETRIES, "SYN-SENT"),
            (SYNACK_RETRIES, "SYN-RECEIVED"),
        ]
    ),
    accepted,
    st.integers(1, 127),
    st.integers(1, 127),
)
def test_more_retries_never_shorten_a_life(what, settings, one, other):
    """From 1 on, a higher count waits as long or longer."""
    name, case = what
    fewer, more = (lifetimes(settings | {name: retries})[case] for retries in sorted((one, other)))

    assert length(fewer) <= length(more)
    assert (fewer.max or math.inf) <= (more.max or math.inf)


@settings(deadline=None)
@given(st.integers(1, 255), st.integers(1, 255))
def test_a_negative_count_of_old_kernels_is_never(retries, other):
    """Up to 5.12 negative counts were stored; the model overflows, and nothing ends the socket in days."""
    found = lifetimes(DEFAULTS | {ORPHAN_RETRIES: -retries, RETRIES2: -other})

    assert {"never"} == {found[name].ends for name in ("FIN-WAIT-1/orphan", "CLOSING/orphan", "LAST-ACK/owned")}


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({RETRIES2: 99999}, "net.ipv4.tcp_retries2 = 99999 is outside 0..255 that the kernel accepts since 5.13"),
        ({RETRIES2: -(2**31) - 1}, "net.ipv4.tcp_retries2 = -2147483649 is outside 0..255 that the kernel accepts"),
        ({RTO_MAX: 999}, "net.ipv4.tcp_rto_max_ms = 999 is outside 1000..120000 that the kernel accepts since 6.15"),
        ({RTO_MIN: 0}, "net.ipv4.tcp_rto_min_us = 0 is outside 1..2147483647 that the kernel accepts since 6.11"),
        ({EARLY_RETRANS: 5}, "net.ipv4.tcp_early_retrans = 5 is outside 0..4 that the kernel accepts"),
        ({HZ: 0}, "kernel.hz = 0 is outside 24..1200 that the kernel accepts"),
        ({RETRIES2: 255, RTO_MAX: 120_000, RTO_MIN: 1, EARLY_RETRANS: 0, HZ: 1000}, ""),
    ],
)
def test_a_refusal_names_setting_value_and_range(changed, cause):
    """The reason is one clause, made from the catalogue of settings."""
    [case] = [case for case in CASES if case.name == "FIN-WAIT-1/owned"]

    assert (refusal(case, DEFAULTS | changed) or "").startswith(cause)
    assert bool(refusal(case, DEFAULTS | changed)) == bool(cause)


@settings(deadline=None, max_examples=40)
@given(accepted)
def test_a_case_reads_nothing_but_what_it_names(settings):
    """For a lifetime that was computed once is told again for every machine that has just these alike."""
    path = path_of(settings)

    assert {case.name: case.compute(case.name, settings, path) for case in CASES} == lifetimes(settings, path)
