"""The list of ports in ip_local_reserved_ports: "8080,9000-9010" (kernel/sysctl.c proc_do_large_bitmap())."""

from __future__ import annotations

import re

PORTS = re.compile(r"\s*([0-9]{1,5})(?:-([0-9]{1,5}))?\s*")
LAST_PORT = 65535


def intervals(text: str) -> list[tuple[int, int]]:
    """The ports as inclusive pairs; ValueError where the text is not such a list.

    >>> intervals("8080,9000-9010")
    [(8080, 8080), (9000, 9010)]
    """
    pairs = []
    for part in text.split(","):
        if not part.strip():
            continue
        found = PORTS.fullmatch(part)
        low, high = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not low <= high <= LAST_PORT:
            raise ValueError(f"{part[:40]!r} is not a port or a range of ports")
        pairs.append((low, high))
    return pairs


def count_within(text: str, low: int, high: int) -> int:
    """How many of the ports low..high the list reserves; an overlap counts once."""
    count, done = 0, low - 1
    for start, end in sorted(intervals(text)):
        start, end = max(start, done + 1), min(end, high)
        if start <= end:
            count += end - start + 1
            done = end
    return count
