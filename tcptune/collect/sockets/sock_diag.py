"""NETLINK_SOCK_DIAG: the kernel's own dump of sockets, asked for and taken apart (net/ipv4/inet_diag.c).

Asking costs what comes back: about 0.1 us to walk past a socket and 0.65 us to dump one. So the many
(ESTABLISHED, TIME-WAIT) are masked out and taken from counters; the odd ones are dumped and walked once.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from tcptune.collect.sockets.tally import NEW_SYN_RECV, Key
from tcptune.kernel.states import TcpState

T = TypeVar("T")

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
ATTRIBUTE = struct.Struct("=HH")
"""struct nlattr: length, type."""
MAX_ERRNO = 4095
STATE, TIMER, INODE = 17, 18, 84
"""Offsets from the start of a message: idiag_state, idiag_timer, idiag_inode of struct inet_diag_msg."""
SHORTEST = 88
"""nlmsghdr and inet_diag_msg; attributes follow."""

INET_DIAG_REQ_BYTECODE = 1
"""The attribute of a request that holds a filter, run for each socket in the kernel."""
INET_DIAG_INFO = 2
"""The attribute of a socket that holds its struct tcp_info; asked for by bit 1 of `idiag_ext`."""

RECEIVE_BUFFER = 1 << 15
TIMEOUT = 10.0
"""Seconds to wait for the kernel's next part; it answers in microseconds."""
ATTEMPTS = 3

ALL_STATES = frozenset(TcpState) - {TcpState.CLOSE}
COUNTED_BY_THE_KERNEL = frozenset({TcpState.ESTABLISHED, TcpState.TIME_WAIT})
ODD_STATES = ALL_STATES - COUNTED_BY_THE_KERNEL
KNOWN_STATES = frozenset({*TcpState, NEW_SYN_RECV})


class SockDiagError(Exception):
    """The kernel refused or garbled the dump; the message says how."""


class InterruptedDumpError(SockDiagError):
    """The socket table changed so much under the dump that the kernel marked it (NLM_F_DUMP_INTR)."""


class Part(NamedTuple):
    """One answer of the kernel, valid until the next one is read: its bytes, and where in it each socket begins."""

    data: memoryview
    starts: list[int]


class Question(NamedTuple):
    """What is asked of the kernel: a mask of states, whether with tcp_info, and a filter for it to run."""

    mask: int
    info: bool = False
    bytecode: bytes = b""


def states_mask(states: Iterable[TcpState]) -> int:
    """The bit for each state; SYN-RECEIVED stands for request sockets too (inet_diag.c does so since 4.4)."""
    return sum(1 << state for state in states)


def count(states: Iterable[TcpState]) -> Counter[Key]:
    """All TCP sockets of this network namespace in these states, IPv4 and IPv6, by `Key`.

    An interrupted dump is asked for again; SockDiagError after the last attempt.
    """
    question = Question(states_mask(states))
    return undisturbed(lambda: tally_of(dump(question)))


def tally_of(parts: Iterable[Part]) -> Counter[Key]:
    """The sockets of a dump counted; no object is made for any of them."""
    tally: Counter[Key] = Counter()
    for data, starts in parts:
        words = data[: len(data) & ~3].cast("I")
        tally.update([(data[at + STATE], data[at + TIMER], words[(at + INODE) >> 2] != 0) for at in starts])
    if any(state not in KNOWN_STATES for state, _, _ in tally):
        raise SockDiagError("the dump holds a state that TCP does not have")
    return tally


def undisturbed(look: Callable[[], T]) -> T:
    """What a look finds, taken again where the table changed under it; SockDiagError after `ATTEMPTS`."""
    for attempt in range(ATTEMPTS):
        try:
            return look()
        except InterruptedDumpError:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def dump(question: Question) -> Iterator[Part]:
    """The answer, part by part; kernels without the first request type are asked for each family.

    Raises SockDiagError for a refusal or garbled bytes, `InterruptedDumpError` where the table changed.
    """
    begun = False
    try:
        for part in _ask(TCPDIAG_GETSOCK, request_v1(question)):
            begun = True
            yield part
    except OSError as error:
        if begun or error.errno not in (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOENT):
            raise SockDiagError(_refusal(error)) from None
    else:
        return
    try:
        for family in (socket.AF_INET, socket.AF_INET6):
            yield from _ask(SOCK_DIAG_BY_FAMILY, request_v2(family, question))
    except OSError as error:
        raise SockDiagError(_refusal(error)) from None


