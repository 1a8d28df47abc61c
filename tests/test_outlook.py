"""What becomes of groups: the worst first, who goes first and last, and why they are there at all."""

from __future__ import annotations

import random
from itertools import product

import pytest
from common import RULE_FILES
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tcptune.collect.sockets.grouping import collect_bins, groups_of, kind_of
from tcptune.collect.sockets.rows import Info, Row
from tcptune.collect.sockets.tally import TIMER_KEEPALIVE, TIMER_PERSIST, TIMER_RETRANSMIT, TIMER_TIMEWAIT
from tcptune.facts.outlook import outlook, outlooks
from tcptune.facts.reasons import REASONS, UNKNOWN, reason
from tcptune.facts.views import VIEWS, view
from tcptune.kernel.lifetimes import FIN_TIMEOUT, HZ, ORPHAN_RETRIES, RETRIES2, SYN_RETRIES, SYNACK_RETRIES
from tcptune.kernel.remaining import remaining
from tcptune.kernel.running_timer import Timer
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import MOST_TIMERS, Group, Owner

DEFAULTS = {ORPHAN_RETRIES: 0, RETRIES2: 15, FIN_TIMEOUT: 60, SYN_RETRIES: 6, SYNACK_RETRIES: 5, HZ: 250}
RULES = {path.stem for path in RULE_FILES}
STATES = {state.rfc: state for state in TcpState}


def group(state: str, kind: str, count: int = 1, *timers: Timer, owned: bool = False) -> Group:
    """Some sockets between two ends."""
    return Group(state, kind, count, "10.0.0.5:8000", "10.0.0.9", timers=timers, owned=owned)


def test_the_worst_comes_first():
    """A program that leaks before a path that fails, before what is worth a look, before what is normal."""
    found = outlooks(
        [
            group("TIME-WAIT", "minisock", 30_000, Timer("timewait", 5.0)),
            group("FIN-WAIT-2", "orphan", 5000, Timer("keepalive", 5.0)),
            group("FIN-WAIT-1", "unanswered", 40, Timer("on", 1.0, 0.408, 1, 1, True)),
            group("LAST-ACK", "orphan", 7000, Timer("on", 0.1, 0.204)),
            group("CLOSE-WAIT", "owned", 2, owned=True),
            group("SYN-SENT", "unanswered", 41, Timer("on", 1.0, unanswered=1), owned=True),
        ],
        DEFAULTS,
        None,
    )

    assert ["CLOSE-WAIT", "SYN-SENT", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "LAST-ACK"] == [
        one.group.state for one in found
    ]
    assert [3, 2, 2, 1, 0, 0] == [one.rank for one in found]


def test_of_equally_bad_ones_the_most_come_first():
    """And those that are as many keep their order."""
    groups = [group("CLOSE-WAIT", "owned", count)._replace(remote=str(n)) for n, count in enumerate((3, 9, 3, 4))]

    assert ["1", "3", "0", "2"] == [one.group.remote for one in outlooks(groups, DEFAULTS, None)]


def test_a_group_without_a_timer_waits_for_its_owner_or_nobody_knows():
    """CLOSE-WAIT and an owned FIN-WAIT-2 never end; of what has no timer that is shown, nothing is told."""
    for state, kind in (("CLOSE-WAIT", "owned"), ("CLOSE-WAIT", "unaccepted"), ("FIN-WAIT-2", "owned")):
        found = outlook(group(state, kind, 5, owned=kind == "owned"), DEFAULTS, None)
        assert ("never", "never") == (found.first.ends, found.last.ends)
    for state, kind in (("FIN-WAIT-2", "orphan"), ("FIN-WAIT-1", "unknown"), ("TIME-WAIT", "minisock")):
        found = outlook(group(state, kind, 5), DEFAULTS, None)
        assert (None, None) == (found.first, found.last)


def test_the_first_and_the_last_are_two_sockets():
    """In between lie all the others."""
    timers = [Timer("timewait", left) for left in (30.0, 2.0, 59.0, 40.0)]
    found = outlook(group("TIME-WAIT", "minisock", 4, *timers), DEFAULTS, None)

    assert 2.0 <= found.first.min <= found.first.max <= 4.1
    assert 59.0 <= found.last.min <= found.last.max <= 61.1


