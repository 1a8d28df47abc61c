"""What ss prints of sockets in every state, read back, is what sock_diag says of them."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from workshop import recipes
from workshop.filters import mute
from workshop.look import persisting, ss_states
from workshop.recipes import Recipe
from workshop.waiting import until
from workshop.wire import NEAR4, NEAR6, Wire

from tcptune.collect.printed import netstat_output
from tcptune.collect.printed.ss_output import Told, looks_like, parse
from tcptune.collect.sockets.rows import Info, Row
from tcptune.kernel.states import TcpState

pytestmark = pytest.mark.live

COUNT = 3
TICK = 10
"""Milliseconds of the clock of /proc."""
RECIPES = [made for made in vars(recipes).values() if isinstance(made, Recipe)]
STATES = {TcpState.LISTEN, *(recipe.state for recipe in RECIPES)}

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, DUMP, DONE = 4, 20, 0x301, 3
TCP_INFO = 2
INFO = 1 << (TCP_INFO - 1)
MESSAGE = struct.Struct("=16xBBBB2s2s16s16s12xIIIII")
"""struct nlmsghdr and struct inet_diag_msg, without the interface and the cookie."""


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """Some sockets in every state and of every kind, IPv4 and IPv6, which stay for a minute."""
    with Wire({"net.ipv4.tcp_fin_timeout": 60, "net.ipv4.tcp_orphan_retries": 8}) as made:
        # Those that stay longest first.
        for recipe in sorted(RECIPES, key=lambda recipe: recipe.kind not in (None, "owned", "unaccepted")):
            for host in (NEAR4, NEAR6):
                recipe.make(made, made.door(host), COUNT)
        recipes.ESTABLISHED.make(made, made.dual_door(), COUNT)
        [(ours, peer)] = made.pairs(made.door(), 1, receive_buffer=4096)
        ours.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                ours.send(bytes(4096))
        with made.near:
            assert STATES == until(lambda: set(ss_states()), STATES)
            assert 2 * COUNT == until(persisting, 2 * COUNT)
            assert until(lambda: any(shut(row, info) for row, info in sock_diag(INFO)), True)
        # From here on nobody answers its probes.
        mute(peer)
        yield made


def shut(row: Row, info: bytes) -> bool:
    """Whether a connection that stands waits for a window of nothing, not of too little (tcpi_snd_wnd)."""
    window = struct.unpack_from("=I", info, 228)[0] if len(info) >= 232 else 0
    return (row.state, row.timer, window) == (TcpState.ESTABLISHED, 4, 0)


def ss(*options: str) -> Told:
    """What `ss` says of TCP in the namespace we are in, read by us."""
    text = subprocess.run(["ss", *options], capture_output=True, text=True, check=True).stdout
    assert looks_like(text[:4096])
    return parse(text.splitlines(keepends=True))


def sock_diag(extensions: int = 0) -> list[tuple[Row, bytes]]:
    """Every TCP socket of the namespace we are in, and its attribute INET_DIAG_INFO, in the plainest way."""
    found = []
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as netlink:
        for family in (socket.AF_INET, socket.AF_INET6):
            body = struct.pack("=BBBxI48x", family, socket.IPPROTO_TCP, extensions, 0xFFF)
            netlink.send(struct.pack("=IHHII", 16 + len(body), SOCK_DIAG_BY_FAMILY, DUMP, 1, 0) + body)
            done = False
            while not done:
                data = netlink.recv(1 << 16)
                while data and not done:
                    length, kind = struct.unpack_from("=IH", data)
                    done = kind == DONE
                    if not done:
                        found.append((Row(*MESSAGE.unpack_from(data)), info_of(data[MESSAGE.size : length])))
                    data = data[(length + 3) & ~3 :]
    return found


def info_of(attributes: bytes) -> bytes:
    """INET_DIAG_INFO among the attributes, or nothing."""
    while attributes:
        length, kind = struct.unpack_from("=HH", attributes)
        if kind == TCP_INFO:
            return attributes[4:length]
        attributes = attributes[(length + 3) & ~3 :]
    return b""


def still(rows: list[Row]) -> list[Row]:
    """Sockets without what runs: the time to go, and how often they have sent."""
    return sorted(row._replace(expires=0, retransmits=0) for row in rows)


def both(other: Callable[[], Told]) -> tuple[list[Row], Told]:
    """sock_diag and another, asked again where a timer changed in between; the times of the other lie in between."""

    def agree() -> bool:
        before, told, after = [row for row, _ in sock_diag()], other(), [row for row, _ in sock_diag()]
        seen[:] = [(before, told)]
        return still(before) == still(after) and ("timer" not in told.columns or in_between(before, told, after))

    seen: list[tuple[list[Row], Told]] = []
    assert until(agree, True)
    return seen[0]


def in_between(before: list[Row], told: Told, after: list[Row]) -> bool:
    """Whether every timer that was not set anew has as long to go as it can have."""
    later = {row[4:8]: row for row in after}
    shown = {row[4:8]: row for row, _, _ in told.rows}
    runs = [(row, shown[row[4:8]], later[row[4:8]]) for row in before if row.expires >= later[row[4:8]].expires]
    return all(
        printed(last.expires) - TICK <= row.expires <= first.expires + TICK for first, row, last in runs
    ) and all(
        row.retransmits == first.retransmits for first, row, last in runs if first.retransmits == last.retransmits
    )


def printed(ms: int) -> int:
    """What is left of a time once print_ms_timer() has written it."""
    return ms if ms < 10_000 else ms // 1000 * 1000 if ms < 600_000 else ms // 60_000 * 60_000


@pytest.mark.parametrize("options", [("-tanoempi",), ("-tanoempiO",), ("-Htanoe",), ("-peaonmi",), ("-noemitauO",)])
def test_every_field_is_that_of_sock_diag(wire: Wire, options: tuple[str, ...]) -> None:
    """State, timer, ends, queues, user and inode agree to the socket; the time to go is what it can be."""
    with wire.near:
        expected, told = both(lambda: ss(*options))
    rows = [row for row, _, _ in told.rows]

    assert still(expected) == still(rows)
    assert STATES == {row.state for row in rows}
    assert {0, 1, 3, 4} <= {row.timer for row in rows}
    assert {"timer", "inode", "queue", "backlog"} <= told.columns
    assert {} == told.gaps


def test_without_options_there_are_states_and_queues(wire: Wire) -> None:
    """`ss -tan` says nothing of timers, inodes and owners, and the columns tell it."""
    with wire.near:
        expected, told = both(lambda: ss("-tan"))

    assert still([row._replace(timer=0, uid=0, inode=0) for row in expected]) == still([row for row, _, _ in told.rows])
    assert {"queue", "backlog"} == told.columns


@pytest.mark.parametrize("options", [("-tanpO",), ("-tanpe",)])
def test_processes(wire: Wire, options: tuple[str, ...]) -> None:
    """What somebody has is this process's, with inodes and without."""
    with wire.near:
        expected, told = both(lambda: ss(*options))
    command = Path("/proc/self/comm").read_text(encoding="ascii").strip()

    assert sum(row.inode != 0 for row in expected) == sum(row.inode != 0 for row, _, _ in told.rows)
    assert {(os.getpid(), command, 1)} == {
        (owner.pid, owner.command, owner.processes) for owner in told.owners.values()
    }
    assert sum(row.inode != 0 for row in expected) == len(told.owners)
    assert ("inode" in told.columns) == ("e" in options[0])


