"""The sockets of a stored snapshot: what was written comes back, and foreign data never does harm."""

from __future__ import annotations

import json
import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.sockets.socket_document import MOST, STATES, read
from tcptune.facts.outlook import outlooks
from tcptune.kernel.lifetimes import ACCEPTED, LOWEST
from tcptune.kernel.running_timer import Timer
from tcptune.kernel.timeouts import Lifetime
from tcptune.model.sockets import (
    MOST_GROUPS,
    MOST_TIMERS,
    Group,
    Listener,
    Owner,
    PortUse,
    SocketTable,
    document,
)

PLAIN = {"state": "FIN-WAIT-1", "kind": "orphan", "sockets": 5}
RUNNING = {"name": "on", "left": 1.5, "rto": 0.204}

counts = st.integers(0, 2**53 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
maybe = st.one_of(st.none(), texts)
owners = st.one_of(
    st.none(), st.builds(Owner, st.one_of(st.none(), counts), maybe, st.one_of(st.none(), counts), maybe, counts)
)
timers = st.builds(
    Timer,
    st.one_of(st.sampled_from(["on", "keepalive", "timewait", "persist"]), texts),
    st.one_of(st.none(), st.floats(0, 10**7)),
    st.one_of(st.none(), st.floats(0.001, 1000)),
    st.integers(0, 255),
    st.integers(0, 255),
    st.booleans(),
    st.one_of(st.none(), counts),
)
groups = st.builds(
    Group,
    st.sampled_from(sorted(STATES)),
    texts,
    counts,
    maybe,
    maybe,
    owners,
    counts,
    counts,
    counts,
    counts,
    st.lists(timers, max_size=5).map(tuple),
    st.booleans(),
)
ports = st.integers(0, 65535)
tables = st.builds(
    SocketTable,
    st.lists(groups, max_size=4).map(tuple),
    st.one_of(
        st.none(),
        st.lists(
            st.builds(Listener, texts, ports, counts, st.one_of(st.none(), counts), owners), max_size=3
        ).map(tuple),
    ),
    st.one_of(
        st.none(), st.lists(st.builds(PortUse, texts, maybe, *[counts] * 5), max_size=3).map(tuple)
    ),
)  # fmt: skip


def through_json(plain: object) -> object:
    """The same after the way through a file."""
    return json.loads(json.dumps(plain))


def kept(**changed: object) -> tuple[Group | None, str | None]:
    """What becomes of one group with some of its fields changed, and the gap that it leaves."""
    table, gaps = read({"groups": [PLAIN | changed]})

    assert table is not None
    assert set(gaps) <= {"sockets.groups"}
    return table.groups[0] if table.groups else None, gaps.get("sockets.groups")


def kept_timer(**changed: object) -> Timer | None:
    """What becomes of a timer with some of its fields changed; None where its group was left out with a reason."""
    group, gap = kept(timers=[RUNNING | changed])

    assert (group is None) == (gap is not None)
    return None if group is None else group.timers[0]


@settings(deadline=None, max_examples=60)
@given(tables)
def test_what_was_written_comes_back(table):
    """Every field of every entry, and what nobody looked for."""
    assert (table, {}) == read(through_json(document(table)))


def test_no_sockets_are_no_table():
    """A snapshot from a machine where nobody looked at sockets has none, and that is no gap."""
    assert (None, {}) == read(None)


def test_fields_of_later_versions_are_let_pass():
    """What is not known is not read, and what is missing has its default."""
    plain = {"groups": [PLAIN | {"colour": "red", "timers": [RUNNING | {"delack": 1}]}], "more": 1}

    assert (SocketTable((Group("FIN-WAIT-1", "orphan", 5, None, None, timers=(Timer("on", 1.5, 0.204),)),)), {}) == (
        read(plain)
    )


@pytest.mark.parametrize("wrong", [[], "", "sockets", 0, 1, 1.5, True, math.nan])
def test_what_is_no_object_is_no_table(wrong):
    """The gap says so."""
    assert (None, {"sockets": "not an object; the list of sockets was left out"}) == read(wrong)


@pytest.mark.parametrize("name", ["groups", "listeners", "ports"])
@pytest.mark.parametrize("wrong", [{}, "", "text", 0, 7, 1.5, True])
def test_what_is_no_list_is_left_out(name, wrong):
    """The other lists are read all the same."""
    table, gaps = read({"groups": [PLAIN], name: wrong})

    assert table is not None
    assert {f"sockets.{name}": "not a list; left out"} == gaps
    assert (name == "groups") == (table.groups == ())


@pytest.mark.parametrize("wrong", [None, [], "", 5, 1.5, True, {}, {"state": "FIN-WAIT-1"}])
@pytest.mark.parametrize("name", ["groups", "listeners", "ports"])
def test_an_entry_of_another_shape_is_left_out_and_counted(name, wrong):
    """Those beside it stay."""
    whole = {
        "groups": PLAIN,
        "listeners": {"address": "::", "port": 80, "waiting": 0},
        "ports": {"local": "::1", "sockets": 5, "ports": 5, "time_wait": 0},
    }[name]
    table, gaps = read({name: [whole, wrong, whole]})

    assert 2 == len(getattr(table, name))
    assert [f"sockets.{name}"] == list(gaps)
    assert gaps[f"sockets.{name}"].startswith("1 of 3 entries were left out (")


@pytest.mark.parametrize("name", ["sockets", "recv_q", "send_q", "unread", "peers"])
@pytest.mark.parametrize(
    "wrong", [-1, 2**53, 10**400, 1.0, 1.5, math.nan, math.inf, True, False, "5", "", None, [], {}]
)
def test_a_count_is_a_natural_number(name, wrong):
    """1.0 is none, nor is true, nor text; nothing is guessed."""
    group, gap = kept(**{name: wrong})

    assert group is None
    assert f"({name}: " in (gap or "")


@pytest.mark.parametrize("wrong", ["", "fin-wait-1", "ESTAB", "BOUND", "FIN_WAIT_1", "X" * 10**6, None, 4, True])
def test_a_state_that_tcp_does_not_have_is_said(wrong):
    """No socket disappears without a word."""
    group, gap = kept(state=wrong)

    assert group is None
    assert "1 of 1 entries were left out (state: " in (gap or "")


@pytest.mark.parametrize("name", ["kind", "local", "remote"])
@pytest.mark.parametrize("wrong", [5, True, [], {}, "x" * 301, "\ud800"])
def test_text_is_text(name, wrong):
    """Not too long, and not half of a surrogate pair, which no terminal and no file could take."""
    assert kept(**{name: wrong})[0] is None


@pytest.mark.parametrize("wrong", [-1, -1e-9, math.nan, math.inf, -math.inf, 10**8, 10**400, True, "1", [], {}])
def test_a_time_to_go_is_a_number_of_seconds(wrong):
    """Not below zero, and not for months."""
    assert kept_timer(left=wrong) is None


@pytest.mark.parametrize("wrong", [0, 0.0, 1e-9, -1, 1001, math.nan, math.inf, True, "0.204", 10**400])
def test_an_rto_is_one_that_a_kernel_can_have(wrong):
    """An RTO of nothing would have the model double it for ever."""
    assert kept_timer(rto=wrong) is None


@pytest.mark.parametrize("name", ["backoff", "unanswered"])
@pytest.mark.parametrize("wrong", [-1, 256, 10**9, 10**400, 1.0, True, None, "1", math.nan])
def test_a_count_of_doublings_is_a_byte(name, wrong):
    """A billion of them would take the model a while."""
    assert kept_timer(**{name: wrong}) is None


@pytest.mark.parametrize(
    ("changed", "timer"),
    [
        ({}, Timer("on", 1.5, 0.204)),
        ({"left": None, "rto": None}, Timer("on")),
        ({"left": 0, "rto": 1}, Timer("on", 0.0, 1.0)),
        ({"left": -0.0, "backoff": 255, "unanswered": 255}, Timer("on", 0.0, 0.204, 255, 255)),
        ({"window": 0, "tail_probed": True}, Timer("on", 1.5, 0.204, 0, 0, True, 0)),
        ({"name": "\x1b[2J"}, Timer("\x1b[2J", 1.5, 0.204)),
    ],
)
def test_a_timer_that_can_be_is_taken(changed, timer):
    """A whole number of seconds is one too."""
    assert timer == kept_timer(**changed)


def test_more_timers_than_are_written_are_not_read():
    """`collect` thins them; whoever does not is not believed."""
    assert MOST_TIMERS == len(kept(timers=[RUNNING] * MOST_TIMERS)[0].timers)
    assert kept(timers=[RUNNING] * (MOST_TIMERS + 1))[0] is None


def test_a_million_entries_end_and_are_counted():
    """What is beyond the bound is not looked at, and said."""
    begun = time.monotonic()
    table, gaps = read({"groups": [None] * 10**6, "listeners": [PLAIN] * 10**6, "ports": [[]] * 10**6})

    assert time.monotonic() - begun < 10
    assert SocketTable((), (), ()) == table
    assert {"groups", "listeners", "ports"} == {name.removeprefix("sockets.") for name in gaps}
    assert all(why.startswith("1000000 of 1000000 entries were left out (") for why in gaps.values())


def test_very_many_groups_are_summed():
    """As a look at a machine does it; sockets that were read are not lost."""
    table, gaps = read({"groups": [PLAIN | {"remote": f"10.0.{n >> 8}.{n & 255}"} for n in range(MOST + 5)]})

    assert table is not None
    assert 2 * MOST_GROUPS + 1 == len(table.groups)
    assert 5 * MOST == sum(group.sockets for group in table.groups)
    assert {"sockets.groups": f"5 of {MOST + 5} entries were left out"} == gaps


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-1, 300),
    st.floats(),
    st.sampled_from([10**400, -(10**400), 2**53, 10**9, math.nan, math.inf, -math.inf, "1", "", "\ud800", "\x1b[2J"]),
    st.text(max_size=5),
    *[st.sampled_from(sorted(STATES)), st.sampled_from(["on", "persist", "timewait", "keepalive"])],
)
names = st.one_of(
    st.sampled_from(
        sorted({*Group._fields, *Timer._fields, *Owner._fields, *Listener._fields, *PortUse._fields, "groups"})
    ),
    st.text(max_size=5),
)
wild = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(names, inner, max_size=5)),
    max_leaves=20,
)
right = tables.map(document)


