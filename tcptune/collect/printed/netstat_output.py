"""The text of `netstat -ant` of net-tools or busybox, with any of -e, -o and -p: each TCP socket as sock_diag has it.

Read in net-tools' netstat.c, 1.60 to 2.10. It is made of /proc/net/tcp, so the backlog of a listener is not in it,
and of all processes that have a socket it names one. Without -W a long address is cut. Users are passed over.
A "-" in the place of the program is nobody for root; others get it for whatever they may not look into.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable

from tcptune.collect.printed.endpoints import MAPPED, Endpoint, endpoint
from tcptune.collect.printed.ss_details import LATEST, NOTHING, Details
from tcptune.collect.printed.ss_output import MAX_LINE, Gathering, Told, whole
from tcptune.collect.readings import natural_number
from tcptune.collect.sockets.rows import Row
from tcptune.collect.sockets.tally import TIMER_KEEPALIVE, TIMER_PERSIST, TIMER_RETRANSMIT, TIMER_TIMEWAIT
from tcptune.kernel.states import TcpState

STATES: dict[str, TcpState | None] = {
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
    "CLOSE": None,
}
ROW = re.compile(
    r"(?P<proto>tcp6?)\s+(?P<recv_q>[0-9]{1,10})\s+(?P<send_q>[0-9]{1,10})\s+(?P<local>\S+)\s+(?P<remote>\S+)\s+"
    rf"(?P<state>{'|'.join(STATES)})(?:\s+(?P<rest>.*))?",
    re.DOTALL,
)
NOT_ALL_SHOWN = "(Not all processes could be identified"
"""What -p says to those who are not root."""

HEADLINE = re.compile(r"Proto\s+Recv-Q\s+Send-Q\s+Local Address\s+Foreign Address\s+State(?P<columns>.*)")
OTHER = re.compile(
    r"(?:udp|udpl|udplite|raw)6?\s|(?:unix|sctp|ax25|x25|ipx|netrom|l2cap|rfcomm|Active|Proto)\s"
    r"|\((?:Not all processes|No info could be read)|will not be shown, you would"
)
"""Sockets of other kinds, headlines, and what -p says on stderr to those who are not root."""

USER = re.compile(r"[^\s/]+\s+(?P<inode>[0-9]+)(?=\s|$)")
PROGRAM = re.compile(r"(?P<pid>[0-9]{1,10})/(?P<command>.*)", re.DOTALL)
TIMER = re.compile(
    r"(?:^|\s)(?P<name>off|on|keepalive|timewait|probe|unkn-[0-9]+)\s+"
    r"\((?P<seconds>[0-9]{1,12})[.,](?P<part>[0-9]{2})/(?P<retransmits>[0-9]{1,10})/(?P<probes>[0-9]{1,10})\)$"
)
TIMERS = {
    "on": TIMER_RETRANSMIT,
    "keepalive": TIMER_KEEPALIVE,
    "timewait": TIMER_TIMEWAIT,
    "probe": TIMER_PERSIST,
    f"unkn-{TIMER_PERSIST}": TIMER_PERSIST,
}
"""1.60 does not know the persist timer."""

CUT = 23
"""Characters of an address and its port, with the colon, of which some may have been cut off."""


def parse(lines: Iterable[str]) -> Told:
    """The TCP sockets of a text; sockets of other kinds are passed over. There is no "backlog" in it, and no "info".

    ValueError where the text is no output of netstat.

    >>> parse(["tcp 0 1 10.0.0.5:80 10.0.0.9:4000 LAST_ACK - on (0.19/3/0)"]).rows[0][0][1:4]
    (9, 1, 3)
    """
    found = Gathering()
    columns: str | None = None
    is_netstat = nobody = hidden = False
    for line in whole(lines):
        text = line.strip()
        row = ROW.fullmatch(text) if len(text) < MAX_LINE else None
        if row is not None:
            is_netstat |= _add(row, columns, found)
            if (row["rest"] or "").startswith("-") and _is_nobody(row["rest"]):
                nobody, hidden = True, hidden or row["state"] == "LISTEN"
        elif text.startswith(NOT_ALL_SHOWN):
            hidden = True
        elif headline := HEADLINE.match(text):
            columns, is_netstat = headline["columns"], True
        elif text and not OTHER.match(text):
            found.lost += 1
        if found.full:
            break
    if not is_netstat:
        raise ValueError("neither headline nor sockets in it; it is not what netstat -ant prints")
    if nobody and not hidden:
        found.columns.add("inode")
    return found.told()


def _is_nobody(rest: str) -> bool:
    """Whether a row has "-" for its program; of a listener, which somebody has, it tells that programs are hidden."""
    return TIMER.sub("", rest).strip() == "-"


def looks_like(head: str) -> bool:
    """Whether a text that begins so is a list of sockets by netstat."""
    return any(HEADLINE.match(text) or ROW.fullmatch(text) for text in map(str.strip, head.splitlines()))


def _add(found: re.Match[str], columns: str | None, to: Gathering) -> bool:
    """Add a socket, if it can be understood."""
    proto, recv_q, send_q, here, there, name, rest = found.groups()
    state = STATES[name]
    try:
        local, remote = _end(here), _end(there)
        details = _details(rest or "", columns)
    except ValueError:
        to.lost += 1
        return False
    if state is not None:
        to.unknown = to.unknown.add(local, remote)
        to.columns.add("queue")
        is_ipv6 = proto == "tcp6" or socket.AF_INET6 in (local.family, remote.family)
        family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
        ends = local.port, remote.port, _address(local, family), _address(remote, family)
        to.add(Row(family, int(state), 0, 0, *ends, 0, int(recv_q), int(send_q), 0, 0), details)
    return True


def _end(text: str) -> Endpoint:
    """One end; an IPv6 address that fills its column may be the beginning of a longer one, and is taken for a name."""
    host, _, port = text.rpartition(":")
    if len(text) == CUT and ":" in host:
        return endpoint(f"*:{port}")._replace(family=socket.AF_INET6, host_is_known=False)
    return endpoint(text)


def _address(end: Endpoint, family: int) -> bytes:
    """The bytes of an address; netstat prints the IPv4 address that an IPv6 socket talks to as one of IPv4."""
    return MAPPED + end.address[:4] if family == socket.AF_INET6 and end.family == socket.AF_INET else end.address


def _details(text: str, columns: str | None) -> Details:
    """What follows the state; without a headline it is known by its looks. ValueError where a column is missing."""
    if not text and not columns:
        return NOTHING
    timer = inode = people = None
    if columns is None or "Timer" in columns:
        if found := TIMER.search(text):
            timer, text = _timer(found), text[: found.start()]
        elif columns is not None:
            raise ValueError("no timer")
    if columns is None or "Inode" in columns:
        if found := USER.match(text):
            inode, text = natural_number(found["inode"]), text[found.end() :].lstrip()
        elif columns is not None:
            raise ValueError("no inode")
    if (columns is None or "PID/Program" in columns) and (found := PROGRAM.match(text)):
        people = ((int(found["pid"]), found["command"].strip()),)
    return Details(people, timer, inode=inode)


def _timer(found: re.Match[str]) -> tuple[int, int, int]:
    code = TIMERS.get(found["name"], 0)
    if not code:
        return 0, 0, 0
    left = int(found["seconds"]) * 1000 + int(found["part"]) * 10
    return code, left if left < LATEST else 0, int(found["retransmits" if code == TIMER_RETRANSMIT else "probes"])
