"""The decoder of socket dumps, fed with bytes (struct inet_diag_msg, include/uapi/linux/inet_diag.h)."""

from __future__ import annotations

import errno
import struct
from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcptune.collect.sockets import sock_diag
from tcptune.collect.sockets.sock_diag import InterruptedDumpError, Part, Question, SockDiagError, count, frame
from tcptune.collect.sockets.tally import NEW_SYN_RECV, TIMER_PERSIST, TIMER_TIMEWAIT
from tcptune.kernel.states import TcpState

TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY = 18, 20
DONE, ERROR = 3, 2
MULTI, DUMP_INTR = 0x2, 0x10
STRIDES = (88, 92, 96, 116, 124)
"""A message without attributes, and with those that kernels add unasked (INET_DIAG_SHUTDOWN, mark, cgroup)."""

# family, state, timer, retrans; ports and addresses; interface, cookies; expires, rqueue, wqueue, uid, inode
INET_DIAG_MSG = struct.Struct("=BBBB HH 16s 16s III IIIII".replace(" ", ""))


def message(kind: int, body: bytes, flags: int = MULTI, length: int | None = None) -> bytes:
    """One netlink message; `length` is what its header claims."""
    return struct.pack("=IHHII", 16 + len(body) if length is None else length, kind, flags, 1, 0) + body


def sock(state: int, timer: int = 0, inode: int = 0, stride: int = 88, kind: int = TCPDIAG_GETSOCK) -> bytes:
    """One socket in a dump, with attributes up to `stride` bytes."""
    address = b"\x7f\x00\x00\x01".ljust(16, b"\0")
    body = INET_DIAG_MSG.pack(2, state, timer, 0, 80, 40000, address, address, 0, 7, 8, 250, 0, 1, 0, inode)
    return message(kind, body.ljust(stride - 16, b"\xff"))


def done(status: int = 0) -> bytes:
    """The end of a dump, with the errno that kernels put into it."""
    return message(DONE, struct.pack("=i", status))


def tally_of(*parts: bytes) -> Counter[sock_diag.Key]:
    """The tally of a whole dump."""
    framed = [frame(memoryview(part)) for part in parts]

    assert [False] * (len(parts) - 1) + [True] == [finished for _, finished in framed]
    return sock_diag.tally_of(Part(memoryview(part), starts) for part, (starts, _) in zip(parts, framed, strict=True))


def refused(data: bytes) -> Exception:
    """What a part of a dump is refused with."""
    with pytest.raises((OSError, SockDiagError)) as error:
        counted(data)
    return error.value


def counted(data: bytes) -> tuple[bool, Counter[sock_diag.Key]]:
    """Whether a part is the last one, and its tally."""
    starts, finished = frame(memoryview(data))
    return finished, sock_diag.tally_of([Part(memoryview(data), starts)])


def test_the_message_of_the_kernel_has_72_bytes():
    """The struct that these tests build is as long as the kernel's."""
    assert 72 == INET_DIAG_MSG.size
    assert 88 == len(sock(TcpState.LISTEN))


@pytest.mark.parametrize("kind", [TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY])
@pytest.mark.parametrize("stride", STRIDES)
def test_sockets_are_counted_whatever_follows_them(stride, kind):
    """State, timer and owner are read from each message, attributes are passed over."""
    part = b"".join(
        [
            sock(TcpState.LISTEN, inode=812, stride=stride, kind=kind),
            sock(TcpState.FIN_WAIT_1, TIMER_PERSIST, stride=stride, kind=kind),
            sock(TcpState.FIN_WAIT_2, TIMER_TIMEWAIT, stride=stride, kind=kind),
            sock(TcpState.FIN_WAIT_2, TIMER_TIMEWAIT, stride=stride, kind=kind),
            sock(NEW_SYN_RECV, 1, stride=stride, kind=kind),
            done(),
        ]
    )

    assert {
        (TcpState.LISTEN, 0, True): 1,
        (TcpState.FIN_WAIT_1, TIMER_PERSIST, False): 1,
        (TcpState.FIN_WAIT_2, TIMER_TIMEWAIT, False): 2,
        (NEW_SYN_RECV, 1, False): 1,
    } == tally_of(part)


def test_strides_may_differ_within_a_dump():
    """IPv6 sockets carry more attributes than IPv4 ones, and come in the same dump."""
    parts = [b"".join(sock(TcpState.CLOSE_WAIT, inode=n, stride=n) for n in STRIDES), done()]

    assert {(TcpState.CLOSE_WAIT, 0, True): len(STRIDES)} == tally_of(*parts)


def test_a_length_that_is_no_multiple_of_four_is_padded():
    """The next message starts at the next multiple of four (NLMSG_ALIGN)."""
    odd = message(TCPDIAG_GETSOCK, sock(TcpState.LISTEN)[16:] + b"\x01\x02")
    part = odd + b"\0\0" + sock(TcpState.LISTEN) + done()

    assert {(TcpState.LISTEN, 0, False): 2} == tally_of(part)


