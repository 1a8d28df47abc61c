"""Pasted texts: cut into pieces by prompts and by what lines look like, and each number taken for what it is."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.printed import paste
from tcptune.collect.printed.paste import TELLS
from tcptune.collect.printed.plain import text_of
from tcptune.errors import CollectError
from tcptune.kernel.catalogue import SYSCTLS

ISSUE = """\
Hello, our proxy breaks under load. What I have tried:

```console
[root@web3 ~]# uname -a
Linux web3.example 5.4.0-42-generic #46-Ubuntu SMP Fri Jul 10 2020 x86_64 x86_64 x86_64 GNU/Linux
[root@web3 ~]# ss -s
Total: 1663
TCP:   1655 (estab 1556, closed 39, orphaned 40, timewait 39)

Transport Total     IP        IPv6
RAW\t  0         0         0
UDP\t  19        11        8
TCP\t  1616      1612      4
INET\t  1635      1623      12
FRAG\t  0         0         0

[root@web3 ~]# sysctl net.ipv4.tcp_max_orphans net.ipv4.tcp_mem
net.ipv4.tcp_max_orphans = 65536
net.ipv4.tcp_mem = 21180\t28243\t42360
[root@web3 ~]# cat /proc/sys/net/ipv4/tcp_fin_timeout
60
[root@web3 ~]# netstat -s | grep -i listen
    5191585 times the listen queue of a socket overflowed
    5191585 SYNs to LISTEN sockets dropped
[root@web3 ~]# netstat -an | grep -c TIME_WAIT
39
[root@web3 ~]# dmesg | tail -2
[261081.351086] TCP: too many orphaned sockets
[261081.351093] TCP: too many orphaned sockets
```

