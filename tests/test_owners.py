"""Which process holds which socket: found like a plain reading of every descriptor, with far fewer looks."""

from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from common import nobody
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.owners import fd_routes, owners
from tcptune.collect.owners.owners import Found, Holder, find

OTHER_LINKS = ("/dev/null", "pipe:[7]", "anon_inode:[eventpoll]", "socket:[]", "socket:[7x]", "socket:", "[7]", "7")

COUNTS = owners._counts_descriptors()
"""Whether this kernel is one that counts descriptors; the others are played."""

LINKS = st.dictionaries(
    st.integers(0, 70), st.one_of(st.integers(1, 40), st.sampled_from(OTHER_LINKS)), max_size=40
).map(lambda table: {number: f"socket:[{link}]" if isinstance(link, int) else link for number, link in table.items()})
"""Descriptors of a process, with holes, and sockets in any order."""

RUNS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60), st.integers(1, 25)), min_size=1, max_size=5).map(
    lambda runs: links_of(runs)
)
"""Descriptors of a process that made its sockets one after the other, most of the time."""


def links_of(runs: list[tuple[int, int, int]]) -> dict[int, str]:
    """Runs of (descriptors left out, first inode, length), one behind the other."""
    links: dict[int, str] = {}
    number = 0
    for holes, inode, length in runs:
        number += holes
        links |= {number + at: f"socket:[{inode + at}]" for at in range(length)}
        number += length
    return links


def put(proc: Path, pid: int, links: dict[int, str], comm: bytes = b"app\n", cgroup: str = "0::/\n") -> Path:
    """A process in a stored tree."""
    folder = proc / str(pid)
    (folder / "fd").mkdir(parents=True)
    for number, link in links.items():
        (folder / "fd" / str(number)).symlink_to(link)
    (folder / "comm").write_bytes(comm)
    (folder / "cgroup").write_text(cgroup)
    (folder / "cmdline").write_bytes(b"app\0")
    return folder


def sockets(numbers: range, first: int) -> dict[int, str]:
    """Descriptors with sockets that were made one after the other."""
    return {number: f"socket:[{first + at}]" for at, number in enumerate(numbers)}


def plainly(proc: str | Path) -> dict[int, set[int]]:
    """The processes that hold each socket, by reading every descriptor of all of them."""
    found: dict[int, set[int]] = {}
    for process in Path(proc).iterdir():
        if process.name.isdecimal():
            for link in (process / "fd").iterdir():
                target = str(link.readlink())
                if target.startswith("socket:[") and target[8:-1].isdecimal():
                    found.setdefault(int(target[8:-1]), set()).add(int(process.name))
    return found


def pids(found: Found) -> dict[int, int]:
    """Who holds each socket, without what else is told."""
    return {inode: holder.pid for inode, holder in found.holders.items()}


@contextmanager
def counted_looks():
    """The descriptors that are looked at meanwhile, in order."""
    looks: list[int] = []
    links = owners._links

    def look(folder, numbers):
        looks.extend(numbers)
        return links(folder, numbers)

    with patch.object(owners, "_links", look):
        yield looks


