"""/proc/PID/fd: which process holds which socket, asked descriptor by descriptor, the likely ones first.

What is likely says `fd_routes`. It is looked at all the same, for who holds a socket is never inferred; and what
is not there is looked for everywhere.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tcptune.collect.owners.cgroups import unit_in
from tcptune.collect.owners.fd_routes import (
    SOCKET,
    START,
    Gap,
    Route,
    Table,
    by_table,
    gaps_of,
    halves,
    neighbours,
    promise,
    samples,
    uncertain,
    unseen,
)
from tcptune.printable import printable

PROC = "/proc"

MORE = 1.5
"""If halving gaps leaves so many times more of them, the sockets were not made one after the other."""

LISTED_BEFORE = 2
"""How many names a listing of descriptors begins with: "." and ".." (fs/proc/fd.c, proc_readfd_common())."""

NOTHING = (errno.ENOENT, errno.ESRCH, errno.EINVAL)
"""What a descriptor says that is not open, or whose process has ended; and in a stored tree what is no link."""

MOST_BYTES = 1 << 16

GONE = (FileNotFoundError, ProcessLookupError, NotADirectoryError)
"""What the files of a process say when it has ended."""


class Holder(NamedTuple):
    """A process that holds sockets.

    `command` is its name of at most 15 bytes (comm in proc(5)), made printable; `fds` how many descriptors it has;
    `unit` its systemd unit or container, None for neither.
    """

    pid: int
    command: str
    fds: int
    unit: str | None


class Found(NamedTuple):
    """Who holds sockets, by inode; and how many processes were met that hide their descriptors from this user."""

    holders: dict[int, Holder]
    hidden: int


def find(wanted: Iterable[int], first: Iterable[int] = (), proc: str = PROC) -> Found:
    """Who holds these sockets, by inode number. The processes `first` are searched before any other.

    A socket is left out only if no process that this user may look into held it throughout the search. One that
    several hold, as after a fork, goes to one of them that was seen with it, by rights the one with the lowest pid;
    nobody is looked at only to learn who else holds it. The search ends with the last socket: `hidden` counts all
    such processes only where a socket is left out. Nothing is found where there is no `proc`, and nothing raises.
    """
    search = Search(wanted, proc)
    search.among(search.tables(first))
    search.among(search.tables(_folders(proc)))
    search.among(search.tables_without_leader())
    return Found(search.holders, len(search.hidden))


class Search:
    """What is still looked for, by link, and what was found."""

    def __init__(self, wanted: Iterable[int], proc: str) -> None:
        self.proc = proc
        self.live = proc == PROC
        self.counted = self.live and _counts_descriptors()
        self.pending = {f"{SOCKET}{inode}]": inode for inode in wanted if inode}
        self.holders: dict[int, Holder] = {}
        self.hidden: set[int] = set()
        self.met: dict[int, Holder | None] = {}
        """The processes that were searched, and those who were seen to hold something."""
        self.empty: list[int] = []

    def among(self, found: Iterable[Table]) -> None:
        """Search some processes: at samples, where these point to, behind the last one, and between all of them."""
        tables = []
        for table in found:
            self.look(table, samples(table, self.pending))
            tables.append(table)
        self.narrow([gap for table in tables for gap in gaps_of(table, (one for one in table.samples if one.inode))])
        for table in tables:
            self.look(table, unseen(table, self.listed(table)))
        order = sorted(self.pending.values())
        gaps = [gap for table in tables for gap in gaps_of(table, sorted(table.samples)) if order]
        for table, group in by_table(sorted(gaps, key=lambda gap: promise(gap, order), reverse=True)):
            self.look(table, unseen(table, (gap.between for gap in group)))

    def narrow(self, gaps: list[Gap]) -> None:
        """Look where samples point to; halve the gaps where they cannot tell, unless that makes many more of them."""
        allowed = len(gaps)
        while self.pending and gaps:
            order = sorted(self.pending.values())
            for table, group in by_table(gaps):
                self.look(table, neighbours(group, order, self.pending))
            order = sorted(self.pending.values())
            wide = [gap for gap in gaps if uncertain(gap, order)]
            if len(wide) > allowed:
                return
            allowed = int(len(wide) * MORE)
            gaps = []
            for table, group in by_table(wide):
                self.look(table, halves(group, self.pending, gaps))

    def tables(self, pids: Iterable[int]) -> Iterator[Table]:
        """The descriptors of processes that were not met before. Kernel threads and zombies have none."""
        for pid in pids:
            if not self.pending:
                return
            if pid in self.met:
                continue
            self.met[pid] = None
            table = Table(pid, f"{self.proc}/{pid}/fd")
            if self.counted:
                try:
                    table.size = _size(table.folder)
                except OSError as error:
                    self.refused(pid, error)
                    continue
            if table.size:
                yield table
            else:
                self.empty.append(pid)

    def tables_without_leader(self) -> Iterator[Table]:
        """The descriptors of processes whose first thread has ended while others go on: only these show them."""
        for pid in self.empty if self.pending else ():
            threads = f"{self.proc}/{pid}/task"
            if others := [thread for thread in _folders(threads) if thread != pid]:
                yield Table(pid, f"{threads}/{others[0]}/fd")

    def look(self, table: Table, route: Route) -> None:
        """Go along a route through the descriptors of a process, and give it the wanted sockets that are there."""
        numbers = next(route, None) if self.pending and table.pid not in self.hidden else None
        if numbers is None:
            return
        try:
            folder = _open(table.folder)
            try:
                hits = self.hits(table, folder, numbers, route)
                holder = self.holder(table.pid, folder) if hits else None
            finally:
                os.close(folder)
        except OSError as error:
            self.refused(table.pid, error)
            return
        if holder is not None:
            for link in hits:
                self.holders[self.pending.pop(link)] = holder

    def hits(self, table: Table, folder: int, numbers: Sequence[int], route: Route) -> set[str]:
        """What is wanted along a route; OSError where the process does not show its descriptors."""
        pending = self.pending
        hits: set[str] = set()
        try:
            while True:
                links = _links(folder, numbers)
                table.seen.update(numbers)
                hits.update([link for link in links if link in pending])
                if len(hits) == len(pending):
                    break
                numbers = route.send(links)
        except StopIteration:
            pass
        return hits

    def holder(self, pid: int, folder: int) -> Holder:
        """Who a process is, read beside its open folder and so not of another with its pid; OSError where it ended."""
        if (known := self.met.get(pid)) is not None:
            return known
        command = printable(_read("../comm", folder).removesuffix("\n"), 40)
        fds = os.fstat(folder).st_size if self.counted else len(os.listdir(folder))
        holder = self.met[pid] = Holder(pid, command, fds, unit_in(_text("../cgroup", folder)))
        return holder

    def listed(self, table: Table) -> Iterator[list[int]]:
        """The descriptors behind the last sample of a process, all where there is none, as their folder lists them."""
        last = max(table.samples, default=START).number
        try:
            folder = _open(table.folder)
            try:
                if self.live:
                    os.lseek(folder, LISTED_BEFORE + last + 1, os.SEEK_SET)
                names = os.listdir(folder)  # noqa: PTH208 -- a descriptor is no path
            finally:
                os.close(folder)
        except OSError as error:
            self.refused(table.pid, error)
            return
        if not names and not table.samples:
            self.empty.append(table.pid)
        yield [number for number in _numbers(names) if number > last]

    def refused(self, pid: int, error: OSError) -> None:
        """Count a process that does not show its descriptors; one that has ended, or a kernel thread, has none."""
        if not isinstance(error, GONE) and (self.counted or _text(f"{self.proc}/{pid}/cmdline")):
            self.hidden.add(pid)


def _links(folder: int, numbers: Iterable[int]) -> list[str]:
    """What descriptors lead to, "" for nothing; this is where the time goes (os.stat() is slower)."""
    links = []
    readlink = os.readlink
    for number in numbers:
        try:
            links.append(readlink(str(number), dir_fd=folder))
        except OSError as error:
            if error.errno not in NOTHING:
                raise
            links.append("")
    return links


def _folders(place: str) -> list[int]:
    """The processes in /proc, or threads in /proc/PID/task, the lowest first; none where that cannot be read."""
    try:
        return _numbers(os.listdir(place))  # noqa: PTH208 -- names are all
    except OSError:
        return []


def _numbers(names: Iterable[str]) -> list[int]:
    return sorted(int(name) for name in names if name.isdecimal())


def _counts_descriptors() -> bool:
    """Whether the size of a folder of descriptors is their number (since 6.2: fs/proc/fd.c, proc_fd_getattr())."""
    try:
        return _size(f"{PROC}/self/fd") > 0
    except OSError:
        return False


def _size(path: str) -> int:
    return os.stat(path).st_size  # noqa: PTH116 -- pathlib costs as much as the call


def _open(folder: str) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _read(path: str, folder: int | None = None) -> str:
    """The text of a small file; OSError says why not."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        return os.read(descriptor, MOST_BYTES).decode(errors="replace")
    finally:
        os.close(descriptor)


def _text(path: str, folder: int | None = None) -> str:
    """The text of a small file, "" where it cannot be read."""
    try:
        return _read(path, folder)
    except OSError:
        return ""
