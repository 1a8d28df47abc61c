"""The text of ss: old and new, with any options, of TCP and of other sockets in between."""

from __future__ import annotations

import socket
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.files import read_lines
from tcptune.collect.printed import ss_output
from tcptune.collect.printed.ss_details import milliseconds
from tcptune.collect.printed.ss_output import Told, looks_like, parse
from tcptune.collect.sockets.rows import Info, Row
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import Owner

SHARED = Path(__file__).parents[2] / "shared"
OUTPUTS = [
    *sorted(SHARED.glob("corpus/state/ss/*")),
    *sorted(SHARED.glob("corpus/state/sosreport/*/sos_commands/networking/ss_*")),
]
HOSTS = sorted(SHARED.glob("ground-truth/hosts/*/ss-tan*.txt"))

NAMES = {
    "ESTAB": TcpState.ESTABLISHED,
    "SYN-SENT": TcpState.SYN_SENT,
    "SYN-RECV": TcpState.SYN_RECEIVED,
    "FIN-WAIT-1": TcpState.FIN_WAIT_1,
    "FIN-WAIT-2": TcpState.FIN_WAIT_2,
    "TIME-WAIT": TcpState.TIME_WAIT,
    "CLOSE-WAIT": TcpState.CLOSE_WAIT,
    "LAST-ACK": TcpState.LAST_ACK,
    "LISTEN": TcpState.LISTEN,
    "CLOSING": TcpState.CLOSING,
}

HEADLINE = "State      Recv-Q Send-Q Local Address:Port               Peer Address:Port"
ENDS = "10.0.0.5:80 10.0.0.9:4000"


def told(*lines: str) -> Told:
    return parse(lines)


def rows(*lines: str) -> list[Row]:
    return [row for row, _, _ in told(*lines).rows]


def one(line: str) -> Row:
    """The only socket of a line."""
    [row] = rows(line)
    return row


def only_owner(line: str) -> Owner:
    """The only owner that a line tells."""
    [owner] = told(line).owners.values()
    return owner


def v4(text: str) -> bytes:
    return socket.inet_aton(text) + bytes(12)


def v6(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6, text)


def port(number: int) -> bytes:
    return number.to_bytes(2, "big")


def test_plain_rows():
    """`ss -tan` gives state, queues and ends, and nothing else: the rest is not zero but absent."""
    found = told(
        HEADLINE,
        "LISTEN     3      128    10.0.0.5:80                       *:*                  ",
        "FIN-WAIT-2 0      1448   10.0.0.5:80                10.0.0.9:4000               ",
    )

    assert [
        Row(socket.AF_INET, 10, 0, 0, port(80), bytes(2), v4("10.0.0.5"), bytes(16), 0, 3, 128, 0, 0),
        Row(socket.AF_INET, 5, 0, 0, port(80), port(4000), v4("10.0.0.5"), v4("10.0.0.9"), 0, 0, 1448, 0, 0),
    ] == [row for row, _, _ in found.rows]
    assert {"queue", "backlog"} == found.columns
    assert ({}, {}) == (found.owners, found.gaps)


@pytest.mark.parametrize(("name", "state"), NAMES.items())
def test_every_state(name, state):
    """Each state has its number; a number, not a TcpState, as sock_diag gives one."""
    assert state == one(f"{name} 0 0 {ENDS}").state
    assert int is type(one(f"tcp {name} 0 0 {ENDS}").state)


def test_sockets_of_other_kinds_are_passed_over():
    """UDP, unix, netlink, raw, packet, vsock, SCTP with its associations, MPTCP, and TCP that is not connected."""
    found = told(
        "Netid  State      Recv-Q Send-Q Local Address:Port                 Peer Address:Port",
        "nl     UNCONN     768    0      rtnl:kernel                 *",
        "p_raw  UNCONN     0      0       *:eth0                  *",
        "u_str  ESTAB      0      0      /run/a b/socket 19042                 * 19043",
        "u_dgr  UNCONN     0      0      * 8971 * 8972",
        'udp    ESTAB      0      0      10.0.0.5:40000 10.0.0.9:53   users:(("x",pid=1,fd=2))',
        "\t skmem:(r0,rb212992,t0,tb212992,f0,w0,o0,bl0,d0)",
        "raw    UNCONN     0      0        [::]:ipv6-icmp              [::]:*",
        "icmp6  UNCONN     0      0        *%eth0:ipv6-icmp              *:*",
        "v_str  ESTAB      0      0      999900439:1023 0:976",
        "sctp   LISTEN     0      5      10.0.0.5:7 0.0.0.0:*",
        "`- ESTAB          0      0      10.0.0.5:7 10.0.0.9:7",
        "mptcp  ESTAB      0      0      10.0.0.5:8 10.0.0.9:8",
        "tcp    UNCONN     0      0      10.0.0.5:9 10.0.0.9:9",
        "???    UNCONN     0      0      10.0.0.5:9 10.0.0.9:9",
        "tcp    ESTAB      0      0      10.0.0.5:22 10.0.0.9:1984",
    )

    assert [port(22)] == [row.local_port for row, _, _ in found.rows]
    assert {} == found.gaps


