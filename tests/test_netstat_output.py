"""The text of netstat -ant, with and without -e, -o and -p, of net-tools and busybox."""

from __future__ import annotations

import socket
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.printed import ss_output
from tcptune.collect.printed.netstat_output import looks_like, parse
from tcptune.collect.printed.ss_output import Told
from tcptune.collect.sockets.rows import Row
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import Owner

SHARED = Path(__file__).parents[2] / "shared"
OUTPUTS = [
    *sorted(SHARED.glob("corpus/state/netstat_list/*")),
    *sorted(SHARED.glob("corpus/state/sosreport/hotsos-vault/sos_commands/networking/netstat_-W_-neopa")),
]

NAMES = {
    "ESTABLISHED": TcpState.ESTABLISHED,
    "SYN_SENT": TcpState.SYN_SENT,
    "SYN_RECV": TcpState.SYN_RECEIVED,
    "FIN_WAIT1": TcpState.FIN_WAIT_1,
    "FIN_WAIT2": TcpState.FIN_WAIT_2,
    "TIME_WAIT": TcpState.TIME_WAIT,
    "CLOSE_WAIT": TcpState.CLOSE_WAIT,
    "LAST_ACK": TcpState.LAST_ACK,
    "LISTEN": TcpState.LISTEN,
    "CLOSING": TcpState.CLOSING,
}

HEADLINE = "Proto Recv-Q Send-Q Local Address           Foreign Address         State      "
ENDS = "10.0.0.5:80             10.0.0.9:4000          "
MAPPED = bytes(10) + b"\xff\xff"


def told(*lines: str) -> Told:
    return parse(lines)


def one(line: str) -> Row:
    """The only socket of a line."""
    [(row, _, _)] = told(line).rows
    return row


def v4(text: str) -> bytes:
    return socket.inet_aton(text) + bytes(12)


def v6(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, text)


def test_plain_rows():
    """`netstat -ant` gives state, queues and ends; the backlog of a listener is not in it."""
    found = told(
        "Active Internet connections (servers and established)",
        HEADLINE,
        "tcp        3      0 10.0.0.5:80             0.0.0.0:*               LISTEN     ",
        "tcp        0   1448 10.0.0.5:80             10.0.0.9:4000           FIN_WAIT2  ",
    )

    assert [
        Row(socket.AF_INET, 10, 0, 0, b"\0\x50", bytes(2), v4("10.0.0.5"), bytes(16), 0, 3, 0, 0, 0),
        Row(socket.AF_INET, 5, 0, 0, b"\0\x50", b"\x0f\xa0", v4("10.0.0.5"), v4("10.0.0.9"), 0, 0, 1448, 0, 0),
    ] == [row for row, _, _ in found.rows]
    assert ({"queue"}, {}, {}) == (found.columns, found.owners, found.gaps)


@pytest.mark.parametrize(("name", "state"), NAMES.items())
def test_every_state(name, state):
    """Each state has its number."""
    assert state == one(f"tcp 0 0 {ENDS} {name}").state


def test_what_is_no_tcp_is_passed_over():
    """UDP has states too; unix sockets have columns of their own; CLOSE is not connected."""
    found = told(
        "(Not all processes could be identified, non-owned process info",
        " will not be shown, you would have to be root to see it all.)",
        "Active Internet connections (w/o servers)",
        HEADLINE + "PID/Program name    ",
        "tcp        0      0 127.0.0.1:40000         0.0.0.0:*               CLOSE       -                   ",
        "udp        0      0 10.0.0.5:68             10.0.0.1:67             ESTABLISHED 7/dhclient          ",
        "udp6       0      0 :::111                  :::*                                -                   ",
        "raw6       0      0 :::58                   :::*                    7           8/NetworkManager    ",
        "Active UNIX domain sockets (w/o servers)",
        "Proto RefCnt Flags       Type       State         I-Node   PID/Program name     Path",
        "unix  2      [ ACC ]     STREAM     LISTENING     535      1/systemd            /run/lvm/lvmetad.socket",
    )

    assert Told([], {}, {}, frozenset()) == found