@contextmanager
def own_sockets(numbers):
    """Sockets of this process with these descriptors, which are above any that are in use; their inodes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    held: list[int] = []
    try:
        for number in numbers:
            with socket.socket(socket.AF_UNIX) as new:
                held.append(os.dup2(new.fileno(), number, inheritable=False))
        yield {os.fstat(number).st_ino for number in held}
    finally:
        for number in held:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_holder_is_told_with_all_that_is_known_of_it(tmp_path):
    """Its pid, name, number of descriptors and unit."""
    put(tmp_path, 17, {0: "/dev/null", 3: "socket:[4026]"}, b"nginx\n", "0::/system.slice/nginx.service\n")
    put(tmp_path, 18, {0: "/dev/null", 3: "socket:[4027]"}, b"sh\n")

    expected = {4026: Holder(17, "nginx", 2, "nginx.service"), 4027: Holder(18, "sh", 2, None)}

    assert Found(expected, 0) == find({4026, 4027, 4028}, proc=str(tmp_path))


def test_what_is_not_there_has_no_holder(tmp_path):
    """An absent /proc, an empty one, nothing wanted, and the inode 0 of a socket without an owner."""
    put(tmp_path / "proc", 17, {0: "socket:[1]", 1: "socket:[0]"})

    assert Found({}, 0) == find({1}, proc=str(tmp_path / "absent"))
    assert Found({}, 0) == find({1}, [17], proc=str(tmp_path / "absent"))
    assert Found({}, 0) == find({1}, proc=str(tmp_path))
    assert Found({}, 0) == find((), proc=str(tmp_path / "proc"))
    assert Found({}, 0) == find({0}, proc=str(tmp_path / "proc"))


@pytest.mark.parametrize("step", [1, 2, 8, 128])
@given(
    processes=st.dictionaries(st.integers(1, 30), st.one_of(LINKS, RUNS), max_size=4),
    wanted=st.sets(st.integers(1, 70), max_size=30),
    first=st.lists(st.integers(1, 30), max_size=3),
)
@settings(max_examples=40, deadline=None)
def test_any_tables_are_read_like_a_plain_reading_does(step, processes, wanted, first):
    """A wanted socket is left out only where nobody holds it, and goes to one who does."""
    with tempfile.TemporaryDirectory() as name, patch.object(fd_routes, "STEP", step):
        for pid, links in processes.items():
            put(Path(name), pid, links)
        found = pids(find(wanted, first, name))
        holders = plainly(name)

    assert wanted & set(holders) == set(found)
    assert {} == {inode: pid for inode, pid in found.items() if pid not in holders[inode]}


@pytest.mark.parametrize("counted", [True, False])
@given(
    numbers=st.sets(st.integers(300, 420), min_size=1),
    left_out=st.sets(st.integers(0, 60)),
    step=st.sampled_from([2, 16, 128]),
    missing=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_any_descriptors_of_a_live_process_are_found(counted, numbers, left_out, step, missing):
    """However sparse they are, on kernels that count descriptors and on those that do not."""
    patched = (
        patch.object(fd_routes, "STEP", step),
        patch.object(owners, "_counts_descriptors", lambda: counted and COUNTS),
    )
    with own_sockets(sorted(numbers)) as inodes, patched[0], patched[1]:
        wanted = {inode for at, inode in enumerate(sorted(inodes)) if at not in left_out}
        search = owners.Search(wanted | ({1} if missing else set()), "/proc")
        search.among(search.tables([os.getpid()]))

    assert dict.fromkeys(wanted, os.getpid()) == {inode: holder.pid for inode, holder in search.holders.items()}


def test_the_order_of_a_listing_is_that_of_the_numbers():
    """A listing that begins behind a number has all above it and none below, which the search relies on."""
    with own_sockets([300, 301, 302, 350, 900]):
        folder = owners._open("/proc/self/fd")
        try:
            for number, expected in ((301, [302, 350, 900]), (302, [350, 900]), (349, [350, 900]), (900, [])):
                os.lseek(folder, owners.LISTED_BEFORE + number + 1, os.SEEK_SET)

                assert expected == owners._numbers(os.listdir(folder))  # noqa: PTH208 -- a descriptor is no path
        finally:
            os.close(folder)


def test_a_hole_that_is_filled_meanwhile_hides_nothing(monkeypatch):
    """What counts is not how many descriptors were seen: the one behind the hole was there all the time."""
    with own_sockets([300, 301, 500]) as inodes, own_sockets([]):
        links = owners._links

        def fill_holes(folder, numbers):
            for number in range(302, 310):
                os.dup2(300, number, inheritable=False)
            return links(folder, numbers)

        monkeypatch.setattr(owners, "_links", fill_holes)
        found = find(inodes, [os.getpid()])
        for number in range(302, 310):
            os.close(number)

    assert dict.fromkeys(inodes, os.getpid()) == pids(found)


def test_neighbours_are_found_with_few_looks(tmp_path):
    """Of 3000 sockets that were made one after the other a tenth is found with hardly more looks than that."""
    put(tmp_path, 17, sockets(range(3, 3003), 5000))
    wanted = set(random.Random(1).sample(range(5000, 8000), 300))
    with counted_looks() as looks:
        found = find(wanted, proc=str(tmp_path))

    assert wanted == set(found.holders)
    assert 400 > len(looks)


def turns(inode: int) -> list[tuple[int, int, int]]:
    """A long turn and a short one that no sample need hit."""
    return [(0, inode, 300), (0, inode + 5000, 40)]


def test_sockets_that_several_processes_made_by_turns_are_found_with_few_looks(tmp_path):
    """Where inodes leap, the gap is halved until each part goes up evenly."""
    tables = {
        pid: links_of([run for turn in range(6) for run in turns(10_000 * turn + 1000 * place)])
        for place, pid in enumerate((20, 21, 22))
    }
    for pid, links in tables.items():
        put(tmp_path, pid, links)
    wanted = {
        fd_routes.inode_of(link) for links in tables.values() for number, link in links.items() if number % 340 >= 310
    }
    with counted_looks() as looks:
        found = find(wanted, proc=str(tmp_path))

    assert wanted == set(found.holders)
    assert 1300 > len(looks)


def test_no_descriptor_is_looked_at_twice(tmp_path):
    """Not even where all of them have to be, because one socket has no holder."""
    put(tmp_path, 17, sockets(range(1000), 5000))
    with counted_looks() as looks:
        found = find({1, *range(5100, 5200)}, proc=str(tmp_path))

    assert set(range(5100, 5200)) == set(found.holders)
    assert set(range(1000)) <= set(looks)
    assert len(set(looks)) == len(looks)


def test_the_first_processes_are_searched_before_any_other(tmp_path):
    """Where they have everything, nobody else is looked at."""
    put(tmp_path, 17, {0: "socket:[1]"})
    put(tmp_path, 99, {0: "socket:[1]", 1: "socket:[2]"})
    opened: list[str] = []
    plain_open = owners._open
    with patch.object(owners, "_open", lambda folder: opened.append(folder) or plain_open(folder)):
        found = find({1, 2}, [99, 98, 99], proc=str(tmp_path))

    assert {1: 99, 2: 99} == pids(found)
    assert f"{tmp_path}/17/fd" not in opened


def test_a_shared_socket_goes_to_the_lowest_pid(tmp_path):
    """Parent and children of a server that forks all have it."""
    for pid in (31, 9, 100):
        put(tmp_path, pid, sockets(range(3, 300), 5000))

    assert dict.fromkeys(range(5000, 5297), 9) == pids(find(range(5000, 5297), proc=str(tmp_path)))


def test_processes_are_taken_in_the_order_of_their_numbers(tmp_path):
    """A folder lists them as it likes."""
    for pid in range(1, 60):
        (tmp_path / str(pid * 37 % 61)).mkdir()

    assert sorted(pid * 37 % 61 for pid in range(1, 60)) == owners._folders(str(tmp_path))


def test_a_process_is_described_once(tmp_path, monkeypatch):
    """It may take another name while it is searched; its sockets stay together."""
    process = put(tmp_path, 17, links_of([(0, 5000, 300), (0, 9000, 300), (0, 2000, 300)]))
    links = owners._links

    def rename(folder, numbers):
        comm = process / "comm"
        comm.write_text(comm.read_text() + "x")
        return links(folder, numbers)

    monkeypatch.setattr(owners, "_links", rename)
    found = find({*range(5100, 5200), *range(9000, 9300), *range(2000, 2300)}, proc=str(tmp_path))

    assert 700 == len(found.holders)
    assert 1 == len(set(found.holders.values()))


def test_a_socket_with_two_descriptors_is_one_socket(tmp_path):
    """dup(2) does not end the search before everything is found."""
    put(tmp_path, 17, {0: "socket:[1]", 1: "socket:[1]", 2: "socket:[1]", 40: "socket:[2]"})

    assert {1: 17, 2: 17} == pids(find({1, 2}, proc=str(tmp_path)))


@pytest.mark.parametrize(
    ("comm", "expected"),
    [
        (b"nginx\n", "nginx"),
        (b"a\nb\n", r"a\nb"),
        (b"\n", ""),
        (b"", ""),
        (b"\x1b[31mred\x07\n", r"\x1b[31mred\x07"),
        (b"x) R 1 (y\n", "x) R 1 (y"),
        (b"\xff\xfe\n", "\ufffd\ufffd"),
        ("\u202eexe.daed\n".encode(), r"\u202eexe.daed"),
        (b"a" * 500, 40 * "a" + "..."),
    ],
)
def test_a_hostile_name_is_made_safe(tmp_path, comm, expected):
    """A process may give itself any name of 15 bytes; a stored tree holds even more."""
    put(tmp_path, 17, {0: "socket:[1]"}, comm)

    assert expected == find({1}, proc=str(tmp_path)).holders[1].command


def test_junk_in_a_tree_is_passed_over(tmp_path):
    """Names that are no numbers, descriptors that are no links, a process that is a file."""
    process = put(tmp_path, 17, {5: "socket:[1]"})
    for name in ("x", "-1", "1.5", "\u0661", "\u00b2"):
        (process / "fd" / name).symlink_to("socket:[2]")
        (tmp_path / name).mkdir()
    (process / "fd/7").write_text("socket:[2]")
    (process / "fd/8").mkdir()
    (tmp_path / "18").write_text("")
    (tmp_path / "19").mkdir()

    assert Found({1: Holder(17, "app", 8, None)}, 0) == find({1, 2}, proc=str(tmp_path))


def test_a_process_that_ends_in_the_middle_holds_nothing_more(tmp_path, monkeypatch):
    """The others are searched as before."""
    put(tmp_path, 17, sockets(range(500), 5000))
    put(tmp_path, 18, sockets(range(500), 6000))
    links = owners._links

    def end_first(folder, numbers):
        shutil.rmtree(tmp_path / "17", ignore_errors=True)
        return links(folder, numbers)

    monkeypatch.setattr(owners, "_links", end_first)
    found = find(range(5400, 6100), proc=str(tmp_path))

    assert dict.fromkeys(range(6000, 6100), 18) == pids(found)
    assert 0 == found.hidden


def test_a_socket_goes_to_the_process_that_lives_on(tmp_path, monkeypatch):
    """One that ends before it has said its name is not told; who has the socket too, is."""
    put(tmp_path, 17, {0: "socket:[1]"})
    put(tmp_path, 18, {0: "socket:[1]"})
    links = owners._links

    def end_first(folder, numbers):
        (tmp_path / "17/comm").unlink(missing_ok=True)
        return links(folder, numbers)

    monkeypatch.setattr(owners, "_links", end_first)

    assert {1: 18} == pids(find({1}, proc=str(tmp_path)))


def test_a_pid_that_is_given_to_another_process_keeps_its_old_name(tmp_path, monkeypatch):
    """Who held the socket is described, not who has the number afterwards."""
    put(tmp_path, 17, {0: "socket:[1]"}, b"old\n", "0::/old.service\n")
    put(tmp_path / "later", 17, {}, b"new\n", "0::/new.service\n")
    links = owners._links

    def reuse(folder, numbers):
        found = links(folder, numbers)
        if any(found):
            (tmp_path / "17").rename(tmp_path / "ended")
            (tmp_path / "later/17").rename(tmp_path / "17")
        return found

    monkeypatch.setattr(owners, "_links", reuse)

    assert {1: Holder(17, "old", 1, "old.service")} == find({1}, proc=str(tmp_path)).holders


def test_a_process_without_a_cgroup_has_no_unit(tmp_path):
    """Kernels can be built without cgroups."""
    (put(tmp_path, 17, {0: "socket:[1]"}) / "cgroup").unlink()

    assert Holder(17, "app", 1, None) == find({1}, proc=str(tmp_path)).holders[1]


def test_processes_that_hide_their_descriptors_are_counted():
    """Those with a program, that is: a kernel thread has no descriptors to hide, nor has one that has ended."""
    with tempfile.TemporaryDirectory() as name:
        proc = Path(name)
        proc.chmod(0o755)
        for pid in (17, 18, 19, 20):
            put(proc, pid, {0: f"socket:[{pid}]"})
        (proc / "18/fd").chmod(0)
        (proc / "19/fd").chmod(0)
        (proc / "19/cmdline").write_bytes(b"")
        (proc / "20").chmod(0)
        with nobody():
            found = find({17, 18, 19, 20}, proc=name)
            early = find({17}, [17], name)
        for path in ("18/fd", "19/fd", "20"):
            (proc / path).chmod(0o755)

    assert {17: 17} == pids(found)
    assert 1 == found.hidden
    assert Found({17: Holder(17, "app", 1, None)}, 0) == early


@pytest.mark.parametrize("counted", [True, False])
def test_a_process_that_is_not_there_hides_nothing(counted, monkeypatch):
    """One of those to look at first may have ended since they were listed."""
    monkeypatch.setattr(owners, "_counts_descriptors", lambda: counted)
    search = owners.Search({1}, "/proc")
    search.among(search.tables([2**30]))

    assert (set(), {}) == (search.hidden, search.holders)


def test_a_process_that_refuses_single_descriptors_is_counted(tmp_path, monkeypatch):
    """A folder may open where ptrace is not allowed; every link says no."""
    put(tmp_path, 17, {0: "socket:[1]"})
    put(tmp_path, 18, {0: "socket:[2]"})

    def refuse(link, dir_fd):
        if Path(f"/proc/self/fd/{dir_fd}").readlink().match("17/fd"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return readlink(link, dir_fd=dir_fd)

    readlink = os.readlink
    monkeypatch.setattr(owners, "os", FakeOs(readlink=refuse))

    assert Found({2: Holder(18, "app", 1, None)}, 1) == find({1, 2}, proc=str(tmp_path))


class FakeOs:
    """The module os with some functions replaced."""

    def __init__(self, **replaced):
        self.__dict__.update(vars(os) | replaced)


def test_without_descriptors_to_spare_nothing_passes_for_searched(tmp_path, monkeypatch):
    """EMFILE says nothing about who holds what, so the process counts as hidden."""
    put(tmp_path, 17, {0: "socket:[1]"})

    def too_many(folder):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(owners, "_open", too_many)

    assert Found({}, 1) == find({1}, proc=str(tmp_path))


@pytest.mark.parametrize("counted", [True, False])
def test_a_process_whose_first_thread_has_ended_still_holds_its_sockets(counted, monkeypatch):
    """Its own folder of descriptors is empty then; another thread's is not."""
    script = (
        "import ctypes, os, socket, sys, threading\n"
        "held = socket.socket(socket.AF_UNIX)\n"
        "def stay():\n"
        "    print(os.fstat(held.fileno()).st_ino, flush=True)\n"
        "    sys.stdin.read()\n"
        "    os._exit(0)\n"
        "threading.Thread(target=stay).start()\n"
        "ctypes.CDLL(None).pthread_exit(None)\n"
    )
    monkeypatch.setattr(owners, "_counts_descriptors", lambda: counted and COUNTS)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        inode = int(process.stdout.readline())
        while "Z" != Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]:
            pass
        found = find({inode}, [process.pid])
        process.stdin.close()

    assert {inode: process.pid} == pids(found)


def test_the_processes_of_this_machine_are_found():
    """A socket of a child, among all the processes that run here."""
    script = (
        "import os, socket, sys; s = socket.socket(); print(os.fstat(s.fileno()).st_ino, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        inode = int(process.stdout.readline())
        found = find({inode})
        descriptors = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
        process.stdin.close()

    assert {inode: process.pid} == pids(found)
    assert descriptors == found.holders[inode].fds
    assert found.holders[inode].command.startswith("python")


def test_the_search_needs_no_expensive_module():
    """It runs in a command that has 60 ms in all."""
    script = (
        "import sys, types; import tcptune\n"
        "package = sys.modules['tcptune.collect'] = types.ModuleType('tcptune.collect')\n"
        "package.__path__ = [tcptune.__path__[0] + '/collect']\n"
        "import tcptune.collect.owners.owners\n"
        "print(*sorted({'dataclasses', 'inspect', 'subprocess', 'pathlib', 'pydantic'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )

    assert ("\n", "") == (run.stdout, run.stderr)
