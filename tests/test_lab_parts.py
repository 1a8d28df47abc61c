"""The lab without a kernel: segments, capture files, timelines, verdicts, pages, and wrong usage."""

from __future__ import annotations

import ctypes
import json
import socket
import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptune.collect.sockets.diag_rows import sockets
from tcptune.collect.sockets.rows import Row
from tcptune.collect.sockets.sock_diag import HEADER, SOCK_DIAG_BY_FAMILY, Part, frame
from tcptune.errors import UsageError
from tcptune.kernel.states import TcpState
from tcptune.lab import document, namespace, text
from tcptune.lab.catalogue import SCENARIOS
from tcptune.lab.pcap import FILE_HEADER, PACKET_HEADER, capture
from tcptune.lab.peer import Peer
from tcptune.lab.result import Lived, Packet, Result, Sighting, Step
from tcptune.lab.segment import (
    ACK,
    FIN,
    PSEUDO_HEADER,
    PSH,
    RST,
    SYN,
    Segment,
    checksum,
    flag_names,
    options_of,
    pack,
    timestamp_of,
    unpack,
)
from tcptune.lab.sockets import Seen, _seen
from tcptune.lab.timeline import Timeline

PRCTL, PR_CAPBSET_DROP, CAP_SYS_ADMIN = ctypes.CDLL(None).prctl, 24, 21
KERNEL, PEER = "198.18.1.1", "198.18.1.2"

RESULT = Result(
    "linger-zero",
    "a page\x1b[31m of an example",
    {"net.ipv4.tcp_fin_timeout": "2"},
    "net/ipv4/tcp.c",
    "an article",
    began=1_700_000_000.0,
    steps=(Step(-0.01, "connect()"), Step(-0.00001, "close()")),
    states=(
        Sighting(0.0005, 40000, 8000, "FIN-WAIT-1", "orphan", "on", 0.204, 0, 1),
        Sighting(1.68, 40000, 8000, "gone"),
    ),
    packets=(Packet(0.0, "kernel", (40000, 8000), "FIN ACK", 1, 1, 64240, 0, b"raw"),),
    counters={"TcpExt.TCPAbortOnTimeout": 1},
    lived=(Lived("FIN-WAIT-1/orphan", (1.632, 1.668, 1.704), 1.66, 1.68, 0.01, transmissions=(4, 4)),),
    observed=("no RST",),
)

PAGE = """\
linger-zero
  a page\\x1b[31m of an example
  settings   net.ipv4.tcp_fin_timeout = 2
  steps       -0.010 s  connect()
               0.000 s  close()
  states       0.001 s  FIN-WAIT-1  orphan  timer on, due in 0.204 s  Recv-Q 0
                        Send-Q 1
               1.680 s  gone
  packets      0.000 s  kernel  FIN ACK  seq 1 ack 1 win 64240 len 0
  counters   TcpExt.TCPAbortOnTimeout +1
  measured   FIN-WAIT-1/orphan: predicted 1.632 to 1.704 s, most likely 1.668
             s; measured: 1.660 to 1.680 s; sent 4 times, predicted 4: inside
  so         no RST
  kernel     net/ipv4/tcp.c
  article    an article

1 of 1 measured lifetimes lie inside the prediction
"""