def test_everything_that_ss_can_say_of_a_socket():
    """`ss -tanoempi`: processes, timer, user, inode, cgroup, and the line of tcp_info."""
    found = told(
        "State Recv-Q Send-Q Local Address:Port Peer Address:Port Process",
        'FIN-WAIT-1 0      5793           10.0.0.5:80          10.0.0.9:4000  users:(("app",pid=812,fd=7))'
        " timer:(persist,1min2sec,9) uid:33 ino:5150 sk:111b1 fwmark:0x1 cgroup:/system.slice/app.service <--    ",
        "\t skmem:(r0,rb131072,t0,tb46080,f3197,w899,o0,bl0,d0) ts sack cubic wscale:7,7 rto:204 backoff:9 rtt:0.7/0.3"
        " mss:1448 cwnd:2 ssthresh:2 bytes_sent:12 bytes_retrans:5 send 32bps unacked:1 retrans:0/3 snd_wnd:65535   ",
    )

    [(row, cgroup, info)] = found.rows
    assert (4, 4, 9, 62_000, 33, 5150) == (row.state, row.timer, row.retransmits, row.expires, row.uid, row.inode)
    assert 0 == cgroup
    assert Info(0.204, 9, 9, True, 65535) == info
    assert {5150: Owner(812, "app", None, "app.service")} == found.owners
    assert {"queue", "backlog", "timer", "owner", "inode", "info"} == found.columns
    assert {} == found.gaps


def test_one_line_for_each_socket():
    """With -O what would be a line of its own follows on the same line, behind many blanks."""
    [(row, _, info)] = told(
        "tcp LAST-ACK 1 1 10.0.0.5:80 10.0.0.9:4000 timer:(on,004ms,1) ino:0 sk:11202 --- "
        "skmem:(r0,rb131072,t0,tb46080,f0,w0,o0,bl0,d0) cubic rto:408 backoff:1 cwnd:1 retrans:1/1" + 300 * " "
    ).rows

    assert (1, 1, 4, 0) == (row.timer, row.retransmits, row.expires, row.inode)
    assert Info(0.408, 1, 0, True, None) == info


def test_details_may_stand_on_a_further_line():
    """What was pasted from a narrow terminal has the details on the next line; inet-sockopt adds nothing."""
    [(row, _, info)] = told(
        f"ESTAB 0 0 {ENDS}",
        '     users:(("app",pid=812,fd=7)) timer:(keepalive,119min,2) ino:7',
        "\tinet-sockopt: ( is_icsk mc_loop)",
        "\t cubic rto:200 cwnd:10",
        "\t ts",
    ).rows

    assert (2, 2, 119 * 60_000, 7) == (row.timer, row.retransmits, row.expires, row.inode)
    assert Info(0.2, 0, 2, False, None) == info


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("004ms", 4),
        ("200ms", 200),
        ("999ms", 999),
        ("1.001ms", 1001),
        ("2.992ms", 2992),
        ("2.992sec", 2992),
        ("3sec", 3000),
        ("59sec", 59_000),
        ("1min", 60_000),
        ("1min2sec", 62_000),
        ("119min", 7_140_000),
        # 2^32 ms less some: overdue, on a kernel before 5.4.
        ("71582min", 0),
    ],
)
def test_times(text, expected):
    """Below ten seconds the old ss wrote "ms" behind seconds with a fraction; what is overdue is due now."""
    assert expected == milliseconds(text)
    assert expected == one(f"CLOSING 1 1 {ENDS} timer:(on,{text},3)").expires


