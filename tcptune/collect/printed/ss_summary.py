"""What `ss -s` prints: numbers of /proc/net/sockstat, sockstat6 and snmp under names of its own.

Read in iproute2's misc/ss.c print_summary(), 2.6 to 7.1. `estab` is CurrEstab, the first number of the row TCP is
`inuse`, and the total is alloc + tw, in old ones with the SYN-RECEIVED of the slab besides. `closed` is
alloc - (inuse - tw), which mixes the whole machine with one network namespace and means little.
"""

from __future__ import annotations

import re

from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.piece import Piece, Said
from tcptune.collect.readings import natural_number
from tcptune.model.values import Value

TOTAL = re.compile(r"\s{0,12}Total: (?P<used>[0-9]{1,12})(?: \(kernel -?[0-9]{1,12}\))?\s*")
TCP = re.compile(
    r"\s{0,12}TCP:\s{1,9}(?P<total>-?[0-9]{1,12}) \(estab (?P<estab>[0-9]{1,12}), closed (?P<closed>-?[0-9]{1,12}), "
    r"orphaned (?P<orphan>[0-9]{1,12}), (?:synrecv (?P<synrecv>[0-9]{1,12}), )?"
    r"timewait (?P<tw>[0-9]{1,12})(?:/-?[0-9]{1,12})?\)(?:, ports -?[0-9]{1,12})?\s*"
)
HEADLINE = re.compile(r"\s{0,12}Transport\s+Total\s+IP\s+IPv6\s*")
ROW = re.compile(
    r"\s{0,12}(?P<name>\*|RAW|UDP|TCP|INET|FRAG)\s{1,20}(?P<total>-?[0-9]{1,12})\s{1,20}(?P<ipv4>-|-?[0-9]{1,12})\s{1,20}"
    r"(?P<ipv6>-|-?[0-9]{1,12})\s*"
)


def is_line(line: str, _: Command) -> object:
    """Whether a line is one of the summary."""
    line = line[:300]
    return TCP.fullmatch(line) or TOTAL.fullmatch(line) or HEADLINE.fullmatch(line) or ROW.fullmatch(line)


def read(piece: Piece) -> Said:
    """The same numbers under the kernel's names; `alloc` follows from the total, and `mem` is not in it.

    >>> read(Piece(["TCP:   1655 (estab 1556, closed 39, orphaned 40, synrecv 0, timewait 39/0), ports 0"])).values
    {'Tcp.CurrEstab': 1556, 'sockstat.TCP.orphan': 40, 'sockstat.TCP.tw': 39, 'sockstat.TCP.alloc': 1616}
    """
    values: dict[str, Value] = {}
    gaps = {"sockstat.TCP.mem": "ss -s does not print it; `cat /proc/net/sockstat` tells it"}
    for line in piece.lines:
        if found := TCP.fullmatch(line[:300]):
            values["Tcp.CurrEstab"] = natural_number(found["estab"])
            values["sockstat.TCP.orphan"] = natural_number(found["orphan"])
            values["sockstat.TCP.tw"] = tw = natural_number(found["tw"])
            alloc = int(found["total"]) - tw - int(found["synrecv"] or 0)
            if alloc >= 0:
                values["sockstat.TCP.alloc"] = alloc
            else:
                gaps["sockstat.TCP.alloc"] = "the total of ss -s is below its own parts"
        elif found := TOTAL.fullmatch(line[:300]):
            values["sockstat.sockets.used"] = natural_number(found["used"])
        elif (found := ROW.fullmatch(line[:300])) and found["name"] == "TCP" and found["ipv4"].isdecimal():
            values["sockstat.TCP.inuse"] = natural_number(found["ipv4"])
            values["sockstat6.TCP6.inuse"] = natural_number(found["ipv6"])
    if not values:
        raise ValueError("a headline without the numbers of TCP")
    return Said(values, gaps)
