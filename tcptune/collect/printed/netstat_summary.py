"""What `netstat -s` prints: counters of /proc/net/snmp and /proc/net/netstat as English sentences.

Read in net-tools' statistics.c, 1.45 to 2.10: the sentences changed their words, a counter without a sentence comes
by its name, and what is 0 is mostly left out. 1.60 prints numbers above 2^31 as negative ones.
"""

from __future__ import annotations

import re

from tcptune.collect.printed.commands import NONE, Command
from tcptune.collect.printed.piece import Piece, Said
from tcptune.collect.printed.unprinted import with_unprinted
from tcptune.collect.readings import natural_number
from tcptune.kernel.counters import COUNTERS
from tcptune.model.values import Value

SENTENCES = {
    "# active connection openings": "Tcp.ActiveOpens",
    "# active connections openings": "Tcp.ActiveOpens",
    "# passive connection openings": "Tcp.PassiveOpens",
    "# failed connection attempts": "Tcp.AttemptFails",
    "# connection resets received": "Tcp.EstabResets",
    "# connections established": "Tcp.CurrEstab",
    "# segments received": "Tcp.InSegs",
    "# segments sent out": "Tcp.OutSegs",
    "# segments send out": "Tcp.OutSegs",
    "# segments retransmitted": "Tcp.RetransSegs",
    "# segments retransmited": "Tcp.RetransSegs",
    "# bad segments received": "Tcp.InErrs",
    "# resets sent": "Tcp.OutRsts",
    "# resets received for embryonic SYN_RECV sockets": "TcpExt.EmbryonicRsts",
    "# times the listen queue of a socket overflowed": "TcpExt.ListenOverflows",
    "# SYNs to LISTEN sockets dropped": "TcpExt.ListenDrops",
    "# SYNs to LISTEN sockets ignored": "TcpExt.ListenDrops",
    "# TCP sockets finished time wait in fast timer": "TcpExt.TW",
    "# TCP sockets finished time wait in slow timer": "TcpExt.TWKilled",
    "# time wait sockets recycled by time stamp": "TcpExt.TWRecycled",
    "# passive connections rejected because of time stamp": "TcpExt.PAWSPassive",
    "# active connections rejected because of time stamp": "TcpExt.PAWSActive",
    "# packets rejected in established connections because of timestamp": "TcpExt.PAWSEstab",
    "# packetes rejected in established connections because of timestamp": "TcpExt.PAWSEstab",
    "# packets rejects in established connections because of timestamp": "TcpExt.PAWSEstab",
    "# connections reset due to early user close": "TcpExt.TCPAbortOnClose",
    "# connections reset due to unexpected data": "TcpExt.TCPAbortOnData",
    "# connections aborted after user close in linger timeout": "TcpExt.TCPAbortOnLinger",
    "# connections aborted due to memory pressure": "TcpExt.TCPAbortOnMemory",
    "# connections aborted due to timeout": "TcpExt.TCPAbortOnTimeout",
    "# times unable to send RST due to no memory": "TcpExt.TCPAbortFailed",
    "# times unabled to send RST due to no memory": "TcpExt.TCPAbortFailed",
    "# other TCP timeouts": "TcpExt.TCPTimeouts",
    "TCP ran low on memory # times": "TcpExt.TCPMemoryPressures",
}
"""The sentences of the counters that facts are made of, with # for the number."""

NUMBER = re.compile(r"(?<![A-Za-z0-9])-?[0-9]{1,30}(?![A-Za-z0-9])")
HEADING = re.compile(
    r"\s{0,12}(?P<name>(?:Ip|Icmp|IcmpMsg|Tcp|Udp|UdpLite|Sctp|TcpExt|IpExt|MPTcpExt|Ip6|Icmp6|Udp6|Tcp6|UdpLite6|MPTcp)):\s*"
)
BY_NAME = re.compile(r"\s{0,24}(?P<name>[A-Za-z][A-Za-z0-9]{1,60}): (?P<number>-?[0-9]{1,30})\s*")
BELOW = re.compile(
    r"\s{1,24}(?:-?[0-9]+ [A-Za-z]|[A-Z][A-Za-z -]{2,60}(?:[0-9]+ [a-z]|:\s*$)"
    r"|[A-Za-z][A-Za-z0-9 -]{1,60}: -?[0-9]+\s*$)"
)
"""A counter below a heading, whatever it counts."""
KNOWN = {counter.short for counter in COUNTERS.values() if counter.group == "TcpExt"}


def is_heading_or_counter(line: str, _: Command) -> object:
    """Whether a line is a heading, or a counter that is known without one, as grep leaves it."""
    if HEADING.fullmatch(line) or _sentence(line)[0] in SENTENCES:
        return True
    found = BY_NAME.fullmatch(line)
    return found is not None and found["name"] in KNOWN


def goes_on(line: str) -> object:
    """Whether a line can stand in it: a heading, or something below one."""
    return BELOW.match(line) or is_heading_or_counter(line, NONE)


def read(piece: Piece) -> Said:
    """The counters of TCP by name.

    >>> read(Piece(["Tcp:", "  139 connections established", "TcpExt:", "  TCPTimeWaitOverflow: 27360"])).values
    {'Tcp.CurrEstab': 139, 'TcpExt.TCPTimeWaitOverflow': 27360}
    """
    values: dict[str, Value] = {}
    gaps: dict[str, str] = {}
    section = ""
    sections: list[str] = []
    for line in piece.lines:
        if heading := HEADING.fullmatch(line):
            section = heading["name"]
            if section in sections:
                gaps["samples"] = "netstat -s was run more than once; the last run is taken"
                sections.clear()
                values.clear()
            sections.append(section)
            continue
        name, number = _counter(line, section)
        if name is None:
            continue
        if number.startswith("-"):
            gaps[name] = "printed by a netstat whose numbers end at 2147483647; `nstat -az` tells"
        else:
            values[name] = natural_number(number)
    if "TcpExt" in sections[:-1]:
        printed = {name.partition(".")[2] for name in values}
        return with_unprinted(Said(values, gaps), printed, "netstat -s", "nstat -az")
    return Said(values, gaps)


def _counter(line: str, section: str) -> tuple[str | None, str]:
    """The counter in a line and its number; None where it is not one of TCP, or has a sentence that is not known."""
    if found := BY_NAME.fullmatch(line):
        group = section or ("TcpExt" if found["name"] in KNOWN else "")
        return (f"{group}.{found['name']}" if group in ("Tcp", "TcpExt") else None), found["number"]
    sentence, number = _sentence(line)
    return SENTENCES.get(sentence), number


def _sentence(line: str) -> tuple[str, str]:
    """A line with # in the place of its number, and the number."""
    found = NUMBER.search(line[:200])
    if found is None:
        return "", ""
    return f"{line[: found.start()]}#{line[found.end() : 200]}".strip(" \t."), found[0]
