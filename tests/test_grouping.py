"""From single sockets to groups: who called whom, what ends them, who holds them; and nothing gets lost."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import product
from socket import AF_INET, AF_INET6

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.sockets import grouping
from tcptune.collect.sockets.grouping import TIMERS, address, collect_bins, groups_of, host_text, tally_of
from tcptune.collect.sockets.rows import Info, Row, Seen
from tcptune.collect.sockets.tally import (
    NEW_SYN_RECV,
    TIMER_KEEPALIVE,
    TIMER_PERSIST,
    TIMER_RETRANSMIT,
    TIMER_TIMEWAIT,
)
from tcptune.kernel.running_timer import Timer
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import MOST_TIMERS, Group, Owner

EPHEMERAL = range(32768, 61000)
NONE = 0


def packed(text: str) -> bytes:
    """An address as the kernel has it."""
    return ip_address(text).packed.ljust(16, b"\0")


def sock(local: str = "10.0.0.5:8000", remote: str = "10.0.0.9:40000", cgroup: int = 0, info=None, **fields) -> Seen:
    """One socket by the text of its ends."""
    (here, _, port), (there, _, far_port) = local.rpartition(":"), remote.rpartition(":")
    row = Row(
        AF_INET6 if ":" in here else AF_INET,
        fields.get("state", TcpState.CLOSE_WAIT),
        fields.get("timer", NONE),
        fields.get("unanswered", 0),
        int(port).to_bytes(2, "big"),
        int(far_port).to_bytes(2, "big"),
        packed(here),
        packed(there),
        fields.get("expires", 0),
        fields.get("recv_q", 0),
        fields.get("send_q", 0),
        0,
        fields.get("inode", 0),
    )
    return tuple(row), cgroup, info


def grouped(*rows: Seen, listening=(), owners=None, ports=EPHEMERAL, unit=lambda _: None) -> tuple[Group, ...]:
    """The groups of some sockets."""
    doors = {port.to_bytes(2, "big") for port in listening}
    return groups_of(collect_bins(rows, doors, owners or {}, ports), unit)


def ends(*rows: Seen, **how) -> set[tuple[str | None, str | None, int]]:
    """Local and remote end of each group, and how many sockets it has."""
    return {(group.local, group.remote, group.sockets) for group in grouped(*rows, **how)}


def test_the_peers_port_of_those_who_called_means_nothing():
    """A port that is listened on was called, whatever the range of local ports says."""
    rows = [sock("10.0.0.5:40000", f"10.0.0.9:{port}") for port in (1024, 40001, 65535)]

    assert {("10.0.0.5:40000", "10.0.0.9", 3)} == ends(*rows, listening=[40000])


def test_the_own_port_of_those_who_call_means_nothing():
    """What was called is the destination, with its port."""
    rows = [sock(f"10.0.0.5:{port}", "10.0.0.9:443") for port in (32768, 40000, 60999)]

    assert {("10.0.0.5", "10.0.0.9:443", 3)} == ends(*rows, listening=[22])


@pytest.mark.parametrize(
    ("port", "far_port", "called"),
    [
        (8000, 40000, True),
        (8000, 32768, True),
        (8000, 60999, True),
        (61000, 60999, True),
        (32767, 32768, True),
        (8000, 61000, False),
        (8000, 32767, False),
        (80, 22, False),
        (40000, 40001, False),
        (40000, 443, False),
    ],
)
def test_a_listener_that_is_gone_is_told_by_the_ports(port, far_port, called):
    """A port that connect() does not choose, talking to one that it does, was called."""
    rows = [sock(f"10.0.0.5:{port}", f"10.0.0.9:{far_port}")]
    expected = (f"10.0.0.5:{port}", "10.0.0.9", 1) if called else ("10.0.0.5", f"10.0.0.9:{far_port}", 1)

    assert {expected} == ends(*rows)


def test_peers_destinations_and_own_addresses_tell_groups_apart():
    """Each door and each destination is a group of its own for each peer."""
    rows = [
        sock("10.0.0.5:8000", "10.0.0.9:40000"),
        sock("10.0.0.5:8000", "10.0.0.9:40001"),
        sock("10.0.0.5:8000", "10.0.0.8:40000"),
        sock("10.0.0.6:8000", "10.0.0.9:40000"),
        sock("10.0.0.5:8001", "10.0.0.9:40000"),
        sock("10.0.0.5:50000", "10.0.0.9:443"),
        sock("10.0.0.5:50000", "10.0.0.9:444"),
    ]

    assert {
        ("10.0.0.5:8000", "10.0.0.9", 2),
        ("10.0.0.5:8000", "10.0.0.8", 1),
        ("10.0.0.6:8000", "10.0.0.9", 1),
        ("10.0.0.5:8001", "10.0.0.9", 1),
        ("10.0.0.5", "10.0.0.9:443", 1),
        ("10.0.0.5", "10.0.0.9:444", 1),
    } == ends(*rows, listening=[8000, 8001])


def test_ipv6_has_brackets_where_it_has_a_port():
    """An IPv4 address on an IPv6 socket is one of IPv4 to everybody else."""
    rows = [
        sock("2001:db8::5:8000", "2001:db8::9:40000"),
        sock("::ffff:10.0.0.5:8000", "::ffff:10.0.0.9:40000"),
        sock("::1:50000", "::1:443"),
    ]

    assert {
        ("[2001:db8::5]:8000", "2001:db8::9", 1),
        ("10.0.0.5:8000", "10.0.0.9", 1),
        ("::1", "[::1]:443", 1),
    } == ends(*rows, listening=[8000])


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_reads_the_same_on_either_socket(host):
    """Mapped or not, a person knows it by its four numbers."""
    mapped = bytes(10) + b"\xff\xff" + host.packed

    assert str(host) == host_text(AF_INET, host.packed.ljust(16, b"\0")) == host_text(AF_INET6, mapped)


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_reads_back(host):
    """The text is that of the address, in its short form."""
    text = host_text(AF_INET6, host.packed)

    assert (host.ipv4_mapped or host) == ip_address(text)
    assert text.lower() == text
    assert (None if host.packed == bytes(16) else text) == address(AF_INET6, host.packed, b"")


def test_several_addresses_are_none():
    """Where no address is kept and no port either, there is nothing to show."""
    assert address(AF_INET, grouping.NOWHERE, b"") is None
    assert "0.0.0.0:80" == address(AF_INET, grouping.NOWHERE, b"\0\x50")


def kind(state: TcpState | int, **fields) -> str:
    """What ends a socket."""
    [group] = grouped(sock(state=state, **fields))
    return group.kind


def told(window: int | None, probes: int = 0) -> Info:
    """A tcp_info of a peer with such a window."""
    return Info(0.204, 0, probes, False, window)


@pytest.mark.parametrize("state", [TcpState.FIN_WAIT_1, TcpState.CLOSING, TcpState.LAST_ACK])
def test_what_ends_a_socket_whose_fin_is_not_acknowledged(state):
    """Orphan or owned, repeating or not, a closed window or a FIN that could not leave."""
    assert "orphan" == kind(state, timer=TIMER_RETRANSMIT)
    assert "owned" == kind(state, timer=TIMER_RETRANSMIT, inode=5)
    assert "unanswered" == kind(state, timer=TIMER_RETRANSMIT, unanswered=1)
    assert "unanswered" == kind(state, timer=TIMER_RETRANSMIT, unanswered=1, inode=5)
    assert "zero-window" == kind(state, timer=TIMER_PERSIST, info=told(0))
    assert "zero-window" == kind(state, timer=TIMER_PERSIST, info=told(None))
    assert "zero-window" == kind(state, timer=TIMER_PERSIST, unanswered=3, inode=5)
    assert "unsent" == kind(state, timer=TIMER_PERSIST, info=told(65536))


def test_what_ends_a_socket_in_the_other_states():
    """A minisock has its own timer; who never accepted a connection has no descriptor of it."""
    assert "minisock" == kind(TcpState.TIME_WAIT, timer=TIMER_TIMEWAIT)
    assert "minisock" == kind(TcpState.FIN_WAIT_2, timer=TIMER_TIMEWAIT)
    assert "orphan" == kind(TcpState.FIN_WAIT_2, timer=TIMER_KEEPALIVE)
    assert "owned" == kind(TcpState.FIN_WAIT_2, inode=5)
    assert "minisock" == kind(TcpState.SYN_RECEIVED, timer=TIMER_RETRANSMIT, unanswered=2)
    assert "minisock" == kind(NEW_SYN_RECV, timer=TIMER_RETRANSMIT)
    assert "owned" == kind(TcpState.SYN_SENT, timer=TIMER_RETRANSMIT, inode=5)
    assert "unanswered" == kind(TcpState.SYN_SENT, timer=TIMER_RETRANSMIT, unanswered=1, inode=5)
    assert "owned" == kind(TcpState.CLOSE_WAIT, inode=5)
    assert "owned" == kind(TcpState.CLOSE_WAIT, inode=5, timer=TIMER_KEEPALIVE, unanswered=4)
    assert "unaccepted" == kind(TcpState.CLOSE_WAIT)
    assert "unanswered" == kind(TcpState.CLOSE_WAIT, inode=5, timer=TIMER_RETRANSMIT, unanswered=1)
    assert "zero-window" == kind(TcpState.CLOSE_WAIT, inode=5, timer=TIMER_PERSIST)
    assert "unaccepted" == kind(TcpState.ESTABLISHED)


def test_a_kind_that_a_source_does_not_show_is_unknown():
    """A text may lack the owners, or the timers; what needs neither is told all the same."""

    def kinds(owners_known: bool, timers_known: bool, **fields) -> str:
        bins = collect_bins([sock(**fields)], set(), {}, EPHEMERAL)
        [group] = groups_of(bins, owners_known=owners_known, timers_known=timers_known)
        return group.kind

    leak = {"state": TcpState.CLOSE_WAIT}
    repeating = {"state": TcpState.FIN_WAIT_1, "timer": TIMER_RETRANSMIT, "unanswered": 1}

    assert ("unaccepted", "unknown") == (kinds(True, False, **leak), kinds(False, False, **leak))
    assert ("owned", "owned") == (kinds(True, True, **leak, inode=5), kinds(False, False, **leak, inode=5))
    assert "unanswered" == kinds(False, True, **repeating)
    assert "unknown" == kinds(True, False, state=TcpState.FIN_WAIT_1)
    assert "minisock" == kinds(False, False, state=TcpState.TIME_WAIT)


def test_a_request_socket_is_syn_received():
    """The kernel has a number of its own for it since 4.4."""
    [group] = grouped(sock(state=NEW_SYN_RECV), sock(state=TcpState.SYN_RECEIVED), listening=[8000])[:1]

    assert "SYN-RECEIVED" == group.state


def test_kinds_are_groups_of_their_own():
    """What ends sockets in different ways is not summed."""
    rows = [
        sock(state=TcpState.LAST_ACK, timer=TIMER_RETRANSMIT),
        sock(state=TcpState.LAST_ACK, timer=TIMER_RETRANSMIT, unanswered=1),
        sock(state=TcpState.LAST_ACK, timer=TIMER_RETRANSMIT, unanswered=2),
        sock(state=TcpState.LAST_ACK, timer=TIMER_PERSIST),
        sock(state=TcpState.LAST_ACK, timer=TIMER_RETRANSMIT, inode=5),
    ]

    assert {"orphan": 1, "unanswered": 2, "zero-window": 1, "owned": 1} == {
        group.kind: group.sockets for group in grouped(*rows)
    }


APP, OTHER = Owner(812, "app", 4900, "app.service"), Owner(813, "app", 12, "app.service")


def test_a_process_is_the_owner_where_it_is_known_else_the_unit():
    """An inode leads to the process, a cgroup to the unit, an orphan's cgroup too; else nobody is."""
    rows = [
        sock(inode=1, cgroup=7),
        sock(inode=2, cgroup=7),
        sock(inode=3, cgroup=7),
        sock(inode=4, cgroup=8),
        sock(inode=5),
        sock(cgroup=7),
        sock(),
    ]
    found = grouped(*rows, owners={1: APP, 2: APP, 0: OTHER}, unit={7: "web.service"}.get)

    assert {
        (APP, True): 2,
        (Owner(unit="web.service"), True): 1,
        (None, True): 2,
        (Owner(unit="web.service"), False): 1,
        (None, False): 1,
    } == count_by(found, lambda group: (group.owner, group.owned))


