"""What a look at single sockets has to survive: ends, refusals, tables that change, names that want the terminal."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from workshop.child import become_nobody, in_child
from workshop.filters import refuse_netlink, why_no_seccomp
from workshop.look import sockstat
from workshop.namespace import Namespace
from workshop.waiting import until
from workshop.wire import BACKLOG, Wire

from tcptune.cli.sockets_work import show
from tcptune.collect.sockets import look, sock_diag
from tcptune.collect.sockets.diag_rows import sockets
from tcptune.collect.sockets.sock_diag import Question, dump, states_mask
from tcptune.kernel.states import TcpState
from tcptune.printable import printable

pytestmark = pytest.mark.live

CLOSE_WAIT, FIN_WAIT_2, TIME_WAIT = TcpState.CLOSE_WAIT, TcpState.FIN_WAIT_2, TcpState.TIME_WAIT
COUNT = 5
LOOKS, OF_EVERYTHING = 50, 5
LONGEST = 5.0
"""Seconds for one look at some ten thousand sockets, on a busy machine."""
PORT = 9999
"""Below those that connect() chooses."""
SPARE = 200
"""Descriptors that a test process needs beside those it makes."""

HOSTILE = (
    b"\x1b[31mred\x1b[0m\x07",
    b"a\nb\r\tc\x0bd",
    "\u202egnp.exe\u2066".encode(),
    b"\xff\xfe\x80\xc3(bad",
    b'"}],"x":[{"',
    b"\\u001b%s{0}\x7f",
    "\u2028\u0085\u200b".encode(),
)
CALL_ITSELF = """
import ctypes, sys
ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]) + bytes(1), 0, 0, 0)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A wire with nothing on it."""
    with Wire() as made:
        yield made


def given(wire: Wire, command: Sequence[str]) -> subprocess.Popen[str]:
    """A process that alone holds COUNT sockets in CLOSE-WAIT."""
    pairs = wire.pairs(wire.door(), COUNT)
    with wire.near:
        holder = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=[ours.fileno() for ours, _ in pairs],
        )
    for ours, peer in pairs:
        ours.close()
        peer.close()
    return holder


def shown(**arguments: Any) -> str:
    """What the command would print."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        show(**arguments)
    return out.getvalue()


def close_wait(wire: Wire) -> int:
    with wire.near:
        return sock_diag.count({CLOSE_WAIT}).total()