def tcptune(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """One run of the command."""
    return subprocess.run(
        [sys.executable, "-m", "tcptune", *arguments], capture_output=True, text=True, timeout=60, **options
    )  # type: ignore[call-overload]


@given(
    ports=st.tuples(st.integers(1, 65535), st.integers(1, 65535)),
    numbers=st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    flags=st.integers(0, 0x1F),
    data=st.binary(max_size=100),
    first=st.booleans(),
)
def test_a_segment_survives_the_wire(ports, numbers, flags, data, first):
    """What is packed is unpacked, and both checksums come out as 0, as a receiver checks them."""
    sent = Segment(KERNEL, ports[0], PEER, ports[1], flags, *numbers, 512, data, options_of(7, 9, first))
    packet = pack(sent)
    pseudo = PSEUDO_HEADER.pack(*map(socket.inet_aton, (KERNEL, PEER)), 0, socket.IPPROTO_TCP, len(packet) - 20)

    assert sent == unpack(packet)
    assert (0, 0) == (checksum(packet[:20]), checksum(pseudo + packet[20:]))


@given(st.binary(max_size=120))
def test_no_bytes_break_the_reading(data):
    """Anything may come out of a device; what is no TCP over IPv4 is None."""
    assert unpack(data) is None or unpack(data).source
    assert timestamp_of(data) is None or timestamp_of(data) >= 0


def test_a_cut_packet_is_no_segment():
    """Every strict prefix of a packet is refused."""
    packet = pack(Segment(KERNEL, 1, PEER, 2, SYN, 3, data=b"x"))

    assert {None} == {unpack(packet[:size]) for size in range(len(packet))}


def test_syn_and_fin_take_a_number_each():
    """The length in the sequence space counts flags as RFC 9293 does."""
    lengths = [Segment(KERNEL, 1, PEER, 2, flags, 0, data=b"xy").length for flags in (ACK, FIN | ACK, SYN | FIN)]

    assert [2, 3, 4] == lengths
    assert "SYN RST PSH ACK" == flag_names(ACK | PSH | RST | SYN)


def test_a_capture_file_is_what_libpcap_describes():
    """Magic, raw IP, and each packet with its time, oldest first."""
    data = capture([(2.0, b"late"), (1.9999999, b"rounds"), (1.25, b"first")])
    records, at = [], FILE_HEADER.size
    while at < len(data):
        second, micro, kept, whole = PACKET_HEADER.unpack_from(data, at)
        at += PACKET_HEADER.size
        records.append((second, micro, data[at : at + kept], whole))
        at += kept

    assert (0xA1B2C3D4, 2, 4, 0, 0, 65535, 101) == struct.unpack_from("=IHHiIII", data)
    assert [(1, 250000, b"first", 5), (2, 0, b"rounds", 6), (2, 0, b"late", 4)] == records


def test_a_peer_takes_a_connection_and_acknowledges_its_end():
    """SYN, SYN-ACK, ACK; then the kernel's FIN is acknowledged and remembered."""
    sent: list[Segment] = []
    peer = Peer(sent.append, PEER, KERNEL)
    peer.hear(Segment(KERNEL, 40000, PEER, 8000, SYN, 2**32 - 1))
    peer.hear(Segment(KERNEL, 40000, PEER, 8000, ACK, 0, 1_000_001))
    peer.hear(Segment(KERNEL, 40000, PEER, 8000, FIN | ACK, 0, 1_000_001))

    assert [(SYN | ACK, 0), (ACK, 1)] == [(segment.flags, segment.ack) for segment in sent]
    assert peer.conversations[40000, 8000].heard_fin


def test_a_peer_with_a_closed_window_takes_nothing_and_says_so():
    """Data and probes are answered with the old number and window 0; a silent peer does not even do that."""
    sent: list[Segment] = []
    peer = Peer(sent.append, PEER, KERNEL)
    peer.hear(Segment(KERNEL, 40000, PEER, 8000, SYN, 99))
    talk = peer.conversations[40000, 8000]
    talk.window = 0
    peer.hear(Segment(KERNEL, 40000, PEER, 8000, ACK, 100, 1, data=b"x"))
    peer.hear(Segment(KERNEL, 40000, PEER, 8000, ACK, 99, 1))
    talk.answers = False
    peer.hear(Segment(KERNEL, 40000, PEER, 8000, ACK, 99, 1))

    assert [(ACK, 100, 0)] * 2 == [(segment.flags, segment.ack, segment.window) for segment in sent[1:]]


def test_a_peer_ignores_what_belongs_to_no_connection():
    """A late segment of an unknown connection is not answered."""
    sent: list[Segment] = []
    Peer(sent.append, PEER, KERNEL).hear(Segment(KERNEL, 1, PEER, 2, ACK, 3))

    assert [] == sent


def diag(state: int, timer: int = 0, expires: int = 0, inode: int = 0, info: bytes = b"") -> bytes:
    """One socket as the kernel tells it."""
    body = struct.pack("=BBBB2s2s44xIIIII", 2, state, timer, 0, b"\x9c\x40", b"\x1f\x40", expires, 1, 2, 0, inode)
    if info:
        body += struct.pack("=HH", len(info) + 4, 2) + info
    return HEADER.pack(HEADER.size + len(body), SOCK_DIAG_BY_FAMILY, 2, 1, 0) + body


def test_a_socket_is_read_with_its_timer_and_round_trip():
    """State, kind, timer, time left, queues, and what tcp_info says of RTO and round trip."""
    info = struct.pack("=6BxxI56xI", 1, 0, 0, 0, 3, 7, 204000, 1500)
    data = memoryview(diag(4, timer=1, expires=180, info=info) + diag(12, timer=1))
    found = [_seen(Row(*fields), told) for fields, _, told in sockets([Part(data, frame(data)[0])], infos=True)]

    assert Seen(40000, 8000, TcpState.FIN_WAIT_1, "orphan", "on", 0.18, 1, 2, 0.204, 0.0015, 3, True) == found[0]
    assert (TcpState.SYN_RECEIVED, None) == (found[1].state, found[1].rto)


def seen(state: TcpState, kind: str | None = None, timer: str | None = None) -> Seen:
    """A socket at one look."""
    return Seen(40000, 8000, state, kind, timer, None, 0, 0)


def test_a_lifetime_lies_between_what_was_seen_and_what_was_not():
    """At least from first to last seen, at most from before the first to after the last look."""
    timeline = Timeline()
    for began, found in (
        (1.0, [seen(TcpState.ESTABLISHED)]),
        (2.0, [seen(TcpState.FIN_WAIT_1)]),
        (3.0, [seen(TcpState.CLOSING)]),
        (4.0, [seen(TcpState.CLOSING)]),
        (5.0, []),
    ):
        timeline.add(began, began + 0.1, found)
    both = timeline.lasted(40000, 8000, {TcpState.FIN_WAIT_1, TcpState.CLOSING})

    assert (pytest.approx(1.9), pytest.approx(4.1)) == both
    assert timeline.lasted(40000, 8000, {TcpState.TIME_WAIT}) is None
    assert ["ESTABLISHED", "FIN-WAIT-1", "CLOSING", "gone"] == [s.state for s in timeline.sightings(0.0)]
    assert timeline.now(40000) is None


def test_a_socket_that_is_still_there_has_no_longest_time():
    """at_most is None while it lasts; a change of timer is a sighting of its own."""
    timeline = Timeline()
    timeline.add(1.0, 1.1, [seen(TcpState.FIN_WAIT_2, "orphan", "keepalive")])
    timeline.add(2.0, 2.1, [seen(TcpState.FIN_WAIT_2, "minisock", "timewait")])

    assert (pytest.approx(0.9), None) == timeline.lasted(40000, 8000, {TcpState.FIN_WAIT_2})
    assert [1.1, 2.1] == [sighting.at for sighting in timeline.sightings(0.0)]


@pytest.mark.parametrize(
    ("predicted", "at_least", "at_most", "inside"),
    [
        ((1.0, 1.5, 2.0), 1.2, 1.3, True),
        ((1.0, 1.5, 2.0), 0.8, 0.97, False),
        ((1.0, 1.5, 2.0), 0.99, 1.0, True),
        ((1.0, 1.5, 2.0), 2.01, 2.05, True),
        ((1.0, 1.5, 2.0), 2.03, 2.05, False),
        ((1.0, 1.5, 2.0), 5.0, None, False),
        (None, 3.0, None, True),
        (None, 1.0, 1.1, False),
    ],
)
def test_a_verdict_gives_the_looks_their_due(predicted, at_least, at_most, inside):
    """Inside means that both can be true, give or take the longest time without a look."""
    assert inside == Lived("X", predicted, at_least, at_most, gap=0.02).inside


def test_a_page_reads_like_this():
    """The whole page of one result; what a terminal would obey is escaped."""
    assert PAGE == text.render([RESULT])


def test_what_was_not_played_is_said():
    """A problem stands on the page and in the last line."""
    page = text.render([Result("x", "y", {}, "k", "a", problem="no such key")])

    assert "problem    no such key" in page
    assert "1 of 1 scenarios were not played to their end" in page


def test_the_document_is_json_without_raw_bytes():
    """Schema, kernel, and one result with predicted and measured."""
    told = json.loads(document.render([RESULT], "0.1.0", "6.18.0"))
    (result,) = told["results"]

    assert ("tcptune/lab/1", "6.18.0") == (told["schema"], told["host"]["release"])
    assert "raw" not in result["packets"][0]
    assert {"min": 1.632, "expected": 1.668, "max": 1.704} == result["lifetimes"][0]["predicted"]
    assert {"predicted": 4, "measured": 4} == result["lifetimes"][0]["transmissions"]
    assert result["inside"]


def test_the_list_has_one_short_line_for_each():
    """Every scenario is there, and no line is longer than a terminal of 80 columns."""
    run = tcptune("lab", "list")
    lines = run.stdout.splitlines()

    assert (0, "") == (run.returncode, run.stderr)
    assert list(SCENARIOS) == [line.split()[0] for line in lines]
    assert max(map(len, lines)) < 80


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=list(SCENARIOS))
def test_every_scenario_says_what_it_is_about(scenario):
    """What it shows, the kernel's function, the article; and only settings of a namespace."""
    assert scenario.shows
    assert "net/ipv4/" in scenario.kernel
    assert "()" in scenario.kernel
    assert scenario.article.startswith("the article ")
    assert all(namespace.KEY.fullmatch(key) for key in {**scenario.always, **scenario.short})