Any idea?
"""


def read(text, command=""):
    """What a text tells."""
    return paste.read(text, "a.txt", command)


def values(text, command=""):
    """The values in a text."""
    return read(text, command).readings.values


def gaps(text):
    """The gaps of a text, without what merely says which command tells more."""
    return {name: why for name, why in read(text).readings.gaps.items() if TELLS.get(name) != why}


def refusal(text):
    """Why a text is refused, without its name."""
    with pytest.raises(CollectError) as error:
        read(text)
    return str(error.value).removeprefix("a.txt: ")


def test_a_report_with_prompts_fences_and_prose_is_read():
    """Six outputs under their prompts, between sentences."""
    found = read(ISSUE)

    assert ("web3.example", "5.4.0-42-generic", "initial") == (found.host.name, found.host.release, found.host.netns)
    assert {
        "sockstat.sockets.used": 1663,
        "sockstat.TCP.inuse": 1612,
        "sockstat.TCP.orphan": 40,
        "sockstat.TCP.tw": 39,
        "sockstat.TCP.alloc": 1616,
        "sockstat6.TCP6.inuse": 4,
        "Tcp.CurrEstab": 1556,
        "net.ipv4.tcp_max_orphans": 65536,
        "net.ipv4.tcp_mem.min": 21180,
        "net.ipv4.tcp_mem.pressure": 28243,
        "net.ipv4.tcp_mem.max": 42360,
        "net.ipv4.tcp_fin_timeout": 60,
        "TcpExt.ListenOverflows": 5191585,
        "TcpExt.ListenDrops": 5191585,
        "states.TIME_WAIT": 39,
        "log.too_many_orphaned_sockets": 2,
    } == found.readings.values
    assert (
        "2 lines were not understood, the first of them is 'Hello, our proxy breaks under load. What...'"
        == (found.readings.gaps["lines"])
    )


def test_what_is_missing_names_the_command_that_tells_it():
    """A person with half a story knows what to run next."""
    told = read(ISSUE).readings.gaps

    assert "the text does not tell it; `cat /proc/meminfo` does" == told["meminfo"]
    assert "the text does not tell it; `nstat -az` does" == told["TcpExt"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: "\n".join("> " + line for line in text.split("\n")),
        lambda text: "\n".join(">> " + line for line in text.split("\n")),
        lambda text: text.replace("net.ipv4", "\x1b[1;31mnet.ipv4\x1b[0m\x1b[K"),
        lambda text: text.replace(" = ", "\u00a0=\u00a0").replace("TIME", "\u202eTIME\u202c\u200b"),
        lambda text: text.replace("#", "$"),
        lambda text: text.replace("[root@web3 ~]#", "root@web3:/var/log#"),
        lambda text: text.replace("[root@web3 ~]#", "bash-5.1#"),
        lambda text: text.replace("[root@web3 ~]# ", "~ $ "),
        lambda text: text.replace("[root@web3 ~]# ", ""),
        lambda text: text.replace("[root@web3 ~]# ", "$ sudo /usr/sbin/").replace("sudo /usr/sbin/ca", "ca"),
        lambda text: text.replace("\n\n", "\n"),
        lambda text: "cat: /proc/net/x: No such file or directory\nnstat: can't open history file\n" + text,
    ],
)
def test_how_it_was_pasted_does_not_matter(change):
    """Line ends, quote marks, colours, other prompts and none, marks that turn the text around."""
    assert values(ISSUE) == values(change(ISSUE))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_bytes_are_decoded_as_they_were_written(encoding):
    """A redirect on Windows writes UTF-16, with a mark or without."""
    assert ISSUE == text_of(ISSUE.encode(encoding)).removeprefix("\ufeff")
    assert values(ISSUE) == paste.snapshot(ISSUE.encode(encoding), "a").values


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"\xff\xfe" + b"\x00\xd8" * 20, b"\0" * 99, bytes(range(1, 9)) * 9])
def test_bytes_that_are_no_text_are_refused(data):
    """Half a character, half a pair, zeros, control characters."""
    with pytest.raises(CollectError, match="is not text"):
        paste.snapshot(data, "a")


def test_the_last_of_two_samples_is_taken():
    """Two looks at one machine are not two machines."""
    text = "$ sysctl net.ipv4.tcp_fin_timeout\nnet.ipv4.tcp_fin_timeout = 60\n"
    later = text + "$ sysctl -w net.ipv4.tcp_fin_timeout=30\nnet.ipv4.tcp_fin_timeout = 30\n"

    assert {"net.ipv4.tcp_fin_timeout": 30} == values(later)
    assert (
        "1 numbers are told more than once, net.ipv4.tcp_fin_timeout first; the last ones are taken"
        == (gaps(later)["samples"])
    )
    assert "samples" not in gaps(text + text)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        ("TCP: inuse 1 orphan 1 tw 1 alloc 1 mem 1\n", "TCP: inuse 2 orphan 0 tw 1 alloc 9 mem 1\n", 0),
        ("Tcp: A CurrEstab\nTcp: 1 9\n", "Tcp: A CurrEstab\nTcp: 1 5\n", 5),
        ("Tcp:\n  9 connections established\n", "Tcp:\n  5 connections established\n", 5),
        ("9 TIME_WAIT\n1 LISTEN\n", "5 TIME_WAIT\n1 LISTEN\n", 5),
        ("net.ipv4.tcp_fin_timeout = 9\n", "net.ipv4.tcp_fin_timeout = 5\n", 5),
    ],
)
def test_two_samples_without_a_prompt_between_them(earlier, later, expected):
    """A loop prints the same thing again and again."""
    found = values(earlier + later)

    assert expected in found.values()
    assert {"samples"} <= gaps(earlier + later).keys()
    assert found == values(later)


def test_prompts_of_two_hosts_are_told():
    """The numbers may be of two machines."""
    text = "root@a:~# ss -s\nTotal: 1\nroot@b:~# sysctl net.ipv4.tcp_fin_timeout\nnet.ipv4.tcp_fin_timeout = 60\n"

    assert "the prompts are of 2 hosts, such as 'a'" == gaps(text)["hosts"]
    assert "b" == read(text).host.name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty; expected what sysctl -a"),
        ("\n \n```\n```\n", "is empty"),
        ("0.00 s: FIN-WAIT-2\n1.01 s: TIME-WAIT\n", "is none of what is known: its first line is '0.00 s: FIN-WAIT-2'"),
        ("Ip6InReceives 7\nIp6InHdrErrors 0\n", "/proc/net/snmp6 counts nothing of TCP"),
        (
            "sysctl: cannot stat /proc/sys/net/ipv4/tcp_tw_recycle: No such file or directory\n",
            "holds sysctl, which tells nothing of TCP here (net.ipv4.tcp_tw_recycle: no such file, says the text)",
        ),
        ("vm.swappiness = 60\nkernel.hostname = web3\n", "holds sysctl, which tells nothing of TCP here"),
        ("$ uptime\n 14:53:11 up 93 days, 3:02, 1 user, load average: 7.6, 2.9, 1.0\n", "holds uptime"),
        (
            "cat: /proc/net/sockstat: Permission denied\n",
            "holds a complaint, which tells nothing of TCP here (sockstat: ",
        ),
        ("Recv-Q Send-Q Local Address:Port Peer Address:Port\n", "ss: the column State is missing"),
        ("Ip:\n    7 total packets received\n", "holds netstat -s, which tells nothing"),
    ],
)
def test_what_tells_nothing_of_tcp_is_refused_with_what_it_is(text, words):
    """The reason names what was found, and what would do."""
    assert words in refusal(text)


MACOS_LIST = """\
Active Internet connections (including servers)
Proto Recv-Q Send-Q  Local Address          Foreign Address        (state)
tcp4       0      0  127.0.0.1.8080         127.0.0.1.52100        TIME_WAIT
"""
WINDOWS_LIST = """\
Active Connections

  Proto  Local Address          Foreign Address        State
  TCP    10.0.0.5:80            10.0.0.9:50000         TIME_WAIT