def test_tcp_info(wire: Wire) -> None:
    """RTO, backoff, probes, retransmissions and window are those of tcp_info; minisocks and listeners have none."""

    def agree() -> bool:
        ours = {row[4:8]: info for row, _, info in ss("-tanoi").rows}
        kernel = {row[4:8]: told_by(info) for row, info in sock_diag(INFO) if row.state != TcpState.LISTEN}
        infos[:] = [info for info in ours.values() if info]
        if all(info.window is None for info in infos):
            # Before 5.18 ss does not print the window.
            kernel = {ends: info and info._replace(window=None) for ends, info in kernel.items()}
        return kernel.items() <= ours.items() and any(info.probes for info in infos)

    infos: list[Info] = []
    with wire.near:
        assert until(agree, True)
    assert any(info.backoff for info in infos)
    assert any(info.retransmitted for info in infos)


def told_by(info: bytes) -> Info | None:
    """The same from struct tcp_info."""
    if not info:
        return None
    _, probes, backoff, rto = struct.unpack_from("=2xBBBxxxI", info)
    window = struct.unpack_from("=I", info, 228)[0] if len(info) >= 232 else None
    return Info(rto / 1e6, backoff, probes, struct.unpack_from("=I", info, 100)[0] > 0, window)


@pytest.mark.skipif(shutil.which("netstat") is None, reason="needs netstat of net-tools")
def test_netstat_says_the_same(wire: Wire) -> None:
    """`netstat -antoeep`, read by its own reader: all but the backlogs, which it does not have, and the users."""
    command = ["netstat", "-antWoeep"]

    def netstat() -> Told:
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert netstat_output.looks_like(text[:4096])
        return netstat_output.parse(text.splitlines(keepends=True))

    with wire.near:
        expected, told = both(netstat)

    assert still([without_backlog(row)._replace(uid=0) for row in expected]) == still([row for row, _, _ in told.rows])
    assert {"timer", "inode", "queue", "owner"} == told.columns
    assert {os.getpid()} == {owner.pid for owner in told.owners.values()}
    assert {} == told.gaps


def without_backlog(row: Row) -> Row:
    """A listener as /proc shows it."""
    return row._replace(send_q=0) if row.state == TcpState.LISTEN else row


def test_the_state_alone_is_refused(wire: Wire) -> None:
    """`ss state time-wait` leaves its column out."""
    with wire.near, pytest.raises(ValueError, match="the column State is missing"):
        ss("-tan", "state", "time-wait")