@pytest.mark.parametrize("text", ["1", "1.5sec", "ms", "1sec2min", "-1sec", "1e3ms", "9999999999min", "\u0661sec"])
def test_what_is_no_time(text):
    """A line with a timer that makes no sense is left out."""
    assert ["1 lines are neither sockets nor their continuation and were left out"] == list(
        told(HEADLINE, f"CLOSING 1 1 {ENDS} timer:(on,{text},3)").gaps.values()
    )


def test_timers():
    """Four timers are known; another one, such as delack, ends nothing and is none."""
    found = [one(f"ESTAB 0 0 {ENDS} timer:({name},1sec,2)") for name in ("on", "keepalive", "timewait", "persist")]

    assert [1, 2, 3, 4] == [row.timer for row in found]
    assert {(2, 1000)} == {(row.retransmits, row.expires) for row in found}
    assert (0, 0) == one(f"ESTAB 0 0 {ENDS} timer:(delack,016ms,0)")[2:4]
    assert "timer" in told(f"ESTAB 0 0 {ENDS} timer:(delack,016ms,0)").columns


@pytest.mark.parametrize(
    ("text", "family", "address"),
    [
        ("10.0.0.5", socket.AF_INET, v4("10.0.0.5")),
        ("0.0.0.0%lo", socket.AF_INET, bytes(16)),
        ("127.0.0.53%lo", socket.AF_INET, v4("127.0.0.53")),
        ("[::1]", socket.AF_INET6, v6("::1")),
        ("::1", socket.AF_INET6, v6("::1")),
        ("::", socket.AF_INET6, bytes(16)),
        ("[::ffff:10.0.0.1]", socket.AF_INET6, v6("::ffff:10.0.0.1")),
        ("::ffff:10.0.0.1", socket.AF_INET6, v6("::ffff:10.0.0.1")),
        ("fe80::1%eth0", socket.AF_INET6, v6("fe80::1")),
        ("[fe80::1]%eth0.12@x", socket.AF_INET6, v6("fe80::1")),
        ("[fe80::1%eth0]", socket.AF_INET6, v6("fe80::1")),
    ],
)
def test_addresses(text, family, address):
    """With brackets and without, bound to a device or not."""
    row = one(f"ESTAB 0 0 {text}:80 {text}:81")

    assert (family, address, port(80), port(81)) == (row.family, row.local, row.local_port, row.remote_port)


@pytest.mark.parametrize(
    ("family", "lines"),
    [
        (socket.AF_INET, ["LISTEN 0 5 *:80 *:*", "LISTEN 0 5 127.0.0.1:25 *:*"]),
        (socket.AF_INET, ["LISTEN 0 5 *:80 *:*", "LISTEN 0 5 :::22 :::*"]),
        (socket.AF_INET, ["LISTEN 0 5 *:80 *:*", "LISTEN 0 5 [::]:22 [::]:*"]),
        (socket.AF_INET6, ["LISTEN 0 5 *:80 *:*", "LISTEN 0 5 0.0.0.0:22 0.0.0.0:*", "LISTEN 0 5 [::]:22 [::]:*"]),
        (socket.AF_INET6, ["LISTEN 0 5 *:80 *:*", "LISTEN 0 5 [::1]:25 *:*"]),
        (socket.AF_INET6, ["LISTEN 0 5 *:80 *:*"]),
        (socket.AF_INET6, ["LISTEN 0 5 *%eth0:80 *:*"]),
    ],
)
def test_a_star_is_any_address_of_the_family_that_the_age_of_ss_tells(family, lines):
    """Before 4.14 `*` is IPv4, since then IPv6; what stands beside it tells which."""
    assert family == rows(*lines)[0].family
    assert family == rows(*reversed(lines))[-1].family


def test_names_instead_of_numbers():
    """Without -n ports have names, with -r hosts too: what is not known is 0, and is counted."""
    found = told(
        "ESTAB 0 0 10.0.0.5:http web-1.example.net:https",
        "ESTAB 0 0 10.0.0.5:ssh 10.0.0.9:acr-nema",
        "LISTEN 0 128 *:domain *:*",
    )
    ports = [(row.local_port, row.remote_port) for row, _, _ in found.rows]

    assert [(port(80), port(443)), (port(22), bytes(2)), (port(53), bytes(2))] == ports
    assert bytes(16) == found.rows[0][0].remote
    assert {
        "addresses": "1 addresses are names, cut or made unreadable; with -n there are numbers",
        "ports": "1 ports are names that are not known; with -n there are numbers",
    } == found.gaps


