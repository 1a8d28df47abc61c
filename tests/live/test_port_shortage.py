"""Ports used up on purpose, in a namespace with few: who has them is found and counted, and what is advised helps."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from workshop.filters import mute
from workshop.recipes import hear_end
from workshop.waiting import until
from workshop.wire import FAR4, FAR6, NEAR4, NEAR6, Door, Wire

from tcptune.collect.everything import collect
from tcptune.collect.sockets import port_look
from tcptune.engine.check import check
from tcptune.engine.language import Language
from tcptune.engine.rulebook import load_heads
from tcptune.facts.derive import derive
from tcptune.facts.vocabulary import vocabulary
from tcptune.model.report import Finding
from tcptune.model.snapshot import Snapshot
from tcptune.model.sockets import PortUse

pytestmark = pytest.mark.live

LOW, PORTS = 50000, 200
FEW = {
    "net.ipv4.ip_local_port_range": f"{LOW} {LOW + PORTS - 1}",
    "net.ipv4.tcp_tw_reuse": 2,
    "net.ipv4.tcp_max_tw_buckets": 100_000,
}
MORE_THAN_A_SAMPLE = FEW | {"net.ipv4.ip_local_port_range": "20000 23999"}
IP_BIND_ADDRESS_NO_PORT = 24

Connect = Callable[[socket.socket, Door], None]


@contextlib.contextmanager
def wire_with(sysctls: dict[str, object]) -> Iterator[Wire]:
    """A wire whose near side is a client with so many ports."""
    with Wire(sysctls) as made:
        yield made


@pytest.fixture
def wire() -> Iterator[Wire]:
    """One with 200 ports."""
    with wire_with(FEW) as made:
        yield made


def connect(wire: Wire, door: Door, source: str | None = None, options: tuple[int, ...] = ()) -> socket.socket:
    """A connection from near to a far door, accepted there; with `source` its socket is bound before, to port 0."""
    ours = wire.make(wire.near, door.family)
    for option in options:
        ours.setsockopt(socket.IPPROTO_IP, option, 1)
    if source is not None:
        ours.bind((source, 0))
    ours.connect((door.host, door.port))
    return ours


def rest(wire: Wire, door: Door, count: int, source: str | None = None) -> None:
    """So many TIME-WAITs of the near side towards a far door."""
    for _ in range(count):
        ours = connect(wire, door, source)
        peer, _ = door.listener.accept()
        ours.close()
        hear_end(peer)
        peer.close()


def look(wire: Wire) -> Snapshot:
    """What `collect` says of the near side."""
    with wire.near:
        return collect()


def found(snapshot: Snapshot, rule: str) -> list[Finding]:
    """The findings of one rule."""
    report = check(snapshot, derive(snapshot), load_heads(), Language(vocabulary()))
    return [finding for finding in report.findings if finding.rule == rule]


def subjects(snapshot: Snapshot, rule: str) -> list[str | None]:
    return [finding.subject for finding in found(snapshot, rule)]


def name(door: Door) -> str:
    """The destination as tcptune prints it."""
    return f"[{door.host}]:{door.port}" if ":" in door.host else f"{door.host}:{door.port}"


def refused(wire: Wire, door: Door, source: str | None = None) -> int | None:
    """The errno of one more connection; None where it succeeds."""
    try:
        connect(wire, door, source)
    except OSError as error:
        return error.errno
    return None


@pytest.mark.parametrize(("near", "far"), [(NEAR4, FAR4), (NEAR6, FAR6)])
def test_time_waits_that_hold_all_ports_are_found_and_relieved_as_advised(near: str, far: str) -> None:
    """connect() fails, the finding names the tuple with exact numbers, and what it advises ends the failure."""
    with wire_with(FEW) as wire:
        door, other = wire.door(far), wire.door(far)
        rest(wire, door, PORTS)
        rest(wire, other, 20)

        assert errno.EADDRNOTAVAIL == refused(wire, door)
        assert refused(wire, other) is None

        snapshot = look(wire)
        (finding,) = found(snapshot, "time-wait-ports-exhausted")
        (item,) = (item for item in derive(snapshot).values["ports.tuples"] if item["remote"] == name(door))

        assert f"{near} to {name(door)}" == finding.subject
        assert (PORTS, PORTS, PORTS, PORTS, 1.0) == tuple(
            item[key] for key in ("sockets", "ports", "time_wait", "usable", "share")
        )
        assert [] == found(snapshot, "time-wait-normal") + found(snapshot, "time-wait-early-bind")

        (advice,) = (advice for advice in finding.advice if advice.kind == "sysctl")
        wire.near.set({advice.key: advice.value})

        assert until(lambda: refused(wire, door), None) is None
        after = look(wire)
        assert 1 <= after.values["TcpExt.TWRecycled"]
        assert [] == found(after, "time-wait-ports-exhausted") + found(after, "tw-reuse-off-under-pressure")


def test_ports_that_are_reserved_are_none(wire: Wire) -> None:
    """With half of the range reserved, the other half is all there is, and its use is told against that."""
    wire.near.set({"net.ipv4.ip_local_reserved_ports": f"{LOW}-{LOW + 99}"})
    door = wire.door(FAR4)
    rest(wire, door, 100)

    assert errno.EADDRNOTAVAIL == refused(wire, door)
    assert [f"{NEAR4} to {name(door)}"] == subjects(look(wire), "time-wait-ports-exhausted")


def test_half_of_the_ports_make_tcp_tw_reuse_worth_a_thought(wire: Wire) -> None:
    """With 2 it does not act towards another host."""
    rest(wire, wire.door(FAR4), PORTS // 2)
    snapshot = look(wire)

    assert 1 == len(found(snapshot, "tw-reuse-off-under-pressure"))
    assert [] == found(snapshot, "time-wait-ports-exhausted")


def test_loopback_is_relieved_by_the_default(wire: Wire) -> None:
    """tcp_tw_reuse=2 lets connect() take over TIME-WAITs of 127.0.0.1: all ports in use are no shortage."""
    listener = wire.make(wire.near)
    listener.bind(("127.0.0.1", 8080))
    listener.listen(16)
    door = Door(listener, socket.AF_INET, "127.0.0.1", 8080)
    rest(wire, door, PORTS)
    snapshot = look(wire)

    assert [("127.0.0.1", PORTS)] == [(use.local, use.ports) for use in snapshot.sockets.ports if use.remote is None]
    assert [] == found(snapshot, "time-wait-ports-exhausted")
    assert until(lambda: refused(wire, door), None) is None


def test_a_bind_before_connect_uses_the_ports_of_all_destinations(wire: Wire) -> None:
    """The next bind() fails with EADDRINUSE; with IP_BIND_ADDRESS_NO_PORT each destination has all ports again."""
    doors = [wire.door(FAR4) for _ in range(4)]
    for number in range(PORTS):
        connect(wire, doors[number % 4], NEAR4)
    snapshot = look(wire)

    assert errno.EADDRINUSE == refused(wire, doors[0], NEAR4)
    assert [NEAR4] == subjects(snapshot, "time-wait-early-bind")
    assert PortUse(NEAR4, None, PORTS, PORTS, 0, destinations=4) in snapshot.sockets.ports
    assert [] == found(snapshot, "time-wait-ports-exhausted") + found(snapshot, "ports-held-open")


def test_ip_bind_address_no_port_shares_them_again(wire: Wire) -> None:
    """Half as many connections again as there are ports go to four destinations, and no finding speaks."""
    doors = [wire.door(FAR4) for _ in range(4)]
    for number in range(PORTS * 3 // 2):
        connect(wire, doors[number % 4], NEAR4, (IP_BIND_ADDRESS_NO_PORT,))
    snapshot = look(wire)

    assert PORTS * 3 // 2 == snapshot.values["states.ESTABLISHED"]
    assert [] == found(snapshot, "time-wait-early-bind") + found(snapshot, "ports-held-open")


def test_connections_that_nobody_closes_hold_ports(wire: Wire) -> None:
    """The peer has closed 180 of 200, the program here has not: a leak, and no TIME-WAIT that could be reused."""
    door = wire.door(FAR4)
    for _ in range(180):
        connect(wire, door)
        door.listener.accept()[0].close()
    wire.near.set({"net.ipv4.tcp_tw_reuse": 1})
    snapshot = look(wire)

    assert [f"{NEAR4} to {name(door)}"] == subjects(snapshot, "ports-held-by-leak")
    assert PortUse(NEAR4, name(door), 180, 180, 0, close_wait=180) in snapshot.sockets.ports


def test_open_connections_hold_ports(wire: Wire) -> None:
    """A pool with 190 connections to one destination has nearly all there are; so have SYNs without an answer."""
    door, deaf = wire.door(FAR4), wire.door(FAR4)
    peers = []
    for _ in range(190):
        connect(wire, door)
        peers.append(door.listener.accept()[0])
    mute(deaf.listener)
    for _ in range(190):
        ours = wire.make(wire.near)
        ours.setblocking(False)
        ours.connect_ex((deaf.host, deaf.port))

    assert {f"{NEAR4} to {name(place)}" for place in (door, deaf)} == set(subjects(look(wire), "ports-held-open"))
    for peer in peers:
        peer.close()


def test_a_sample_finds_the_busy_among_many_and_counts_them_exactly() -> None:
    """4000 ports are more than a sample looks at: 2200 to one destination, 500 to another, 20 to each of 20 more."""
    with wire_with(MORE_THAN_A_SAMPLE) as wire:
        busy, other = wire.door(FAR4), wire.door(FAR4)
        rest(wire, busy, 2200)
        rest(wire, other, 500)
        for _ in range(20):
            rest(wire, wire.door(FAR4), 20)
        snapshot = look(wire)

    assert PortUse(NEAR4, name(busy), 2200, 2200, 2200) in snapshot.sockets.ports
    assert 1 == len(found(snapshot, "tw-reuse-off-under-pressure"))


def test_shared_ports_are_not_counted_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many destinations with a fifth of the ports each: the sample tells, and no second question is asked."""
    with wire_with(MORE_THAN_A_SAMPLE) as wire:
        for _ in range(6):
            rest(wire, wire.door(FAR4), 800)
        asked: list[object] = []
        ask = port_look.goes_to_any
        monkeypatch.setattr(port_look, "goes_to_any", lambda *given: asked.append(given) or ask(*given))
        with wire.near:
            used = port_look.live({})

    assert ((), []) == (used, asked)


