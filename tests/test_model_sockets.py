"""The table of sockets: groups made one, cut to the largest, and written as plain data."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.kernel.running_timer import Timer, backoff_of
from tcptune.model.sockets import (
    MOST_GROUPS,
    MOST_TIMERS,
    Group,
    Listener,
    Owner,
    PortUse,
    SocketTable,
    bounded,
    document,
    host,
    is_endpoint,
    merged,
    thinned,
)

APP = Owner(812, "app", 4900, "app.service")
OTHER = Owner(813, "app", 12, "app.service")
NGINX = Owner(99, "nginx", 5, "app.service")
ELSEWHERE = Owner(814, "app", 12, "other.service")
UNIT = Owner(unit="app.service")


def group(count: int = 1, **fields) -> Group:
    """A group of sockets that the application has not closed."""
    usual = Group("CLOSE-WAIT", "owned", count, "10.0.0.5:8000", "10.0.0.9", APP, owned=True)
    return usual._replace(**fields)


def one(*groups: Group) -> Group:
    """All of the groups made one."""
    [found] = merged(groups, lambda _: None)
    return found


def test_a_group_alone_stays_as_it_is():
    """Nothing is lost where nothing is summed."""
    alone = group(3, peers=4, timers=(Timer("on"),), local=None)

    assert alone == one(alone)


def test_groups_that_are_alike_are_summed():
    """Sockets and bytes add up; ends and owner that all share stay."""
    found = one(group(3, recv_q=7, send_q=1, unread=2), group(4, recv_q=5, send_q=2, unread=1))

    assert group(7, recv_q=12, send_q=3, unread=3) == found


def test_what_differs_is_left_open():
    """None says "several", and the peers are counted."""
    rows = [group(remote="10.0.0.9"), group(remote="10.0.0.8"), group(remote="10.0.0.9", local="10.0.0.6:8000")]
    found = one(*rows)

    assert (3, None, None, 2) == (found.sockets, found.local, found.remote, found.peers)


def test_peers_that_were_summed_before_are_not_forgotten():
    """At least as many as the group with the most has."""
    assert 9 == one(group(remote=None, peers=9), group(remote="10.0.0.8")).peers
    assert 1 == one(group(), group()).peers


def test_the_largest_comes_first():
    """By the number of sockets, whatever the order was."""
    rows = [group(1, remote="a"), group(5, remote="b"), group(3, remote="c"), group(3, remote="a")]

    assert [("b", 5), ("a", 4), ("c", 3)] == [
        (found.remote, found.sockets) for found in merged(rows, lambda found: found.remote)
    ]


@pytest.mark.parametrize(
    ("owners", "common"),
    [
        ([APP, APP], APP),
        ([None, None], None),
        ([APP, None], None),
        ([None, APP], None),
        ([APP, OTHER], APP._replace(processes=2)),
        ([APP, OTHER, APP, OTHER], APP._replace(processes=2)),
        ([APP._replace(processes=3), OTHER], APP._replace(processes=4)),
        ([APP, NGINX], UNIT),
        ([APP, UNIT], UNIT),
        ([UNIT, UNIT], UNIT),
        ([APP, ELSEWHERE], None),
        ([APP, Owner(1, "sshd", 5)], None),
        ([Owner(1, "sshd", 5), Owner(2, "sshd", 6)], Owner(1, "sshd", 5, processes=2)),
        ([Owner(1, "sshd"), Owner(2, "nginx")], None),
        ([UNIT, Owner(unit="other.service")], None),
    ],
)
def test_the_owner_of_all(owners, common):
    """Several processes of one command are one owner; of several commands in one unit the unit is."""
    assert common == one(*(group(owner=owner) for owner in owners)).owner


def test_a_table_keeps_its_largest_groups_and_sums_the_rest():
    """By state and kind, and whether anybody has them."""
    many = [group(1000 - n, remote=f"10.0.{n >> 8}.{n & 255}") for n in range(150)]
    few = [Group("TIME-WAIT", "minisock", 2, None, f"10.1.{n >> 8}.{n & 255}", peers=1) for n in range(150)]
    table = bounded(SocketTable((*few, *many), (), None))

    assert MOST_GROUPS + 1 == len(table.groups)
    assert tuple(many) == table.groups[:150]
    assert Group("TIME-WAIT", "minisock", 200, None, None, peers=100) == table.groups[-1]
    assert ((), None) == table[1:]


def test_a_small_table_is_left_alone():
    """Up to the bound nothing changes, not even the order."""
    table = SocketTable(tuple(group(n) for n in range(MOST_GROUPS)), (Listener("::", 80, 0, 5),), ())

    assert table is bounded(table)


timers = st.builds(
    Timer,
    st.sampled_from(["on", "keepalive", "timewait", "persist"]),
    st.one_of(st.none(), st.floats(0, 200)),
    st.one_of(st.none(), st.sampled_from([0.001, 0.204, 0.408, 120.0])),
    st.integers(0, 15),
    st.integers(0, 15),
    st.booleans(),
    st.one_of(st.none(), st.sampled_from([0, 1, 65536])),
)
counts = st.integers(0, 5000)
owners = st.one_of(st.none(), st.sampled_from([APP, OTHER, NGINX, ELSEWHERE, UNIT]))
groups = st.builds(
    Group,
    st.sampled_from(["CLOSE-WAIT", "TIME-WAIT", "FIN-WAIT-1"]),
    st.sampled_from(["owned", "orphan"]),
    counts,
    st.sampled_from([None, "10.0.0.5:80", "10.0.0.5", "[::1]:80"]),
    st.sampled_from([None, "10.0.0.9", "10.0.0.8:443", "::1"]),
    owners,
    counts,
    counts,
    counts,
    st.integers(1, 9),
    st.lists(timers, max_size=4).map(tuple),
    st.booleans(),
)


def nature(found: Group) -> tuple[str, str, bool]:
    """What groups that are summed have in common."""
    return found.state, found.kind, found.owned


def totals(found) -> dict:
    """Sockets and bytes by nature."""
    sums: dict = {}
    for each in found:
        before = sums.get(nature(each), (0, 0, 0, 0))
        mine = (each.sockets, each.recv_q, each.send_q, each.unread)
        sums[nature(each)] = tuple(a + b for a, b in zip(before, mine, strict=True))
    return sums


@settings(deadline=None, max_examples=60)
@given(st.lists(groups, max_size=30), st.integers(0, 12))
def test_a_bounded_table_has_the_totals_of_the_whole_one(some, most):
    """No socket and no byte is lost, and there are few groups more than were asked for."""
    table = bounded(SocketTable(tuple(some)), most)

    assert totals(some) == totals(table.groups)
    assert len(table.groups) <= min(len(some), most + len({nature(each) for each in some}))
    assert (
        sorted((each.sockets for each in some), reverse=True)[:most]
        == [each.sockets for each in (table.groups if len(some) > most else sorted(some, key=lambda g: -g.sockets))][
            :most
        ]
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(groups, max_size=20))
def test_groups_made_one_have_what_all_of_them_share(some):
    """An end or an owner is told only where it is that of every group."""
    for found in merged(some, nature):
        parts = [each for each in some if nature(each) == nature(found)]
        assert found.local is None or {found.local} == {each.local for each in parts}
        assert found.remote is None or {found.remote} == {each.remote for each in parts}
        assert found.owner is None or None not in {each.owner for each in parts}
        assert found.owner is None or {found.owner.unit} == {each.owner.unit for each in parts}
        assert max(each.peers for each in parts) <= found.peers <= sum(each.peers for each in parts)
        assert set(found.timers) <= {timer for each in parts for timer in each.timers}
    assert totals(some) == totals(merged(some, nature))


@settings(deadline=None)
@given(st.lists(timers, max_size=60), st.randoms(use_true_random=False))
def test_few_timers_are_all_kept(some, chance):
    """Each once, in an order that does not depend on theirs."""
    shuffled = list(some)
    chance.shuffle(shuffled)

    assert set(some) == set(thinned(some))
    assert len(set(some)) == len(thinned(some))
    assert thinned(some) == thinned(shuffled)


def test_of_very_many_timers_those_that_can_be_the_first_or_last_to_go_are_kept():
    """The extremes of each step of the back-off, for short RTOs and for long ones."""
    chance = random.Random(1)
    some = [
        Timer("on", chance.uniform(0, 100), 0.2 * 2**backoff * chance.uniform(1, 2), backoff, backoff)
        for backoff in range(10)
        for _ in range(500)
    ]
    kept = thinned(some)

    assert 50 < len(kept) == len(set(kept)) <= MOST_TIMERS
    assert kept == thinned(reversed(some))
    for backoff in range(10):
        of_all = [timer.left for timer in some if timer.backoff == backoff]
        of_kept = [timer.left for timer in kept if timer.backoff == backoff]
        assert (min(of_all), max(of_all)) == (min(of_kept), max(of_kept))
        assert len(of_kept) > 2


def test_more_steps_than_timers_are_thinned_too():
    """No table makes more of them than are kept."""
    kept = thinned(Timer("on", left, 0.2, backoff) for backoff in range(256) for left in range(3))

    assert MOST_TIMERS == len(kept)
    assert kept[0].backoff == 0
    assert all(one.backoff < other.backoff or one.left < other.left for one, other in pairwise(kept))


addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)


@settings(deadline=None)
@given(addresses, st.integers(0, 65535))
def test_an_address_and_its_port_can_be_told_apart(address, port):
    """Whatever the address is, with brackets where it has colons."""
    text = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"

    assert (True, address) == (is_endpoint(text), host(text))
    assert (False, address) == (is_endpoint(address), host(address))


def test_a_table_is_plain_data():
    """Names are those of the fields; what nobody looked for is null, and not empty."""
    timer = Timer("on", 1.5, 0.204, 2, 3, True, 0)
    table = SocketTable(
        (group(3, timers=(timer,)), group(owner=None)),
        (Listener("::", 80, 3, 128, APP), Listener("::1", 81, 0, None)),
        (PortUse("10.0.0.5", None, 9, 8, 7, 6),),
    )
    plain = json.loads(json.dumps(document(table), allow_nan=False))

    assert ["groups", "listeners", "ports"] == list(plain)
    assert list(Group._fields) == list(plain["groups"][0])
    assert timer._asdict() == plain["groups"][0]["timers"][0]
    assert APP._asdict() == plain["groups"][0]["owner"] == plain["listeners"][0]["owner"]
    assert [None, None] == [plain["groups"][1]["owner"], plain["listeners"][1]["owner"]]
    assert [table.ports[0]._asdict()] == plain["ports"]
    assert {"groups": [], "listeners": None, "ports": None} == document(SocketTable())
    assert {"groups": [], "listeners": [], "ports": []} == document(SocketTable((), (), ()))


@pytest.mark.parametrize(
    ("timer", "rto", "left", "retransmits", "backoff"),
    [
        ("on", 0.816, 0.5, 2, 2),
        ("on", 0.204, 0.2, 0, 0),
        ("persist", 0.204, 0.204, 0, 0),
        ("persist", 0.204, 0.3, 0, 1),
        ("persist", 0.2, 0.75, 0, 2),
        ("persist", 0.2, 100.0, 0, 9),
        ("persist", 0.0, 5.0, 0, 0),
        ("persist", 0.2, 0.0, 7, 0),
    ],
)
def test_the_back_off_that_a_source_does_not_tell(timer, rto, left, retransmits, backoff):
    """A retransmitting socket doubled as often as it repeated; a probing one as often as its time to go needs."""
    assert backoff == backoff_of(timer, rto, left, retransmits)


@given(st.floats(0.001, 120), st.floats(0, 2**22))
def test_a_probing_timer_has_no_more_to_go_than_its_back_off_allows(rto, left):
    """And one doubling less would not do."""
    backoff = backoff_of("persist", rto, left, 0)

    assert left <= rto * 2**backoff * 1.001
    assert backoff == 0 or left > rto * 2 ** (backoff - 1) * 0.999
