"""What programs say of files of /proc/net that they could not read: a gap with the reason."""

from __future__ import annotations

import re

from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.piece import Piece, Said

COMPLAINT = re.compile(
    r"\s{0,12}(?:-?(?:ba|da|z|k)?sh|cat|grep|head|tail|error parsing|cannot open)\b.{0,40}?"
    r"/proc/(?:self/|[0-9]{1,10}/)?net/(?P<file>sockstat6?|snmp|netstat|tcp6?)['\"]?: (?P<why>[A-Za-z][A-Za-z ]{3,60})"
)
FACTS = {
    "sockstat": "sockstat", "sockstat6": "sockstat6", "snmp": "Tcp", "netstat": "TcpExt", "tcp": "proc.net.tcp",
    "tcp6": "proc.net.tcp6",
}  # fmt: skip
"""How the names of the facts begin that a file tells."""


def is_complaint(line: str, _: Command) -> object:
    """Whether a line says that such a file could not be read."""
    return COMPLAINT.match(line[:300])


def read(piece: Piece) -> Said:
    """The gaps.

    >>> read(Piece(["cat: /proc/net/sockstat: Permission denied"])).gaps
    {'sockstat': 'permission denied, says the text'}
    """
    found = [COMPLAINT.match(line[:300]) for line in piece.lines]
    return Said(gaps={FACTS[one["file"]]: f"{one['why'].lower()}, says the text" for one in found if one})