def request_v1(question: Question) -> bytes:
    """The bytes of struct inet_diag_req: family, address lengths, extensions, an empty socket id, states."""
    extensions = question.info << (INET_DIAG_INFO - 1)
    return struct.pack("=BBBB48xII", socket.AF_INET, 0, 0, extensions, question.mask, 0) + _filter(question)


def request_v2(family: int, question: Question) -> bytes:
    """The bytes of struct inet_diag_req_v2: family, protocol, extensions, states, an empty socket id."""
    extensions = question.info << (INET_DIAG_INFO - 1)
    return struct.pack("=BBBxI48x", family, socket.IPPROTO_TCP, extensions, question.mask) + _filter(question)


def _filter(question: Question) -> bytes:
    code = question.bytecode
    return ATTRIBUTE.pack(ATTRIBUTE.size + len(code), INET_DIAG_REQ_BYTECODE) + code if code else b""


def _ask(kind: int, request: bytes) -> Iterator[Part]:
    """Send one dump request and hand out its answer; OSError where the kernel says no."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_SOCK_DIAG) as netlink:
        netlink.settimeout(TIMEOUT)
        netlink.bind((0, 0))
        header = HEADER.pack(HEADER.size + len(request), kind, NLM_F_REQUEST | NLM_F_DUMP, 1, 0)
        netlink.sendto(header + request, (0, 0))
        buffer = bytearray(RECEIVE_BUFFER)
        view = memoryview(buffer)
        finished = False
        while not finished:
            size, _, flags, sender = netlink.recvmsg_into([buffer])
            if sender[0] != 0:
                continue
            if flags & socket.MSG_TRUNC:
                raise SockDiagError("a part of the dump was larger than the buffer")
            starts, finished = frame(view[:size])
            yield Part(view[:size], starts)


def frame(data: memoryview) -> tuple[list[int], bool]:
    """Where the sockets of one answer begin, and whether it was the last one.

    Raises OSError for the kernel's refusal, `InterruptedDumpError` for a dump that changed under the walk, and
    SockDiagError for bytes that are no netlink messages.
    """
    starts: list[int] = []
    offset, size, usual = 0, len(data), 0
    words = data[: size & ~3].cast("I")
    while offset < size:
        if size - offset < HEADER.size:
            raise SockDiagError(f"{size - offset} bytes are left over after the last message")
        length = words[offset >> 2]
        if not HEADER.size <= length <= size - offset:
            raise SockDiagError(f"a message of {length} bytes in {size - offset}")
        if words[(offset >> 2) + 1] != usual:  # else it is a socket, and without a flag that means harm
            if _ends(data[offset : offset + length]):
                return starts, True
            usual = words[(offset >> 2) + 1]
        if length < SHORTEST:
            raise SockDiagError(f"a socket of {length} bytes; at least {SHORTEST} make one")
        starts.append(offset)
        offset += (length + 3) & ~3
    return starts, False


def _ends(message: memoryview) -> bool:
    """Whether a message ends the dump. A socket does not; anything else is an error."""
    _, kind, flags, _, _ = HEADER.unpack_from(message)
    if flags & NLM_F_DUMP_INTR:
        raise InterruptedDumpError("the socket table kept changing during the dump")
    if kind == NLMSG_ERROR:
        raise _error(message)
    if kind == NLMSG_DONE:
        _check_status(message)
    elif kind not in SOCKETS:
        raise SockDiagError(f"a message of type {kind}, which is no socket")
    return bool(kind == NLMSG_DONE)


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
