"""A text that somebody saved or pasted, of any mixture of outputs, as what it tells of one machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tcptune.collect.printed import lists, pieces
from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.other_systems import system_of
from tcptune.collect.printed.piece import Format, Piece, Said
from tcptune.collect.printed.plain import lines_of, text_of
from tcptune.collect.printed.socket_table import table_of
from tcptune.collect.printed.ss_output import Told
from tcptune.collect.readings import Readings, quoted
from tcptune.errors import CollectError
from tcptune.model.snapshot import TCP_NAMES, Host, Snapshot
from tcptune.model.sockets import SocketTable, bounded
from tcptune.model.values import Value
from tcptune.printable import printable

EXPECTED = (
    "what sysctl -a, ss, ss -s, netstat, netstat -s, nstat or dmesg print, files of /proc/net, or counts of sockets by "
    "state, with or without the commands"
)
TELLS = {
    "net": "the text does not tell it; `sysctl -a` does",
    "sockstat": "the text does not tell it; `cat /proc/net/sockstat` does",
    "sockstat6": "the text does not tell it; `cat /proc/net/sockstat6` does",
    "Tcp": "the text does not tell it; `cat /proc/net/snmp` does",
    "TcpExt": "the text does not tell it; `nstat -az` does",
    "states": "the text does not tell it; `ss -tan` does",
    "kinds": "the text does not tell who has the sockets; `ss -tanoe` does",
    "meminfo": "the text does not tell it; `cat /proc/meminfo` does",
    "uptime": "the text does not tell it; `cat /proc/uptime` does",
    "log": "the text has no log of the kernel; `dmesg` prints it",
    "conntrack": "the text does not tell it; `conntrack -L` does",
    "kernel.hostname": "the text does not tell it; `uname -a` does",
    "kernel.osrelease": "the text does not tell it; `uname -a` does",
    "kernel.hz": "a text does not tell it; 250 is assumed",
    "kernel.page_size": "a text does not tell it",
}
"""What to run for what is missing, by the beginning of its name."""


ANYBODYS = (pieces.OTHER_SYSTEMS.name, "counts by state", "uptime", "the answer of a command")
"""Formats that tell nothing of which system it is, or of another one."""
MAX_BYTES = 128 << 20
"""Of a text; ss prints some 250 for a socket with all its options."""


class Paste(NamedTuple):
    """What a text tells: values and gaps, single sockets, the host as far as it is named, and the formats in it."""

    readings: Readings
    table: SocketTable | None
    host: Host
    formats: tuple[str, ...]


def snapshot(data: bytes, source: str) -> Snapshot:
    """The machine that a text tells of, in UTF-8 or UTF-16; CollectError where it tells nothing of TCP.

    What is longer than `MAX_BYTES` is cut, and a gap says so.
    """
    try:
        text = text_of(data[:MAX_BYTES])
    except ValueError as error:
        raise CollectError(f"{source}: {error}; expected {EXPECTED}") from None
    told = read(text, source)
    gaps = {**told.readings.gaps, "taken_at": "a text does not say when it was taken"}
    if len(data) > MAX_BYTES:
        gaps["cut"] = f"the text is longer than {MAX_BYTES >> 20} MiB; the rest was left out"
    return Snapshot(told.host, None, told.readings.values, gaps, None if told.table is None else bounded(told.table))


def read(text: str, source: str, command: str = "") -> Paste:
    """What a text tells of one machine; `command` is the one that printed it, where the text itself does not say.

    Of two samples of one thing the last is taken. CollectError where it tells nothing of Linux's TCP, with the reason.
    """
    told, found = _told(text, source, command, saved=bool(command))
    paste = told.result(found)
    if not any(fact.startswith(TCP_NAMES) for fact in paste.readings.values):
        raise CollectError(f"{source}: {told.nothing(found)}")
    return paste


def whatever(text: str, source: str) -> Paste:
    """What a text tells, be it nothing of TCP; CollectError where it is of another system.

    A program has saved all that was printed: a list in it is whole.
    """
    told, found = _told(text, source, "", saved=True)
    return told.result(found)


def _told(text: str, source: str, command: str, *, saved: bool = False) -> tuple[_Gathered, pieces.Found]:
    found = pieces.pieces_of(lines_of(text), Command(command, saved=saved))
    _refuse_other_systems(found, source)
    told = _Gathered(source)
    for known, piece in _joined(found):
        try:
            told.add(known.name, known.read(piece))
        except ValueError as error:
            told.refused.setdefault(known.name, str(error))
    if found.cut:
        told.gaps["cut"] = f"the text has more than {found.cut}; the rest was left out"
    return told, found


def _joined(found: pieces.Found) -> Iterable[tuple[Format, Piece]]:
    """The pieces; /proc/net/tcp and tcp6 are two halves of one list."""
    kernel = lists.FORMATS[-1]
    halves = [piece for known, piece in found.pieces if known is kernel]
    for known, piece in found.pieces:
        if known is not kernel:
            yield known, piece
        elif piece is halves[-1]:
            yield known, Piece([line for half in halves for line in half.lines])


def _refuse_other_systems(found: pieces.Found, source: str) -> None:
    """CollectError where more lines are another system's than are only Linux's; counts by state may be anybody's."""
    foreign = [line for known, piece in found.pieces if known is pieces.OTHER_SYSTEMS for line in piece.lines]
    ours = sum(len(piece.lines) for known, piece in found.pieces if known.name not in ANYBODYS)
    if len(foreign) > ours:
        raise CollectError(
            f"{source}: this is {system_of(foreign[0])}, not Linux ({quoted(foreign[0].strip())}); its TCP has other "
            "settings and other timers, and tcptune knows those of Linux alone"
        )