@st.composite
def spoilt(draw) -> object:
    """A table as it is written, with some of it replaced by anything."""
    plain = draw(right)
    for _ in range(draw(st.integers(1, 3))):
        place = plain
        while draw(st.integers(0, 3)) and isinstance(place, dict | list) and place:
            key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if not isinstance(place[key], dict | list) or not place[key]:
                place[key] = draw(wild)
                break
            place = place[key]
        else:
            if isinstance(place, dict) and place:
                place[draw(st.sampled_from(sorted(place)))] = draw(wild)
    return plain


kernel_settings = st.fixed_dictionaries(
    {}, optional={name: st.integers(LOWEST[name] - 1, ACCEPTED[name].high + 1) for name in LOWEST}
)


@settings(deadline=None, max_examples=80)
@given(st.one_of(wild, spoilt(), st.dictionaries(st.sampled_from(["groups", "listeners", "ports"]), wild)))
def test_anything_is_read_or_said(plain):
    """No exception whatever stands where; each list has its entries, or a gap."""
    table, gaps = read(plain)

    if table is None:
        assert plain is None or list(gaps) == ["sockets"]
        return
    for name in ("groups", "listeners", "ports"):
        entries = plain.get(name)
        if isinstance(entries, list) and f"sockets.{name}" not in gaps:
            assert len(entries) == len(getattr(table, name))
    json.dumps(document(table), allow_nan=False).encode()


