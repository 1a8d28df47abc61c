"""How the ports are used: counted row by row, sampled by a filter that the kernel runs, and what is worth counting."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcptune.collect.everything import collect
from tcptune.collect.sockets import port_filter, port_look, ports
from tcptune.collect.sockets.port_filter import SAMPLED, free, goes_to_any, port_is_in, sample
from tcptune.collect.sockets.port_look import PortLook, has_room, port_range, worth_counting
from tcptune.collect.sockets.ports import Ports
from tcptune.collect.sockets.rows import Row, Seen
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import PortUse

RANGE = range(32768, 61000)
HERE, THERE = "10.0.0.1", "10.0.0.9"
ACCEPT, REFUSE = True, False


def packed(host: str) -> tuple[int, bytes]:
    """The family and the 16 bytes of an address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return family, socket.inet_pton(family, host).ljust(16, b"\0")


def row(
    port: int, state: TcpState = TcpState.TIME_WAIT, local: str = HERE, remote: str = THERE, far_port: int = 6379
) -> Seen:
    """A socket as a reader gives it."""
    family, ours = packed(local)
    _, theirs = packed(remote)
    ends = port.to_bytes(2, "big"), far_port.to_bytes(2, "big"), ours, theirs
    return Row(family, state, 0, 0, *ends, 0, 0, 0, 0, 0), 0, None


def used(rows: Iterable[Seen], local_ports: range = RANGE, listening: frozenset[bytes] = frozenset()) -> list[PortUse]:
    """The use of ports that some rows come to, however little it is."""
    return list(Ports(local_ports, listening).count(rows).used(least=0))


def test_a_destination_and_an_address_are_counted():
    """Sockets, ports and TIME-WAITs for the tuple; different ports and destinations for the address."""
    rows = [row(port) for port in range(40000, 40007)]
    rows += [row(port, TcpState.ESTABLISHED, far_port=443) for port in range(40005, 40010)]
    rows += [row(50000, TcpState.CLOSE_WAIT, far_port=443)]

    assert [
        PortUse(HERE, "10.0.0.9:6379", 7, 7, 7),
        PortUse(HERE, "10.0.0.9:443", 6, 6, 0, close_wait=1),
        PortUse(HERE, None, 13, 11, 7, destinations=2, close_wait=1),
    ] == used(rows)


@pytest.mark.parametrize(
    "called",
    [row(32767), row(61000), row(80), row(40000, TcpState.LISTEN), row(50051)],
    ids=["below", "above", "a service", "a listener", "listened on"],
)
def test_what_did_not_call_is_not_counted(called):
    """A port outside of the range, and one that is listened on, were not chosen for a destination."""
    assert [] == used([called], listening=frozenset({(50051).to_bytes(2, "big")}))


@pytest.mark.parametrize("state", sorted(set(TcpState) - {TcpState.LISTEN}))
def test_every_other_state_holds_a_port(state):
    """A port is taken from SYN-SENT to the end of TIME-WAIT."""
    assert 1 == used([row(40000, state)])[0].sockets


def test_ipv4_is_ipv4_on_either_kind_of_socket():
    """An IPv6 socket that talks over IPv4 takes the same port as an IPv4 one."""
    mapped = row(40001, local=f"::ffff:{HERE}", remote=f"::ffff:{THERE}")

    assert [PortUse(HERE, "10.0.0.9:6379", 2, 2, 2), PortUse(HERE, None, 2, 2, 2)] == used([row(40000), mapped])


def test_ipv6_stands_in_brackets():
    """As ss prints it."""
    assert ("fd00::1", "[fd00::2]:443") == used([row(40000, local="fd00::1", remote="fd00::2", far_port=443)])[0][:2]


def test_rows_pass_unchanged():
    """Whoever else needs the rows gets each of them, once and in order."""
    rows = [row(port, state) for port in (80, 40000) for state in TcpState]
    counter = Ports(RANGE, frozenset())

    passed = list(counter.watch(iter(rows)))

    assert all(before is after for before, after in zip(rows, passed, strict=True))
    assert len(TcpState) - 1 == counter.used(least=0)[0].sockets


def test_only_much_is_told():
    """A hundredth of the range, and twenty of a kind: the rest is of no use to anybody."""
    rows = [row(port, far_port=far) for far in range(1, 31) for port in range(50000, 50009 + far)]
    told = Ports(range(50000, 51000), frozenset()).count(rows).used()
    few = Ports(range(50000, 51001), frozenset()).count(row(port) for port in range(50000, 50010)).used()

    assert [(f"{THERE}:{far}", 9 + far) for far in range(30, 10, -1)] == [use[1:3] for use in told[:20]]
    assert [(None, 30)] == [(use.remote, use.destinations) for use in told[20:]]
    assert () == few


