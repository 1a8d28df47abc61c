"""The sockets of a dump one by one: their fields, their cgroup, and what struct tcp_info says of their timers."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from tcptune.collect.sockets.rows import Info, Seen
from tcptune.collect.sockets.sock_diag import ATTRIBUTE, INET_DIAG_INFO, INODE, SHORTEST, Part, SockDiagError

MESSAGE = struct.Struct("=16xBBBB2s2s16s16s12xIIIII")
"""struct nlmsghdr, then struct inet_diag_msg: family, state, timer, retransmits, ports, addresses, interface and
cookie left out, expires (ms), receive and send queue, uid, inode."""

INET_DIAG_CGROUP_ID = 21
"""The inode of the socket's cgroup v2 directory (since 5.8)."""
CGROUP_SIZE = 12
(CGROUP,) = struct.unpack("=I", ATTRIBUTE.pack(CGROUP_SIZE, INET_DIAG_CGROUP_ID))
"""How that attribute begins, with a number of 64 bits after it."""

TCP_INFO = struct.Struct("=3xBBBxxI56xI")
"""struct tcp_info up to tcpi_rtt: ... retransmits, probes, backoff, options, rto (us), ... rtt (us)."""
TOTAL_RETRANS, SND_WND = 100, 228
"""Offsets of tcpi_total_retrans and tcpi_snd_wnd (the latter since 5.4)."""
SACK = 0x2
"""TCPI_OPT_SACK of tcpi_options."""
WORD = struct.Struct("=I")

LATEST = 1 << 31
"""Up to 5.3 a timer that is overdue comes as a huge unsigned number of ms (inet_diag.c, EXPIRES_IN_MS)."""


def sockets(parts: Iterable[Part], infos: bool = False) -> Iterator[Seen]:
    """Every socket of a dump. Attributes that are not known are passed over.

    The attributes of two messages of one length nearly always lie alike, so the cgroup is looked for where it
    lay last time before all of them are walked.
    """
    unpack = MESSAGE.unpack_from
    places: dict[int, int] = {}
    for data, starts in parts:
        words = data[: len(data) & ~3].cast("I")
        for start in starts:
            fields = unpack(data, start)
            if fields[8] >= LATEST:
                fields = (*fields[:8], 0, *fields[9:])
            length = words[start >> 2]
            at = places.get(length)
            if not at or words[(start + at) >> 2] != CGROUP:
                at = places[length] = _offset(data, start, length, INET_DIAG_CGROUP_ID, CGROUP_SIZE)
            word = (start + at) >> 2
            cgroup = words[word + 1] | words[word + 2] << 32 if at else 0
            yield fields, cgroup, _info(data, start, length) if infos else None


def inodes(parts: Iterable[Part]) -> set[int]:
    """The inodes of all sockets of a dump; 0 is that of those that nobody holds."""
    found: set[int] = set()
    for data, starts in parts:
        words = data[: len(data) & ~3].cast("I")
        found.update([words[(start + INODE) >> 2] for start in starts])
    return found


def first_of(parts: Iterable[Part]) -> Iterator[Part]:
    """The first socket of each part: a sample, which costs next to nothing."""
    return (Part(part.data, part.starts[:1]) for part in parts)


def _offset(data: memoryview, start: int, length: int, wanted: int, size: int) -> int:
    """Where in a message an attribute of at least so many bytes begins; 0 where it has none."""
    at = SHORTEST
    while at + ATTRIBUTE.size <= length:
        own, kind = ATTRIBUTE.unpack_from(data, start + at)
        if own < ATTRIBUTE.size or at + own > length:
            raise SockDiagError(f"an attribute of {own} bytes in {length - at}")
        if kind == wanted:
            return at if own >= size else 0
        at += (own + 3) & ~3
    return 0


def _info(data: memoryview, start: int, length: int) -> Info | None:
    """What tcp_info says of the timers; None for a minisock, which has none."""
    at = _offset(data, start, length, INET_DIAG_INFO, ATTRIBUTE.size + TCP_INFO.size)
    if not at:
        return None
    own, _ = ATTRIBUTE.unpack_from(data, start + at)
    info = start + at + ATTRIBUTE.size
    probes, backoff, options, rto, rtt = TCP_INFO.unpack_from(data, info)
    size = own - ATTRIBUTE.size
    return Info(
        rto / 1e6,
        backoff,
        probes,
        size >= TOTAL_RETRANS + WORD.size and WORD.unpack_from(data, info + TOTAL_RETRANS)[0] > 0,
        WORD.unpack_from(data, info + SND_WND)[0] if size >= SND_WND + WORD.size else None,
        rtt / 1e6,
        bool(options & SACK),
    )