@pytest.mark.parametrize(
    "key", ["kernel.panic", "vm.swappiness", "net.ipv4..x", "net.ipv4", "net.ipv4.../x", "net.ipv6.x", "net.ipv4.a/b"]
)
def test_a_sysctl_of_the_whole_machine_is_never_written(key):
    """Only net.ipv4 and net.core belong to a namespace; the refusal comes before any file is touched."""
    with pytest.raises(UsageError, match="belong to a namespace"):
        namespace.write({key: "1"})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a scenario, or --all"),
        (["time-wiat"], "did you mean 'time-wait'?"),
        (["--all", "nonsense-xyzzy"], "'nonsense-xyzzy' is not known"),
        (["time-wait", "--format", "yaml"], "choose from text, json"),
        (["time-wait", "--set", "tcp_fin_timeout"], "is no KEY=VALUE"),
        (["time-wait", "--set", "=5"], "is no KEY=VALUE"),
        (["time-wait", "--set", "tcp_fin_timeout=1\n2"], "is no KEY=VALUE"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments, words):
    """Exit 2, nothing on stdout; nothing was played."""
    run = tcptune("lab", "run", *arguments)

    assert (2, "") == (run.returncode, run.stdout)
    assert words in run.stderr
    assert 1 == len(run.stderr.splitlines())


def give_up_namespaces() -> None:
    """Without CAP_SYS_ADMIN in the bounding set, what is run next cannot have it, whoever runs it."""
    PRCTL(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0)


def test_without_the_right_to_a_namespace_it_says_so():
    """Exit 3 and one sentence, for a user without rights and for a root without them."""
    run = tcptune("lab", "run", "linger-zero", preexec_fn=give_up_namespaces)

    assert (3, "") == (run.returncode, run.stdout)
    assert "the right to make network namespaces" in run.stderr
    assert 1 == len(run.stderr.splitlines())