def test_everything_that_netstat_can_say_of_a_socket():
    """`netstat -antoeep`: user, inode, process and timer, each in its column."""
    columns = "User       Inode      PID/Program name     Timer"
    found = told(
        HEADLINE + columns,
        f"tcp 0 9 {ENDS} FIN_WAIT1   33         5150       812/app: worker 1    probe (1.19/0/7)",
        f"tcp 0 0 {ENDS} TIME_WAIT   0          0          -                    timewait (59.50/0/0)",
        f"tcp 0 0 {ENDS} CLOSE_WAIT  www-data   5151       -                    off (0.00/0/0)",
    )

    assert [(4, 4, 7, 1190, 5150), (6, 3, 0, 59_500, 0), (8, 0, 0, 0, 5151)] == [
        (row.state, row.timer, row.retransmits, row.expires, row.inode) for row, _, _ in found.rows
    ]
    assert {5150: Owner(812, "app: worker 1")} == found.owners
    assert {"queue", "timer", "inode", "owner"} == found.columns
    assert {} == found.gaps


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("off (0.00/0/0)", (0, 0, 0)),
        ("on (0.19/3/0)", (1, 3, 190)),
        ("on (0,19/3/0)", (1, 3, 190)),
        ("keepalive (7199.50/0/2)", (2, 2, 7_199_500)),
        ("timewait (0.00/0/0)", (3, 0, 0)),
        ("probe (26.88/0/9)", (4, 9, 26_880)),
        ("unkn-4 (26.88/0/9)", (4, 9, 26_880)),
        ("unkn-5 (0.01/0/0)", (0, 0, 0)),
        ("on (42949672.91/1/0)", (1, 1, 0)),
    ],
)
def test_timers(text, expected):
    """Retransmissions are counted for one timer, probes for the others; what is overdue is due now."""
    for line in (f"tcp 0 0 {ENDS} CLOSING {text}", f"tcp 0 0 {ENDS} CLOSING     -      {text}   "):
        row = one(line)
        assert expected == (row.timer, row.retransmits, row.expires)
        assert "timer" in told(line).columns


@pytest.mark.parametrize(
    ("rest", "inode", "owner"),
    [
        ("-", 0, None),
        ("812/app", -1, Owner(812, "app")),
        ("795/nginx -g daemon", -1, Owner(795, "nginx -g daemon")),
        ("812/a/b 5", -1, Owner(812, "a/b 5")),
        ("812/app on (0.19/3/0) off (0.00/0/0)", -1, Owner(812, "app on (0.19/3/0)")),
        ("0 5150 812/app", 5150, Owner(812, "app")),
        ("systemd-resolve 5150 -", 5150, None),
        ("33 5150", 5150, None),
        ("812/\x1b[31mapp", -1, Owner(812, "\\x1b[31mapp")),
    ],
)
def test_a_line_without_its_headline(rest, inode, owner):
    """A line that was cut out of its text is understood by its looks."""
    found = told(f"tcp 0 0 {ENDS} LAST_ACK    {rest}")

    assert inode == found.rows[0][0].inode
    assert ({} if owner is None else {inode: owner}) == found.owners


def test_a_headline_says_which_columns_there_are():
    """What a process calls itself is no timer where -o was not given, and no inode where -e was not."""
    found = told(HEADLINE + "PID/Program name", f"tcp 0 0 {ENDS} CLOSING     812/x on (0.19/3/0)")
    assert 0 == found.rows[0][0].timer
    assert {"queue", "owner"} == found.columns

    found = told(HEADLINE + "Timer", f"tcp 0 0 {ENDS} CLOSING     33 5150")
    assert {"lines": "1 lines are neither sockets nor their continuation and were left out"} == found.gaps


@pytest.mark.parametrize(
    ("line", "family", "local", "remote"),
    [
        ("tcp 0 0 ::1:80 ::1:81", socket.AF_INET6, v6("::1"), v6("::1")),
        ("tcp6 0 0 :::80 :::*", socket.AF_INET6, bytes(16), bytes(16)),
        ("tcp6 0 0 [::]:http [::]:*", socket.AF_INET6, bytes(16), bytes(16)),
        ("tcp6 0 0 10.0.0.5:80 10.0.0.9:81", socket.AF_INET6, MAPPED + b"\n\0\0\5", MAPPED + b"\n\0\0\t"),
        ("tcp 0 0 ::ffff:10.0.0.5:80 ::ffff:10.0.0.9:81", socket.AF_INET6, MAPPED + b"\n\0\0\5", MAPPED + b"\n\0\0\t"),
        ("tcp 0 0 *:http *:*", socket.AF_INET, bytes(16), bytes(16)),
        ("tcp6 0 0 *:http *:*", socket.AF_INET6, bytes(16), bytes(16)),
    ],
)
def test_addresses(line, family, local, remote):
    """An IPv4 peer of an IPv6 socket stands there as IPv4, and is mapped as the kernel has it."""
    row = one(line + " ESTABLISHED")

    assert (family, local, remote, b"\0\x50") == (row.family, row.local, row.remote, row.local_port)


def test_an_address_that_may_be_cut_is_not_believed():
    """netstat cuts address and port to 22 characters: fe80::5054:ff:fe12:3 at port 22 may have been ...:3ab."""
    found = told("tcp6 0 0 fe80::5054:ff:fe12:3:9 fe80::5054:ff:fe12:3:22 ESTABLISHED")
    row = found.rows[0][0]

    assert (v6("fe80::5054:ff:fe12:3"), bytes(16), b"\0\x16") == (row.local, row.remote, row.remote_port)
    assert {"addresses": "1 addresses are names, cut or made unreadable; with -n there are numbers"} == found.gaps


def test_names_instead_of_numbers():
    """Without -n hosts and ports have names, cut to fit."""
    found = told("tcp 0 0 localhost.localdoma:ssh lb-192-30-255-112:acr-n ESTABLISHED")

    assert (bytes(16), b"\0\x16", bytes(2)) == found.rows[0][0][6:7] + found.rows[0][0][4:6]
    assert {"addresses", "ports"} == set(found.gaps)


