"""The sockets of a dump, one by one, fed with bytes (struct inet_diag_msg and its attributes, struct tcp_info)."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tcptune.collect.sockets.diag_rows import sockets
from tcptune.collect.sockets.rows import Info, Row
from tcptune.collect.sockets.sock_diag import Part, SockDiagError, frame
from tcptune.kernel.states import TcpState

INET_DIAG_MSG = struct.Struct("=BBBB2s2s16s16sIIIIIIII")
CGROUP_ID, INFO, SHUTDOWN, CONG, MARK = 21, 2, 8, 4, 15
CUBIC = b"cubic\0"
DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)

ROW = Row(
    family=2,
    state=TcpState.CLOSE_WAIT,
    timer=0,
    retransmits=3,
    local_port=b"\x1f\x90",
    remote_port=b"\x9c\x40",
    local=b"\x0a\x00\x00\x05".ljust(16, b"\0"),
    remote=b"\x0a\x00\x00\x09".ljust(16, b"\0"),
    expires=1234,
    recv_q=17,
    send_q=18,
    uid=1000,
    inode=812,
)


def attribute(kind: int, value: bytes = b"", length: int | None = None) -> bytes:
    """One attribute, padded; `length` is what its header claims."""
    body = struct.pack("=HH", 4 + len(value) if length is None else length, kind) + value
    return body.ljust((len(body) + 3) & ~3, b"\0")


def cgroup(number: int) -> bytes:
    """INET_DIAG_CGROUP_ID."""
    return attribute(CGROUP_ID, struct.pack("=Q", number))


def tcp_info(size: int, rto: int = 204_000, rtt: int = 120, total: int = 0, window: int = 0, **small: int) -> bytes:
    """The first `size` bytes of struct tcp_info; `small` are the bytes probes, backoff and options."""
    whole = bytearray(b"\xee" * 320)
    struct.pack_into(
        "=BBB", whole, 3, small.get("probes", 0), small.get("backoff", 0), small.get("options", 0x2)
    )  # retransmits stand before them
    struct.pack_into("=I", whole, 8, rto)
    struct.pack_into("=I", whole, 68, rtt)
    struct.pack_into("=I", whole, 100, total)
    struct.pack_into("=I", whole, 228, window)
    return bytes(whole[:size])


def message(*attributes: bytes, row: Row = ROW, padding: int = 0) -> bytes:
    """One socket of a dump: the interface and the cookie are noise, and mean nothing."""
    body = INET_DIAG_MSG.pack(
        *row[:8], 0xAAAAAAAA, 0xBBBBBBBB, 0xCCCCCCCC, row.expires, row.recv_q, row.send_q, row.uid, row.inode
    )
    body += b"".join(attributes) + b"\0" * padding
    return struct.pack("=IHHII", 16 + len(body), 18, 2, 1, 0) + body


def seen(*messages: bytes, infos: bool = False, parts: int = 1):
    """What a dump of these sockets holds; in several parts where so many are asked for."""
    shares = [b"".join(messages[number::parts]) for number in range(parts)]
    framed = [Part(memoryview(share), frame(memoryview(share))[0]) for share in shares]
    return list(sockets(framed, infos))


def cgroups(*messages: bytes) -> list[int]:
    """The ids of the cgroups of some sockets, in their order."""
    return [number for _, number, _ in seen(*messages)]


def info_of(*attributes: bytes) -> Info | None:
    """What struct tcp_info says of one socket."""
    [(_, _, info)] = seen(message(*attributes), infos=True)
    return info


def refused(*messages: bytes, infos: bool = False) -> str:
    """Why a dump is refused."""
    with pytest.raises(SockDiagError) as error:
        seen(*messages, infos=infos)
    return str(error.value)


def test_every_field_comes_in_its_place():
    """A row holds what the kernel wrote, and neither interface nor cookie."""
    assert [(tuple(ROW), 0, None)] == seen(message())


words = st.integers(0, 2**32 - 1)
rows = st.builds(
    Row,
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(min_size=2, max_size=2),
    st.binary(min_size=2, max_size=2),
    st.binary(min_size=16, max_size=16),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**31 - 1),
    *[words] * 4,
)


@settings(deadline=None)
@given(st.lists(rows, max_size=8), st.integers(1, 3))
def test_any_fields_come_as_they_are(some, parts):
    """Whatever the fields are, they come back, over several parts too."""
    found = seen(*(message(row=row) for row in some), parts=parts)

    assert sorted((tuple(row), 0, None) for row in some) == sorted(found)


@pytest.mark.parametrize(
    ("expires", "left"),
    [
        (0, 0),
        (1, 1),
        (2**31 - 1, 2**31 - 1),
        (2**31, 0),
        (2**32 - 4, 0),
        (2**32 - 1, 0),
    ],
)
def test_a_timer_that_is_overdue_has_nothing_to_go(expires, left):
    """Up to 5.3 it comes as a negative number of ms that looks huge; its neighbours stay what they are."""
    [(fields, _, _)] = seen(message(row=ROW._replace(expires=expires)))

    assert tuple(ROW._replace(expires=left)) == fields


@pytest.mark.parametrize(
    "attributes",
    [
        [cgroup(2**40 + 7)],
        [cgroup(2**40 + 7), attribute(SHUTDOWN, b"\3")],
        [attribute(SHUTDOWN, b"\3"), cgroup(2**40 + 7)],
        [attribute(MARK, b"\0\0\0\1"), attribute(SHUTDOWN, b"\3"), cgroup(2**40 + 7), attribute(CONG, CUBIC)],
        [attribute(CONG, CUBIC), attribute(INFO, tcp_info(248)), cgroup(2**40 + 7)],
    ],
)
def test_the_cgroup_is_found_wherever_it_stands(attributes):
    """Attributes before and after it are passed over, of whatever length."""
    assert [2**40 + 7] == cgroups(message(*attributes))


@pytest.mark.parametrize(
    "attributes",
    [
        [],
        [attribute(SHUTDOWN, b"\3")],
        [attribute(CGROUP_ID)],
        [attribute(CGROUP_ID, b"\1\0\0\0")],
        [attribute(CGROUP_ID, b"\1\0\0\0\0\0\0")],
        [attribute(SHUTDOWN, struct.pack("=HHQ", 12, CGROUP_ID, 5))],
    ],
)
def test_a_socket_without_a_whole_cgroup_has_none(attributes):
    """No cgroup is 0; a number that is too short is none, nor is one inside of another attribute."""
    assert [0] == cgroups(message(*attributes))


def test_a_longer_cgroup_begins_with_its_number():
    """Should the attribute ever grow, its first 64 bits stay."""
    assert [5, 6] == cgroups(*(message(attribute(CGROUP_ID, struct.pack("=QQ", n, 99))) for n in (5, 6)))


def test_the_place_of_the_cgroup_may_change_between_messages_of_one_length():
    """Where it lay the last time is only the first place that is looked at."""
    shut = attribute(SHUTDOWN, b"\3")
    orders = [(cgroup(1), shut), (shut, cgroup(2)), (cgroup(3), shut), (cgroup(4), shut), (shut, cgroup(5))]

    assert [1, 2, 3, 4, 5] == cgroups(*(message(*order) for order in orders))


def test_a_socket_without_a_cgroup_does_not_hide_that_of_the_next():
    """Two messages of one length may have one attribute of 12 bytes each, and only one of them a cgroup."""
    other = attribute(CONG, b"reno_x\0\0")

    assert [0, 7, 0, 8] == cgroups(message(other), message(cgroup(7)), message(other), message(cgroup(8)))


def test_strides_may_change_within_a_dump():
    """IPv4, IPv6 and minisocks have different attributes and stand side by side."""
    shut, mark = attribute(SHUTDOWN, b"\3"), attribute(MARK, b"\0\0\0\0")
    dump = [(), (shut, cgroup(1)), (shut,), (mark, shut, cgroup(2)), (), (shut, cgroup(3)), (cgroup(4),)]

    assert [0, 1, 0, 2, 0, 3, 4] == cgroups(*(message(*attributes) for attributes in dump))


@pytest.mark.parametrize("padding", [1, 2, 3])
def test_less_than_a_header_after_the_last_attribute_is_passed_over(padding):
    """A message need not end at a multiple of four."""
    assert [9] == cgroups(message(cgroup(9), padding=padding))


@pytest.mark.parametrize(
    ("attributes", "cause"),
    [
        ([attribute(SHUTDOWN, length=0)], "an attribute of 0 bytes in 4"),
        ([attribute(SHUTDOWN, length=3)], "an attribute of 3 bytes in 4"),
        ([attribute(SHUTDOWN, length=5)], "an attribute of 5 bytes in 4"),
        ([attribute(SHUTDOWN, b"\3"), attribute(CGROUP_ID, b"\0" * 8, length=13)], "an attribute of 13 bytes in 12"),
        ([attribute(CGROUP_ID, length=65535)], "an attribute of 65535 bytes in 4"),
    ],
)
def test_an_attribute_that_does_not_fit_is_refused(attributes, cause):
    """Too short to be one or longer than its message: the bytes are garbled."""
    assert cause == refused(message(*attributes))
    assert cause == refused(message(*attributes), infos=True)


@pytest.mark.parametrize("size", [104, 120, 136, 144, 160, 168, 192, 200, 224, 228])
def test_tcp_info_before_5_4_has_no_window(size):
    """From 2.6 on every struct has the RTO, the back-off and the total of retransmissions, none the peer's window."""
    given_info = tcp_info(size, rto=408_000, rtt=1500, total=2, window=77, probes=4, backoff=1)

    assert Info(0.408, 1, 4, True, None, 0.0015, True) == info_of(attribute(INFO, given_info))


