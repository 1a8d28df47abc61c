"""Routes through the descriptors of a process: which to look at, in which order, to find wanted sockets soon.

A look costs 2 us, 5 us the first time, so what pays is to look at few. Sockets that a program makes one after the
other have inode numbers one after the other (fs/inode.c, get_next_ino()), and descriptors too (fs/file.c,
alloc_fd() takes the lowest that is free): one that is known tells where its neighbours should be. A route only
says where to look; who looks is `owners`.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from itertools import chain, groupby, islice, pairwise
from typing import NamedTuple

STEP = 128
"""Of so many descriptors one is a sample; twice and half as many cost the same."""

STRIDE = 4
"""So many neighbours are looked at before it is asked whether they were where they should be."""

BATCH = 1024
"""So many inode numbers a processor takes at a time (fs/inode.c, LAST_INO_BATCH): they go up and down by as much."""

UNKNOWN = sys.maxsize
"""How many descriptors there are where the kernel does not tell; more than any process has."""

SOCKET = "socket:["
"""What the link of a socket begins with; its inode and "]" follow."""

Route = Generator[Sequence[int], list[str], None]
"""Yields some descriptors to look at, and is sent the link of each, "" where there is none."""


class Sample(NamedTuple):
    """A descriptor that was looked at: the inode of its socket, 0 for anything else, and whether that is wanted."""

    number: int
    inode: int
    wanted: bool


START = Sample(-1, -UNKNOWN, False)
"""What stands before the first descriptor, far from any inode."""


class Table:
    """What is known of the descriptors of one process, or thread: how many there are, and which were looked at."""

    __slots__ = ("folder", "pid", "samples", "seen", "size")

    def __init__(self, pid: int, folder: str, size: int = UNKNOWN) -> None:
        self.pid = pid
        self.folder = folder
        self.size = size
        self.seen: set[int] = set()
        self.samples: list[Sample] = []


class Gap(NamedTuple):
    """What lies between two samples of a table."""

    table: Table
    low: Sample
    high: Sample

    @property
    def between(self) -> range:
        """The descriptors that were not looked at, but for some."""
        return range(self.low.number + 1, self.high.number)

    @property
    def even(self) -> bool:
        """Whether the inodes go up as the descriptors do, so that each has its place."""
        return self.high.number - self.low.number == self.high.inode - self.low.inode


def samples(table: Table, pending: Collection[str]) -> Route:
    """Every `STEP`th descriptor and the last one, more and more at a time, until a time ends where there is none."""
    places = chain(range(STEP - 1, table.size - 1, STEP), (table.size - 1,))
    several = 1
    while numbers := list(islice(places, several)):
        links = yield numbers
        seen = zip(numbers, links, strict=True)
        table.samples += [Sample(number, inode_of(link), link in pending) for number, link in seen if link]
        if not links[-1]:
            return
        several *= 2


def neighbours(gaps: Iterable[Gap], order: Sequence[int], pending: Collection[str]) -> Route:
    """Where wanted sockets are if they were made right after one that is known, or right before it.

    An uneven gap is entered from both ends, and left where a socket is not in its place. `order` is what is wanted,
    sorted; `pending` the same as links.
    """
    for gap in gaps:
        _, low, high = gap
        width = high.number - low.number
        after = order[bisect_right(order, low.inode) : bisect_left(order, low.inode + width)]
        up = [low.number - low.inode + inode for inode in after]
        if gap.even:
            if up:
                yield up
            continue
        yield from _strides(up, pending)
        before = order[bisect_right(order, high.inode - width) : bisect_left(order, high.inode)]
        down = [high.number - high.inode + inode for inode in reversed(before)]
        yield from _strides([number for number in down if number not in gap.table.seen], pending)


def _strides(numbers: Sequence[int], pending: Collection[str]) -> Route:
    for at in range(0, len(numbers), STRIDE):
        links = yield numbers[at : at + STRIDE]
        if links[-1] not in pending:
            return


def halves(gaps: Sequence[Gap], pending: Collection[str], halved: list[Gap]) -> Route:
    """The middles of gaps. Those that are sockets become samples, and what they divide is added to `halved`."""
    middles = [(low.number + high.number) // 2 for _, low, high in gaps]
    links = yield middles
    for (table, low, high), number, link in zip(gaps, middles, links, strict=True):
        if inode := inode_of(link):
            middle = Sample(number, inode, link in pending)
            table.samples.append(middle)
            halved += Gap(table, low, middle), Gap(table, middle, high)


def unseen(table: Table, batches: Iterable[Iterable[int]]) -> Route:
    """Those of the descriptors that were not looked at."""
    for batch in batches:
        if left := [number for number in batch if number not in table.seen]:
            yield left


def gaps_of(table: Table, known: Iterable[Sample]) -> Iterator[Gap]:
    """What lies before the first of some samples, and between each and the next."""
    return (Gap(table, low, high) for low, high in pairwise((START, *known)))


def by_table(gaps: Iterable[Gap]) -> Iterator[tuple[Table, list[Gap]]]:
    """Gaps together that follow each other and are of one table: its folder is opened once."""
    for _, group in groupby(gaps, lambda gap: gap.table.folder):
        together = list(group)
        yield together[0].table, together


def uncertain(gap: Gap, order: Sequence[int]) -> bool:
    """Whether something is in a gap of which its ends do not tell the place, and which may be a wanted socket."""
    if gap.even or gap.low is START or not gap.between:
        return False
    least, most = sorted((gap.low.inode, gap.high.inode))
    return bisect_right(order, least - BATCH) < bisect_left(order, most + BATCH)


def promise(gap: Gap, order: Sequence[int]) -> int:
    """How likely wanted sockets are in a gap, more for likelier: their inodes fit in, or they are at its ends."""
    fits = bisect_right(order, gap.low.inode) < bisect_left(order, gap.high.inode)
    return 0 if gap.even else 1 + 3 * fits + gap.low.wanted + gap.high.wanted


def inode_of(link: str) -> int:
    """The inode of the socket that a descriptor's link names; 0 for anything else.

    >>> inode_of("socket:[4026]"), inode_of("anon_inode:[eventpoll]")
    (4026, 0)
    """
    number = link.removeprefix(SOCKET).removesuffix("]")
    return int(number) if link.startswith(SOCKET) and number.isdecimal() else 0