def count_by(groups, key) -> dict:
    """How many sockets there are of each key."""
    found: Counter = Counter()
    for group in groups:
        found[key(group)] += group.sockets
    return dict(found)


def test_two_processes_are_two_owners():
    """Even of one command."""
    assert {APP: 1, OTHER: 1} == count_by(
        grouped(sock(inode=1), sock(inode=2), owners={1: APP, 2: OTHER}), lambda group: group.owner
    )


def test_queues_are_summed_and_unread_ones_counted():
    """Bytes in all, and in how many sockets something is left to read."""
    rows = [sock(recv_q=0, send_q=5), sock(recv_q=1, send_q=0), sock(recv_q=4096, send_q=6)]
    [group] = grouped(*rows)

    assert (3, 4097, 11, 2) == (group.sockets, group.recv_q, group.send_q, group.unread)


def test_those_in_established_that_somebody_has_are_only_counted():
    """They are many and no trouble; those that nobody accepted are told by their door."""
    rows = [sock("10.0.0.5:8000", f"10.0.{n}.9:40000", state=TcpState.ESTABLISHED, inode=n + 1) for n in range(50)]
    rows += [sock("10.0.0.5:8000", "10.0.0.9:40000", state=TcpState.ESTABLISHED)] * 2
    found = grouped(*rows, listening=[8000])

    assert [(None, None, 50, "owned"), ("10.0.0.5:8000", "10.0.0.9", 2, "unaccepted")] == [
        (group.local, group.remote, group.sockets, group.kind) for group in found
    ]