def test_the_one_that_repeats_for_the_longest_need_not_have_the_most_to_go():
    """A socket at its last timer goes before one that has just begun with a short one."""
    begun, ending = Timer("on", 0.01, 0.204), Timer("on", 50.0, 52.224, 8, 8, True)
    found = outlook(group("FIN-WAIT-1", "unanswered", 2, begun, ending), DEFAULTS, None)

    assert 50 <= found.first.min <= found.first.max < 60
    assert 100 <= found.last.min <= found.last.max < 110


def test_one_that_never_ends_among_others_is_the_last():
    """The first is the first of those that end."""
    answered, silent = Timer("persist", 1.0, 0.204, 3, 0), Timer("persist", 1.0, 0.204, 3, 3)
    machine = DEFAULTS | {RETRIES2: 8}
    found = outlook(group("FIN-WAIT-1", "zero-window", 2, answered, silent), machine, None)

    assert "never" == found.last.ends
    assert found.first.expected == remaining(TcpState.FIN_WAIT_1, False, silent, machine, None).expected


def test_where_no_socket_ends_both_are_never():
    """However many timers there are."""
    timers = [Timer("persist", left, 0.204, 3, 0) for left in (0.1, 0.5, 1.5)]
    found = outlook(group("FIN-WAIT-1", "zero-window", 3, *timers, owned=True), DEFAULTS, None)

    assert ("never", "never") == (found.first.ends, found.last.ends)


def test_where_one_cannot_be_told_none_is():
    """A last that is known may not be the last."""
    timers = [Timer("on", 0.1, 0.204), Timer("on", None, 0.204)]
    found = outlook(group("FIN-WAIT-1", "orphan", 2, *timers), DEFAULTS, None)

    assert (None, None) == (found.first, found.last)


def test_the_settings_decide():
    """The same group lives shorter where the retries are fewer."""
    some = group("FIN-WAIT-1", "unanswered", 1, Timer("on", 0.1, 0.408, 1, 1, True))

    assert 100 < outlook(some, DEFAULTS, None).last.expected
    assert outlook(some, DEFAULTS | {ORPHAN_RETRIES: 3}, None).last.expected < 7
    assert 900 < outlook(some._replace(owned=True), DEFAULTS | {ORPHAN_RETRIES: 3}, None).last.expected


ORPHANS = {TcpState.FIN_WAIT_1, TcpState.CLOSING, TcpState.LAST_ACK}

SHOWN: dict[TcpState, tuple[tuple[bool, ...], tuple[int, ...]]] = {
    **dict.fromkeys(ORPHANS, ((True, False), (TIMER_RETRANSMIT, TIMER_PERSIST))),
    TcpState.TIME_WAIT: ((False,), (TIMER_TIMEWAIT,)),
    TcpState.SYN_RECEIVED: ((False,), (TIMER_RETRANSMIT,)),
    TcpState.SYN_SENT: ((True,), (TIMER_RETRANSMIT,)),
}
"""The states whose owners and timers go together in any way, and what they can be."""


def kinds_of_the_kernel() -> set[tuple[str, str]]:
    """Every state and kind that a socket of a kernel can be told as, by a source that shows all or less."""
    found = set()

    def told(state: TcpState, timer: int, owned: bool) -> None:
        for owners_known, timers_known, unanswered, window in product((True, False), (True, False), (0, 1), (None, 5)):
            shown = timer if timers_known else 0
            timers = [Timer("persist", 1.0, 0.204, window=window)] if shown == TIMER_PERSIST else []
            known = owned if owners_known else None
            found.add((state.rfc, kind_of(state, shown, known, bool(unanswered), timers, timers_known)))

    for state, (owners, timers) in SHOWN.items():
        for owned, timer in product(owners, timers):
            told(state, timer, owned)
    for timer in (0, TIMER_RETRANSMIT, TIMER_KEEPALIVE, TIMER_PERSIST):
        told(TcpState.CLOSE_WAIT, timer, True)
    told(TcpState.CLOSE_WAIT, 0, False)
    told(TcpState.FIN_WAIT_2, 0, True)
    for timer in (TIMER_KEEPALIVE, TIMER_TIMEWAIT):
        told(TcpState.FIN_WAIT_2, timer, False)
    return found


