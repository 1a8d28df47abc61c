"""TCP segments in IPv4 packets: made, read and checked by hand (RFC 791, RFC 9293, RFC 7323)."""

from __future__ import annotations

import socket
import struct
from typing import NamedTuple

FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
FLAG_NAMES = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK"))

IP_HEADER = struct.Struct("!BBHHHBBH4s4s")
TCP_HEADER = struct.Struct("!HHIIBBHHH")
PSEUDO_HEADER = struct.Struct("!4s4sBBH")
VERSION_AND_LENGTH, DONT_FRAGMENT, HOPS = 0x45, 0x4000, 64

END_OF_OPTIONS, NO_OPERATION, MAXIMUM_SEGMENT, SACK_PERMITTED, TIMESTAMPS = 0, 1, 2, 4, 8
MSS = 1460
SEQUENCE_SPACE = 1 << 32


class Segment(NamedTuple):
    """One TCP segment and the addresses it goes between; `options` are the raw bytes behind the header."""

    source: str
    source_port: int
    target: str
    target_port: int
    flags: int
    seq: int
    ack: int = 0
    window: int = 65535
    data: bytes = b""
    options: bytes = b""

    @property
    def length(self) -> int:
        """How much of the sequence space it takes: its bytes, and one for SYN and FIN each."""
        return len(self.data) + bool(self.flags & SYN) + bool(self.flags & FIN)

    @property
    def timestamp(self) -> int | None:
        """The sender's clock in the timestamps option, or None where there is no such option."""
        return timestamp_of(self.options)


def flag_names(flags: int) -> str:
    """The flags as people write them.

    >>> flag_names(FIN | ACK)
    'FIN ACK'
    """
    return " ".join(name for bit, name in FLAG_NAMES if flags & bit)


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071).

    >>> hex(checksum(bytes.fromhex("0001f203f4f5f6f7")))
    '0x220d'
    """
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def options_of(clock: int, echoed: int, first: bool = False) -> bytes:
    """The options that a peer with SACK and timestamps sends; more of them with the SYN. A multiple of 4 bytes."""
    stamps = struct.pack("!BBBBII", NO_OPERATION, NO_OPERATION, TIMESTAMPS, 10, clock % SEQUENCE_SPACE, echoed)
    if not first:
        return stamps
    return struct.pack("!BBHBBBB", MAXIMUM_SEGMENT, 4, MSS, SACK_PERMITTED, 2, NO_OPERATION, NO_OPERATION) + stamps


def timestamp_of(options: bytes) -> int | None:
    """The sender's clock in the options of a segment, or None; broken options hold none.

    >>> timestamp_of(options_of(7, 0))
    7
    """
    at = 0
    while at < len(options):
        kind = options[at]
        if kind == NO_OPERATION:
            at += 1
            continue
        if kind == END_OF_OPTIONS or at + 1 >= len(options) or options[at + 1] < 2:
            return None
        if kind == TIMESTAMPS and at + 6 <= len(options):
            return int.from_bytes(options[at + 2 : at + 6], "big")
        at += options[at + 1]
    return None


def pack(segment: Segment) -> bytes:
    """The IPv4 packet that carries a segment, both checksums in place."""
    addresses = socket.inet_aton(segment.source), socket.inet_aton(segment.target)
    size = TCP_HEADER.size + len(segment.options) + len(segment.data)
    body = _tcp(segment, 0) + segment.options + segment.data
    total = checksum(PSEUDO_HEADER.pack(*addresses, 0, socket.IPPROTO_TCP, size) + body)
    header = _ip(size, 0, addresses)
    return _ip(size, checksum(header), addresses) + _tcp(segment, total) + segment.options + segment.data


def unpack(packet: bytes) -> Segment | None:
    """The segment in an IPv4 packet; None for anything else, such as IPv6, UDP, or bytes cut short."""
    if len(packet) < IP_HEADER.size or packet[0] >> 4 != 4:
        return None
    _, _, size, _, _, _, protocol, _, source, target = IP_HEADER.unpack_from(packet)
    start = (packet[0] & 0xF) * 4
    if protocol != socket.IPPROTO_TCP or not start + TCP_HEADER.size <= size <= len(packet):
        return None
    ours, theirs, seq, ack, offset, flags, window, _, _ = TCP_HEADER.unpack_from(packet, start)
    data = start + (offset >> 4) * 4
    if not start + TCP_HEADER.size <= data <= size:
        return None
    return Segment(
        socket.inet_ntoa(source), ours, socket.inet_ntoa(target), theirs, flags, seq, ack, window,
        packet[data:size], packet[start + TCP_HEADER.size : data],
    )  # fmt: skip


def _ip(size: int, total: int, addresses: tuple[bytes, bytes]) -> bytes:
    return IP_HEADER.pack(
        VERSION_AND_LENGTH, 0, IP_HEADER.size + size, 0, DONT_FRAGMENT, HOPS, socket.IPPROTO_TCP, total, *addresses
    )


def _tcp(segment: Segment, total: int) -> bytes:
    words = (TCP_HEADER.size + len(segment.options)) // 4
    return TCP_HEADER.pack(
        segment.source_port, segment.target_port, segment.seq % SEQUENCE_SPACE, segment.ack % SEQUENCE_SPACE,
        words << 4, segment.flags, segment.window, total, 0,
    )  # fmt: skip
