"""/proc/net/tcp and tcp6, line by line."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.proc.proc_net_tcp import Table, listening_ports, sockets
from tcptune.collect.sockets.tally import NEW_SYN_RECV, TIMER_PERSIST, TIMER_TIMEWAIT
from tcptune.kernel.states import TcpState

HEADLINE = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
    "                                                     \n"
)
HEADLINE_6 = (
    "  sl  local_address                         remote_address                        st tx_queue rx_queue"
    " tr tm->when retrnsmt   uid  timeout inode\n"
)


def line(state: int, timer: int = 0, inode: object = 0, number: int = 0, address: str = "0100007F") -> str:
    """One socket as the kernel prints it."""
    return (
        f"{number:4}: {address}:0016 {address}:9C40 {state:02X} 00000001:00000000 {timer:02X}:00000123 00000000"
        f"     0        0 {inode} 1 0000000000000000 100 0 0 10 0                   \n"
    )


def parse(lines):
    """The sockets of some lines by state, timer and owner, and how many lines were lost."""
    lost = []
    return Counter((fields[1], fields[2], fields[12] != 0) for fields, _, _ in sockets(lines, lost)), len(lost)


def read(root):
    """The tally of a stored tree, None where the table is not whole, and the gaps."""
    table = Table(root)
    tally = Counter((fields[1], fields[2], fields[12] != 0) for fields, _, _ in table.sockets())
    return tally if table.whole else None, table.gaps


def put(root, **files):
    """Files below /proc/net."""
    folder = root / "proc/net"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)


def test_sockets_are_counted_by_state_timer_and_owner():
    """The three columns that decide the end of a socket make its key."""
    lines = [
        HEADLINE,
        line(TcpState.LISTEN, inode=812),
        line(TcpState.FIN_WAIT_1, TIMER_PERSIST),
        line(TcpState.FIN_WAIT_2, TIMER_TIMEWAIT),
        line(TcpState.FIN_WAIT_2, TIMER_TIMEWAIT, number=10_000),
        line(NEW_SYN_RECV, 1),
    ]

    assert (
        Counter(
            {
                (TcpState.LISTEN, 0, True): 1,
                (TcpState.FIN_WAIT_1, TIMER_PERSIST, False): 1,
                (TcpState.FIN_WAIT_2, TIMER_TIMEWAIT, False): 2,
                (NEW_SYN_RECV, 1, False): 1,
            }
        ),
        0,
    ) == parse(lines)


def test_ipv6_differs_only_in_its_addresses():
    """The longer addresses do not move the columns."""
    lines = [HEADLINE_6, line(TcpState.CLOSE_WAIT, inode=5, address="0" * 32)]

    assert (Counter({(TcpState.CLOSE_WAIT, 0, True): 1}), 0) == parse(lines)


FULL = "   7: 0500000A:1F90 0900000A:9C40 04 0000000A:00000001 01:00000064 00000003  33        0 0 2 0 {rto}\n"


def test_all_fields_of_a_line_are_read():
    """Addresses are words in this machine's order, times are in hundredths of a second, ports are numbers."""
    ((fields, cgroup, info),) = sockets([FULL.format(rto="163 4 30 10 -1")], [])

    assert (2, 4, 1, 3, (8080).to_bytes(2, "big"), (40000).to_bytes(2, "big")) == fields[:6]
    assert ([10, 0, 0, 5], [10, 0, 0, 9]) == (list(fields[6][:4]), list(fields[7][:4]))
    assert (1000, 1, 10, 33, 0) == fields[8:]
    assert 0 == cgroup
    assert (1.63, 3, True) == (info.rto, info.backoff, info.retransmitted)


def test_a_minisock_has_no_rto():
    """TIME-WAIT and SYN-RECEIVED end after the pointer."""
    ((_, _, info),) = sockets([FULL.format(rto="").replace(" 04 ", " 06 ")], [])

    assert info is None


def test_the_doublings_of_a_persist_timer_are_told_by_what_it_has_to_go():
    """The line has the RTO as it was; 7.2 s of a timer of 204 ms are six doublings at least."""
    probing = FULL.format(rto="20 4 0 10 -1").replace("01:00000064", f"04:{720:08X}")
    ((_, _, info),) = sockets([probing], [])

    assert (0.2, 6) == (info.rto, info.backoff)


def test_an_empty_table_has_a_headline():
    """No sockets is an answer; no text is none."""
    assert (Counter(), 0) == parse([HEADLINE])
    assert set() == listening_ports([HEADLINE])
    for nothing in ([], ["\n", "  \n"], ["garbage\n"], ["\ufffd" * 4096]):
        with pytest.raises(ValueError, match="neither headline nor sockets"):
            listening_ports(nothing)


