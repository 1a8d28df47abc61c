"""Files of /proc as somebody pasted them: sockstat, snmp, netstat, protocols, meminfo, uptime; snmp6 tells nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.piece import Format, Piece, Said
from tcptune.collect.proc import machine, netstat, sockstat
from tcptune.collect.readings import Readings, natural_number

SOCKSTAT = re.compile(
    r"\s{0,12}(?:sockets: used|(?:TCP|UDP|UDPLITE|RAW): inuse|FRAG: inuse|(?:TCP|UDP|UDPLITE|RAW|FRAG)6: inuse) -?[0-9]"
)
COUNTERS = re.compile(
    r"\s{0,12}(?P<label>TcpExt|IpExt|MPTcpExt|Ip|Icmp|IcmpMsg|Tcp|Udp|UdpLite|MPTcp): "
    r"\s{0,12}(?:[A-Z][A-Za-z0-9_]*(?:\s+[A-Za-z]|\s*$)|-?[0-9]+(?:\s+-?[0-9]|\s*$))"
)
FILE_OF = {"Tcp": "snmp", "TcpExt": "netstat"}
PROTOCOLS_HEADLINE = re.compile(r"\s{0,8}protocol\s+size\s+sockets\s+memory\s+press\s.*")
PROTOCOL = re.compile(
    r"\s{0,8}(?P<name>[A-Za-z0-9_-]{2,20})\s+[0-9]{1,6}\s+(?P<sockets>-?[0-9]{1,12})\s+(?P<memory>-?[0-9]{1,15})\s+"
    r"(?:NI|no|yes)\s+-?[0-9]{1,6}\s+(?:yes|no)\s+\S+\s+[yn](?:\s+[yn]){5,30}\s*"
)
MEMINFO = re.compile(r"\s{0,8}(?:[A-Z][A-Za-z0-9_()]{1,40}:\s+[0-9]{1,18} kB|HugePages_\w{1,12}:\s+[0-9]{1,18})\s*$")
UPTIME = re.compile(r"\s{0,8}[0-9]{1,12}\.[0-9]{2} [0-9]{1,14}\.[0-9]{2}\s*")
SNMP6 = re.compile(r"\s{0,8}(?:Ip6|Icmp6|Udp6|UdpLite6)[A-Z][A-Za-z0-9]{1,40}\s+[0-9]{1,20}\s*")


def read_sockstat(piece: Piece) -> Said:
    """Counts of sockets, IPv4 and IPv6, of whichever of the two files is there."""
    text = "\n".join(piece.lines)
    files = [file for file, label in (("sockstat", "TCP:"), ("sockstat6", "TCP6:")) if label in text]
    if not files and "sockets: used" in text:
        files = ["sockstat"]
    parts = [sockstat.parse(file, text) for file in files]
    if sum(line.lstrip().startswith("TCP:") for line in piece.lines) > 1:
        parts.append(_twice("sockstat"))
    return _said(parts)


def read_counters(piece: Piece) -> Said:
    """The counters of the lines Tcp and TcpExt; of two samples those of the last."""
    parts = []
    for label, file in FILE_OF.items():
        lines = [line.strip() for line in piece.lines if line.lstrip().startswith(label + ":")]
        if lines:
            parts.append(netstat.parse(file, "\n".join(lines[-2:])))
        if len(lines) > 2:
            parts.append(_twice(file))
    return _said(parts)


def read_protocols(piece: Piece) -> Said:
    """The pages of memory; what the column `sockets` counts depends on the kernel (net/core/sock.c)."""
    for line in piece.lines:
        found = PROTOCOL.fullmatch(line)
        if found is not None and found["name"] in ("TCP", "TCPv6") and not found["memory"].startswith("-"):
            return Said({"sockstat.TCP.mem": natural_number(found["memory"])})
    raise ValueError("/proc/net/protocols without its line TCP")


def read_meminfo(piece: Piece) -> Said:
    """The memory of the machine."""
    return _said([machine.parse_meminfo("\n".join(piece.lines))])


def read_uptime(piece: Piece) -> Said:
    """Seconds since the start of the machine."""
    return Said({"uptime": machine.parse_uptime(piece.lines[-1])})


def read_snmp6(_: Piece) -> Said:
    """Nothing: TCP over IPv6 counts in the lines Tcp and TcpExt."""
    raise ValueError("/proc/net/snmp6 counts nothing of TCP; /proc/net/snmp and /proc/net/netstat do, for IPv6 too")


def _said(parts: Iterable[Readings]) -> Said:
    """What several readers brought home, as one."""
    found = Readings()
    for part in parts:
        found.values.update(part.values)
        found.gaps.update(part.gaps)
    return Said(found.values, found.gaps)


def _twice(file: str) -> Readings:
    return Readings(gaps={"samples": f"/proc/net/{file} is in the text more than once; the last one is taken"})


def _is(pattern: re.Pattern[str]) -> Callable[[str, Command], object]:
    """Whether a line begins as the pattern says."""
    return lambda line, _: pattern.match(line)


def _is_protocol(line: str) -> object:
    return PROTOCOL.fullmatch(line[:300])


FORMATS = (
    Format("/proc/net/sockstat", _is(SOCKSTAT), read_sockstat),
    Format("/proc/net/snmp and netstat", _is(COUNTERS), read_counters),
    Format("/proc/net/protocols", _is(PROTOCOLS_HEADLINE), read_protocols, _is_protocol),
    Format("/proc/net/snmp6", _is(SNMP6), read_snmp6),
    Format("/proc/meminfo", _is(MEMINFO), read_meminfo),
    Format("/proc/uptime", _is(UPTIME), read_uptime),
)
