"""Values as the kernel reads them when they are written (kernel/sysctl.c do_proc_dointvec(), proc_get_long(); 6.18)."""

from __future__ import annotations

import re

from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.history import INT_MAX, INT_MIN, Range
from tcptune.kernel.release import Release, holds
from tcptune.kernel.reserved_ports import intervals
from tcptune.kernel.sysctl import Sysctl

NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|[0-9]+)")
BLANKS = " \t\n"
"""proc_wspace_sep: only these may follow a number."""

LEADING_BLANKS = BLANKS + "\v\f\r"
TMPBUFLEN = 22
"""A number must be shorter than one less, its sign included."""

DECIMAL = re.compile(r"-?[0-9]+")
PORT_RANGE = "net.ipv4.ip_local_port_range"
RESERVED_PORTS = "net.ipv4.ip_local_reserved_ports"
NUMERIC = re.compile(r"net\.ipv[46]\.(?:conf|neigh)\.(?!.*\.stable_secret$)")
"""Keys outside the catalogue that are one number each."""


def numbers(text: str, count: int, bounds: tuple[int, int] | None = None) -> tuple[int, ...]:
    """The numbers that a write sets, at most `count`; none where the kernel refuses it with EINVAL.

    It takes one number after the other: a wrong one ends the write with EINVAL, those before it stay set. Fewer
    numbers leave the rest of a vector as it was. What stands after the last one that fits is not looked at, so a
    comment after a blank is no error; a number right before another character is one. 0x and 0 begin other bases.

    >>> numbers("4096 # bytes", 3), numbers("30s", 1), numbers("0x1e # seconds", 1)
    ((4096,), (), (30,))
    """
    found: list[int] = []
    while len(found) < count and (text := text.lstrip(LEADING_BLANKS)):
        match = NUMBER.match(text)
        if match is None or match.end() >= TMPBUFLEN - 1 or text[match.end() : match.end() + 1] not in ("", *BLANKS):
            break
        value = _value(match.group())
        if value is None or (bounds and not bounds[0] <= value <= bounds[1]):
            break
        found.append(value)
        text = text[match.end() :]
    return tuple(found)


def _value(text: str) -> int | None:
    """A number as simple_strtoul() with base 0 reads it: 010 is 8, and 08 a 0 with something behind it."""
    digits = text.lstrip("-").lower()
    try:
        value = int(digits, 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10)
    except ValueError:
        return None
    return -value if text.startswith("-") else value


def same(running: str, written: str, key: str = "") -> bool:
    r"""Whether a key that shows `running` is as a write of `written` leaves it.

    >>> same("1024\t65000", "1024  65000")
    True
    """
    words = running.split()
    if words and all(DECIMAL.fullmatch(word) for word in words):
        given = numbers(written, len(words))
        if given:
            return given == tuple(map(int, words[: len(given)]))
    if key == RESERVED_PORTS:
        return ports(running) == ports(written)
    return words == written.split()


def alike(one: str, other: str, key: str = "") -> bool:
    """Whether two values that are written come to the same.

    >>> alike("0x1e", "30")
    True
    """
    count = _count(key) or max(len(one.split()), len(other.split()))
    pair = numbers(one, count), numbers(other, count)
    if all(pair):
        return pair[0] == pair[1]
    return ports(one) == ports(other) if key == RESERVED_PORTS else one.split() == other.split()


def _count(key: str) -> int:
    """How many numbers a key holds; 0 where that is not known."""
    entry = SYSCTLS.get(key)
    if entry is not None:
        return 0 if entry.text else len(entry.facts())
    return 1 if NUMERIC.match(key) else 0


def ports(text: str) -> object:
    """The ports of a list, merged as the kernel prints them; the text itself where it is no list."""
    try:
        pairs = sorted(intervals(text))
    except ValueError:
        return text
    merged: list[tuple[int, int]] = []
    for low, high in pairs:
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def refusal(key: str, text: str, release: Release | None) -> str:
    """Why a write changes nothing, as far as that is known without trying; "" where it may change something."""
    count = _count(key)
    if not count:
        return ""
    bounds = _bounds(SYSCTLS.get(key), release)
    # A port range is put together first and then set, or not at all (ipv4_local_port_range()).
    needed = min(count, len(text.split())) if key == PORT_RANGE else 1
    given, plain = numbers(text, count, bounds), numbers(text, count)
    if given and len(given) >= needed:
        return ""
    if bounds and len(given) < len(plain):
        return f"refused: not within {bounds[0]} to {bounds[1]}"
    return "refused: not a number" if count == 1 else "refused: not numbers"


def _bounds(entry: Sysctl | None, release: Release | None) -> tuple[int, int] | None:
    """The bounds of each number in a release; None where the release decides and is not known."""
    if entry is None:
        return INT_MIN, INT_MAX
    found = [bounds for bounds in entry.ranges if _holds(bounds, release)]
    return (found[0].low, found[0].high) if len(found) == 1 and not entry.vendor_only else None


def _holds(bounds: Range, release: Release | None) -> bool:
    if release is None:
        return not bounds.since and not bounds.until
    return holds(bounds.since, bounds.until, release)
