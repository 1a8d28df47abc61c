"""Which process holds which socket, among real processes that fork, end, rename themselves and belong to others."""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from workshop.child import become_nobody, in_child
from workshop.namespace import Namespace

from tcptune.collect.owners import cgroups, owners
from tcptune.collect.owners.owners import find
from tcptune.collect.sockets import sock_diag
from tcptune.kernel.states import TcpState

pytestmark = pytest.mark.live

HOLDER = """
import ctypes, os, resource, socket, sys, threading, time
most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
name = lambda text: ctypes.CDLL(None).prctl(15, text, 0, 0, 0)  # PR_SET_NAME
sockets = [socket.socket() for _ in range(int(sys.argv[1]))]
exec(sys.argv[2])
print("ready", flush=True)
sys.stdin.read()
os._exit(0)
"""

SHUFFLE = """
import random
for one in random.Random(1).sample(sockets, len(sockets) // 3):
    one.close()
more = [socket.socket() for _ in range(len(sockets) // 6)]
"""

INET_DIAG_CGROUP_ID = 21


@contextmanager
def holder(count: int, script: str = "", namespace: Namespace | None = None):
    """A process with so many sockets that then runs a script; its id."""
    with namespace or ExitStack():
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(count), script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    with process:
        try:
            assert "ready\n" == process.stdout.readline()
            yield process.pid
        finally:
            process.stdin.close()


@contextmanager
def holders(*arguments: tuple[int, str]):
    """Several of them; their ids."""
    with ExitStack() as stack:
        yield [stack.enter_context(holder(*some)) for some in arguments]


def inodes(pid: int) -> set[int]:
    """The sockets of a process, by reading every descriptor."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    return {int(link[8:-1]) for link in links if link.startswith("socket:[")}


def pids(found: owners.Found) -> dict[int, int]:
    """Who holds each socket, without what else is told."""
    return {inode: one.pid for inode, one in found.holders.items()}


def test_every_socket_of_many_goes_to_its_process():
    """Thousands in each of several processes, made one after the other or with holes and leaps."""
    with holders((3001, ""), (2003, SHUFFLE), (1009, SHUFFLE), (17, "")) as those:
        expected = {inode: pid for pid in those for inode in inodes(pid)}
        all_of_them = find(expected)
        few = random.Random(2).sample(sorted(expected), 300)
        some = find(few)
        in_order = find(few, reversed(those))

    assert expected == pids(all_of_them)
    assert {inode: expected[inode] for inode in few} == pids(some) == pids(in_order)


def test_a_socket_that_nobody_holds_does_not_hide_the_others():
    """The search then reads every descriptor there is."""
    with holders((503, SHUFFLE), (307, "")) as those:
        expected = {inode: pid for pid in those for inode in inodes(pid)}
        gone = max(expected) + 1_000_000

        assert expected == pids(find({*expected, gone}))


def test_old_kernels_do_not_count_descriptors_and_the_result_is_the_same(monkeypatch):
    """Before 6.2 the size of the folder is 0."""
    with holders((503, SHUFFLE), (307, "")) as those:
        expected = {inode: pid for pid in those for inode in inodes(pid)}
        new = find(expected)
        monkeypatch.setattr(owners, "_counts_descriptors", lambda: False)

        assert new == find(expected)


def test_sockets_in_another_network_namespace_are_found():
    """Their numbers are the same everywhere."""
    namespace = Namespace()
    try:
        with holder(101, namespace=namespace) as pid:
            expected = dict.fromkeys(inodes(pid), pid)

            assert expected == pids(find(expected))
    finally:
        namespace.close()


def test_sockets_that_forks_share_go_to_one_of_them():
    """A child has what its parent had, and what is its own."""
    script = """
if not os.fork():
    sockets += [socket.socket() for _ in range(100)]
    sys.stdin.read()
    os._exit(0)
