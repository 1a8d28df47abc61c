"""Packets as a capture file that tcpdump and Wireshark read (the classic libpcap format, whole IP packets)."""

from __future__ import annotations

import struct
from collections.abc import Iterable

MAGIC, MAJOR, MINOR, LONGEST, LINKTYPE_RAW = 0xA1B2C3D4, 2, 4, 65535, 101
FILE_HEADER = struct.Struct("=IHHiIII")
PACKET_HEADER = struct.Struct("=IIII")


def capture(packets: Iterable[tuple[float, bytes]]) -> bytes:
    """The bytes of a capture file: each packet with its time in seconds since 1970, oldest first.

    >>> len(capture([(1.5, bytes(40))]))
    80
    """
    parts = [FILE_HEADER.pack(MAGIC, MAJOR, MINOR, 0, 0, LONGEST, LINKTYPE_RAW)]
    for at, packet in sorted(packets):
        second, micro = divmod(round(at * 1e6), 1_000_000)
        parts.append(PACKET_HEADER.pack(second, micro, len(packet), len(packet)) + packet)
    return b"".join(parts)