"""
MACOS_COUNT = """\
$ netstat -an | grep -c TIME_WAIT
31857
$ sysctl net.inet.ip.portrange.first
net.inet.ip.portrange.first: 49152
"""


@pytest.mark.parametrize(
    ("text", "system"),
    [
        ("net.inet.tcp.msl: 15000\nnet.inet.ip.portrange.first: 49152\n", "macOS or BSD"),
        (MACOS_COUNT, "macOS or BSD"),
        (MACOS_LIST, "macOS or BSD"),
        ("Darwin mac.local 22.6.0 Darwin Kernel Version 22.6.0\n3979 TIME_WAIT\n", "macOS"),
        ("FreeBSD fw 13.2-RELEASE FreeBSD\n", "BSD"),
        (WINDOWS_LIST, "Windows"),
        ("C:\\> netstat -an\n  TCP    [::1]:80    [::1]:50000    CLOSE_WAIT    812\n", "Windows"),
        ("SunOS zone 5.11 11.4 sun4v\n", "Solaris"),
    ],
)
def test_other_systems_are_recognised_and_refused(text, system):
    """Their TCP has other settings: no advice for Linux."""
    assert f"this is {system}, not Linux" in refusal(text)


def test_one_line_of_another_system_does_not_decide():
    """Somebody compares his Linux with his laptop."""
    found = values(ISSUE + "On my mac:\nnet.inet.tcp.msl: 15000\n")

    assert values(ISSUE) == found


def test_a_count_of_states_alone_is_taken_for_linux():
    """`netstat | awk` prints the same words everywhere."""
    assert {"states.TIME_WAIT": 31857} == values("31857 TIME_WAIT\n")


def test_numbers_that_no_kernel_has_are_gaps():
    """Larger than 64 bits, negative, or no number at all."""
    text = "net.ipv4.tcp_fin_timeout = 99999999999999999999\nnet.ipv4.tcp_max_orphans = lots\nTCP: inuse 5 orphan -1\n"
    told = gaps(text)

    assert {"sockstat.TCP.inuse": 5} == values(text)
    assert "larger than any number of the kernel" in told["net.ipv4.tcp_fin_timeout"]
    assert "'lots' is not a" in told["net.ipv4.tcp_max_orphans"]
    assert "a count of -1 cannot be" == told["sockstat.TCP.orphan"]


def test_a_word_for_one_key_is_never_a_word_for_two():
    """Names without their folder are unambiguous."""
    names = [key.rpartition(".")[2] for key in SYSCTLS if key.startswith(("net.ipv4.", "net.core."))]

    assert len(names) == len(set(names))


LINES = st.one_of(
    st.sampled_from(ISSUE.split("\n")),
    st.sampled_from(
        [
            "TIME-WAIT 0 0 10.0.0.5:40000 10.0.0.7:6379",
            "tcp 0 0 10.0.0.5:40000 10.0.0.7:6379 TIME_WAIT",
            "#kernel",
            "TcpExtTW 16 0.0",
            "Tcp: A B",
            "Tcp: 1 2",
            "TcpExt:",
            "tcp 6 55 CLOSE_WAIT src=1.1.1.1 dst=2.2.2.2 sport=1 dport=2",
            "   0: 0100007F:1F40 0200007F:C350 08 00000000:00000001 01:00000005 00000000 33 0 812 1 0 20 4 30 10 -1",
            "Oct  5 05:49:58 a kernel: [7.709734] net_ratelimit: 302 callbacks suppressed",
            "$ cat /proc/sys/net/ipv4/tcp_mem",
            "$ ss -tan state time-wait | wc -l",
            "$ nstat",
            "==> /proc/net/tcp <==",
            "net.inet.tcp.msl: 1",
        ]
    ),
    st.text(max_size=60),
    st.from_regex(r"[A-Za-z_.-]{1,12}[:= ]{1,3}-?[0-9]{1,25}", fullmatch=True),
)


@given(st.lists(LINES, max_size=30), st.sampled_from(["", "ss -tanoe", "netstat -s", "nstat -az", "sysctl -a", "'"]))
@settings(max_examples=300, deadline=None)
def test_no_text_whatever_makes_it_fail(lines, command):
    """A text is read, or refused with the one error."""
    with suppress(CollectError):
        found = read("\n".join(lines), command)
        assert found.formats
        assert all(isinstance(value, int | float | str) for value in found.readings.values.values())
        assert not [name for name, value in found.readings.values.items() if not isinstance(value, str) and value < 0]


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_bytes_whatever_make_it_fail(data):
    """Whatever somebody saved."""
    with suppress(CollectError):
        paste.snapshot(data, "a.txt")


@pytest.mark.parametrize(
    "atom",
    [
        "a",
        " ",
        "1 ",
        "TIME-WAIT ",
        "[",
        "$ ",
        "> ",
        "`",
        "net.",
        "src=1 dst=2 ",
        "Tcp: ",
        '"TcpExtTW": 1, ',
        "a@b:",
        "\x1b[",
    ],
)
def test_a_line_of_a_megabyte_takes_no_time(atom):
    """No pattern looks at such a line more than once."""
    text = (atom * (1 << 20))[: 1 << 20]
    start = time.perf_counter()
    for before in ("", "$ ss -tan | wc -l\n", "State Recv-Q Send-Q Local Address:Port Peer Address:Port\n"):
        with suppress(CollectError):
            read(before + text)

    assert time.perf_counter() - start < 2


def test_a_million_lines_of_something_else_are_not_waited_for():
    """What nobody knows after a hundred thousand lines is another thing."""
    start = time.perf_counter()
    found = gaps("TCP: inuse 5\n" + "x\n" * 1_000_000)

    assert time.perf_counter() - start < 10
    assert "more than 100000 lines that are not understood; the rest was left out" in found["cut"]


def test_more_outputs_than_anybody_pastes_are_left_out():
    """The number of pieces is bounded."""
    text = "$ cat /proc/sys/net/ipv4/tcp_fin_timeout\n60\n" * 3000

    assert "more than 2000 outputs" in gaps(text)["cut"]


def test_a_text_that_is_too_long_is_cut_and_says_so(monkeypatch):
    """Memory is bounded, and no number is lost without a word."""
    monkeypatch.setattr(paste, "MAX_BYTES", 14)
    found = paste.snapshot(b"TCP: inuse 5\n\nTCP6: inuse 7\n", "a")

    assert {"sockstat.TCP.inuse": 5} == found.values
    assert "the rest was left out" in found.gaps["cut"]