def test_the_largest_group_comes_first():
    """Where a table is cut, the small ones go."""
    rows = [sock(remote=f"10.0.0.{n}:40000") for n in (1, 2, 2, 2, 3, 3)]

    assert [3, 2, 1] == [group.sockets for group in grouped(*rows)]


def test_further_peers_are_summed_where_there_are_too_many(monkeypatch):
    """Totals stay exact: of a door the peers are summed, of those who call the destinations and addresses."""
    monkeypatch.setattr(grouping, "MOST", 3)
    rows = [sock("10.0.0.5:8000", f"10.1.0.{n}:40000", recv_q=1) for n in range(10)]
    rows += [sock("10.0.0.5:50000", f"10.2.0.{n}:443", send_q=1) for n in range(10)]
    found = grouped(*rows, listening=[8000])

    assert {
        ("10.0.0.5:8000", "10.1.0.0", 1),
        ("10.0.0.5:8000", "10.1.0.1", 1),
        ("10.0.0.5:8000", "10.1.0.2", 1),
        ("10.0.0.5:8000", None, 7),
        (None, None, 10),
    } == {(group.local, group.remote, group.sockets) for group in found}
    assert (10, 10, 10) == tuple(
        sum(getattr(group, name) for group in found) for name in ("recv_q", "send_q", "unread")
    )