@pytest.mark.parametrize(
    "host", ["x.x.x.x", "XX.XX.XX.XX", "***.***.***.***", "123.456.78.90", "<redacted>", "[x:y::z]"]
)
def test_an_unreadable_address_leaves_the_socket_counted(host):
    """People make addresses unreadable before they show a text to others."""
    found = told(f"CLOSE-WAIT 1 0 {host}:80 {host}:4000", "LISTEN 0 5 *:80 *:*", "LISTEN 0 5 0.0.0.0:22 0.0.0.0:*")
    row = found.rows[0][0]

    assert (bytes(16), port(80), port(4000)) == (row.local, row.local_port, row.remote_port)
    assert found.gaps["addresses"].startswith("2 ")
    assert socket.AF_INET6 == found.rows[1][0].family


@pytest.mark.parametrize(
    ("users", "expected"),
    [
        ('(("nginx",pid=7,fd=3))', Owner(7, "nginx")),
        ('(("nginx",7,3))', Owner(7, "nginx")),
        ('(("nginx",pid=9,fd=3),("nginx",pid=7,fd=3),("nginx",pid=7,fd=5))', Owner(7, "nginx", processes=2)),
        ('(("rpcbind",pid=953,fd=5),("systemd",pid=1,fd=41))', Owner(1, "systemd")),
        ('(("app",pid=7,tid=8,fd=3),("app",pid=7,tid=9,fd=3))', Owner(7, "app")),
        ('(("sshd",pid=7,proc_ctx=u:r:t:s0-s0:c0,c9,fd=3,sock_ctx=u:r:t:s0))', Owner(7, "sshd")),
        ('(("a b",pid=7,fd=3))', Owner(7, "a b")),
        ('(("/usr/sbin/apach",pid=7,fd=3))', Owner(7, "/usr/sbin/apach")),
        ('(("",pid=7,fd=3))', Owner(7, "")),
        ('(("x",pid=1,fd=3",pid=7,fd=3))', Owner(7, 'x",pid=1,fd=3')),
        ('(("x",pid=1,fd=3)",pid=7,fd=3))', Owner(7, 'x",pid=1,fd=3)')),
        ('(("x",pid=1,fd=3))",pid=7,fd=3))', Owner(7, 'x",pid=1,fd=3))')),
        ('((" timer:(on,1ms",pid=7,fd=3))', Owner(7, " timer:(on,1ms")),
        ('((" uid:0 ino:1",pid=7,fd=3))', Owner(7, " uid:0 ino:1")),
        ('((" cgroup:/init",pid=7,fd=3))', Owner(7, " cgroup:/init")),
        ('((" users:((\\"",pid=7,fd=3))', Owner(7, ' users:((\\"')),
        ('(("\x1b[31m\u202e",pid=7,fd=3))', Owner(7, "\\x1b[31m\\u202e")),
    ],
)
def test_processes(users, expected):
    """The lowest PID and how many have its name; a name holds what its process likes, and stays a name."""
    line = f"ESTAB 0 0 {ENDS} users:{users}"

    assert expected == only_owner(line)
    assert (0, 5) == (one(f"{line} ino:5").timer, one(f"{line} ino:5").inode)
    assert {5: expected} == told(f"{line} ino:5 sk:1 <->").owners


def test_processes_that_touch_the_port():
    """On a narrow terminal ss leaves no blank between columns."""
    found = told('LISTEN0 128  *:5000   *:*users:(("docker registry",pid=812,fd=3))')

    assert (10, 0, 128) == (found.rows[0][0].state, found.rows[0][0].recv_q, found.rows[0][0].send_q)
    assert [Owner(812, "docker registry")] == list(found.owners.values())


