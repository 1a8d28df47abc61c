"""What uname, uptime, free and hostnamectl print of the machine."""

from __future__ import annotations

import re

from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.piece import Format, Piece, Said
from tcptune.collect.proc.machine import parse_name
from tcptune.collect.readings import natural_number
from tcptune.model.values import Value

RELEASE = r"(?P<release>[0-9]{1,4}\.[0-9]{1,4}[0-9A-Za-z._+~-]{0,60})"
UNAME = re.compile(rf"\s{{0,8}}Linux (?P<name>[A-Za-z0-9][\w.-]{{0,63}}) {RELEASE} #.{{1,300}}")
VERSION = re.compile(rf"\s{{0,8}}Linux version {RELEASE} \(.{{1,500}}")
HOSTNAMECTL = re.compile(
    rf"\s{{0,24}}(?:Static hostname: (?P<name>[A-Za-z0-9][\w.-]{{0,63}})|Kernel: Linux {RELEASE}"
    r"|(?:Icon name|Chassis|Machine ID|Boot ID|Virtualization|Operating System|CPE OS Name|Architecture): .{1,120})\s*"
)
UPTIME = re.compile(
    r"\s{0,8}[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?: ?[ap]m)?\s{1,4}up\s{1,4}(?:(?P<days>[0-9]{1,6}) days?,?\s{1,4})?"
    r"(?:(?P<hours>[0-9]{1,2}):(?P<rest>[0-9]{2})|(?P<minutes>[0-9]{1,2}) min),\s.{0,200}"
)
FREE_HEADLINE = re.compile(r"\s{1,24}total\s+used\s+free\s+.{0,80}")
FREE = re.compile(r"\s{0,8}(?P<name>Mem|Swap|Total|-/\+ buffers/cache|Low|High):\s+(?P<numbers>[0-9].{0,120})")

MINUTE = 60
WORTH_TELLING = 3600
"""Seconds; `uptime` prints whole minutes, which is near enough from an hour on."""


def is_uname(line: str, command: Command) -> object:
    """Whether a line is uname's or /proc/version's, or the answer to `uname -r`."""
    line = line[:600]
    return UNAME.fullmatch(line) or VERSION.fullmatch(line) or (_asks_release(command) and _release_alone(line))


def read_uname(piece: Piece) -> Said:
    """Host name and release.

    >>> read_uname(Piece(["Linux web3 5.4.0-42-generic #46-Ubuntu SMP x86_64 GNU/Linux"]))[3:5]
    ('web3', '5.4.0-42-generic')
    """
    line = piece.lines[-1][:600]
    if found := UNAME.fullmatch(line):
        return Said(name=parse_name(found["name"]), release=parse_name(found["release"]))
    found = VERSION.fullmatch(line) or re.fullmatch(RELEASE, line.strip())
    if found is None:
        raise ValueError("not what uname prints")
    return Said(release=parse_name(found["release"]))


def read_hostnamectl(piece: Piece) -> Said:
    """Host name and release."""
    found = [HOSTNAMECTL.fullmatch(line[:300]) for line in piece.lines]
    names = [match["name"] for match in found if match and match["name"]]
    releases = [match["release"] for match in found if match and match["release"]]
    return Said(name=names[-1] if names else None, release=releases[-1] if releases else None)


def read_uptime(piece: Piece) -> Said:
    """Seconds since the start, where whole minutes say enough of it.

    >>> read_uptime(Piece([" 14:53:11 up 93 days, 3:02, 1 user, load average: 0.1, 0.2, 0.3"])).values
    {'uptime': 8046150.0}
    """
    found = UPTIME.fullmatch(piece.lines[-1][:300])
    if found is None:
        raise ValueError("not what uptime prints")
    days, hours, rest, minutes = (int(number or 0) for number in found.groups())
    seconds = ((days * 24 + hours) * 60 + rest + minutes) * MINUTE
    if seconds < WORTH_TELLING:
        return Said(gaps={"uptime": f"from {seconds} s to {seconds + MINUTE} s, as uptime prints; /proc/uptime tells"})
    return Said({"uptime": seconds + MINUTE / 2}, {"uptime.minutes": "printed in whole minutes: right to half of one"})


def read_free(piece: Piece) -> Said:
    """The memory of the machine, in kB, where the command says that free printed kB."""
    row = next(
        (found for line in piece.lines if (found := FREE.fullmatch(line[:200])) and found["name"] == "Mem"), None
    )
    if row is None:
        raise ValueError("not what free prints")
    if piece.command.program != "free" or _options(piece.command) - {
        "k",
        "kibi",
        "t",
        "total",
        "w",
        "wide",
        "l",
        "lohi",
    }:
        why = "free prints other units than kB, or which is not told; `free -k` or /proc/meminfo tell"
        return Said(gaps={"meminfo": why})
    numbers = row["numbers"].split()
    values: dict[str, Value] = {"meminfo.MemTotal": natural_number(numbers[0])}
    if any("available" in line for line in piece.lines):
        values["meminfo.MemAvailable"] = natural_number(numbers[-1])
    return Said(values)


def _options(command: Command) -> set[str]:
    words = command.stages[0][1:]
    long = {word[2:] for word in words if word.startswith("--")}
    return long | {letter for word in words if word.startswith("-") and word[1:2] != "-" for letter in word[1:]}


def _asks_release(command: Command) -> bool:
    return command.program == "uname" and "r" in _options(command)


def _release_alone(line: str) -> object:
    return re.fullmatch(RELEASE, line.strip())


FORMATS = (
    Format("uname", is_uname, read_uname),
    Format("hostnamectl", lambda line, _: HOSTNAMECTL.fullmatch(line[:300]), read_hostnamectl),
    Format("uptime", lambda line, _: UPTIME.fullmatch(line[:300]), read_uptime),
    Format("free", lambda line, _: FREE_HEADLINE.fullmatch(line[:200]), read_free, lambda line: FREE.match(line[:200])),
)
