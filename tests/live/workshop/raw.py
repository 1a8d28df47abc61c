"""One SYN by hand: what a peer sends that then says nothing more, not even the SYN again."""

from __future__ import annotations

import socket
import struct

IPV4_PSEUDO = struct.Struct("!4s4sBBH")
IPV6_PSEUDO = struct.Struct("!16s16sI3xB")
SYN_HEADER = struct.Struct("!HHIIBBHHH")
SYN, WINDOW = 0x02, 65535
NO_OPTIONS = SYN_HEADER.size // 4 << 4


def syn(family: socket.AddressFamily, source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """A TCP segment without options that asks for a connection; its sequence number is its port."""
    ports = source[1], target[1]
    addresses = [socket.inet_pton(family, host) for host, _ in (source, target)]
    if family == socket.AF_INET6:
        pseudo = IPV6_PSEUDO.pack(*addresses, SYN_HEADER.size, socket.IPPROTO_TCP)
    else:
        pseudo = IPV4_PSEUDO.pack(*addresses, 0, socket.IPPROTO_TCP, SYN_HEADER.size)
    unsummed = SYN_HEADER.pack(*ports, source[1], 0, NO_OPTIONS, SYN, WINDOW, 0, 0)
    return SYN_HEADER.pack(*ports, source[1], 0, NO_OPTIONS, SYN, WINDOW, checksum(pseudo + unsummed), 0)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes.

    >>> hex(checksum(bytes.fromhex("0001f203f4f5f6f7")))
    '0x220d'
    """
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