def test_processes_without_inodes():
    """-p without -e names processes and no inode: each such socket has one of its own, below 0, to be looked up by."""
    found = told(
        f'ESTAB 0 0 {ENDS} users:(("app",pid=7,fd=3))',
        f"TIME-WAIT 0 0 {ENDS}",
        f'ESTAB 0 0 {ENDS} users:(("app",pid=7,fd=4))',
    )

    assert [-1, 0, -2] == [row.inode for row, _, _ in found.rows]
    assert dict.fromkeys((-1, -2), Owner(7, "app")) == found.owners
    assert "inode" not in found.columns


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("/system.slice/app.service", "app.service"),
        ("/user.slice/user-1000.slice/session-2.scope", "session-2.scope"),
        ("/system.slice/docker-" + 4 * "0123456789abcdef" + ".scope", "docker 0123456789ab"),
        ("/", None),
        ("unreachable:2010c", None),
        ("", None),
    ],
)
def test_units(cgroup, unit):
    """The cgroup names the unit, also where the process is not shown; an inode of 0 belongs to nobody."""
    owner = None if unit is None else Owner(unit=unit)

    assert owner == told(f"ESTAB 0 0 {ENDS} ino:5 sk:1 cgroup:{cgroup} <->").owners.get(5)
    assert {} == told(f"CLOSE-WAIT 1 0 {ENDS} ino:0 sk:1 cgroup:{cgroup} <->").owners
    assert Owner(7, "app", unit=unit) == only_owner(
        f'ESTAB 0 0 {ENDS} users:(("app",pid=7,fd=3)) ino:5 sk:1 cgroup:{cgroup} <->'
    )


def test_a_cgroup_names_no_process_and_no_timer():
    """A folder of cgroups can be called anything, and it stands behind what could be mistaken."""
    found = told(f'ESTAB 0 0 {ENDS} ino:5 cgroup:/x users:(("root",pid=1,fd=3)) timer:(on,1sec,9) uid:7 ino:6 <->')

    assert (0, 0, 5) == (found.rows[0][0].timer, found.rows[0][0].uid, found.rows[0][0].inode)
    assert {} == found.owners


def test_an_rto_of_three_seconds_is_not_printed():
    """ss takes it for "not known"; a listener and a minisock really have none."""
    found = told(
        f"ESTAB 0 0 {ENDS}",
        "\t cubic cwnd:10",
        "LISTEN 0 0 10.0.0.5:80 0.0.0.0:*",
        "\t cubic cwnd:10",
        f"TIME-WAIT 0 0 {ENDS}",
        f"SYN-RECV 0 0 {ENDS}",
        "\t",
    )

    assert [Info(3.0, 0, 0, False, None), None, None, None] == [info for _, _, info in found.rows]


def test_a_window_of_zero_is_not_printed():
    """Where some socket of the text has a window, one that shows none has one of 0."""
    found = told(
        f"ESTAB 0 0 {ENDS} rto:200 cwnd:1 snd_wnd:64", f"ESTAB 0 0 {ENDS} rto:200 cwnd:1", f"CLOSING 1 1 {ENDS}"
    )

    assert [64, 0] == [info.window for _, _, info in found.rows if info]


def test_probes_are_those_of_the_timer():
    """tcpi_probes is not printed, but is the timer's number where no retransmission is timed."""
    found = [
        told(f"FIN-WAIT-1 0 1 {ENDS} timer:({timer},1sec,4) rto:200").rows[0][2]
        for timer in ("on", "keepalive", "persist")
    ]

    assert [0, 4, 4] == [info.probes for info in found if info]


def test_without_queues():
    """-Q leaves the queues out."""
    found = told("State Local Address:Port Peer Address:Port", f"ESTAB {ENDS} timer:(on,200ms,0)")

    assert 1 == found.rows[0][0].timer
    assert {"timer"} == found.columns


def test_asked_for_one_state():
    """`ss state close-wait` prints no states: that is said, not guessed."""
    with pytest.raises(ValueError, match="the column State is missing"):
        told("Recv-Q Send-Q Local Address:Port Peer Address:Port", f"1 0 {ENDS}")