def test_every_kind_has_a_reason():
    """No group is shown without a word, and no word waits for a group that cannot be."""
    assert kinds_of_the_kernel() == set(REASONS)
    for state, kind in REASONS:
        why, rank, _ = reason(state, kind)
        assert why.strip()
        assert why[0].islower()
        assert not why.endswith(".")
        assert rank in range(4)


def test_every_rule_that_a_reason_names_exists():
    """`tcptune explain` has a page for it."""
    named = {known.rule for known in REASONS.values() if known.rule is not None}

    assert named <= RULES
    assert len(named) >= 8


def test_a_kind_that_is_not_known_is_normal_and_says_nothing():
    """A snapshot of a later version may have some."""
    assert UNKNOWN == reason("CLOSE-WAIT", "sleeping") == reason("ESTABLISHED", "owned")
    found = outlook(group("CLOSE-WAIT", "\x1b[2J", 3), DEFAULTS, None)

    assert ("", 0, None) == (found.why, found.rank, found.rule)


lefts = st.floats(0.0, 1.0)
fins = st.builds(
    lambda rto, backoff, part: Timer("on", rto * 2**backoff * part, rto * 2**backoff, backoff, backoff, True),
    st.sampled_from([0.201, 0.204, 0.252, 0.36]),
    st.integers(0, 8),
    lefts,
)  # fmt: skip
probes = st.builds(
    lambda rto, backoff, part, unanswered: Timer("persist", rto * 2**backoff * part, rto, backoff, unanswered),
    st.sampled_from([0.204, 0.208, 0.376]),
    st.integers(0, 8),
    lefts,
    st.sampled_from([0, 0, 1, 3, 7]),
)
minisocks = st.builds(lambda part: Timer("timewait", 60 * part), lefts)
handshakes = st.builds(lambda count, part: Timer("on", 2**count * part, unanswered=count), st.integers(0, 5), lefts)
mixed = st.one_of(
    st.tuples(st.sampled_from(["FIN-WAIT-1", "CLOSING", "LAST-ACK"]), st.lists(fins, min_size=1, max_size=12)),
    st.tuples(st.sampled_from(["FIN-WAIT-1", "LAST-ACK"]), st.lists(probes, min_size=1, max_size=12)),
    st.tuples(st.sampled_from(["TIME-WAIT", "FIN-WAIT-2"]), st.lists(minisocks, min_size=1, max_size=12)),
    st.tuples(st.sampled_from(["SYN-SENT", "SYN-RECEIVED"]), st.lists(handshakes, min_size=1, max_size=12)),
)
machines = st.fixed_dictionaries(
    {ORPHAN_RETRIES: st.integers(0, 10), RETRIES2: st.integers(3, 15), HZ: st.sampled_from([100, 250, 1000])}
)