def test_a_peer_that_was_seen_before_there_were_too_many_keeps_its_group(monkeypatch):
    """Only new ones are summed."""
    monkeypatch.setattr(grouping, "MOST", 2)
    rows = [sock(remote=f"10.0.0.{n}:40000") for n in (1, 2, 3, 1, 4, 2, 1)]

    assert {
        ("10.0.0.5:8000", "10.0.0.1", 3),
        ("10.0.0.5:8000", "10.0.0.2", 2),
        ("10.0.0.5:8000", None, 2),
    } == ends(*rows)


def test_memory_is_bounded_whatever_differs(monkeypatch):
    """Peers, own addresses, doors, owners: beyond the bound even the most hostile table adds nothing."""
    monkeypatch.setattr(grouping, "MOST", 100)

    def rows(many: int):
        for n in range(many):
            here, there = f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", f"11.{n >> 16}.{n >> 8 & 255}.{n & 255}"
            yield sock(f"{here}:{n % 30000 + 1}", f"{there}:40000", cgroup=n, unanswered=n, timer=TIMER_RETRANSMIT)
            yield sock(f"{here}:40000", f"{there}:{n % 30000 + 1}", inode=n + 1, cgroup=n, timer=TIMER_PERSIST)

    bins = collect_bins(rows(3000), set(), {}, EPHEMERAL)

    assert 6000 == sum(one.count for one in bins.values())
    assert len(bins) <= 2 * grouping.MOST + 8
    assert sum(len(one.timers) for one in bins.values()) <= 2 * grouping.MOST + 8 * 256


