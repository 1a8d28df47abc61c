"""The shape of one counter of the kernel: which event moves it, where it counts, what it leaves out."""

from __future__ import annotations

from typing import Literal, NamedTuple

from tcptune.kernel.history import Belief, Span

Kind = Literal["counter", "gauge"]
"""`counter`: only rises, since the namespace was made; `gauge`: how many there are now."""

NETNS = (Span("netns"),)
"""Counted for one network namespace, in every release read."""

HOST = (Span("host"),)
"""Counted for the whole machine, in every release read."""


class Counter(NamedTuple):
    """One number of /proc/net/sockstat, sockstat6, snmp, netstat, /proc/meminfo or /proc/uptime.

    `name` is the file's own name for it, with its line in front: "TcpExt.TCPTimeWaitOverflow",
    "Tcp.CurrEstab", "sockstat.TCP.orphan", "meminfo.MemTotal". Each span of `scopes` says "netns" or
    "host". `since` is the first mainline release that has the name, empty where 3.10 had it already;
    `until` the last one, empty where 6.19 still has it. `packet` is what goes on the wire at the event,
    empty where that does not matter.
    """

    name: str
    unit: str
    kind: Kind
    scopes: tuple[Span, ...]
    meaning: str
    since: str = ""
    until: str = ""
    packet: str = ""
    notes: tuple[str, ...] = ()
    beliefs: tuple[Belief, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """The file or line it is read from: `TcpExt` of "TcpExt.TW", `sockstat` of "sockstat.TCP.tw"."""
        return self.name.partition(".")[0]

    @property
    def short(self) -> str:
        """The last word of the name, as it is spoken of: `tw`, `TWRecycled`, `uptime`."""
        return self.name.rpartition(".")[2]