def test_the_padding_of_the_last_message_may_be_missing():
    """A part that ends with an unpadded message is complete."""
    assert (False, {(TcpState.LISTEN, 0, False): 1}) == counted(
        message(TCPDIAG_GETSOCK, sock(TcpState.LISTEN)[16:] + b"\x01")
    )


def test_a_dump_of_nothing_is_empty():
    """A machine without such sockets answers with the end alone."""
    assert {} == tally_of(done())
    assert {} == tally_of(message(DONE, b""))
    assert {} == tally_of(b"", done())


def test_what_follows_the_end_is_not_counted():
    """The end of the dump is the end."""
    assert {} == tally_of(done() + sock(TcpState.LISTEN))


def test_a_dump_that_failed_on_the_way_is_no_empty_one():
    """The end carries an errno; a kernel without the module that dumps TCP says ENOENT there and nowhere else."""
    error = refused(done(-errno.ENOENT))

    assert isinstance(error, OSError)
    assert errno.ENOENT == error.errno


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP, 4095])
def test_the_refusal_of_the_kernel_is_an_oserror(number):
    """NLMSG_ERROR carries a negative errno."""
    error = refused(message(ERROR, struct.pack("=i", -number) + sock(TcpState.LISTEN)[:16]))

    assert isinstance(error, OSError)
    assert number == error.errno


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (message(ERROR, struct.pack("=i", 0)), "an acknowledgement instead of a dump"),
        (message(ERROR, struct.pack("=i", 5)), "an acknowledgement instead of a dump"),
        (message(ERROR, b"\0\0"), "an error message without a number"),
        (message(ERROR, b""), "an error message without a number"),
        (message(ERROR, struct.pack("=i", -(2**31))), "the number -2147483648, which is no errno"),
        (message(DONE, struct.pack("=i", -4096)), "the number -4096, which is no errno"),
        (sock(TcpState.LISTEN)[:15], "15 bytes are left over after the last message"),
        (sock(TcpState.LISTEN) + b"\0", "1 bytes are left over after the last message"),
        (sock(TcpState.LISTEN) + b"\0" * 15, "15 bytes are left over after the last message"),
        (b"\0" * 88, "a message of 0 bytes in 88"),
        (sock(TcpState.LISTEN) + b"\0" * 16, "a message of 0 bytes in 16"),
        (message(TCPDIAG_GETSOCK, b"", length=15), "a message of 15 bytes in 16"),
        (sock(TcpState.LISTEN)[:87], "a message of 88 bytes in 87"),
        (message(TCPDIAG_GETSOCK, b"\0" * 72, length=89), "a message of 89 bytes in 88"),
        (message(TCPDIAG_GETSOCK, b"\0" * 72, length=2**32 - 1), "a message of 4294967295 bytes in 88"),
        (message(TCPDIAG_GETSOCK, b"\0" * 71), "a socket of 87 bytes; at least 88 make one"),
        (message(1, b"\0" * 72), "a message of type 1, which is no socket"),
        (message(0x99, b"\0" * 72), "a message of type 153, which is no socket"),
        (sock(0), "the dump holds a state that TCP does not have"),
        (sock(13), "the dump holds a state that TCP does not have"),
        (sock(255) + done(), "the dump holds a state that TCP does not have"),
    ],
)
def test_garbled_bytes_are_refused(data, cause):
    """Bytes that are no dump are told as such; none of them becomes a count."""
    error = refused(data)

    assert isinstance(error, SockDiagError)
    assert cause in str(error)


@pytest.mark.parametrize(
    "part",
    [
        sock(TcpState.LISTEN)[:6] + struct.pack("=H", MULTI | DUMP_INTR) + sock(TcpState.LISTEN)[8:],
        message(DONE, struct.pack("=i", 0), flags=MULTI | DUMP_INTR),
        sock(TcpState.LISTEN) + message(DONE, b"", flags=DUMP_INTR),
    ],
)
def test_an_interrupted_dump_is_told_apart(part):
    """A dump that the kernel marks as inconsistent can be asked for again."""
    assert isinstance(refused(part), InterruptedDumpError)


def test_an_interrupted_dump_is_asked_for_again(monkeypatch):
    """The third attempt is the last, and what the interrupted ones counted is forgotten."""
    answers = [InterruptedDumpError("changed"), InterruptedDumpError("changed"), parts_of(1)]
    monkeypatch.setattr(sock_diag, "dump", lambda _: give(answers.pop(0)))

    assert {(10, 0, True): 1} == count([TcpState.LISTEN])
    assert [] == answers


def test_a_dump_that_is_always_interrupted_is_given_up(monkeypatch):
    """After the third interruption the error comes through."""
    answers = [InterruptedDumpError("changed")] * 4
    monkeypatch.setattr(sock_diag, "dump", lambda _: give(answers.pop(0)))

    with pytest.raises(InterruptedDumpError):
        count([TcpState.LISTEN])
    assert 1 == len(answers)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP, errno.ENOENT])