def test_what_a_group_keeps_of_its_timers_is_bounded():
    """A million different timers of one group take no more than some thousand."""
    many = 20_000
    rows = [
        sock(state=TcpState.FIN_WAIT_1, timer=TIMER_RETRANSMIT, unanswered=n, expires=n, info=Info(n, n, n, False, n))
        for n in range(1, many)
    ]
    tracemalloc.start()
    bins = collect_bins(rows, set(), {}, EPHEMERAL)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    [group] = groups_of(bins)

    assert many - 1 == group.sockets
    assert kept < 4 << 20
    assert len(group.timers) <= MOST_TIMERS
    assert max(timer.backoff for timer in group.timers) <= 255
    assert max(timer.unanswered for timer in group.timers) <= 255


def test_a_timer_is_kept_as_the_kernel_shows_it():
    """Milliseconds and the RTO become seconds; a retransmission or missing SACK says that no probe is to come."""
    shown = {"state": TcpState.FIN_WAIT_1, "timer": TIMER_RETRANSMIT, "unanswered": 2, "expires": 1500}

    def timer(**changed) -> Timer:
        [group] = grouped(sock(**{**shown, **changed}))
        return group.timers[0]

    assert Timer("on", 1.5, None, 0, 2) == timer()
    assert Timer("on", 1.5, 0.816, 2, 2, True, 100) == timer(info=Info(0.816, 2, 0, True, 100))
    assert Timer("on", 1.5, 0.204, 0, 2, False, None) == timer(info=Info(0.204, 0, 0, False, None))
    assert Timer("on", 1.5, 0.204, 0, 2, True, 0) == timer(info=Info(0.204, 0, 0, False, 0, sack=False))
    assert Timer("persist", 1.5, 0.204, 3, 2) == timer(timer=TIMER_PERSIST, info=Info(0.204, 3, 9, False, None))
    assert Timer("timewait", 1.5) == timer(
        state=TcpState.TIME_WAIT, timer=TIMER_TIMEWAIT, unanswered=0, info=Info(0.204, 3, 9, False, None)
    )
    assert Timer("keepalive", 1.5) == timer(state=TcpState.FIN_WAIT_2, timer=TIMER_KEEPALIVE, unanswered=0)


@pytest.mark.parametrize("code", [NONE, 5, 255])
def test_a_timer_that_is_not_known_is_none(code):
    """The socket counts all the same."""
    [group] = grouped(sock(timer=code, expires=1000))

    assert (1, ()) == (group.sockets, group.timers)


def test_the_extremes_of_very_many_timers_are_kept():
    """Of each step of the back-off the sockets with the least and the most to go stay, however many others do not."""
    rows = [
        sock(
            state=TcpState.FIN_WAIT_1,
            timer=TIMER_RETRANSMIT,
            unanswered=backoff,
            expires=(7919 * (37 * step + backoff)) % 100_003,
            info=Info(0.2 * 1.01**step * 2**backoff, backoff, 0, True, 500),
        )
        for backoff, step in product(range(1, 12), range(400))
    ]
    [group] = grouped(*rows)

    assert len(group.timers) <= MOST_TIMERS
    assert extremes(rows) == extremes_kept([group])


Extremes = dict[tuple[str, str, int], tuple[float, float]]


def extremes(rows) -> Extremes:
    """The least and the most to go of each state, timer and back-off."""
    found: dict[tuple[str, str, int], list[float]] = {}
    for fields, _, info in rows:
        if name := TIMERS.get(fields[2]):
            backoff = info.backoff if info is not None and name in ("on", "persist") else 0
            state = TcpState.SYN_RECEIVED if fields[1] == NEW_SYN_RECV else TcpState(fields[1])
            found.setdefault((state.rfc, name, backoff), []).append(fields[8] / 1e3)
    return {key: (min(left), max(left)) for key, left in found.items()}


def extremes_kept(groups) -> Extremes:
    """The same of the timers that groups kept."""
    found: dict[tuple[str, str, int], list[float]] = {}
    for group in groups:
        for timer in group.timers:
            found.setdefault((group.state, timer.name, timer.backoff), []).append(timer.left)
    return {key: (min(left), max(left)) for key, left in found.items()}


