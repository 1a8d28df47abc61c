"""/proc/net/tcp and tcp6: the fallback for counting sockets, and the way for stored trees.

It costs about three times a full sock_diag dump (net/ipv4/tcp_ipv4.c tcp4_seq_show()).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from tcptune.collect.files import read_lines, reason
from tcptune.collect.tally import NEW_SYN_RECV, Key
from tcptune.kernel.states import TcpState

STATES = frozenset({*TcpState, NEW_SYN_RECV})
TIMERS = range(256)


def read(root: Path) -> tuple[Counter[Key] | None, dict[str, str]]:
    """The tally of both files, and the gaps; None where one of them is unreadable: half a count is none.

    A machine without IPv6 has no tcp6, and that is no loss. A gap "states" beside a tally says that lines were lost.
    """
    tally: Counter[Key] = Counter()
    gaps: dict[str, str] = {}
    for file in ("tcp", "tcp6"):
        try:
            found, lost = parse(read_lines(root, f"proc/net/{file}"))
        except (OSError, ValueError) as error:
            why = reason(error) if isinstance(error, OSError) else str(error)
            gaps[f"proc.net.{file}"] = why
            if file == "tcp6" and isinstance(error, FileNotFoundError):
                continue
            return None, gaps | dict.fromkeys(("states", "kinds"), f"/proc/net/{file}: {why}")
        tally += found
        if lost:
            why = f"{lost} lines of /proc/net/{file} are not sockets and were left out"
            gaps |= dict.fromkeys((f"proc.net.{file}", "states", "kinds"), why)
    return tally, gaps


def parse(lines: Iterable[str]) -> tuple[Counter[Key], int]:
    """The sockets of one file by `Key`, and how many lines could not be understood.

    ValueError where there is neither headline nor socket: that is no empty table, but another file or a lost one.

    >>> parse(["  sl  local_address rem_address   st", "0: 0100007F:0016 00000000:0000 0A 0:0 00:0 0 0 0 812 1"])
    (Counter({(10, 0, True): 1}), 0)
    """
    tally: Counter[Key] = Counter()
    lost = 0
    headline = False
    for line in lines:
        words = line.split(None, 10)
        if not words:
            continue
        if "sl" in words[:2]:
            headline = True
            continue
        try:
            key = int(words[3], 16), int(words[5].partition(":")[0], 16), words[9] != "0"
        except (IndexError, ValueError):
            lost += 1
            continue
        if key[0] in STATES and key[1] in TIMERS and words[9].isdecimal():
            tally[key] += 1
        else:
            lost += 1
    if not headline and not tally:
        raise ValueError("neither headline nor sockets in it; it is not the kernel's table")
    return tally, lost
