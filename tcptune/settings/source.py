"""A settings file as text: decoded, cut into lines, with positions, comments and suppressions."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from tcptune.settings.setting import Complaint, Setting, Suppression, dotted, flavour_of

MAX_COMMENT_LINES = 60
"""What stands higher above a setting than a page is not about it."""

MAX_COMMENT = 2000
"""Characters of a line in which a comment is looked for; a line may be a megabyte with a setting in every word."""

SUPPRESSION = re.compile(r"(?:#|;|//|--|/\*)[#\s]{0,20}tcptune:\s*ignore(?:\[([^\]]*)\])?(.*)")
CLOSERS = ("-->", "*/", "#}")
BEFORE_A_COMMENT = " \t#;/<!{"


class Source(NamedTuple):
    """A text with its lines; `first` is the number of the first one in the file that it was cut from."""

    text: str
    lines: tuple[str, ...]
    starts: tuple[int, ...]
    first: int = 1

    @classmethod
    def of(cls, text: str, first: int = 1) -> Source:
        """A source of a text whose lines end with a line feed, and with nothing else."""
        lines = tuple(text.split("\n"))
        return cls(text, lines, tuple(accumulate((len(line) + 1 for line in lines[:-1]), initial=0)), first)

    def position(self, index: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character of the text."""
        row = bisect_right(self.starts, index) - 1
        return self.first + row, index - self.starts[row] + 1

    def line(self, number: int) -> str:
        """The text of a line of the file."""
        return self.lines[number - self.first]

    def start(self, number: int) -> int:
        """Where in the text a line of the file begins."""
        return self.starts[number - self.first]

    def part(self, first: int, last: int) -> Source:
        """Some lines of the file as a source of their own, which still knows their numbers."""
        return Source.of("\n".join(self.lines[first - self.first : last - self.first + 1]), first)

    def above(self, number: int, marks: str = "#") -> list[str]:
        """The comment lines directly above a line, from top to bottom, without their marks."""
        row = number - self.first - 1
        found: list[str] = []
        while row >= 0 and len(found) < MAX_COMMENT_LINES:
            line = self.lines[row][:MAX_COMMENT].strip()
            if not line or line[0] not in marks or line.startswith("#!"):
                break
            if not SUPPRESSION.match(line):
                found.append(line.strip(marks).strip())
            row -= 1
        return found[::-1]

    def after(self, index: int) -> str:
        """The comment that begins with `#` between a character and the end of its line; "" if there is none."""
        row = bisect_right(self.starts, index) - 1
        column = index - self.starts[row]
        rest = self.lines[row][column : column + MAX_COMMENT]
        before, mark, comment = rest.partition("#")
        return unmarked(comment) if mark and not before.strip(" \t,;}]") else ""

    def setting(
        self,
        index: int,
        written: str,
        value: str,
        comments: Iterable[str] | None = None,
        key: str = "",
        flavour: str = "",
        ignore_errors: bool = False,
    ) -> Setting:
        """The setting whose name stands at a character; without `comments`, those of its line and above it."""
        line, column = self.position(index)
        return Setting(
            key=key or dotted(written),
            written=written,
            value=value,
            line=line,
            column=column,
            comment="\n".join(filter(None, self.above(line) if comments is None else comments)),
            ignore_errors=ignore_errors,
            flavour=flavour or flavour_of(written, value),
            raw=self.line(line),
        )


def unmarked(comment: str) -> str:
    """A trailing comment without its marks, or nothing where it is a suppression."""
    return "" if SUPPRESSION.match("#" + comment) else comment.strip("#").strip()


def decode(data: bytes) -> tuple[str, list[Complaint]]:
    """The text of a file with line feeds only, whatever its bytes are, and what is odd about them."""
    complaints = []
    if data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
        complaints.append(Complaint(1, 1, "a byte order mark, which becomes part of the first line", "bom"))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        text = data.decode("utf-8", errors="replace")
        before = data[: error.start].decode("utf-8", errors="replace")
        complaints.append(Complaint(*_place(before), "is not UTF-8 from here on; read with replacements", "not-utf8"))
    text = text.replace("\r\n", "\n")
    if (nul := text.find("\0")) >= 0:
        sentence = "a NUL byte: systemd-sysctl begins a new line there, sysctl ignores the rest of the line"
        complaints.append(Complaint(*_place(text[:nul]), sentence, "nul"))
    if (carriage_return := text.rstrip("\r").find("\r")) >= 0:
        sentence = "a carriage return inside a line: systemd-sysctl begins a new line there, sysctl does not"
        complaints.append(Complaint(*_place(text[:carriage_return]), sentence, "carriage-return"))
    return text, complaints


def suppressions(source: Source, settings: Iterable[Setting]) -> tuple[list[Suppression], list[Complaint]]:
    """The comments that ask for a rule to be silent, and those that ask for it in vain."""
    lines = sorted({setting.line for setting in settings})
    found, complaints = [], []
    for number, line in enumerate(source.lines, source.first):
        match = SUPPRESSION.search(line) if "tcptune:" in line else None
        if match is None:
            continue
        rules = tuple(filter(None, (name.strip() for name in (match[1] or "").split(","))))
        if not rules:
            sentence = "names no rule to ignore; write `tcptune: ignore[rule-id] reason`"
            complaints.append(Complaint(number, match.start() + 1, sentence, "suppression"))
            continue
        alone = not line[: match.start()].strip(BEFORE_A_COMMENT)
        following = bisect_left(lines, number + 1)
        after = lines[following] if following < len(lines) else 0
        found.append(Suppression(number, rules, _reason(match[2]), after if alone else number))
    return found, complaints


def _reason(text: str) -> str:
    for closer in CLOSERS:
        text = text.strip().removesuffix(closer)
    return text.strip()


def _place(before: str) -> tuple[int, int]:
    """Line and column of what follows a text."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")
