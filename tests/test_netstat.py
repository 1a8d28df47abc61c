"""/proc/net/netstat and /proc/net/snmp: names and values in two lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.proc.netstat import parse

SNMP = """\
Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens CurrEstab InErrs
Tcp: 1 200 120000 -1 7 2 0
Udp: InDatagrams
Udp: 5
"""
NETSTAT = """\
TcpExt: SyncookiesSent TW TCPTimeWaitOverflow
TcpExt: 0 31000 15
IpExt: InNoRoutes
IpExt: 0
"""

words = st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=5)


def test_the_line_of_tcp_is_read_and_no_other():
    """Each counter gets the value below its name."""
    assert {
        "Tcp.RtoAlgorithm": 1,
        "Tcp.RtoMin": 200,
        "Tcp.RtoMax": 120000,
        "Tcp.MaxConn": -1,
        "Tcp.ActiveOpens": 7,
        "Tcp.CurrEstab": 2,
        "Tcp.InErrs": 0,
    } == parse("snmp", SNMP).values
    assert {"TcpExt.SyncookiesSent": 0, "TcpExt.TW": 31000, "TcpExt.TCPTimeWaitOverflow": 15} == parse(
        "netstat", NETSTAT
    ).values


def test_the_order_of_counters_does_not_matter():
    """Kernels add and drop counters, so names decide and not positions."""
    shuffled = "TcpExt: TCPTimeWaitOverflow New SyncookiesSent TW\r\nTcpExt: 15 4 0 31000\r\n"

    assert {**parse("netstat", NETSTAT).values, "TcpExt.New": 4} == parse("netstat", shuffled).values


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "/proc/net/netstat has 0 lines 'TcpExt:', not names and values"),
        ("TcpExt: TW\n", "/proc/net/netstat has 1 lines 'TcpExt:', not names and values"),
        (NETSTAT + NETSTAT, "/proc/net/netstat has 4 lines 'TcpExt:', not names and values"),
        (NETSTAT.replace("TCPTimeWaitOverflow", ""), "/proc/net/netstat names 2 counters and gives 3 values"),
        (NETSTAT.replace("31000 15", "31000"), "/proc/net/netstat names 3 counters and gives 2 values"),
        ("TcpExt: 0 31000\nTcpExt: SyncookiesSent TW\n", "'0' is not the name of a counter"),
        ("TcpExt: TW 5\nTcpExt: 31000 15\n", "'5' is not the name of a counter"),
        ("TcpExt: Ü\nTcpExt: 1\n", "'Ü' is not the name of a counter"),
        ("TcpExt: a\x1b[2J\nTcpExt: 1\n", "'a\\x1b[2J' is not the name of a counter"),
    ],
)
def test_lines_that_do_not_fit_together_give_no_counter_at_all(text, cause):
    """Where names and values are shifted against each other, none of them can be believed."""
    found = parse("netstat", text)

    assert {} == found.values
    assert {"TcpExt": cause} == found.gaps


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        ("-3", "a count of -3 cannot be"),
        ("x", "'x' is not a whole number"),
        ("1.5", "'1.5' is not a whole number"),
        ("9999999999999999999", "'9999999999999999999' is larger than any number of the kernel"),
    ],
)
def test_one_absurd_counter_is_a_gap_and_the_others_stay(word, cause):
    """A counter that cannot be has a reason, and its neighbours keep their values."""
    found = parse("netstat", NETSTAT.replace("31000", word))

    assert {"TcpExt.SyncookiesSent": 0, "TcpExt.TCPTimeWaitOverflow": 15} == found.values
    assert {"TcpExt.TW": cause} == found.gaps


def test_only_the_maximum_of_connections_may_be_negative():
    """MaxConn is -1 on every machine; no other counter ever is."""
    found = parse("snmp", SNMP.replace(" 200 ", " -200 "))

    assert -1 == found.values["Tcp.MaxConn"]
    assert {"Tcp.RtoMin": "a count of -200 cannot be"} == found.gaps


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["Tcp:", "Tcp", "Udp:"]), st.lists(words))))
def test_any_lines_give_values_or_gaps(lines):
    """No arrangement of words crashes, and no counter has both a value and a reason."""
    found = parse("snmp", "\n".join(" ".join([label, *rest]) for label, rest in lines))

    assert set() == set(found.values) & set(found.gaps)


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_values_or_gaps(text):
    """Text of any kind is either the counters or a gap."""
    found = parse("netstat", text)

    assert found.gaps or found.values or "TcpExt:" in text
