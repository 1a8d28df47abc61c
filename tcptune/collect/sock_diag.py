"""NETLINK_SOCK_DIAG: sockets counted in the kernel's own dump (net/ipv4/inet_diag.c).

Asking costs what comes back: about 0.1 us to walk past a socket and 0.65 us to dump one. So the many
(ESTABLISHED, TIME-WAIT) are masked out and taken from counters; the odd ones are dumped, walked once,
and never become objects.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

from tcptune.collect.tally import NEW_SYN_RECV, Key
from tcptune.kernel.states import TcpState

NETLINK_SOCK_DIAG = 4
TCPDIAG_GETSOCK = 18
"""The first request type; it dumps IPv4 and IPv6 in one walk, the newer one needs two."""
SOCK_DIAG_BY_FAMILY = 20
SOCKETS = (TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY)
"""A socket in the answer has the type of the request."""
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_DUMP, NLM_F_DUMP_INTR = 0x1, 0x300, 0x10

HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port."""
STATUS = struct.Struct("=i")
"""What follows the header of NLMSG_ERROR and NLMSG_DONE: 0 or a negative errno."""
MAX_ERRNO = 4095
STATE, TIMER, INODE = 17, 18, 84
"""Offsets from the start of a message: idiag_state, idiag_timer, idiag_inode of struct inet_diag_msg."""
SHORTEST = 88
"""nlmsghdr and inet_diag_msg; attributes follow and are not needed."""

RECEIVE_BUFFER = 1 << 15
TIMEOUT = 10.0
"""Seconds to wait for the kernel's next part; it answers in microseconds."""
ATTEMPTS = 3

ALL_STATES = frozenset(TcpState) - {TcpState.CLOSE}
COUNTED_BY_THE_KERNEL = frozenset({TcpState.ESTABLISHED, TcpState.TIME_WAIT})
ODD_STATES = ALL_STATES - COUNTED_BY_THE_KERNEL


class SockDiagError(Exception):
    """The kernel refused or garbled the dump; the message says how."""


class InterruptedDumpError(SockDiagError):
    """The socket table changed so much under the dump that the kernel marked it (NLM_F_DUMP_INTR)."""


def count(states: Iterable[TcpState]) -> Counter[Key]:
    """All TCP sockets of this network namespace in these states, IPv4 and IPv6, by `Key`.

    An interrupted dump is asked for again; SockDiagError after the last attempt.
    """
    mask = sum(1 << state for state in states)
    for _ in range(ATTEMPTS - 1):
        with suppress(InterruptedDumpError):
            return _dump(mask)
    return _dump(mask)


def _dump(mask: int) -> Counter[Key]:
    """One dump; kernels without the first request type get the newer one, for each family."""
    try:
        return _ask(TCPDIAG_GETSOCK, _request_v1(mask))
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOENT):
            raise SockDiagError(_refusal(error)) from None
    try:
        found = _ask(SOCK_DIAG_BY_FAMILY, _request_v2(socket.AF_INET, mask))
        return found + _ask(SOCK_DIAG_BY_FAMILY, _request_v2(socket.AF_INET6, mask))
    except OSError as error:
        raise SockDiagError(_refusal(error)) from None


def _request_v1(mask: int) -> bytes:
    """The bytes of struct inet_diag_req: family, address lengths, extensions, an empty socket id, states."""
    return struct.pack("=BBBB48xII", socket.AF_INET, 0, 0, 0, mask, 0)


def _request_v2(family: int, mask: int) -> bytes:
    """The bytes of struct inet_diag_req_v2: family, protocol, extensions, states, an empty socket id."""
    return struct.pack("=BBBxI48x", family, socket.IPPROTO_TCP, 0, mask)


def _ask(kind: int, request: bytes) -> Counter[Key]:
    """Send one dump request and tally its answer; OSError where the kernel says no."""
    tally: Counter[Key] = Counter()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG) as netlink:
        netlink.settimeout(TIMEOUT)
        netlink.bind((0, 0))
        header = HEADER.pack(HEADER.size + len(request), kind, NLM_F_REQUEST | NLM_F_DUMP, 1, 0)
        netlink.sendto(header + request, (0, 0))
        buffer = bytearray(RECEIVE_BUFFER)
        view = memoryview(buffer)
        while True:
            size, _, flags, sender = netlink.recvmsg_into([buffer])
            if sender[0] != 0:
                continue
            if flags & socket.MSG_TRUNC:
                raise SockDiagError("a part of the dump was larger than the buffer")
            if add(view[:size], tally):
                return tally


def add(data: memoryview, tally: Counter[Key]) -> bool:
    """Add one part of a dump to the tally; true where it was the last part.

    Raises OSError for the kernel's refusal, `InterruptedDumpError` for a dump that changed under the walk, and
    SockDiagError for bytes that are no netlink messages.
    """
    keys: list[Key] = []
    offset, size = 0, len(data)
    words = data[: size & ~3].cast("I")
    finished = False
    while offset < size:
        if size - offset < HEADER.size:
            raise SockDiagError(f"{size - offset} bytes are left over after the last message")
        length = words[offset >> 2]
        if not HEADER.size <= length <= size - offset:
            raise SockDiagError(f"a message of {length} bytes in {size - offset}")
        _, kind, flags, _, _ = HEADER.unpack_from(data, offset)
        if flags & NLM_F_DUMP_INTR:
            raise InterruptedDumpError("the socket table kept changing during the dump")
        if kind == NLMSG_DONE:
            _check_status(data[offset : offset + length])
            finished = True
            break
        if kind == NLMSG_ERROR:
            raise _error(data[offset : offset + length])
        if kind not in SOCKETS:
            raise SockDiagError(f"a message of type {kind}, which is no socket")
        if length < SHORTEST:
            raise SockDiagError(f"a socket of {length} bytes; at least {SHORTEST} make one")
        keys.append((data[offset + STATE], data[offset + TIMER], words[(offset + INODE) >> 2] != 0))
        offset += (length + 3) & ~3
    tally.update(keys)
    if any(state not in KNOWN_STATES for state, _, _ in tally):
        raise SockDiagError("the dump holds a state that TCP does not have")
    return finished


KNOWN_STATES = frozenset({*TcpState, NEW_SYN_RECV})


def _check_status(done: memoryview) -> None:
    """A dump that failed on the way ends like any other, but with an errno (af_netlink.c netlink_dump_done())."""
    if len(done) >= HEADER.size + STATUS.size and STATUS.unpack_from(done, HEADER.size)[0] < 0:
        raise _error(done)


def _error(message: memoryview) -> Exception:
    if len(message) < HEADER.size + STATUS.size:
        return SockDiagError("an error message without a number")
    (number,) = STATUS.unpack_from(message, HEADER.size)
    if number >= 0:
        return SockDiagError("an acknowledgement instead of a dump")
    if -number > MAX_ERRNO:
        return SockDiagError(f"an error message with the number {number}, which is no errno")
    return OSError(-number, os.strerror(-number))


def _refusal(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return f"sock_diag did not answer within {TIMEOUT:.0f} s"
    return f"sock_diag: {error.strerror or error}"