@pytest.mark.parametrize(
    "broken",
    [
        "garbage",
        "$ ss -tan",
        "Total: 524 (kernel 4662)",
        "TCP:   177 (estab 15, closed 119, orphaned 2, synrecv 0, timewait 26/0), ports 0",
        "tcp        0      0 10.0.0.1:80        10.0.0.9:4000          ESTABLISHED",
        f"ESTABLISHED 0 0 {ENDS}",
        "ESTAB",
        "ESTAB 0 0",
        "ESTAB 0 0 10.0.0.5:80",
        f"ESTAB 0 -1 {ENDS}",
        f"ESTAB 0 {2**63} {ENDS}",
        "ESTAB 0 0 10.0.0.5 10.0.0.9",
        "ESTAB 0 0 10.0.0.5:80 10.0.0.9:65536",
        "ESTAB 0 0 10.0.0.5:80 [::1]:80",
        "ESTAB 0 0 :80 :90",
        f"ESTAB 0 0 {'x' * 400}:80 10.0.0.9:80",
        'LISTEN 0 0 a:b",pid=812,fd=3)) ino:5',
        f"ESTAB 0 0 {ENDS} uid:{2**63}",
        f"ESTAB 0 0 {ENDS} ino:x",
        f"ESTAB 0 0 {ENDS} timer:(on,1sec)",
        f"ESTAB 0 0 {ENDS} rto:nan",
        f"ESTAB 0 0 {ENDS} rto:1 retrans:3",
        f"ESTAB 0 0 {ENDS} rto:1 snd_wnd:-1",
        f'ESTAB 0 0 {ENDS} users:(("ev',
        f'ESTAB 0 0 {ENDS} users:(("app",pid=7,fd=3)',
        f'ESTAB 0 0 {ENDS} users:(("app",pid={9**99},fd=3))',
        f"ESTAB 0 0 {ENDS} " + "x" * (1 << 16),
        "\x00\ud800",
    ],
)
def test_a_malformed_line_is_left_out(broken):
    """What cannot be understood is left out with its continuation, and how much of it is said."""
    found = told(HEADLINE, f"CLOSE-WAIT 1 0 {ENDS}", broken, "", f"LAST-ACK 1 1 {ENDS}")

    assert [8, 9] == [row.state for row, _, _ in found.rows]
    assert {"lines": "1 lines are neither sockets nor their continuation and were left out"} == found.gaps


def test_a_malformed_continuation_takes_only_itself():
    """The socket stays; so does what else was said of it. Before the first socket nothing can be continued."""
    found = told(
        HEADLINE, "\t cubic rto:200", f"CLOSING 1 1 {ENDS} timer:(on,1sec,2)", "\t rto:x", "ESTAB 0 0 x y", "\t rto:x"
    )

    assert [(11, 1)] == [(row.state, row.timer) for row, _, _ in found.rows]
    assert "3 lines are neither sockets nor their continuation and were left out" == found.gaps["lines"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        '{"schema": "tcptune/snapshot/1"}',
        "net.ipv4.tcp_fin_timeout = 60",
        "  sl  local_address rem_address   st\n   0: 0100007F:0016 00000000:0000 0A 0:0 00:0 0 0 0 812 1",
        "Proto Recv-Q Send-Q Local Address           Foreign Address         State",
        "tcp        0      0 10.0.0.1:80             10.0.0.9:4000           TIME_WAIT",
        "unix  2      [ ACC ]     STREAM     LISTENING     535      1/systemd            /run/x",
        "Active Internet connections (servers and established)",
        "TIME-WAIT sockets are harmless, and LISTEN is no state of a connection",
    ],
)
def test_other_texts_are_not_taken_for_ss(text):
    """Neither a headline nor a socket: another file, and it is refused with one sentence."""
    assert not looks_like(text)
    with pytest.raises(ValueError, match="neither headline nor sockets in it; it is not what ss prints"):
        told(*text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        HEADLINE,
        "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process",
        "Recv-Q Send-Q Local Address:Port Peer Address:Port",
        f"$ ss -Htan\nTIME-WAIT 0 0 {ENDS}\nESTAB 0",
        f"tcp TIME-WAIT 0 0 {ENDS}",
        "udp UNCONN 0 0 127.0.0.1:323 0.0.0.0:*",
    ],
)
def test_ss_is_recognised(text):
    """By its headline or by its rows, those of other kinds too."""
    assert looks_like(text)


def test_no_sockets_are_an_answer():
    """A headline alone, or sockets of other kinds alone, is a text of ss without TCP."""
    assert Told([], {}, {}, frozenset()) == told(HEADLINE)
    assert Told([], {}, {}, frozenset()) == told("udp UNCONN 0 0 127.0.0.1:323 0.0.0.0:*")


