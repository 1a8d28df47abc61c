"""What `nstat` prints, as a table or with --json: counters by their name in /proc/net/snmp and /proc/net/netstat.

Read in iproute2's misc/nstat.c, 2.6 to 7.1. Without -a it prints what came since it last ran, and without -z it leaves
out what is 0. It never prints CurrEstab.
"""

from __future__ import annotations

import re

from tcptune.collect.printed.commands import NONE, Command
from tcptune.collect.printed.piece import Piece, Said
from tcptune.collect.printed.unprinted import with_unprinted
from tcptune.collect.readings import natural_number

NAME = (
    r"(?P<group>TcpExt|Tcp|IpExt|Ip6|Ip|IcmpMsg|Icmp6|Icmp|UdpLite6|UdpLite|Udp6|Udp|MPTcpExt|MPTcp|Sctp|TlsStat"
    r"|XfrmIn|XfrmOut)"
)
COUNTER = re.compile(
    rf"\s{{0,12}}{NAME}(?P<name>[A-Z][A-Za-z0-9_]{{0,60}})\s{{1,40}}(?P<number>[0-9]{{1,30}})(?:\s.{{0,40}})?"
)
SOURCE = re.compile(r"\s{0,8}#(?P<source>kernel|[0-9]{1,10}\.[0-9]{1,20} sampling_interval=.{0,60})\s*")
IN_JSON = re.compile(rf'"{NAME}(?P<name>[A-Z][A-Za-z0-9_]{{0,60}})"\s?:\s?(?P<number>[0-9]{{1,30}})')
JSON_LINE = re.compile(rf'\s{{0,24}}(?:\{{\s?)?"(?:kernel|{NAME}[A-Z][A-Za-z0-9_]{{0,60}})"\s?:')

SINCE_ITS_LAST_RUN = "printed without -a: they count since nstat last ran, not since the start; `nstat -az` tells all"
PERHAPS_NOT_ALL = "with -a they count since the start, else since nstat last ran; which of them is not told"


def is_counter(line: str, _: Command) -> object:
    """Whether a line is a counter or the line above the first one."""
    return COUNTER.fullmatch(line[:400]) or SOURCE.fullmatch(line[:200]) or JSON_LINE.match(line[:200])


def goes_on(line: str) -> object:
    """Whether a line can stand in it."""
    return is_counter(line, NONE) or line.strip() in ("}", "}}", "},")


def read(piece: Piece) -> Said:
    """The counters of TCP, as totals; what the command or the listing says against that is a gap.

    >>> read(Piece(["TcpExtTW                        16                 0.0"])).values
    {'TcpExt.TW': 16}
    """
    values: dict[str, int] = {}
    groups: list[str] = []
    from_the_top = False
    for line in piece.lines:
        from_the_top |= SOURCE.fullmatch(line[:200]) is not None or '"kernel"' in line
        for found in IN_JSON.finditer(line) if '"' in line else filter(None, [COUNTER.fullmatch(line[:400])]):
            groups.append(found["group"])
            if found["group"] in ("Tcp", "TcpExt"):
                values[f"{found['group']}.{found['name']}"] = natural_number(found["number"])
    gaps = {"Tcp.CurrEstab": "nstat leaves it out; `ss -s` and /proc/net/snmp tell it"}
    ignores_history = _letter(piece.command, "a", "--ignore")
    with_zeros = 0 in values.values() or _letter(piece.command, "z", "--zeros")
    if ignores_history is None:
        gaps["nstat"] = PERHAPS_NOT_ALL
    elif not ignores_history:
        gaps |= {name: SINCE_ITS_LAST_RUN for name, number in values.items() if number == 0}
        gaps["nstat"] = SINCE_ITS_LAST_RUN
        return Said({name: number for name, number in values.items() if number}, gaps)
    said = Said(dict(values), gaps)
    if ignores_history and from_the_top and not with_zeros and "TcpExt" in groups and groups[-1] != "TcpExt":
        return with_unprinted(said, {name.partition(".")[2] for name in values}, "nstat", "nstat -az")
    return said


def _letter(command: Command, letter: str, long: str) -> bool | None:
    """Whether nstat was given an option; None where the command is not told."""
    if command.program != "nstat":
        return None
    words = command.stages[0][1:]
    return any(word == long or (word.startswith("-") and word[1:2] != "-" and letter in word) for word in words)
