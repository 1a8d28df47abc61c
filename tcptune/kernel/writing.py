"""What a kernel makes of a text that is written to a sysctl (kernel/sysctl.c, do_proc_dointvec() and its kin).

Measured on 6.18: "300 # c" and "300 400" set 300, "300#c" and "abc" are EINVAL; of a vector, fewer numbers set the
first ones and leave the others.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from tcptune.kernel.history import Range
from tcptune.kernel.release import Release, holds
from tcptune.kernel.reserved_ports import intervals
from tcptune.kernel.sysctl import Sysctl

NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)\Z", re.ASCII)
"""A number as proc_get_long() reads it, with strtoul()'s prefixes: after 0 come octal digits."""
LONGEST = 20
"""Digits; proc_get_long() refuses longer ones."""

NOT_IN_A_LIST = re.compile(r"[^0-9,-]", re.ASCII)
"""proc_do_large_bitmap() takes no blank between two ports."""

FIRST_UNPRIVILEGED = 1024
"""The default of ip_unprivileged_port_start, below which the port range must not begin since 4.11."""

PORT_RANGE = "net.ipv4.ip_local_port_range"


class Written(NamedTuple):
    """What stands in the key afterwards.

    `accepted`: the numbers do. `partly`: they do, and the rest of the vector keeps what it had, or the rest of the
    text is lost. `refused`: the write fails with EINVAL and the old value stays. `why` says so in a clause.
    """

    outcome: Literal["accepted", "partly", "refused"]
    numbers: tuple[int, ...] = ()
    why: str = ""


def write(key: Sysctl, text: str, release: Release | None = None) -> Written:
    """What the kernel of a release does with a text; the newest where the release is not known."""
    if key.text:
        return _write_list(text)
    wanted = len(key.parts) or 1
    words = text.split()
    numbers: list[int] = []
    for word in words[:wanted]:
        if not NUMBER.match(word) or len(word) > LONGEST:
            break
        numbers.append(_number(word))
    if not numbers:
        return Written("refused", why=f"{text[:40]!r} is not a number")
    if len(numbers) < min(len(words), wanted):
        return Written("refused", why=f"{words[len(numbers)][:40]!r} is not a number")
    if (why := _out_of_range(key, numbers, release)) is not None:
        return Written("refused", why=why)
    if len(numbers) < wanted:
        left = ", ".join(key.parts[len(numbers) :])
        return Written("partly", tuple(numbers), f"{len(numbers)} of {wanted} numbers; {left} keeps its value")
    if len(words) > wanted:
        return Written("partly", tuple(numbers), f"{' '.join(words[wanted:])[:40]!r} after the value is lost")
    return Written("accepted", tuple(numbers))


def _write_list(text: str) -> Written:
    if (odd := NOT_IN_A_LIST.search(text.strip())) is not None:
        return Written("refused", why=f"{odd[0]!r} is not in a list such as 8080,9000-9010")
    try:
        intervals(text)
    except ValueError as error:
        return Written("refused", why=str(error))
    return Written("accepted")


def _number(word: str) -> int:
    digits = word.lstrip("-").lower()
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    return -int(digits, base) if word.startswith("-") else int(digits, base)


def _out_of_range(key: Sysctl, numbers: list[int], release: Release | None) -> str | None:
    """Why the kernel refuses some numbers, or None."""
    accepted = range_at(key, release)
    if accepted is not None:
        for number in numbers:
            if not accepted.low <= number <= accepted.high:
                since = f" since {accepted.since}" if accepted.since and release is None else ""
                return f"{number} is outside {accepted.low}..{accepted.high} that the kernel accepts{since}"
    if key.name == PORT_RANGE and len(numbers) == 2 and numbers[0] > numbers[1]:
        return "the first port exceeds the second"
    if key.name == PORT_RANGE and numbers[0] < FIRST_UNPRIVILEGED and (release is None or release.version >= (4, 11)):
        return f"{numbers[0]} is below ip_unprivileged_port_start, 1024 by default"
    return None


def range_at(key: Sysctl, release: Release | None) -> Range | None:
    """The numbers that a release accepts, or the newest; None where nothing is known."""
    for found in key.ranges:
        if release is None:
            if not found.until:
                return found
        elif holds(found.since, found.until, release):
            return found
    return None