@settings(deadline=None, max_examples=40)
@given(st.one_of(tables, spoilt().map(read).map(lambda found: found[0] or SocketTable())), kernel_settings)
def test_whatever_was_read_has_an_outlook(table, given_settings):
    """Each group has a future or none that is known, and the first does not go after the last.

    Where only some of its sockets tell theirs, the last may be known to stay for ever, and the first is not known.
    """
    found = outlooks(table.groups, given_settings, None)

    assert len(table.groups) == len(found)
    for outlook in found:
        ends = [life for life in (outlook.first, outlook.last) if life is not None]
        assert outlook.first is None or outlook.last is not None
        assert all(isinstance(life, Lifetime) for life in ends)
        assert all(life.expected is None or 0 <= life.expected < math.inf for life in ends)
        assert len(ends) < 2 or (ends[0].min or 0.0) <= (math.inf if ends[1].max is None else ends[1].max)


def test_the_slowest_table_ends():
    """Every timer as far from its end as the settings allow, in as many groups as one looks at on a screen."""
    table, gaps = read(
        {
            "groups": [
                PLAIN
                | {
                    "sockets": 100 - n,
                    "owned": n % 2 == 0,
                    "state": ("FIN-WAIT-1", "SYN-SENT", "CLOSING", "LAST-ACK")[n % 4],
                    "timers": [
                        {
                            "name": ("on", "on", "persist", "persist")[n % 4],
                            "left": step / 7,
                            "rto": 0.001 + step / 1000,
                        }
                        for step in range(MOST_TIMERS)
                    ],
                }
                for n in range(4)
            ]
        }
    )
    slowest = {name: accepted.high for name, accepted in ACCEPTED.items()} | {"net.ipv4.tcp_rto_min_us": 1}
    begun = time.monotonic()

    assert ({}, 4) == (gaps, len(outlooks(table.groups, slowest, None)))
    assert time.monotonic() - begun < 10
