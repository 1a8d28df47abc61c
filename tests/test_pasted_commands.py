"""Command lines in a text: known by their prompt, or by what they run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptune.collect.printed.asked import CONNECTED, EVERY, asked
from tcptune.collect.printed.commands import Command, command_of
from tcptune.collect.printed.plain import lines_of
from tcptune.kernel.states import TcpState


@pytest.mark.parametrize(
    ("line", "text", "host"),
    [
        ("[root@web3 ~]# ss -s", "ss -s", "web3"),
        ("root@web3:/home/ubuntu# ss | wc -l", "ss | wc -l", "web3"),
        ("root@server [~]# netstat -natp", "netstat -natp", "server"),
        ("me@web3.example.org ~ % ss -s", "ss -s", "web3.example.org"),
        ("(base) me@web3:~$ ss -s", "ss -s", "web3"),
        ("me@web3:~$", "", "web3"),
        ("me@web3:~ sudo sysctl -p", "sudo sysctl -p", "web3"),
        ("$ anything at all", "anything at all", None),
        ("/ # netstat -s", "netstat -s", None),
        ("~ $ ss -s", "ss -s", None),
        ("bash-5.1# cat /proc/net/sockstat", "cat /proc/net/sockstat", None),
        ("sh-4.2$ ss -s", "ss -s", None),
        ("# ss -s", "ss -s", None),
        ("#netstat -n|awk '{print $6}'", "netstat -n|awk '{print $6}'", None),
        ("    $ ss -s", "ss -s", None),
        ("\u279c  ss -s", "ss -s", None),
        ("ss -s", "ss -s", None),
        ("sudo ss -s", "sudo ss -s", None),
        ("`ss -s`", "ss -s", None),
        ("Every 2.0s: ss -s          web3: Tue Mar  5 14:55:04 2024", "ss -s", "web3"),
        ("==> /proc/net/sockstat <==", "cat /proc/net/sockstat", None),
    ],
)
def test_a_command_by_its_prompt(line, text, host):
    """Of every shell, cut, indented, or without any prompt."""
    assert Command(text, host) == command_of(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# settings of this host",
        "# net.ipv4.tcp_fin_timeout = 60",
        "sysctl: cannot stat /proc/sys/net/ipv4/tcp_tw_recycle",
        "netstat: command not found",
        "TIME-WAIT 0 0 10.0.0.5:40000 10.0.0.7:6379",
        "[261081.351086] TCP: too many orphaned sockets",
        "Oct  5 05:49:58 localhost kernel: [7836248.709735] TCP: too many orphaned sockets",
        "net.ipv4.tcp_fin_timeout = 60",
        "ssh: connect to host web3 port 22: Connection refused",
        "mail me@example.org: it breaks",
        "$",
        "ss:",
    ],
)
def test_what_is_no_command(line):
    """Comments, complaints, data, addresses of people."""
    assert command_of(line) is None


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("ss -tan | grep -c TIME", (("ss", "-tan"), ("grep", "-c", "TIME"))),
        ("sudo -u nobody /usr/sbin/ss -s", (("ss", "-s"),)),
        ("date; ss -s", (("ss", "-s"),)),
        ("cd /tmp && ss -s", (("ss", "-s"),)),
        ("watch -n1 'ss -tan | wc -l'", (("ss", "-tan"), ("wc", "-l"))),
        ("kubectl exec web -- cat /proc/net/sockstat", (("cat", "/proc/net/sockstat"),)),
        ("grep 'a | b' x", (("grep", "a | b", "x"),)),
        ("echo 'no end", (("echo", "'no", "end"),)),
        ("", ()),
    ],
)
def test_the_programs_of_a_command(text, stages):
    """Without what runs them; quotes hold a pipe together."""
    assert stages == Command(text).stages


@pytest.mark.parametrize(
    ("text", "states", "all_sockets"),
    [
        ("ss", CONNECTED, True),
        ("ss -tan", EVERY, True),
        ("ss --tcp --all", EVERY, True),
        ("ss -tln", {TcpState.LISTEN}, True),
        ("ss -o state bucket", {TcpState.SYN_RECEIVED, TcpState.TIME_WAIT}, True),
        ("ss -tan state fin-wait-1 state closing", {TcpState.FIN_WAIT_1, TcpState.CLOSING}, True),
        ("ss -tan exclude listening", EVERY - {TcpState.LISTEN}, True),
        ("ss -tan dst 10.0.0.7", EVERY, False),
        ("ss -tan > file 2>&1", EVERY, True),
        ("netstat -n", EVERY - {TcpState.LISTEN}, True),
        ("netstat -nat | sort", EVERY, True),
        ("netstat -ntl", {TcpState.LISTEN}, True),
        ("netstat -nat | head -20", EVERY, False),
        ("netstat -nat | grep -v LISTEN", EVERY - {TcpState.LISTEN}, True),
        ("netstat -nat | grep nginx", EVERY, False),
    ],
)
def test_what_ss_and_netstat_were_asked_for(text, states, all_sockets):
    """Which states, and whether anything else chose."""
    question = asked(Command(text))

    assert (states, all_sockets) == (question.states, question.all_sockets)


@pytest.mark.parametrize(
    "text", ["ss -s", "netstat -s", "netstat -rn", "sysctl -a", "", "grep ss x", "ss -tan | wc -c"]
)
def test_what_is_no_list_of_sockets(text):
    """Summaries, routes, other programs, characters counted."""
    assert asked(Command(text)) is None


@given(st.text(max_size=300))
def test_any_line_may_be_a_command(line):
    """Whatever it is, it is understood or not, and never fails."""
    command = command_of(line)
    if command is not None:
        asked(command)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\r\nb\rc\n\n \n", ["a", "b", "c"]),
        ("```console\na\n```\n~~~\n<pre>\n", ["a"]),
        ("> > a\n>b\n", ["a", "b"]),
        ("\x1b[1;31ma\x1b[0m\x1b]0;title\x07b\x1b(B", ["ab"]),
        ("a\u00a0\u202e1\u200b\ufeff", ["a 1"]),
        ("a\0b\tc", ["ab\tc"]),
        ("x" * (1 << 19), ["x" * (1 << 18)]),
    ],
)
def test_lines_are_plain(text, lines):
    """What a terminal, a mailer or a web page has put around them is gone."""
    assert lines == list(lines_of(text))
