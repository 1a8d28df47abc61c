"""A line of shell cut into commands and words, near enough to see what is written where; nothing is run.

Expansions stay text. Nested quotes in `$( )` come out as neighbouring pieces of one word, which is enough here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

# Every alternative stops at the next quote, bracket or brace, so that hostile text costs no more than its length.
TOKEN = re.compile(
    r"""
    (?P<space>(?:[ \t\r]|\\\n)+)
    |(?P<comment>(?<![^\s;&|()])\#[^\n]*)
    |(?P<sign><<<|<<-?|&>>?|\d?>&[\d-]|\d?>>|\d?>\|?|&&|\|\||[;&|()<\n])
    |(?P<single>'[^']*')
    |(?P<double>"[^"\\]*(?:\\.[^"\\]*)*")
    |(?P<expansion>\$\([^()]*\)|\$\{[^{}]*\}|`[^`]*`)
    |(?P<escape>\\.)
    |(?P<plain>[^\s'"\\$`\#;&|<>()]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
ESCAPED = re.compile(r"\\([\"\\$`\n])")
ENDS = frozenset({"\n", ";", "&", "&&", "|", "||", "(", ")"})
REDIRECTIONS = frozenset({">", ">>", "1>", "1>>", ">|", "&>", "&>>"})
HEREDOCS = frozenset({"<<", "<<-"})


class Word(NamedTuple):
    """A word without its quotes, and where it begins in the text."""

    text: str
    start: int


class Command(NamedTuple):
    """A simple command: its words, the files it writes to, the marks of its heredocs, what ends it, its comment."""

    words: tuple[Word, ...]
    targets: tuple[Word, ...]
    heredocs: tuple[Word, ...]
    end: str
    comment: str


def commands(text: str) -> Iterator[Command]:
    """The simple commands of a text, one after the other."""
    words: list[Word] = []
    targets: list[Word] = []
    heredocs: list[Word] = []
    awaited = ""
    for kind, piece, start in _pieces(text):
        if kind == "word":
            place = targets if awaited in REDIRECTIONS else heredocs if awaited in HEREDOCS else words
            if not awaited or place is not words:
                place.append(Word(piece, start))
            awaited = ""
        elif kind == "sign" and piece not in ENDS:
            awaited = piece if piece in REDIRECTIONS or piece in HEREDOCS or piece[-1] in "<>" else ""
        else:
            if words or targets:
                comment = piece if kind == "comment" else ""
                yield Command(tuple(words), tuple(targets), tuple(heredocs), "\n" if comment else piece, comment)
            words, targets, heredocs, awaited = [], [], [], ""
    if words or targets:
        yield Command(tuple(words), tuple(targets), tuple(heredocs), "", "")


def open_quote(text: str) -> str:
    """The quote that is still open at the end of a text; "" if none is."""
    return next((match.group() for match in TOKEN.finditer(text) if match.group() in ("'", '"')), "")


def _pieces(text: str) -> Iterator[tuple[str, str, int]]:
    """(word, sign or comment; its text; where it begins)."""
    parts: list[str] = []
    begin = 0
    for match in TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind in ("space", "sign", "comment"):
            if parts:
                yield "word", "".join(parts), begin
                parts = []
            if kind != "space":
                yield kind, match.group(), match.start()
            continue
        if not parts:
            begin = match.start()
        parts.append(_cooked(kind, match.group()))
    if parts:
        yield "word", "".join(parts), begin


def _cooked(kind: str, piece: str) -> str:
    """A piece of a word without its quotes."""
    match kind:
        case "single":
            return piece[1:-1]
        case "double":
            return ESCAPED.sub(lambda match: match[1].strip("\n"), piece[1:-1])
        case "escape":
            return piece[1:].strip("\n")
        case _:
            return piece