def test_memory_is_bounded(monkeypatch):
    """What was met first is counted on; what comes when there is no room is not."""
    monkeypatch.setattr(ports, "MOST_TUPLES", 3)
    monkeypatch.setattr(ports, "MOST_ADDRESSES", 2)
    rows = [row(40000 + n, local=f"10.0.{n}.1") for n in range(9)] + [row(40100, local="10.0.0.1")]

    assert [("10.0.0.1", 2), ("10.0.1.1", 1), ("10.0.2.1", 1), ("10.0.0.1", 2), ("10.0.1.1", 1)] == [
        (use.local, use.sockets) for use in used(rows)
    ]


@pytest.mark.parametrize("local_ports", [range(60, 10), range(1), range(10**30), range(-5, 10**30)])
def test_no_range_is_too_strange(local_ports):
    """A stored tree can hold any text."""
    assert 0 <= len(Ports(local_ports, frozenset()).count([row(40000)]).used()) <= 2


# What the kernel does with a filter: net/ipv4/inet_diag.c inet_diag_bc_audit() and inet_diag_bc_run().

NOP, JMP, S_GE, S_LE, S_COND, D_COND = 0, 1, 2, 3, 7, 8
OP, HOST = struct.Struct("=BBH"), struct.Struct("=BBxxi")