@settings(deadline=None, max_examples=60)
@given(mixed, st.booleans(), machines)
def test_the_first_and_the_last_are_those_of_all_timers(some, owned, machine):
    """A guess for each timer finds what a close look at all of them does, give or take how late timers are."""
    state, timers = some
    found = outlook(group(state, "any", len(timers), *timers, owned=owned), machine, None)
    lives = [remaining(STATES[state], owned, timer, machine, None) for timer in timers]
    ending = [life.expected for life in lives if life.expected is not None]
    assume(ending)
    late = max(life.max - life.min for life in lives if life.expected is not None)

    assert found.first in lives
    assert found.last in lives
    assert min(ending) <= found.first.expected <= min(ending) + late
    if len(ending) < len(lives):
        assert "never" == found.last.ends
    else:
        assert max(ending) - late <= found.last.expected <= max(ending)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_of_a_crowd_tells_its_first_and_last(seed):
    """A group keeps few of its timers, and is off by less than a tenth of the whole range.

    The RTOs are those of round trips of up to 130 ms. Above, the limit of 102 s falls upon one of the timers, and
    sockets that look alike differ by as much as they have lived.
    """
    chance = random.Random(seed)
    address = b"\x0a\x00\x00\x05".ljust(16, b"\0")
    rows, timers = [], []
    for _ in range(400):
        backoff = chance.randint(1, 7)
        rto = chance.uniform(0.204, 0.33) * 2**backoff
        expires = int(chance.uniform(0, rto) * 1000)
        row = Row(2, 4, TIMER_RETRANSMIT, backoff, b"\x1f\x90", b"\x9c\x40", address, address, expires, 0, 1, 0, 0)
        rows.append((tuple(row), 0, Info(rto, backoff, 0, True, 500)))
        timers.append(Timer("on", expires / 1000, rto, backoff, backoff, True, 500))
    [some] = groups_of(collect_bins(rows, set(), {}, range(0)))
    found = outlook(some, DEFAULTS, None)
    guesses = [remaining(TcpState.FIN_WAIT_1, False, timer, DEFAULTS, None, phases=4).expected for timer in timers]
    first, last = min(guesses), max(guesses)
    allowed = 0.1 * (last - first)

    assert 40 < len(some.timers) <= MOST_TIMERS
    assert first - 1.0 <= found.first.expected <= first + allowed
    assert last - allowed <= found.last.expected <= last + 1.0


def sockets_at(remote: str | None, local: str | None, owner: Owner | None, count: int = 1) -> Group:
    """Sockets in CLOSE-WAIT."""
    return Group("CLOSE-WAIT", "owned", count, local, remote, owner, owned=True)


APP, NGINX = Owner(812, "app", 9, "app.service"), Owner(99, "nginx", 9, "nginx.service")
SOME = [
    sockets_at("10.0.0.9", "10.0.0.5:8000", APP, 4),
    sockets_at("10.0.0.8", "10.0.0.5:8000", APP, 3),
    sockets_at("10.0.0.8", "10.0.0.5:8001", NGINX, 2),
    sockets_at("10.0.0.9:443", "10.0.0.5", APP, 1),
    sockets_at("10.0.0.9:443", "10.0.0.6", APP, 1),
    sockets_at("[2001:db8::9]:443", "2001:db8::5", None, 1),
]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (
            "place",
            {
                ("10.0.0.5:8000", None, APP): 7,
                ("10.0.0.5:8001", "10.0.0.8", NGINX): 2,
                (None, "10.0.0.9:443", APP): 2,
                ("2001:db8::5", "[2001:db8::9]:443", None): 1,
            },
        ),
        (
            "peer",
            {
                (None, "10.0.0.9", APP): 6,
                (None, "10.0.0.8", None): 5,
                ("2001:db8::5", "2001:db8::9", None): 1,
            },
        ),
        (
            "owner",
            {
                (None, None, APP): 9,
                ("10.0.0.5:8001", "10.0.0.8", NGINX): 2,
                ("2001:db8::5", "[2001:db8::9]:443", None): 1,
            },
        ),
        (
            "listener",
            {("10.0.0.5:8000", None, APP): 7, ("10.0.0.5:8001", "10.0.0.8", NGINX): 2, (None, None, None): 3},
        ),
    ],
)
def test_the_same_sockets_by_each_view(by, expected):
    """Each puts together what differs elsewhere, and loses none."""
    assert expected == {(one.local, one.remote, one.owner): one.sockets for one in view(SOME, by)}
    assert by in VIEWS


@given(st.sampled_from(sorted(VIEWS)), st.lists(st.sampled_from(SOME), max_size=12))
def test_no_view_loses_a_socket(by, some):
    """Nor mixes states, kinds, or what is owned with what is not."""
    other = [one._replace(state="FIN-WAIT-2", owned=False) for one in some[::2]]
    found = view([*some, *other], by)

    assert sum(one.sockets for one in [*some, *other]) == sum(one.sockets for one in found)
    assert {(one.state, one.owned) for one in found} == {(one.state, one.owned) for one in [*some, *other]}