def test_a_table_whose_headline_was_cut_off_still_has_its_sockets():
    """Sockets are recognised by themselves."""
    assert (Counter({(TcpState.LISTEN, 0, True): 1}), 0) == parse([line(TcpState.LISTEN, inode=1)])
    assert {b"\x00\x16"} == listening_ports([line(TcpState.LISTEN, inode=1)])
    assert set() == listening_ports([line(TcpState.CLOSE_WAIT)])


@pytest.mark.parametrize("mark", ["", "\ufffd\ufffd\ufffd", "\r"])
def test_what_stands_before_the_headline_does_not_hide_it(mark):
    """A byte order mark, which is no ASCII, may precede it."""
    assert (Counter(), 0) == parse([mark + HEADLINE])
    assert set() == listening_ports([mark + HEADLINE])


@pytest.mark.parametrize(
    "broken",
    [
        "garbage\n",
        line(TcpState.LISTEN)[:40],
        line(TcpState.LISTEN, inode="x"),
        line(TcpState.LISTEN, inode="-1"),
        line(0),
        line(13),
        line(255),
        line(TcpState.LISTEN, timer=256),
        line(TcpState.LISTEN).replace(" 0A ", " -A "),
        line(TcpState.LISTEN).replace(" 0A ", " ZZ "),
        line(TcpState.LISTEN).replace("00:00000123", "zz:1"),
        "x" * 4096,
        "0 " * 2000,
    ],
)
def test_a_line_that_is_no_socket_is_counted_as_lost(broken):
    """What cannot be understood is left out, and how much of it is said."""
    assert (Counter({(TcpState.CLOSE_WAIT, 0, True): 1}), 1) == parse(
        [HEADLINE, broken, line(TcpState.CLOSE_WAIT, inode=7)]
    )


@settings(deadline=None)
@given(st.lists(st.text()))
def test_any_lines_are_counted_or_lost(lines):
    """No text crashes the reader, and no line is forgotten."""
    spoken = [text for text in lines if text.split()]
    tally, lost = parse([HEADLINE, *lines])

    assert len(spoken) == tally.total() + lost + sum("sl" in text.split(None, 10)[:2] for text in spoken)


def test_both_files_are_added(tmp_path):
    """IPv4 and IPv6 sockets make one tally."""
    listener = line(TcpState.LISTEN, inode=3)
    put(tmp_path, tcp=HEADLINE + listener, tcp6=HEADLINE_6 + listener)

    assert (Counter({(TcpState.LISTEN, 0, True): 2}), {}) == read(tmp_path)


def test_a_machine_without_ipv6_is_counted(tmp_path):
    """An absent tcp6 is told, and takes nothing away."""
    put(tmp_path, tcp=HEADLINE + line(TcpState.LISTEN, inode=3))

    assert (Counter({(TcpState.LISTEN, 0, True): 1}), {"proc.net.tcp6": "no such file"}) == read(tmp_path)


def test_a_machine_without_the_file_is_not_counted(tmp_path):
    """Without /proc/net/tcp there is no tally, and the states and kinds say why."""
    put(tmp_path, tcp6=HEADLINE_6)

    assert (
        None,
        {
            "proc.net.tcp": "no such file",
            "states": "/proc/net/tcp: no such file",
            "kinds": "/proc/net/tcp: no such file",
        },
    ) == read(tmp_path)


@pytest.mark.parametrize("text", ["", "\n", "not a table\n"])
def test_half_a_count_is_none(tmp_path, text):
    """Where tcp6 is there and cannot be read, the IPv4 sockets alone would be too few."""
    put(tmp_path, tcp=HEADLINE + line(TcpState.LISTEN, inode=3), tcp6=text)
    tally, gaps = read(tmp_path)

    assert tally is None
    assert "/proc/net/tcp6: neither headline nor sockets in it; it is not the kernel's table" == gaps["states"]


def test_lost_lines_are_told_for_the_counts_too(tmp_path):
    """A tally with lost lines says so under the names of the facts made of it."""
    put(tmp_path, tcp=HEADLINE + line(TcpState.LISTEN, inode=3) + "cut o", tcp6=HEADLINE_6)
    tally, gaps = read(tmp_path)
    why = "1 lines of /proc/net/tcp are not sockets and were left out"

    assert {(TcpState.LISTEN, 0, True): 1} == tally
    assert {"proc.net.tcp": why, "states": why, "kinds": why} == gaps


@pytest.mark.parametrize("rto", ["-1", "x"])
def test_a_socket_whose_time_cannot_be_is_lost(rto):
    """No kernel waits less than nothing."""
    assert (Counter(), 1) == parse([FULL.format(rto=rto)])