def operations(code: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Where each operation begins that the kernel audits: it always follows `yes`."""
    at = 0
    while at < len(code):
        kind, yes, no = OP.unpack_from(code, at)
        assert yes
        yield at, kind, yes, no
        at += yes


def audited(code: bytes) -> bool:
    """Whether the kernel takes the filter."""
    starts = {at for at, *_ in operations(code)} | {len(code)}
    for at, kind, yes, no in operations(code):
        shortest, rest = OP.size, len(code) - at
        if kind in (S_GE, S_LE):
            shortest = 2 * OP.size
        elif kind in (S_COND, D_COND):
            family, bits, _ = HOST.unpack_from(code, at + OP.size)
            size = {socket.AF_INET: 4, socket.AF_INET6: 16}[family]
            shortest = OP.size + HOST.size + size
            assert bits == 8 * size
        else:
            assert kind == JMP
        for step in (yes, no):
            if step < shortest or step > rest + 4 or step % 4:
                return False
        if no < rest and at + no not in starts:
            return False
    return max(at + yes for at, _, yes, _ in operations(code)) == len(code)


def lets_through(code: bytes, seen: Seen) -> bool:
    """What the kernel says of one socket."""
    family, _, _, _, port, far_port, local, remote, *_ = seen[0]
    at, left = 0, len(code)
    while left > 0:
        kind, yes, no = OP.unpack_from(code, at)
        number = int.from_bytes(port, "big")
        operand = OP.unpack_from(code, at + OP.size)[2] if kind in (S_GE, S_LE) else 0
        holds = {S_GE: number >= operand, S_LE: number <= operand, JMP: False}.get(kind)
        if holds is None:
            wanted, bits, wanted_port = HOST.unpack_from(code, at + OP.size)
            address = code[at + OP.size + HOST.size :][: bits // 8]
            host, its_port = (local, port) if kind == S_COND else (remote, far_port)
            if family == socket.AF_INET6 and wanted == socket.AF_INET:
                holds = host[:12] == bytes(10) + b"\xff\xff" and host[12:] == address
            else:
                holds = family == wanted and host[: bits // 8] == address
            holds = holds and wanted_port in (-1, int.from_bytes(its_port, "big"))
        step = yes if holds else no
        at, left = at + step, left - step
    return left == 0


ranges = st.tuples(st.integers(1024, 65535), st.integers(1024, 65535)).map(lambda ends: range(min(ends), max(ends) + 1))
intervals = st.lists(
    st.tuples(st.integers(0, 65535), st.integers(0, 3000)).map(lambda p: (p[0], p[0] + p[1])), max_size=8
)
listeners = st.sets(st.integers(1, 65535), max_size=40)


@settings(max_examples=100, deadline=None)
@given(ranges, intervals, listeners)
def test_what_is_free_is_neither_reserved_nor_listened_on(local_ports, reserved, listening):
    """Every port of the range that is left, in order, and no other."""
    expected = [
        port for port in local_ports if port not in listening and not any(low <= port <= high for low, high in reserved)
    ]

    assert expected == [port for piece in free(local_ports, reserved, listening) for port in piece]


@settings(max_examples=100, deadline=None)
@given(ranges, intervals, listeners)
@example(range(1024, 65536), [], set())
@example(range(50000, 50001), [], set())
def test_a_sample_is_taken_from_all_over_the_ports(local_ports, reserved, listening):
    """A thousand ports in slices that ascend, or all where there are fewer; none that cannot be chosen."""
    ports_left = free(local_ports, reserved, listening)
    total = sum(map(len, ports_left))
    pieces = sample(ports_left)
    taken = [port for piece in pieces for port in piece]

    assert min(total, SAMPLED) == len(taken)
    assert sorted(set(taken)) == taken
    assert set(taken).issubset({port for piece in ports_left for port in piece})


@settings(max_examples=60, deadline=None)
@given(ranges, intervals, listeners, st.lists(st.integers(0, 65535), max_size=50))
@example(range(1024, 65536), [], set(), [1024, 3056])
def test_the_filter_lets_through_the_ports_of_the_sample(local_ports, reserved, listening, others):
    """The kernel takes it, and it lets through what is in a slice and nothing else."""
    pieces = sample(free(local_ports, reserved, listening))
    if not pieces:
        return
    code = port_is_in(pieces)
    edges = [port for piece in pieces for port in (piece[0] - 1, piece[0], piece[-1], piece[-1] + 1)]

    assert audited(code)
    for port in [*edges, *others]:
        expected = any(port in piece for piece in pieces)
        assert expected == lets_through(code, row(port % 65536)), port


def test_the_largest_filter_fits_the_jumps_of_the_kernel():
    """Jumps are of 16 bits; a thousand pieces need half of them."""
    pieces = [range(port, port + 2) for port in range(1024, 65000, 8)][: port_filter.MOST_PIECES]

    assert audited(port_is_in(pieces))


TARGETS = [
    PortUse(HERE, None, 0, 0, 0),
    PortUse("10.0.0.2", "10.0.0.9:6379", 0, 0, 0),
    PortUse("fd00::1", None, 0, 0, 0),
    PortUse("fd00::2", "[fd00::9]:443", 0, 0, 0),
]


@pytest.mark.parametrize("targets", [TARGETS, TARGETS[::-1], TARGETS[:1], TARGETS[1:2], TARGETS[3:]])
@pytest.mark.parametrize(
    ("target", "seen", "verdict"),
    [
        (0, row(32768), ACCEPT),
        (0, row(60999, far_port=1), ACCEPT),
        (0, row(32767), REFUSE),
        (0, row(61000), REFUSE),
        (0, row(40000, local=f"::ffff:{HERE}", remote=f"::ffff:{THERE}"), ACCEPT),
        (0, row(40000, local="a00:1::", remote="fd00::9"), REFUSE),
        (1, row(40000, local="10.0.0.2"), ACCEPT),
        (1, row(40000, local="10.0.0.2", far_port=6380), REFUSE),
        (1, row(40000, local="10.0.0.2", remote="10.0.0.8"), REFUSE),
        (1, row(40000, local="10.0.0.3"), REFUSE),
        (2, row(40000, local="fd00::1", remote="fd00::7"), ACCEPT),
        (3, row(40000, local="fd00::2", remote="fd00::9", far_port=443), ACCEPT),
        (3, row(40000, local="fd00::2", remote="fd00::9", far_port=444), REFUSE),
    ],
)
def test_the_filter_lets_through_the_sockets_of_each_target(targets, target, seen, verdict):
    """A local address, or a local address with a destination; in the range of ports, and no others."""
    code = goes_to_any(targets, RANGE)

    assert audited(code)
    assert (verdict and TARGETS[target] in targets) == lets_through(code, seen)


def by_connect(rng: random.Random, local_ports: range, count: int) -> list[int]:
    """The ports that so many connects towards one destination take: in a run, of the range's own parity first
    (net/ipv4/inet_hashtables.c __inet_hash_connect())."""
    begin = rng.randrange(len(local_ports))
    order = [(begin & ~1) + step for step in range(0, len(local_ports), 2)]
    order += [place + 1 for place in order]
    return [local_ports[place % len(local_ports)] for place in order[:count]]


def by_bind(rng: random.Random, local_ports: range, count: int) -> list[int]:
    """The ports that so many sockets take which are bound to port 0."""
    return rng.sample(local_ports, count)


@pytest.mark.parametrize("choose", [by_connect, by_bind])
@pytest.mark.parametrize("local_ports", [range(1024, 65536), RANGE, range(50000, 51000), range(40000, 42500)])
def test_the_sample_finds_whoever_has_half_of_the_ports(choose, local_ports):
    """In 100 tries with half of the ports taken, and small ones beside it, none is missed."""
    rng = random.Random(2)
    looked_at = {port for piece in sample([local_ports]) for port in piece}
    for _ in range(100):
        taken = looked_at.intersection(choose(rng, local_ports, len(local_ports) // 2))
        assert port_look.WORTH_COUNTING * len(looked_at) <= len(taken)


def test_a_sample_of_few_is_worth_no_count():
    """A tenth of the ports never looks like half of them."""
    rng = random.Random(3)
    looked_at = {port for piece in sample([RANGE]) for port in piece}

    for _ in range(100):
        taken = looked_at.intersection(by_connect(rng, RANGE, len(RANGE) // 10))
        assert port_look.WORTH_COUNTING * len(looked_at) > len(taken)


def test_an_address_is_counted_where_its_ports_are_not_shared():
    """Its destinations are in that count; of an address whose ports are shared, each destination counts for itself."""
    shared = PortUse("10.0.0.1", None, 900, 500, 0, destinations=2)
    alone = PortUse("10.0.0.2", None, 540, 500, 0, destinations=2)
    towards = [PortUse(local, f"{THERE}:443", 450, 450, 0) for local in ("10.0.0.1", "10.0.0.2")]

    assert [alone, towards[0]] == worth_counting([shared, alone, *towards])
    assert [] == worth_counting([shared])


@pytest.mark.parametrize(
    ("counters", "room"),
    [
        ({}, True),
        ({"sockstat.TCP.inuse": 10, "sockstat6.TCP6.inuse": 0}, True),
        ({"sockstat.TCP.inuse": 10, "sockstat.TCP.tw": 489}, False),
        ({"sockstat.TCP.inuse": 10, "sockstat.TCP.tw": 490}, True),
        ({"sockstat.TCP.inuse": 10, "sockstat.TCP.tw": 490, "Tcp.ActiveOpens": 500}, True),
        ({"sockstat.TCP.inuse": 10, "sockstat.TCP.tw": 490, "Tcp.ActiveOpens": 499}, False),
        ({"Tcp.ActiveOpens": 499}, False),
        ({"sockstat.TCP.inuse": 10, "sockstat6.TCP6.inuse": 300, "sockstat.TCP.tw": 189}, False),
        ({"sockstat.TCP.inuse": 10, "sockstat6.TCP6.inuse": 300, "sockstat.TCP.tw": 190}, True),
    ],
)
def test_nobody_looks_where_there_are_too_few_sockets(counters, room):
    """With 1000 ports, fewer than 500 sockets, or calls ever, are no shortage; what is not known does not say so."""
    assert room == has_room(counters, 1000)


@pytest.mark.parametrize("text", ["", "1024", "a b", "1 2 3", "-1 5", "1024-65535"])
def test_what_is_no_range_is_said(text):
    """The look ends with a sentence; the rest of the machine is judged."""
    with pytest.raises(ValueError, match=r"^'.*' is not a range of ports$"):
        port_range(text)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (PermissionError(13, "Permission denied"), "permission denied; run as root to see it"),
        (port_look.SockDiagError("sock_diag: refused"), "sock_diag: refused"),
        (ValueError("'x' is not a port or a range of ports"), "'x' is not a port or a range of ports"),
    ],
)
def test_a_look_that_fails_is_a_gap(error, why, monkeypatch):
    """It takes nothing else with it."""

    def fails(counters):
        raise error

    monkeypatch.setattr(port_look, "live", fails)

    assert (None, {"sockets.ports": why}) == PortLook({}).result()


def test_a_mistake_of_ours_is_not_hidden_by_the_thread(monkeypatch):
    """It reaches whoever asks for the result."""
    monkeypatch.setattr(port_look, "live", lambda counters: {}["no such"])

    with pytest.raises(KeyError):
        PortLook({}).result()


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(port: int, far: str, state: str = "06") -> str:
    """A socket of 10.0.0.1 in /proc/net/tcp of a little-endian machine."""
    return f"   0: 0100000A:{port:04X} {far} {state} 00000000:00000000 03:00000FC5 00000000     0        0 0 3 0000\n"


def test_a_stored_table_is_counted_as_it_is_read(tmp_path):
    """The use of ports comes from the same walk as the counts of states."""
    table = HEAD + line(50051, "00000000:0000", "0A")
    table += "".join(line(port, "0900000A:18EB") for port in range(50000, 50040))
    files = {
        "net/tcp": table + line(50051, "0900000A:9C40", "01"),
        "net/tcp6": HEAD,
        "sys/net/ipv4/ip_local_port_range": "50000\t50999\n",
        "sys/kernel/osrelease": "6.1.0\n",
    }
    for path, text in files.items():
        (tmp_path / "proc" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "proc" / path).write_text(text)
    found = collect(tmp_path)

    assert (40, 1, 1) == tuple(found.values[f"states.{state}"] for state in ("TIME_WAIT", "ESTABLISHED", "LISTEN"))
    assert (PortUse(HERE, "10.0.0.9:6379", 40, 40, 40), PortUse(HERE, None, 40, 40, 40)) == found.sockets.ports

    (tmp_path / "proc/sys/net/ipv4/ip_local_port_range").unlink()
    without = collect(tmp_path)

    assert without.sockets.ports is None
    assert "which ports are those of ip_local_port_range is not known" == without.gaps["sockets.ports"]