def test_a_long_line_may_come_in_pieces(tmp_path):
    """read_lines() cuts at 4 KiB; a listener that a thousand processes share has a line of 25."""
    users = ",".join(f'("worker",pid={pid},fd=3)' for pid in range(1000, 2000))
    (tmp_path / "ss").write_text(f"LISTEN 0 5 10.0.0.5:80 0.0.0.0:* users:({users}) ino:5\nTIME-WAIT 0 0 {ENDS}\n")
    found = parse(read_lines(tmp_path, "ss"))

    assert {5: Owner(1000, "worker", processes=1000)} == found.owners
    assert [10, 6] == [row.state for row, _, _ in found.rows]
    assert {} == found.gaps


def test_the_number_of_sockets_is_bounded(monkeypatch):
    """Beyond the limit nothing more is read, and that is said; exactly as many are all."""
    monkeypatch.setattr(ss_output, "MAX_ROWS", 3)
    lines = [f"LISTEN 0 5 *:{number} *:*" for number in range(1, 4)]

    assert {} == told(*lines).gaps
    found = parse(f"LISTEN 0 5 *:{number} *:*" for number in iter(lambda: 7, 8))
    assert 3 == len(found.rows)
    assert {"rows": "the text has more than 3 sockets; the rest was left out"} == found.gaps


