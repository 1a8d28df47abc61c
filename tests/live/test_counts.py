"""A known workload, in primes, counted by us, by ss, by sockstat and by /proc/net/tcp: all agree to the socket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from workshop import recipes
from workshop.child import become_nobody, in_child
from workshop.filters import refuse_netlink, why_no_seccomp
from workshop.look import current_established, persisting, sockstat, ss_states
from workshop.recipes import Recipe
from workshop.waiting import until
from workshop.wire import NEAR4, NEAR6, Wire

from tcptune.collect.everything import collect
from tcptune.collect.files import LIVE_ROOT, read_text
from tcptune.collect.proc import netstat, proc_net_tcp
from tcptune.collect.proc import sockstat as our_sockstat
from tcptune.collect.sockets import sock_diag, sockets
from tcptune.collect.sockets.tally import kind_counts, state_counts
from tcptune.kernel.release import Release
from tcptune.kernel.states import TcpState
from tcptune.model.snapshot import Snapshot
from tcptune.model.values import Value

pytestmark = pytest.mark.live

DUAL = "IPv4 through a listener on ::"
IPV4, IPV6 = 23, 7

PLAN: tuple[tuple[str, Recipe, int], ...] = (
    (NEAR4, recipes.ESTABLISHED, IPV4),
    (NEAR4, recipes.CLOSE_WAIT_OWNED, IPV4),
    (NEAR4, recipes.CLOSE_WAIT_UNACCEPTED, IPV4),
    (NEAR4, recipes.FIN_WAIT_1_OWNED, IPV4),
    (NEAR4, recipes.FIN_WAIT_2_OWNED, IPV4),
    (NEAR4, recipes.FIN_WAIT_1_ZERO_WINDOW, IPV4),
    (NEAR6, recipes.ESTABLISHED, IPV6),
    (NEAR6, recipes.CLOSE_WAIT_OWNED, IPV6),
    (DUAL, recipes.ESTABLISHED, IPV6),
    # From here on they last a minute or little more.
    (NEAR4, recipes.FIN_WAIT_1_ORPHAN, IPV4),
    (NEAR4, recipes.LAST_ACK, IPV4),
    (NEAR4, recipes.CLOSING, IPV4),
    (NEAR4, recipes.SYN_SENT, IPV4),
    (NEAR4, recipes.SYN_RECEIVED, IPV4),
    (NEAR4, recipes.FIN_WAIT_2_ORPHAN, IPV4),
    (NEAR4, recipes.FIN_WAIT_2_MINISOCK, IPV4),
    (NEAR4, recipes.TIME_WAIT, IPV4),
    (NEAR6, recipes.SYN_RECEIVED, IPV6),
    (NEAR6, recipes.CLOSING, IPV6),
    (NEAR6, recipes.FIN_WAIT_2_MINISOCK, IPV6),
    (NEAR6, recipes.TIME_WAIT, IPV6),
)
"""Each with a door of its own."""

DOORS = Counter(host for host, _, _ in PLAN)
LISTENERS = {NEAR4: IPV4, NEAR6: IPV6 - 1, DUAL: 1}

EXPECTED = Counter({TcpState.LISTEN: IPV4 + IPV6})
for _, recipe, count in PLAN:
    EXPECTED[recipe.state] += count


def full(hosts: tuple[str, ...]) -> int:
    """Full sockets of these hosts in the plan, listeners included."""
    return sum(count for host, recipe, count in PLAN if host in hosts and recipe.full) + sum(map(LISTENERS.get, hosts))


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """The workload, seen to be complete by ss."""
    with Wire({"net.ipv4.tcp_fin_timeout": 60, "net.ipv4.tcp_orphan_retries": 8}) as made:
        for host, number in LISTENERS.items():
            for _ in range(number - DOORS[host]):
                made.door(host)
        for host, recipe, count in PLAN:
            recipe.make(made, made.dual_door() if host is DUAL else made.door(host), count)
        with made.near:
            assert EXPECTED == until(ss_states, EXPECTED)
            assert IPV4 == until(persisting, IPV4)
        yield made


@pytest.fixture(scope="module")
def snapshot(wire: Wire) -> Snapshot:
    """What `collect` says of the near namespace."""
    with wire.near:
        return collect()


def named(counts: Counter[TcpState]) -> dict[str, int]:
    """Counts as facts: every state but CLOSE is there, 0 where nothing was."""
    return {f"states.{state.name}": counts[state] for state in TcpState if state is not TcpState.CLOSE}


def states_of(found: Snapshot) -> dict[str, Value]:
    return {name: value for name, value in found.values.items() if name.startswith("states.")}


def kinds_of(found: Snapshot) -> dict[str, Value]:
    return {name: value for name, value in found.values.items() if name.startswith("kinds.")}


def expected_kinds() -> dict[str, int]:
    kinds = dict.fromkeys(kind_counts({}), 0)
    for _, recipe, count in PLAN:
        if recipe.kind is not None:
            kinds[f"kinds.{recipe.state.name}.{recipe.kind}"] += count
    return kinds


def test_states_are_those_that_were_made(snapshot: Snapshot) -> None:
    """Every socket is counted in the state it was brought to, IPv4 and IPv6 together."""
    assert named(EXPECTED) == states_of(snapshot)


def test_states_agree_with_ss(wire: Wire) -> None:
    """`ss -tan`, asked just after us, counts the same."""
    with wire.near:
        ours, theirs = states_of(collect()), ss_states()

    assert named(theirs) == ours


def test_kinds_are_those_that_were_made(snapshot: Snapshot) -> None:
    """Owner, orphan, minisock, unaccepted and closed window are told apart."""
    assert expected_kinds() == kinds_of(snapshot)
    assert IPV4 + IPV6 == snapshot.values["kinds.FIN_WAIT_2.minisock"]
    assert IPV4 == snapshot.values["kinds.FIN_WAIT_2.orphan"]
    assert IPV4 == snapshot.values["kinds.CLOSE_WAIT.unaccepted"]


def test_sockstat_counts_full_sockets_and_minisocks(wire: Wire, snapshot: Snapshot) -> None:
    """`inuse` holds full sockets by family, `tw` the minisocks; SYN-RECEIVED is in neither."""
    minisocks = EXPECTED[TcpState.TIME_WAIT] + expected_kinds()["kinds.FIN_WAIT_2.minisock"]
    with wire.near:
        ipv4, ipv6 = sockstat("sockstat", "TCP"), sockstat("sockstat6", "TCP6")

    assert (full((NEAR4,)), full((NEAR6, DUAL)), minisocks) == (ipv4["inuse"], ipv6["inuse"], ipv4["tw"])
    assert (ipv4["inuse"], ipv6["inuse"], ipv4["tw"]) == tuple(
        snapshot.values[name] for name in ("sockstat.TCP.inuse", "sockstat6.TCP6.inuse", "sockstat.TCP.tw")
    )


def test_curr_estab_holds_close_wait_since_6_10(wire: Wire, snapshot: Snapshot) -> None:
    """CurrEstab is ESTABLISHED, and since 6.10 CLOSE-WAIT too."""
    release = Release.parse(snapshot.host.release or "")
    assert release is not None
    expected = EXPECTED[TcpState.ESTABLISHED]
    if release.version >= (6, 10):
        expected += EXPECTED[TcpState.CLOSE_WAIT]

    with wire.near:
        assert expected == current_established()
    assert expected == snapshot.values["Tcp.CurrEstab"]


def test_sock_diag_and_proc_give_the_same_tally(wire: Wire) -> None:
    """State, timer and owner are the same in a full dump and in /proc/net/tcp and tcp6."""
    with wire.near:
        dumped = sock_diag.count(sock_diag.ALL_STATES)
        table = proc_net_tcp.Table(LIVE_ROOT)
        read = Counter((fields[1], fields[2], fields[12] != 0) for fields, _, _ in table.sockets())

    assert dumped == read
    assert {} == table.gaps
    assert EXPECTED.total() == dumped.total()


def test_the_newer_request_type_gives_the_same_tally(wire: Wire) -> None:
    """SOCK_DIAG_BY_FAMILY, asked for each family, finds what TCPDIAG_GETSOCK finds in one walk."""
    question = sock_diag.Question(sock_diag.states_mask(sock_diag.ALL_STATES))
    with wire.near:
        one_walk = sock_diag.tally_of(sock_diag._ask(sock_diag.TCPDIAG_GETSOCK, sock_diag.request_v1(question)))
        by_family = [
            sock_diag.tally_of(sock_diag._ask(sock_diag.SOCK_DIAG_BY_FAMILY, sock_diag.request_v2(family, question)))
            for family in (sock_diag.socket.AF_INET, sock_diag.socket.AF_INET6)
        ]

    assert one_walk == by_family[0] + by_family[1]
    assert full((NEAR6, DUAL)) + 3 * IPV6 == by_family[1].total()


def test_the_shortcut_equals_a_full_dump(wire: Wire) -> None:
    """Odd states walked and the many taken from counters are what a dump of everything says."""
    with wire.near:
        known = {
            **our_sockstat.parse("sockstat", read_text(LIVE_ROOT, "proc/net/sockstat")).values,
            **our_sockstat.parse("sockstat6", read_text(LIVE_ROOT, "proc/net/sockstat6")).values,
            **netstat.parse("snmp", read_text(LIVE_ROOT, "proc/net/snmp")).values,
        }
        release = Release.parse(read_text(LIVE_ROOT, "proc/sys/kernel/osrelease").strip())
        shortcut = sockets.read(LIVE_ROOT, known, release)
        everything = sock_diag.count(sock_diag.ALL_STATES)
        odd = state_counts(sock_diag.count(sock_diag.ODD_STATES), sock_diag.ODD_STATES)

    assert (
        named(Counter(state_counts(everything, sock_diag.ALL_STATES))) | kind_counts(everything)
        == shortcut.readings.values
    )
    assert {} == shortcut.readings.gaps
    minisocks = expected_kinds()["kinds.FIN_WAIT_2.minisock"]
    assert EXPECTED[TcpState.ESTABLISHED] == sockets._established(odd, minisocks, known)
    assert EXPECTED[TcpState.TIME_WAIT] == sockets._time_wait(minisocks, known, release)


def test_without_counters_everything_is_dumped(wire: Wire) -> None:
    """Where sockstat was not readable the counts are the same, and cost more."""
    with wire.near:
        assert named(EXPECTED) | expected_kinds() == sockets.read(LIVE_ROOT, {}, None).readings.values


def test_a_stored_copy_of_proc_gives_the_same(wire: Wire, snapshot: Snapshot, tmp_path: Path) -> None:
    """The files of /proc, copied elsewhere and read later, count what the live machine counted."""
    for path in ("net/tcp", "net/tcp6", "net/sockstat", "net/sockstat6", "sys/kernel/osrelease"):
        copy = tmp_path / "proc" / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        with wire.near:
            copy.write_bytes(Path("/proc", path).read_bytes())

    stored = collect(tmp_path)

    assert states_of(snapshot) == states_of(stored)
    assert kinds_of(snapshot) == kinds_of(stored)
    assert "sock_diag" not in stored.gaps


def test_an_unprivileged_user_counts_the_same(wire: Wire, snapshot: Snapshot) -> None:
    """Counting sockets needs no privilege: states and kinds are those that root sees."""

    def as_nobody() -> Snapshot:
        become_nobody()
        return collect()

    with wire.near:
        seen = in_child(as_nobody)

    assert states_of(snapshot) == states_of(seen)
    assert kinds_of(snapshot) == kinds_of(seen)
    assert not {"sock_diag", "states", "kinds"} & set(seen.gaps)


@pytest.mark.skipif(why_no_seccomp() is not None, reason=str(why_no_seccomp()))
def test_a_refused_dump_falls_back_and_says_so(wire: Wire, snapshot: Snapshot) -> None:
    """A sandbox without AF_NETLINK (systemd's RestrictAddressFamilies=) costs time, not counts."""

    def sandboxed() -> Snapshot:
        refuse_netlink()
        return collect()

    with wire.near:
        seen = in_child(sandboxed)

    assert states_of(snapshot) == states_of(seen)
    assert kinds_of(snapshot) == kinds_of(seen)
    assert (
        "counted from /proc/net/tcp instead: sock_diag: Address family not supported by protocol"
        == seen.gaps["sock_diag"]
    )
