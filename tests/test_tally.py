"""From sockets by state, timer and owner to counts by state and kind."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.sockets.sock_diag import ALL_STATES
from tcptune.collect.sockets.tally import (
    NEW_SYN_RECV,
    TIMER_PERSIST,
    TIMER_TIMEWAIT,
    kind_counts,
    kind_of,
    state_counts,
)
from tcptune.facts.vocabulary import KINDS
from tcptune.kernel.states import UNACKNOWLEDGED, TcpState

keys = st.tuples(st.sampled_from(sorted({*TcpState, NEW_SYN_RECV})), st.integers(0, 255), st.booleans())
tallies = st.dictionaries(keys, st.integers(1, 10**9))


def test_a_state_that_was_asked_for_and_not_seen_is_zero():
    """Zero is a count here, because somebody looked; what nobody asked for is absent."""
    asked = frozenset({TcpState.LISTEN, TcpState.CLOSE_WAIT})

    assert {TcpState.LISTEN: 2, TcpState.CLOSE_WAIT: 0} == state_counts({(10, 0, True): 2}, asked)


def test_a_request_socket_is_in_syn_received():
    """NEW_SYN_RECV is the kernel's own name for a handshake without a full socket."""
    found = state_counts({(NEW_SYN_RECV, 1, False): 3, (TcpState.SYN_RECEIVED, 1, True): 1}, ALL_STATES)

    assert 4 == found[TcpState.SYN_RECEIVED]


@pytest.mark.parametrize("state", UNACKNOWLEDGED)
@pytest.mark.parametrize(
    ("timer", "owned", "kind"),
    [
        (1, True, "owned"),
        (1, False, "orphan"),
        (0, False, "orphan"),
        (TIMER_PERSIST, True, "zero_window"),
        (TIMER_PERSIST, False, "zero_window"),
    ],
)
def test_kinds_of_states_that_wait_for_an_ack(state, timer, owned, kind):
    """The persist timer tells a closed window; otherwise the owner decides."""
    assert kind == kind_of(state, timer, owned)


@pytest.mark.parametrize(
    ("timer", "owned", "kind"),
    [
        (TIMER_TIMEWAIT, False, "minisock"),
        (0, True, "owned"),
        (2, False, "orphan"),
        (2, True, "owned"),
    ],
)
def test_kinds_of_fin_wait_2(timer, owned, kind):
    """The timewait timer tells a minisock, an inode an owner; the rest are orphans kept as full sockets."""
    assert kind == kind_of(TcpState.FIN_WAIT_2, timer, owned)


def test_kinds_of_close_wait():
    """Without an inode a socket in CLOSE-WAIT still waits in an accept queue."""
    assert "owned" == kind_of(TcpState.CLOSE_WAIT, 0, True)
    assert "unaccepted" == kind_of(TcpState.CLOSE_WAIT, 0, False)


@pytest.mark.parametrize("state", [TcpState.ESTABLISHED, TcpState.LISTEN, TcpState.TIME_WAIT, NEW_SYN_RECV])
def test_other_states_have_no_kinds(state):
    """Only closing states differ in what ends them."""
    assert kind_of(state, 0, True) is None


def test_kinds_of_an_empty_tally_are_all_zero():
    """Each kind of the vocabulary is counted, and nothing else."""
    assert {f"kinds.{state}.{kind}": 0 for state, kinds in KINDS.items() for kind in kinds} == kind_counts({})


@settings(deadline=None)
@given(tallies)
def test_no_socket_is_lost(tally):
    """The states hold every socket of the tally once."""
    assert sum(tally.values()) == sum(state_counts(tally, ALL_STATES).values())


@settings(deadline=None)
@given(tallies)
def test_the_kinds_of_a_state_add_up_to_it(tally):
    """Each socket of a closing state is of exactly one kind."""
    states, kinds = state_counts(tally, ALL_STATES), kind_counts(tally)

    assert {state: states[TcpState[state]] for state in KINDS} == {
        state: sum(kinds[f"kinds.{state}.{kind}"] for kind in KINDS[state]) for state in KINDS
    }