class _Gathered:
    """What the pieces have told so far."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.values: dict[str, Value] = {}
        self.gaps: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.formats: dict[str, None] = {}
        self.empty: dict[str, None] = {}
        self._from: dict[str, str] = {}
        self._assumed: set[str] = set()
        self._again: list[str] = []
        self._host = Host()
        self._sockets: Told | None = None
        self._lists = ""

    def add(self, name: str, said: Said) -> None:
        """Add what a piece says; what it says once more counts from now on."""
        told = said.values or said.sockets or said.name or said.release
        (self.formats if told else self.empty).setdefault(name)
        for fact, value in said.values.items():
            if self.values.get(fact, value) != value and fact not in self._assumed:
                self._again.append(fact)
            self.values[fact] = value
            self._from[fact] = name
            self._assumed.discard(fact)
        for fact, value in said.assumed.items():
            if fact not in self.values or (self._from[fact] == name and fact not in said.values):
                self.values[fact] = value
                self._from[fact] = name
                self._assumed.add(fact)
        self.gaps |= said.gaps
        self._host = Host(
            said.name or self._host.name,
            said.release or self._host.release,
            self.source,
            said.netns or self._host.netns,
        )
        if said.sockets is not None:
            self._sockets, self._lists = lists.laid_over(self._sockets, said), name

    def result(self, found: pieces.Found) -> Paste:
        """All of it."""
        table = self._count_sockets()
        self.gaps = {name: why for name, why in self.gaps.items() if name not in self.values}
        if self._again:
            again = f"{len(set(self._again))} numbers are told more than once, {self._again[0]} first"
            self.gaps["samples"] = f"{again}; the last ones are taken"
        if len(found.hosts) > 1:
            self.gaps["hosts"] = f"the prompts are of {len(found.hosts)} hosts, such as {quoted(found.hosts[0])}"
        if found.unknown:
            first = quoted(found.unknown[0].strip())
            self.gaps["lines"] = f"{len(found.unknown)} lines were not understood, the first of them is {first}"
        for known, why in self.refused.items():
            self.gaps[known] = printable(why)
        host = Host(
            self._host.name or (found.hosts[-1] if found.hosts else None),
            self._host.release,
            self.source,
            self._host.netns,
        )
        told = {"kernel.hostname": host.name, "kernel.osrelease": host.release}
        for prefix, why in TELLS.items():
            if told.get(prefix) is None:
                self.gaps.setdefault(prefix, why)
        return Paste(Readings(self.values, self.gaps), table, host, tuple(self.formats))

    def _count_sockets(self) -> SocketTable | None:
        """The lists of sockets as a table; what they count stands where nothing else counted."""
        if self._sockets is None:
            return None
        name, sockets = self._lists, self._sockets
        low, high = (self.values.get(f"net.ipv4.ip_local_port_range.{end}") for end in ("min", "max"))
        ports = range(low, high + 1) if isinstance(low, int) and isinstance(high, int) else None
        table, counts = table_of(sockets, ports)
        counted = {fact: value for fact, value in self.values.items() if fact in counts and fact not in self._assumed}
        self.values = self.values | counts | counted
        self.gaps |= {f"{name}.{subject}": why for subject, why in sockets.gaps.items()}
        if not {"inode", "timer"} <= sockets.columns:
            self.gaps["kinds"] = f"the text lacks the owners or the timers of sockets (`{name} -tanoe` tells them)"
        for fact, value in counted.items():
            if value != counts[fact]:
                self.gaps["sockets"] = f"the list shows {counts[fact]} sockets where {fact} counts {value}"
        return table

    def nothing(self, found: pieces.Found) -> str:
        """Why the text is of no use."""
        if self.refused:
            name, why = next(iter(self.refused.items()))
            return f"{name}: {printable(why)}"
        if self.formats or self.empty:
            what = " and ".join([*self.formats, *self.empty])
            why = next((f" ({name}: {why})" for name, why in self.gaps.items() if why != TELLS.get(name)), "")
            return f"holds {what}, which tells nothing of TCP here{why}; expected {EXPECTED}"
        if not found.unknown:
            return f"is empty; expected {EXPECTED}"
        return f"is none of what is known: its first line is {quoted(found.unknown[0].strip())}; expected {EXPECTED}"
