"""/proc/net/tcp and tcp6: the fallback for looking at sockets, and the way for stored trees.

It costs about three times a full sock_diag dump (net/ipv4/tcp_ipv4.c tcp4_seq_show()).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from socket import AF_INET, AF_INET6
from struct import Struct

from tcptune.collect.files import Root, read_lines, reason
from tcptune.collect.sockets.rows import Info, Seen
from tcptune.collect.sockets.tally import NEW_SYN_RECV, TIMER_PERSIST, TIMER_RETRANSMIT
from tcptune.kernel.running_timer import backoff_of
from tcptune.kernel.states import TcpState

STATES = frozenset({*TcpState, NEW_SYN_RECV})
FILES = ("tcp", "tcp6")
USER_HZ = 100
"""The clock of times in /proc, whatever the kernel's own is."""

LISTEN = f"{TcpState.LISTEN:02X}"
WORD = Struct(f"{'<' if sys.byteorder == 'little' else '>'}I")
LONGEST = (1 << 32) - 1


class Table:
    """The sockets of both files, one at a time; what could not be read is in `gaps`.

    Half a table is none: where one of the files is unreadable, `whole` is false and there are no sockets. A
    machine without IPv6 has no tcp6, and that is no loss.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self._files: list[str] = []
        self.gaps: dict[str, str] = {}
        self.listening: set[bytes] = set()
        self.whole = True
        for file in FILES:
            try:
                self.listening |= listening_ports(read_lines(root, f"proc/net/{file}"))
            except (OSError, ValueError) as error:
                why = reason(error) if isinstance(error, OSError) else str(error)
                self.gaps[f"proc.net.{file}"] = why
                if file == "tcp6" and isinstance(error, FileNotFoundError):
                    continue
                self.gaps |= dict.fromkeys(("states", "kinds"), f"/proc/net/{file}: {why}")
                self.whole = False
                self._files = []
                return
            self._files.append(file)

    def sockets(self) -> Iterator[Seen]:
        """Every socket; a gap "states" beside them says that lines were lost. OSError where a file is gone."""
        for file in self._files:
            lost: list[str] = []
            yield from sockets(read_lines(self._root, f"proc/net/{file}"), lost)
            if lost:
                why = f"{len(lost)} lines of /proc/net/{file} are not sockets and were left out"
                self.gaps |= dict.fromkeys((f"proc.net.{file}", "states", "kinds"), why)


def listening_ports(lines: Iterable[str]) -> set[bytes]:
    """The ports that are listened on, in network order.

    ValueError where there is neither headline nor socket: that is no empty table, but another file or a lost one.
    """
    found: set[bytes] = set()
    known = False
    for line in lines:
        words = line.split(None, 4)
        known = known or "sl" in words[:2] or _is_socket(line)
        if len(words) > 3 and words[3] == LISTEN:
            try:
                found.add(bytes.fromhex(words[1].rpartition(":")[2]))
            except ValueError:
                continue
    if not known:
        raise ValueError("neither headline nor sockets in it; it is not the kernel's table")
    return found


def sockets(lines: Iterable[str], lost: list[str]) -> Iterator[Seen]:
    """The sockets of one file; lines that are none go to `lost`.

    >>> [fields[1] for fields, _, _ in sockets(["0: 0100007F:0016 00000000:0000 0A 0:0 00:0 0 0 0 812"], [])]
    [10]
    """
    for line in lines:
        words = line.split(None, 14)
        if not words or "sl" in words[:2]:
            continue
        try:
            yield _socket(words)
        except (IndexError, ValueError, OverflowError):
            lost.append("")


def _is_socket(line: str) -> bool:
    lost: list[str] = []
    return bool(line.strip()) and any(True for _ in sockets([line], lost))


def _socket(words: list[str]) -> Seen:
    """One line: number, addresses, state, queues, timer:when, retransmits, uid, probes, inode, references, pointer.

    For full sockets the RTO follows and more; minisocks and SYN-RECEIVED end after the pointer.
    """
    local, port = _place(words[1])
    remote, far_port = _place(words[2])
    state = int(words[3], 16)
    send_q, _, recv_q = words[4].partition(":")
    code, _, when = words[5].partition(":")
    timer, expires = int(code, 16), int(when or "0", 16) * 1000 // USER_HZ
    retransmits, probes = int(words[6], 16), int(words[8])
    if state not in STATES or not 0 <= timer <= 255 or not words[9].isdecimal():
        raise ValueError("no socket")
    fields = (
        AF_INET if len(words[1]) < len("0" * 32) else AF_INET6, state, timer,
        retransmits if timer == TIMER_RETRANSMIT else probes, port, far_port, local, remote,
        min(expires, LONGEST), int(recv_q or "0", 16), int(send_q, 16), int(words[7]), int(words[9]),
    )  # fmt: skip
    return fields, 0, _info(words, timer, expires / 1000, retransmits, probes)


def _info(words: list[str], timer: int, left: float, retransmits: int, probes: int) -> Info | None:
    """What the line says of the RTO, where it says it; the back-off is told by what it shows."""
    if timer not in (TIMER_RETRANSMIT, TIMER_PERSIST) or len(words) < 13:
        return None
    rto = int(words[12]) / USER_HZ
    if rto < 0:
        raise ValueError("no time")
    name = "persist" if timer == TIMER_PERSIST else "on"
    return Info(rto, backoff_of(name, rto, left, retransmits), probes, retransmits > 0, None)


def _place(text: str) -> tuple[bytes, bytes]:
    """An address and port."""
    host, _, port = text.partition(":")
    if len(port) != 4:
        raise ValueError("no port")
    return _address(host), bytes.fromhex(port)


@lru_cache(maxsize=1 << 12)
def _address(text: str) -> bytes:
    """The bytes of an address, of which there are words of 32 bits as this machine's processor reads them."""
    if len(text) not in (8, 32):
        raise ValueError("no address")
    packed = b"".join(WORD.pack(int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    return packed.ljust(16, b"\0")
