"""Bytes that somebody saved or pasted, as lines of plain text: decoded, without colours, quote marks and fences."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

HEAD = 4096
"""Bytes that tell whether something is text."""
MAX_LINE = 1 << 18
"""Characters; the longest line of Linux, ip_local_reserved_ports with every other port in it, has 192 kB."""

UTF_16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
NOT_TEXT = bytes({*range(9), *range(14, 27), *range(28, 32)})
"""Control characters that no program prints; tabs, line ends and escape sequences are others."""

ESCAPES = re.compile(
    r"\x1b(?:\[[0-9;:?<=>]{0,64}[ -/]?[@-~]|\][^\x07\x1b]{0,512}(?:\x07|\x1b\\)|[()*+][A-Z0-9]|[@-Z\\-_]|)"
)
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
BLANKS = re.compile("[\xa0\u2000-\u200a\u202f\u205f\u3000]")
"""Blanks that web pages put in the place of a space."""
QUOTE = re.compile(r"(?:>[ \t]?){1,9}")
FENCE = re.compile(r"\s*(?:```+|~~~+)\s*[\w+-]*\s*|\s*</?(?:pre|code|details|summary|p|br)/?>\s*")


def text_of(data: bytes) -> str:
    """The text that some bytes are, in UTF-8 or in the UTF-16 of Windows; ValueError where they are none."""
    for mark, code in UTF_16.items():
        if data.startswith(mark):
            return _utf_16(data[len(mark) :], code)
    head = data[:HEAD]
    zeros = head.count(0)
    if zeros > len(head) // 4:
        code = "utf-16-le" if head[1::2].count(0) == zeros else "utf-16-be" if head[::2].count(0) == zeros else ""
        if not code:
            raise ValueError("is not text: it is full of zero bytes")
        return _utf_16(data, code)
    if sum(head.count(code) for code in NOT_TEXT) > len(head) // 10:
        raise ValueError("is not text")
    return data.decode("utf-8", errors="replace")


def lines_of(text: str) -> Iterator[str]:
    r"""The lines that hold something, each cut where no line of Linux is so long.

    >>> list(lines_of("> ```\r\n> \x1b[1mTIME-WAIT\x1b[0m\u00a07\r\n\r\n"))
    ['TIME-WAIT 7']
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    at = 0
    while at < len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        line = text[at : min(end, at + MAX_LINE)]
        at = end + 1
        if not (line.isascii() and line.isprintable()):
            line = INVISIBLE.sub("", BLANKS.sub(" ", ESCAPES.sub("", line)))
        if line.startswith((">", "`", "~", "<", " ", "\t")):
            line = QUOTE.sub("", line, count=1) if line.startswith(">") else line
            if FENCE.fullmatch(line):
                continue
            line = line.lstrip("`")
        if line and not line.isspace():
            yield line


def _utf_16(data: bytes, code: str) -> str:
    if len(data) % 2:
        raise ValueError("is not text: UTF-16 with half a character at its end")
    try:
        return data.decode(code)
    except UnicodeDecodeError:
        raise ValueError("is not text, though it begins as UTF-16 does") from None