PATHOLOGICAL = [
    "(" * 60_000,
    '("' * 30_000,
    "users:((" * 8000,
    'users:(("a",1,' * 4000,
    " " * 60_000 + "x",
    "[" * 60_000,
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("tail", [*PATHOLOGICAL, "a:" * 30_000, "%:" * 30_000, "cgroup:/" * 8000, "rto:1 " * 10_000])
def test_long_lines_cost_no_more_than_their_length(tail):
    """No pattern runs wild on what an attacker would write."""
    found = told(
        HEADLINE, *10 * [f"ESTAB 0 0 {ENDS} {tail}", f'ESTAB 0 0 {ENDS} users:(("{tail}', f"ESTAB 0 0 {tail}", tail]
    )

    assert len(found.rows) <= 30


DETAILS = [
    'users:(("a",pid=1,fd=2))',
    "timer:(on,1sec,2)",
    "uid:5",
    "ino:6",
    "cgroup:/x",
    "rto:5",
    "cwnd:1",
    "snd_wnd:7",
]
words = st.sampled_from([*NAMES, *DETAILS, "tcp", "udp", "0", "1", ENDS, "*:*", "[::1]:80", "\t"]) | st.text(max_size=9)
texts = st.lists(words).map(" ".join)


@settings(deadline=None)
@given(st.lists(st.text() | texts | texts.map(f"ESTAB 0 0 {ENDS} ".__add__)))
def test_any_lines_are_read_or_refused(lines):
    """No text raises anything but ValueError, and every socket is a row of plain values."""
    looks_like("\n".join(lines))
    try:
        found = parse(lines)
    except ValueError:
        return
    for row, _, _ in found.rows:
        assert row.family in (socket.AF_INET, socket.AF_INET6)
        assert [16, 16, 2, 2] == list(map(len, (row.local, row.remote, row.local_port, row.remote_port)))
        assert min(row.expires, row.recv_q, row.send_q, row.retransmits, row.uid) >= 0
    assert set(found.owners) <= {row.inode for row, _, _ in found.rows}


u32 = st.integers(0, 2**32 - 1)
ports = st.integers(0, 65535).map(port)
# Times that ss prints to the last digit: below 10 s in ms, below 10 min in s, then in min.
printed_exactly = (
    st.integers(0, 9999)
    | st.integers(10, 599).map(lambda s: s * 1000)
    | st.integers(10, 9999).map(lambda m: m * 60_000)
)
timers = st.just((0, 0, 0)) | st.tuples(st.integers(1, 4), st.integers(0, 255), printed_exactly)


@st.composite
def sockets(draw) -> Row:
    """A socket as sock_diag could give it."""
    family = draw(st.sampled_from([socket.AF_INET, socket.AF_INET6]))
    address = (
        st.binary(min_size=4, max_size=4).map(lambda b: b + bytes(12))
        if family == socket.AF_INET
        else st.binary(min_size=16, max_size=16)
    )
    timer, retransmits, expires = draw(timers)
    return Row(
        family, int(draw(st.sampled_from(list(NAMES.values())))), timer, retransmits, draw(ports), draw(ports),
        draw(address), draw(address), expires, draw(u32), draw(u32), draw(u32), draw(u32),
    )  # fmt: skip


def print_ms_timer(ms: int, unit: str) -> str:
    """iproute2's function of that name, with the unit that it writes behind a fraction."""
    minutes, seconds, rest = ms // 60_000, ms // 1000 % 60, ms % 1000
    if minutes:
        return f"{minutes}min" + (f"{seconds}sec" if seconds and minutes <= 9 else "")
    if seconds > 9 or (seconds and not rest):
        return f"{seconds}sec"
    return f"{seconds}.{rest:03}{unit}" if seconds else f"{rest:03}ms" if rest else ""


def as_ss_prints(row: Row, unit: str) -> str:
    """The line of `ss -tanoe`."""

    def end(address: bytes, number: bytes) -> str:
        shown = int.from_bytes(number, "big") or "*"
        if row.family == socket.AF_INET:
            return f"{socket.inet_ntop(row.family, address[:4])}:{shown}"
        return f"[{socket.inet_ntop(row.family, address)}]:{shown}"

    name = next(name for name, state in NAMES.items() if state == row.state)
    timer = ("", "on", "keepalive", "timewait", "persist")[row.timer]
    return (
        f"{name:<10} {row.recv_q:<6} {row.send_q:<6} {end(row.local, row.local_port):>25} "
        f"{end(row.remote, row.remote_port):<25}"
        + (f" timer:({timer},{print_ms_timer(row.expires, unit)},{row.retransmits})" if timer else "")
        + (f" uid:{row.uid}" if row.uid else "")
        + f" ino:{row.inode} sk:1f <->"
    )


@settings(deadline=None)
@given(st.lists(sockets()), st.sampled_from(["ms", "sec"]))
def test_what_ss_prints_is_read_back(expected, unit):
    """Rows printed as `ss -tanoe` does, before and after its fix of 2024, are the same rows again."""
    found = told(HEADLINE, *(as_ss_prints(row, unit) for row in expected))

    assert expected == [row for row, _, _ in found.rows]
    assert {} == found.gaps


@pytest.mark.skipif(not OUTPUTS, reason=f"{SHARED / 'corpus/state/ss'} is not there: no outputs of other machines")
@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.name)
def test_outputs_of_other_machines(path):
    """Every socket of TCP is counted in its state, and no line is left out."""
    text = path.read_text(errors="replace")
    lines = [line.split() for line in text.splitlines() if line.strip()]
    naive = Counter(NAMES[words[0]] for words in lines if words[0] in NAMES)
    naive += Counter(NAMES[words[1]] for words in lines if words[0] == "tcp" and words[1] in NAMES)
    found = parse(text.splitlines(keepends=True))

    assert naive == Counter(row.state for row, _, _ in found.rows)
    assert "lines" not in found.gaps
    assert looks_like(text[:4096])
    assert all(row.timer for row, _, _ in found.rows if row.state == TcpState.TIME_WAIT and "timer" in found.columns)


@pytest.mark.skipif(not HOSTS, reason=f"{SHARED / 'ground-truth/hosts'} is not there: no outputs beside /proc/net/tcp")
@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.parent.name)
def test_the_same_sockets_as_in_proc(path):
    """State, timer, ends and inode are those of /proc/net/tcp and tcp6 of the same moment; every RTO can be."""
    found = parse(read_lines(path.parent, path.name))
    kernel = [line.split() for file in ("tcp", "tcp6") for line in (path.parent / file).read_text().splitlines()[1:]]
    expected = Counter(
        (int(words[3], 16), int(words[5][:2], 16), words[1][-4:], words[2][-4:], int(words[9])) for words in kernel
    )

    assert expected == Counter(
        (row.state, row.timer, row.local_port.hex().upper(), row.remote_port.hex().upper(), row.inode)
        for row, _, _ in found.rows
    )
    assert {} == found.gaps
    assert all(0.2 <= info.rto <= 120 for _, _, info in found.rows if info)
    assert len(found.owners) == path.read_text().count("users:((")