def test_a_kernel_without_the_first_request_gets_the_second_for_each_family(monkeypatch, number):
    """The newer request is sent twice, and the counts are added."""
    answers = [OSError(number, "no"), parts_of(2), parts_of(3)]
    asked = []
    monkeypatch.setattr(
        sock_diag, "_ask", lambda kind, request: asked.append((kind, request[0])) or give(answers.pop(0))
    )

    assert {(10, 0, True): 5} == count([TcpState.LISTEN])
    assert [(TCPDIAG_GETSOCK, 2), (SOCK_DIAG_BY_FAMILY, 2), (SOCK_DIAG_BY_FAMILY, 10)] == asked


@pytest.mark.parametrize(
    ("errors", "cause"),
    [
        ([OSError(errno.EPERM, "Operation not permitted")], "sock_diag: Operation not permitted"),
        ([OSError(errno.ENOBUFS, "No buffer space available")], "sock_diag: No buffer space available"),
        ([TimeoutError("timed out")], "sock_diag did not answer within 10 s"),
        ([OSError(errno.ENOENT, "a"), OSError(errno.ENOENT, "No such file")], "sock_diag: No such file"),
    ],
)
def test_a_refusal_is_one_sentence(monkeypatch, errors, cause):
    """Whatever the kernel refuses with, the caller gets one kind of error."""
    answers = list(errors)
    monkeypatch.setattr(sock_diag, "_ask", lambda *_: give(answers.pop(0)))

    with pytest.raises(SockDiagError) as error:
        count([TcpState.LISTEN])
    assert cause == str(error.value)


def test_requests_are_as_long_as_the_kernel_wants_them():
    """struct inet_diag_req has 60 bytes, inet_diag_req_v2 has 56; both carry the mask of states."""
    first, second = sock_diag.request_v1(Question(0xABCD)), sock_diag.request_v2(10, Question(0xABCD))

    assert (60, 0xABCD) == (len(first), struct.unpack_from("=I", first, 52)[0])
    assert (56, 10, 6, 0xABCD) == (len(second), second[0], second[1], struct.unpack_from("=I", second, 4)[0])


def test_a_request_can_ask_for_timers_and_bring_a_filter():
    """Bit 1 of idiag_ext asks for tcp_info; a filter is an attribute after the fixed part."""
    question = Question(1, info=True, bytecode=b"\x01\x02\x03\x04")
    first, second = sock_diag.request_v1(question), sock_diag.request_v2(10, question)

    assert (2, 2) == (first[3], second[2])
    assert struct.pack("=HH", 8, 1) + b"\x01\x02\x03\x04" == first[60:] == second[56:]


def test_a_kernel_that_fails_on_the_way_is_not_asked_in_another_way(monkeypatch):
    """What was handed out already would come twice."""

    def failing(*_):
        yield from parts_of(2)
        raise OSError(errno.ENOENT, "No such file")

    monkeypatch.setattr(sock_diag, "_ask", failing)

    with pytest.raises(SockDiagError, match="No such file"):
        count([TcpState.LISTEN])


def parts_of(listeners):
    """The parts of a dump with so many listeners."""
    data = memoryview(sock(TcpState.LISTEN, inode=1) * listeners)
    return [Part(data, [88 * number for number in range(listeners)])]


def give(answer):
    """An answer, or the error that stands for one."""
    if isinstance(answer, Exception):
        raise answer
    return answer


messages = st.one_of(
    st.binary(max_size=40),
    st.builds(
        sock,
        st.integers(0, 255),
        st.integers(0, 255),
        st.integers(0, 2**32 - 1),
        st.sampled_from(STRIDES),
        st.sampled_from([TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY, 0, 1, 4]),
    ),
    st.builds(done, st.integers(-(2**31), 2**31 - 1)),
    st.builds(message, st.integers(0, 65535), st.binary(max_size=80), st.integers(0, 65535)),
    st.builds(message, st.just(18), st.binary(max_size=80), st.just(0), st.integers(0, 2**32 - 1)),
)


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(messages).map(b"".join)))
@example(b"")
@example(message(ERROR, struct.pack("=i", -(2**31))))
def test_any_bytes_are_counted_or_refused(data):
    """Bytes of any kind end in a yes, a no, or one of two errors; and they end."""
    try:
        finished, tally = counted(data)
    except (OSError, SockDiagError):
        return

    assert finished in (True, False)
    assert sum(tally.values()) <= len(data) // 88


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted({*TcpState, NEW_SYN_RECV})),
            st.integers(0, 255),
            st.integers(0, 2**32 - 1),
            st.sampled_from(STRIDES),
        )
    )
)
def test_any_sockets_are_all_counted(sockets):
    """The tally has as many sockets as the dump, under the keys they came with."""
    part = b"".join(sock(*fields) for fields in sockets) + done()

    assert Counter((state, timer, inode != 0) for state, timer, inode, _ in sockets) == tally_of(part)