@pytest.mark.parametrize("size", [232, 240, 248, 256, 280])
def test_tcp_info_since_5_4_has_the_window(size):
    """A window of 0 is one that is closed, and not one that is unknown; further fields are passed over."""
    closed = tcp_info(size, backoff=15, rto=120_000_000, options=0)
    opened = tcp_info(size, window=65536, total=1)

    assert Info(120.0, 15, 0, False, 0, 0.00012, False) == info_of(attribute(INFO, closed))
    assert Info(0.204, 0, 0, True, 65536, 0.00012, True) == info_of(attribute(INFO, opened))


@pytest.mark.parametrize(("size", "known"), [(72, True), (71, False), (68, False), (0, False)])
def test_a_tcp_info_that_is_too_short_for_the_round_trip_is_none(size, known):
    """Less than the RTO and the round trip is of no use."""
    assert known == (info_of(attribute(INFO, tcp_info(size))) is not None)


@pytest.mark.parametrize(("size", "retransmitted"), [(72, False), (100, False), (103, False), (104, True)])
def test_the_total_of_retransmissions_is_read_where_it_is_whole(size, retransmitted):
    """The oldest structs end before it, or just behind it."""
    info = info_of(attribute(INFO, tcp_info(size, total=1)))

    assert info is not None
    assert retransmitted == info.retransmitted