def test_a_process_that_ends_during_the_scan(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """A holder that is killed as soon as one of its sockets was seen is nobody's name, and no failure."""
    holder = given(wire, ["cat"])
    assert COUNT == until(lambda: close_wait(wire), COUNT)
    with wire.near:
        inodes = {f"socket:[{fields[-1]}]" for fields, _, _ in sockets(dump(Question(states_mask({CLOSE_WAIT}))))}
    read = os.readlink

    def read_and_kill(*arguments: Any, **options: Any) -> str:
        link = read(*arguments, **options)
        if link in inodes and holder.poll() is None:
            holder.kill()
            holder.wait()
        return link

    monkeypatch.setattr(os, "readlink", read_and_kill)
    with holder, wire.near:
        seen = look.live({CLOSE_WAIT}, "always")

    assert -signal.SIGKILL == holder.returncode
    assert [("CLOSE-WAIT", "owned", COUNT)] == [(one.state, one.kind, one.sockets) for one in seen.table.groups]
    assert {None} == {one.owner.pid if one.owner else None for one in seen.table.groups}
    assert f"{COUNT} of " in seen.gaps["owners"]


def test_descriptors_of_another_user_are_not_orphans(wire: Wire) -> None:
    """As nobody: the sockets stay owned, by nobody that can be named, and the gap says who would see more."""
    holder = given(wire, ["cat"])
    assert COUNT == until(lambda: close_wait(wire), COUNT)

    def as_nobody() -> tuple[str, str]:
        become_nobody()
        return shown(owners=True, format_="json"), shown(owners=True)

    with holder, wire.near:
        seen = json.loads(shown(owners=True, format_="json"))
        document, text = in_child(as_nobody)
        assert holder.stdin is not None
        holder.stdin.close()
    told = json.loads(document)

    assert [holder.pid] == [group["owner"]["pid"] for group in seen["groups"]]
    assert [("CLOSE-WAIT", "owned", COUNT)] == [
        (group["state"], group["kind"], group["count"]) for group in told["groups"]
    ]
    assert {None} == {group["owner"]["pid"] if group["owner"] else None for group in told["groups"]}
    assert "not visible" in told["gaps"]["owners"]
    assert "run as root" in told["gaps"]["owners"]
    assert "orphan" not in text
    assert "run as root" in " ".join(text.split())


@pytest.mark.skipif(why_no_seccomp() is not None, reason=str(why_no_seccomp()))
def test_a_refused_dump_falls_back_and_says_so(wire: Wire) -> None:
    """A sandbox without AF_NETLINK sees the same groups in /proc/net/tcp, and is told that it does."""
    door = wire.door()
    for peer in wire.callers(door, COUNT):
        peer.connect((door.host, door.port))
        peer.close()
    holder = given(wire, ["cat"])
    assert 2 * COUNT == until(lambda: close_wait(wire), 2 * COUNT)

    def sandboxed() -> str:
        refuse_netlink()
        return shown(format_="json")

    with holder, wire.near:
        expected, told = json.loads(shown(format_="json")), json.loads(in_child(sandboxed))
        assert holder.stdin is not None
        holder.stdin.close()
    same = ("state", "kind", "count", "local", "remote", "recv_q", "rule", "gone_in")

    assert (
        "read from /proc/net/tcp instead: sock_diag: Address family not supported by protocol"
        == (told["gaps"]["sock_diag"])
    )
    assert [{name: group[name] for name in same} for group in expected["groups"]] == [
        {name: group[name] for name in same} for group in told["groups"]
    ]
    assert expected["total"] == told["total"]
    assert [(door.port, COUNT)] == [(one["port"], one["waiting"]) for one in told["listeners"]]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_hostile_name_never_reaches_the_terminal(name: bytes, wire: Wire) -> None:
    """Escapes, line ends, right-to-left marks and bytes that are no text come out as text, in JSON too."""
    holder = given(wire, [sys.executable, "-c", CALL_ITSELF, name.hex()])
    assert COUNT == until(lambda: close_wait(wire), COUNT)
    with holder:
        assert holder.stdout is not None
        assert "ready\n" == holder.stdout.readline()
        with wire.near:
            text, document = shown(owners=True), shown(owners=True, format_="json")
        assert holder.stdin is not None
        holder.stdin.close()
    lines = text.splitlines()

    assert lines == text.split("\n")[:-1]
    assert [] == [line for line in lines if printable(line) != line or len(line) >= 80]
    assert f"(pid {holder.pid}," in " ".join(text.split())
    assert [] == [line for line in document.splitlines() if not (line.isascii() and line.isprintable())]
    (group,) = json.loads(document)["groups"]
    assert holder.pid == group["owner"]["pid"]
    assert group["owner"]["command"] == printable(group["owner"]["command"]) != ""


@contextlib.contextmanager
def working(place: Namespace, work: Callable[[], None]) -> Iterator[int]:
    """A child inside that does its work, tells that it has begun, and is ended."""
    reading, writing = os.pipe()
    with place:
        child = os.fork()
        if child == 0:
            try:
                os.close(reading)
                os.dup2(writing, 1)
                work()
            finally:
                os._exit(0)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            assert b"begun" == pipe.read(5)
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def pairs() -> int:
    """How many connections one process may hold, both ends."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(7_000, (hard - SPARE) // 2)


def hold() -> None:
    """As many connections as we may have, one end of each closed half; until we are killed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    door = socket.create_server(("127.0.0.1", PORT), backlog=BACKLOG)
    kept = []
    for _ in range(pairs()):
        kept += [socket.create_connection(door.getsockname()), door.accept()[0]]
        kept[-2].shutdown(socket.SHUT_WR)
    os.write(1, b"begun")
    signal.pause()


def churn() -> None:
    """Connections opened and closed as fast as we can; until we are killed."""
    doors = [socket.create_server(("127.0.0.1", 0), backlog=BACKLOG) for _ in range(8)]
    os.write(1, b"begun")
    while True:
        for door in doors:
            with socket.create_connection(door.getsockname()), door.accept()[0]:
                pass


def test_looks_at_a_table_that_changes() -> None:
    """Ten thousand sockets that stay and tens of thousands that come: 50 looks, each in time, none counts one twice."""
    place = Namespace({"net.ipv4.ip_local_port_range": "10000 65000"})
    longest = 0.0
    with working(place, hold) as holder, working(place, churn), place:
        first = sockstat("sockstat", "TCP")["tw"]
        for number in range(LOOKS):
            everything = number % (LOOKS // OF_EVERYTHING) == 0
            states = sock_diag.ODD_STATES | ({TIME_WAIT} if everything else frozenset())
            least = sockstat("sockstat", "TCP")["tw"]
            began = time.monotonic()
            seen = look.live(states, "never")
            longest = max(longest, time.monotonic() - began)
            most = sockstat("sockstat", "TCP")["tw"]

            groups = seen.table.groups
            held = {
                group.state: group.sockets for group in groups if f"127.0.0.1:{PORT}" in (group.local, group.remote)
            }
            resting = sum(group.sockets for group in groups if group.state == "TIME-WAIT")
            assert {"CLOSE-WAIT": pairs(), "FIN-WAIT-2": pairs()} == held
            assert (least if everything else 0) <= resting <= most
        began = time.monotonic()
        named = look.live({CLOSE_WAIT, FIN_WAIT_2}, "always")
        longest = max(longest, time.monotonic() - began)
    place.close()

    assert 2 * pairs() == sum(one.sockets for one in named.table.groups if one.owner and one.owner.pid == holder)
    assert longest < LONGEST
    assert first < most
