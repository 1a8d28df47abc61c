"""Nix, Puppet and Ruby as tokens: strings, words and signs with their places; enough to see what is given to what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Each alternative reads to its own end without going back, so that hostile text costs no more than its length.
TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
    |(?P<double>"[^"\\]*(?:\\.[^"\\]*)*")
    |(?P<single>'[^'\\]*(?:\\.[^'\\]*)*')
    |(?P<word>[\w$@.:][\w$@.:'?!-]*)
    |(?P<sign>=>|==|/\*|\\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
INDENTED_END = re.compile(r"''['$\\]|''")
"""The end of a string of Nix that began with two quotes, or an escape that only looks like it."""

ESCAPED = re.compile(r"\\([\"'\\$])")


class Token(NamedTuple):
    """A `string`, `word`, `sign` or `block` (a string of several lines in Nix); `start` is where its text begins."""

    kind: str
    text: str
    start: int
    end: int


def tokens(text: str, *, nix: bool = False) -> Iterator[Token]:
    """The tokens of a text without comments; in Nix a single quote belongs to a name, two begin a string."""
    position = 0
    while match := TOKEN.match(text, position):
        kind, piece, position = match.lastgroup, match.group(), match.end()
        if nix and kind == "single":
            kind, position = "sign", match.start() + (2 if text.startswith("''", match.start()) else 1)
            piece = text[match.start() : position]
        if piece == "/*":
            position = _after(text, "*/", position)
        elif nix and piece == "''":
            start = position
            end, position = _end_of_indented(text, start)
            yield Token("block", text[start:end], start, position)
        elif kind in ("double", "single"):
            yield Token("string", ESCAPED.sub(r"\1", piece[1:-1]), match.start() + 1, position)
        elif kind != "space":
            yield Token(str(kind), piece, match.start(), position)


def _after(text: str, closer: str, start: int) -> int:
    found = text.find(closer, start)
    return len(text) if found < 0 else found + len(closer)


def _end_of_indented(text: str, start: int) -> tuple[int, int]:
    """Where the text of an indented string ends, and where what follows begins."""
    for match in INDENTED_END.finditer(text, start):
        if match.group() == "''":
            return match.start(), match.end()
    return len(text), len(text)