@pytest.mark.parametrize(
    "broken",
    [
        "garbage",
        'exec of "netstat" failed: No such file or directory',
        "tcp",
        f"tcp 0 0 {ENDS}",
        f"tcp 0 0 {ENDS} TIME-WAIT",
        f"tcp 0 0 {ENDS} LISTENING",
        f"tcp4 0 0 {ENDS} LISTEN",
        f"tcp 0 -1 {ENDS} LISTEN",
        f"tcp 0 {2**63} {ENDS} LISTEN",
        "tcp 0 0 10.0.0.5.80 10.0.0.9.81 LISTEN",
        "tcp 0 0 10.0.0.5:80 10.0.0.9:65536 LISTEN",
        f"tcp 0 0 {ENDS} LISTEN 0 {2**63} -",
        f"tcp 0 0 {ENDS} LISTEN {'x' * (1 << 16)}",
        "ESTAB 0 0 10.0.0.5:80 10.0.0.9:81",
        "\x00\ud800",
    ],
)
def test_a_malformed_line_is_left_out(broken):
    """What cannot be understood is left out, and how much of it is said."""
    found = told(HEADLINE, f"tcp 1 0 {ENDS} CLOSE_WAIT", f"tcp 1 1 {ENDS} LAST_ACK")
    assert found._replace(
        gaps={"lines": "1 lines are neither sockets nor their continuation and were left out"}
    ) == told(f"tcp 1 0 {ENDS} CLOSE_WAIT", broken, "", f"tcp 1 1 {ENDS} LAST_ACK")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "net.ipv4.tcp_fin_timeout = 60",
        "ESTAB 0 0 10.0.0.5:80 10.0.0.9:81",
        "Tcp:\n    5 active connection openings",
    ],
)
def test_other_texts_are_not_taken_for_netstat(text):
    """Neither a headline nor a socket: another file, and it is refused with one sentence."""
    assert not looks_like(text)
    with pytest.raises(ValueError, match="neither headline nor sockets in it; it is not what netstat -ant prints"):
        told(*text.splitlines())


@pytest.mark.parametrize(
    "text", [HEADLINE, f"$ netstat -ant\n  tcp 0 0 {ENDS} TIME_WAIT\ntcp 0", f"tcp6 0 0 {ENDS} LISTEN -"]
)
def test_netstat_is_recognised(text):
    """By its headline or by its rows; ss does not take it for its own."""
    assert looks_like(text)
    assert not ss_output.looks_like(text)


def test_the_number_of_sockets_is_bounded(monkeypatch):
    """Beyond the limit nothing more is read, and that is said."""
    monkeypatch.setattr(ss_output, "MAX_ROWS", 3)
    found = parse(iter(lambda: f"tcp 0 0 {ENDS} TIME_WAIT", None))

    assert 3 == len(found.rows)
    assert {"rows": "the text has more than 3 sockets; the rest was left out"} == found.gaps


words = st.sampled_from(
    [*NAMES, "0", "5", "-", "7/x", "on", "off", "(0.19/3/0)", "10.0.0.1:80", "*:*", "::1:80", HEADLINE, "Timer", "User"]
)
texts = st.lists(words | st.text(max_size=9)).map(" ".join)


@settings(deadline=None)
@given(st.lists(st.text() | texts | texts.map(f"tcp 0 0 {ENDS} CLOSING ".__add__)))
def test_any_lines_are_read_or_refused(lines):
    """No text raises anything but ValueError, and every socket is a row of plain values."""
    looks_like("\n".join(lines))
    try:
        found = parse(lines)
    except ValueError:
        return
    for row, _, _ in found.rows:
        assert [16, 16, 2, 2] == list(map(len, (row.local, row.remote, row.local_port, row.remote_port)))
        assert min(row.expires, row.recv_q, row.send_q, row.retransmits) >= 0
    assert set(found.owners) <= {row.inode for row, _, _ in found.rows}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("tail", ["on (" * 15_000, " " * 60_000 + "x", "5 " * 30_000, "1/" * 30_000, "a:" * 30_000])
def test_long_lines_cost_no_more_than_their_length(tail):
    """No pattern runs wild on what an attacker would write."""
    told(HEADLINE, *10 * [f"tcp 0 0 {ENDS} CLOSING {tail}", f"tcp 0 0 {tail}", f"tcp{tail}", tail])


@pytest.mark.skipif(not OUTPUTS, reason=f"{SHARED / 'corpus/state/netstat_list'} is not there: no outputs of others")
@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.name)
def test_outputs_of_other_machines(path):
    """Every socket of TCP is counted in its state, and no line is left out."""
    text = path.read_text(errors="replace")
    lines = [line.split() for line in text.splitlines()]
    naive = Counter(NAMES[words[5]] for words in lines if words[:1] in (["tcp"], ["tcp6"]))
    found = parse(text.splitlines(keepends=True))

    assert naive == Counter(row.state for row, _, _ in found.rows)
    assert {"lines"} & set(found.gaps) == set()
    assert looks_like(text[:4096])