def test_a_stored_copy_of_proc_says_the_same(wire: Wire, tmp_path: Path) -> None:
    """The files of /proc, copied and read later, count the ports that the live machine counted."""
    door = wire.door(FAR4)
    rest(wire, door, 150)
    live = look(wire)
    for path in ("net/tcp", "net/tcp6", "sys/net/ipv4/ip_local_port_range", "sys/kernel/osrelease"):
        copy = tmp_path / "proc" / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        with wire.near:
            copy.write_bytes(Path("/proc", path).read_bytes())

    assert live.sockets.ports == collect(tmp_path).sockets.ports
    assert PortUse(NEAR4, name(door), 150, 150, 150) in live.sockets.ports


def test_nobody_looks_where_the_counts_leave_no_room(wire: Wire) -> None:
    """99 sockets of 200 ports: no look, no gap, and the rules stay quiet instead of being skipped."""
    rest(wire, wire.door(FAR4), PORTS // 2 - 1)
    snapshot = look(wire)
    report = check(snapshot, derive(snapshot), load_heads(), Language(vocabulary()))

    assert snapshot.sockets.ports is None
    assert "sockets.ports" not in snapshot.gaps
    assert {"time-wait-ports-exhausted", "time-wait-early-bind", "tw-reuse-off-under-pressure"} <= set(report.quiet)


@pytest.mark.parametrize("reserved", [False, True])
def test_a_connection_can_take_the_port_of_a_service(wire: Wire, reserved: bool) -> None:
    """A service that is stopped loses its port to an outgoing connection, unless the port is reserved."""
    wire.near.set({"net.ipv4.ip_local_port_range": "7000 7009"})
    service = 7004
    if reserved:
        wire.near.set({"net.ipv4.ip_local_reserved_ports": service})
    door = wire.door(FAR4)
    for _ in range(9 if reserved else 10):
        connect(wire, door)
    again = wire.make(wire.near)
    again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        again.bind(("0.0.0.0", service))
        number = None
    except OSError as error:
        number = error.errno

    assert (None if reserved else errno.EADDRINUSE) == number


def test_a_listener_inside_a_widened_range_is_found(wire: Wire) -> None:
    """With the advice followed the second audit has nothing to say of it."""
    wire.near.set({"net.ipv4.ip_local_port_range": "1024 65535"})
    listener = wire.make(wire.near)
    listener.bind(("0.0.0.0", 7000))
    listener.listen(16)
    (finding,) = found(look(wire), "port-range-over-listeners")
    (advice,) = (advice for advice in finding.advice if advice.kind == "sysctl")
    wire.near.set({advice.key: advice.value})
    after = look(wire)

    assert ("net.ipv4.ip_local_reserved_ports", "7000") == (advice.key, advice.value)
    assert [] == found(after, "port-range-over-listeners") + found(after, "port-range-wide")


def test_the_look_is_short(wire: Wire) -> None:
    """A quarter of a second is far more than a few hundred sockets take."""
    rest(wire, wire.door(FAR4), PORTS)
    with wire.near:
        started = time.monotonic()
        port_look.live({})

    assert 0.25 > time.monotonic() - started
