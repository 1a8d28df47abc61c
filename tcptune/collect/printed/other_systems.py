"""Texts of macOS, BSD, Solaris and Windows, whose settings have other names and whose TCP is another one."""

from __future__ import annotations

import re

from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.piece import Piece, Said

SIGNS = (
    (
        "macOS or BSD",
        re.compile(r"\s{0,8}(?:net\.inet6?|net\.link|net\.local|kern|hw|machdep|security)\.[\w.]{1,120}\s{0,2}[:=].*"),
    ),
    ("macOS", re.compile(r"\s{0,8}(?:Darwin \S{1,64} [0-9].*|ProductName:\s+(?:macOS|Mac OS X).*)")),
    ("BSD", re.compile(r"\s{0,8}(?:Free|Open|Net)BSD \S{1,64} [0-9].*")),
    (
        "macOS or BSD",
        re.compile(
            r"\s{0,8}(?:tcp|udp)(?:4|6|46)\s+[0-9]+\s+[0-9]+\s+\S{1,60}[.](?:[0-9]{1,5}|\*)\s+\S{1,60}[.](?:[0-9]{1,5}|\*).*"
        ),
    ),
    ("macOS or BSD", re.compile(r"\s{0,8}Active Internet connections(?: \(including servers\))?\s*")),
    (
        "Windows",
        re.compile(
            r"\s{0,8}TCP\s+(?:[0-9.]{7,15}|\[[0-9a-f:%]{2,50}\]):[0-9]{1,5}\s+\S{1,80}:[0-9]{1,5}\s+[A-Z][A-Z_0-9]{3,12}(?:\s+[0-9]+)?\s*"
        ),
    ),
    ("Windows", re.compile(r"\s{0,4}(?:Microsoft Windows \[|PS [A-Z]:\\|[A-Z]:\\[^>]{0,120}>).*")),
    ("Windows", re.compile(r"\s{0,4}Active Connections\s*")),
    ("Windows", re.compile(r"\s{0,4}Proto\s+Local Address\s+Foreign Address\s+State(?:\s+PID)?\s*")),
    ("Solaris", re.compile(r"\s{0,8}SunOS \S{1,64} [0-9].*")),
)


def is_sign(line: str, _: Command) -> object:
    """Whether only another system prints such a line."""
    return system_of(line) is not None


def system_of(line: str) -> str | None:
    """The system that prints such a line.

    >>> system_of("net.inet.ip.portrange.first: 49152")
    'macOS or BSD'
    """
    return next((system for system, sign in SIGNS if sign.fullmatch(line[:300])), None)


def read(_: Piece) -> Said:
    """Nothing of Linux."""
    return Said()