@pytest.mark.parametrize("options", [0x0, 0x1, 0x2, 0x3, 0xFD, 0xFF])
def test_sack_is_one_bit_of_the_options(options):
    """Without it there is no tail loss probe."""
    info = info_of(attribute(INFO, tcp_info(232, options=options)))

    assert info is not None
    assert bool(options & 2) == info.sack


def test_a_minisock_has_no_tcp_info():
    """And where nobody asked for it, it is not looked at."""
    whole = message(attribute(SHUTDOWN, b"\3"), attribute(INFO, tcp_info(248)), cgroup(3))

    assert info_of() is None
    assert info_of(attribute(SHUTDOWN, b"\3"), cgroup(1)) is None
    assert [(tuple(ROW), 3, None)] == seen(whole)
    assert [(tuple(ROW), 3, Info(0.204, 0, 0, False, 0, 0.00012, True))] == seen(whole, infos=True)


attributes = st.builds(
    attribute,
    st.sampled_from([CGROUP_ID, INFO, SHUTDOWN, CONG, MARK, 0, 65535]),
    st.one_of(st.binary(max_size=24), st.integers(60, 300).map(tcp_info)),
)
mangled = st.builds(
    attribute,
    st.sampled_from([CGROUP_ID, INFO, SHUTDOWN]),
    st.binary(max_size=24),
    st.one_of(st.none(), st.integers(0, 40), st.integers(0, 65535)),
)
tails = st.one_of(st.binary(max_size=120), st.lists(st.one_of(attributes, mangled), max_size=5).map(b"".join))


@settings(deadline=None)
@given(st.lists(tails, max_size=6), st.booleans())
@example([cgroup(1), b"\x0c\x00\x15\x00" + b"\xff" * 8, b"\x0c\x00\x15\x00" * 3], True)
@example([b"\x0c\x00\x15\x00", b"\x0c\x00\x15\x00\x01\x00\x00\x00"], False)
def test_any_bytes_behind_a_socket_are_attributes_or_refused(some, infos):
    """Whatever follows the fixed part, the fields come whole, or the dump is refused; no other error."""
    try:
        found = seen(*(message(tail) for tail in some), infos=infos)
    except SockDiagError:
        return

    assert [tuple(ROW)] * len(some) == [fields for fields, _, _ in found]
    assert all(0 <= number < 2**64 for _, number, _ in found)


others = st.builds(attribute, st.sampled_from([INFO, SHUTDOWN, CONG, MARK]), st.binary(max_size=12))
ids = st.one_of(
    st.just(b""),
    st.integers(1, 2**64 - 1).map(cgroup),
    st.binary(max_size=7).map(lambda short: attribute(CGROUP_ID, short)),
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(others, max_size=2), ids, st.lists(others, max_size=2)), max_size=8))
def test_a_socket_is_told_the_same_alone_and_among_others(some):
    """What was learned from one message never changes what another one says."""
    messages = [message(*before, own, *after) for before, own, after in some]

    assert [seen(one, infos=True)[0] for one in messages] == seen(*messages, infos=True)