"""
    with holder(500, script) as parent:
        (child,) = map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())
        shared = inodes(parent)
        own = set()
        deadline = time.monotonic() + 10
        while len(own) < 100 and time.monotonic() < deadline:
            own = inodes(child) - shared
        found = pids(find(shared | own))

    assert dict.fromkeys(shared, min(parent, child)) | dict.fromkeys(own, child) == found


def test_processes_that_end_in_the_middle_break_nothing():
    """Whatever was seen of one is true of it, and the one that stays is always found."""
    with holder(211) as stays:
        staying = dict.fromkeys(inodes(stays), stays)
        for delay in (0.0, 0.0005, 0.001, 0.002, 0.004):
            with holder(2000) as ends:
                ending = dict.fromkeys(inodes(ends), ends)
                end = threading.Timer(delay, os.kill, [ends, signal.SIGKILL])
                end.start()
                for _ in range(5):
                    found = pids(find({*staying, *ending}))

                    assert staying == {inode: pid for inode, pid in found.items() if inode in staying}
                    assert (staying | ending).items() >= found.items()
                end.join()
            assert staying == pids(find({*staying, *ending}))


def test_a_user_sees_own_sockets_and_how_many_processes_hide_theirs():
    """Nobody's own are found, root's are not, and no kernel thread counts as hiding anything."""

    def look():
        become_nobody()
        with socket.socket() as mine:
            wanted = os.fstat(mine.fileno()).st_ino
            search = owners.Search({wanted, *others}, "/proc")
            search.among(search.tables(owners._folders("/proc")))
            return wanted, os.getpid(), pids(owners.Found(search.holders, 0)), search.hidden

    with holders((3, ""), (5, "")) as those:
        others = {inode for pid in those for inode in inodes(pid)}
        wanted, pid, found, hidden = in_child(look)

    assert {wanted: pid} == found
    assert set(those) <= hidden
    assert "kthreadd" not in {Path(f"/proc/{pid}/comm").read_text().strip() for pid in hidden if alive(pid)}


def alive(pid: int) -> bool:
    """Whether a process is still there."""
    return Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("counted", [True, False])
def test_everything_hidden_is_nothing_found(counted, monkeypatch):
    """And the number of processes that hide something says why."""
    monkeypatch.setattr(owners, "_counts_descriptors", lambda: counted)

    def look():
        become_nobody()
        return find(wanted)

    with holder(3) as pid:
        wanted = inodes(pid)
        found = in_child(look)

    assert {} == found.holders
    assert 1 <= found.hidden


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"\x1b[31mred\x07", r"\x1b[31mred\x07"),
        (b"a\nb\n", r"a\nb\n"),
        (b") R 1 (x", ") R 1 (x"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"", ""),
        (b"fifteen bytes..and more", "fifteen bytes.."),
    ],
)
def test_a_process_may_call_itself_anything(name, expected):
    """prctl(PR_SET_NAME) takes any 15 bytes, and they are shown without effect."""
    with holder(3, f"name({name!r})") as pid:
        wanted = inodes(pid)

        assert {expected} == {one.command for one in find(wanted).holders.values()}


def test_a_process_that_keeps_renaming_itself_is_found():
    """One name is told for all of its sockets; the kernel copies it without a lock, so it may mix two of them."""
    script = """
comm = open("/proc/self/comm", "wb", buffering=0)
comm.write(b"one")
def rename():
    while True:
        for text in (b"one", b"\\x1b[2J", b"a\\nb"):
            comm.write(text)
threading.Thread(target=rename, daemon=True).start()
"""
    with holder(300, script) as pid:
        wanted = inodes(pid)
        for _ in range(20):
            found = find(wanted, [pid])

            assert dict.fromkeys(wanted, pid) == pids(found)
            assert 1 == len(set(found.holders.values()))
            assert all(one.command.isprintable() for one in found.holders.values())
            assert set(r"one\x1b[2Ja\nb") >= {letter for one in found.holders.values() for letter in one.command}


def test_the_number_of_descriptors_is_that_of_its_folder():
    """The search holds none of them open."""
    with holder(1234) as pid:
        wanted = inodes(pid)
        (one,) = set(find(wanted).holders.values())

        assert len(list(Path(f"/proc/{pid}/fd").iterdir())) == one.fds


def test_the_cgroup_that_sock_diag_tells_is_found_by_its_number():
    """An id is the inode number of the cgroup's folder, and its processes are the ones that made the socket."""
    path = next(line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    namespace = Namespace()
    try:
        with namespace, socket.create_server(("127.0.0.1", 0)):
            question = sock_diag.Question(sock_diag.states_mask({TcpState.LISTEN}))
            ids = [cgroup_id(bytes(part.data[at:])) for part in sock_diag.dump(question) for at in part.starts]
    finally:
        namespace.close()

    assert 1 == len(ids)
    if not cgroups._tree(cgroups.TOP):
        pytest.skip("cgroup v2 is not mounted")
    assert {ids[0]: path} == cgroups.find(set(ids))
    assert os.getpid() in cgroups.pids_of(path)


def cgroup_id(message: bytes) -> int:
    """INET_DIAG_CGROUP_ID of a socket in the kernel's answer."""
    (length,) = struct.unpack_from("=I", message)
    at = sock_diag.SHORTEST
    while at < length:
        size, kind = sock_diag.ATTRIBUTE.unpack_from(message, at)
        if kind == INET_DIAG_CGROUP_ID:
            (number,) = struct.unpack_from("=Q", message, at + sock_diag.ATTRIBUTE.size)
            return int(number)
        at += (size + 3) & ~3
    raise LookupError("the socket has no cgroup")