infos = st.builds(
    Info,
    st.sampled_from([0.0, 0.001, 0.204, 0.208, 0.408, 0.816, 3.0, 120.0]),
    st.integers(0, 15),
    st.integers(0, 15),
    st.booleans(),
    st.sampled_from([None, 0, 1, 65536]),
    st.just(0.0),
    st.booleans(),
)


@dataclass(frozen=True)
class Machine:
    """Sockets with few different ends, so that some of them meet, and who has them."""

    rows: list[Seen]
    owners: dict[int, Owner] = field(default_factory=lambda: {1: APP, 2: OTHER, 3: APP})


hosts = st.sampled_from(["10.0.0.5", "10.0.0.9", "127.0.0.1", "0.0.0.0"])
hosts_6 = st.sampled_from(["::1", "2001:db8::5", "::ffff:10.0.0.9", "::"])
port_texts = st.sampled_from(["80", "8000", "32768", "40000", "0", "65535"])


def endpoints(some) -> st.SearchStrategy[str]:
    """Any of the hosts with any of the ports."""
    return st.builds("{}:{}".format, some, port_texts)


socks = st.one_of(st.tuples(*[endpoints(hosts)] * 2), st.tuples(*[endpoints(hosts_6)] * 2)).flatmap(
    lambda pair: st.builds(
        sock,
        st.just(pair[0]),
        st.just(pair[1]),
        st.integers(0, 2),
        st.one_of(st.none(), infos),
        state=st.sampled_from([*set(TcpState) - {TcpState.CLOSE, TcpState.LISTEN}, NEW_SYN_RECV]),
        timer=st.integers(0, 5),
        unanswered=st.integers(0, 3),
        expires=st.integers(0, 200_000),
        recv_q=st.sampled_from([0, 0, 1, 4096]),
        send_q=st.sampled_from([0, 1, 70000]),
        inode=st.integers(0, 4),
    )
)
machines = st.builds(Machine, st.lists(socks, max_size=40))


@settings(deadline=None, max_examples=40)
@given(machines, st.sampled_from([1, 2, 5, 20_000]), st.sets(st.sampled_from([80, 8000, 40000])))
def test_no_socket_gets_lost_and_none_is_made_up(machine, most, listening):
    """Sockets, bytes and the tally are those of the rows, however few groups there may be."""
    doors = {port.to_bytes(2, "big") for port in listening}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "MOST", most)
        bins = collect_bins(machine.rows, doors, machine.owners, EPHEMERAL)
    found = groups_of(bins, {1: "a.service"}.get)

    assert Counter((fields[1], fields[2], fields[12] != 0) for fields, *_ in machine.rows) == tally_of(bins)
    assert len(machine.rows) == sum(group.sockets for group in found)
    for name, place in (("recv_q", 9), ("send_q", 10)):
        assert sum(fields[place] for fields, *_ in machine.rows) == sum(getattr(group, name) for group in found)
    assert sum(fields[9] > 0 for fields, *_ in machine.rows) == sum(group.unread for group in found)
    assert sum(fields[12] != 0 for fields, *_ in machine.rows) == sum(group.sockets for group in found if group.owned)


@settings(deadline=None, max_examples=40)
@given(machines, st.sampled_from([1, 20_000]))
def test_the_first_and_the_last_of_a_kind_to_go_are_kept(machine, most):
    """Of each state, timer and back-off the least and the most to go are those of the rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "MOST", most)
        found = grouped(*machine.rows, owners=machine.owners)

    assert extremes(machine.rows) == extremes_kept(found)


@settings(deadline=None, max_examples=40)
@given(st.lists(socks, min_size=1, max_size=20))
def test_a_group_is_as_its_sockets_are(rows):
    """State, owner and kind of a group are those of each socket in it; alone, a socket makes the same group."""
    alone: Counter = Counter()
    for row in rows:
        [group] = grouped(row)
        alone[group.state, group.local, group.remote, group.owned, group.owner] += 1
    together: Counter = Counter()
    for group in grouped(*rows):
        together[group.state, group.local, group.remote, group.owned, group.owner] += group.sockets

    assert alone == together
