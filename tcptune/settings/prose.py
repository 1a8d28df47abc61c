"""Text for people (Markdown, notes) and files of unknown kinds: what code blocks, tables and bare lines would set."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tcptune.settings.setting import KEY_START, Found, Inner, Setting, is_network_key
from tcptune.settings.source import Source

FENCE = re.compile(r"[ \t>]*(?P<fence>`{3,}|~{3,})[ \t]*\{?\.?(?P<language>[\w-]*)")
LANGUAGES = {
    **dict.fromkeys(("sh", "bash", "shell", "zsh", "console", "shell-session"), "shell"),
    **dict.fromkeys(("yaml", "yml"), "yaml"),
    "dockerfile": "dockerfile",
    "json": "json",
    "nix": "nix",
    "puppet": "puppet",
    "ruby": "chef",
}
"""The kind of a code block, by the word behind its fence; for any other word its content decides."""

TABLE_CELL = re.compile(rf"[ \t]*\|[ \t]*`?(?P<key>{KEY_START}[^\s=|`]+)[ \t]*=[ \t]*(?P<value>[^|`]*)`?[ \t]*\|")
BARE_LINE = re.compile(rf"[ \t]*-?(?P<key>{KEY_START}[^\s=]+)[ \t]*=[ \t]*(?P<value>.*)")


def read(source: Source) -> Found:
    """Settings in rows of tables and on lines of their own; code blocks are files of their own."""
    settings: list[Setting] = []
    inner: list[Inner] = []
    number, last = source.first, source.first + len(source.lines) - 1
    while number <= last:
        line = source.line(number)
        fence = FENCE.match(line)
        if fence:
            end = _end_of_block(source, number, last, fence["fence"])
            kind = LANGUAGES.get(fence["language"].lower(), "")
            inner += [Inner(kind, number + 1, end - 1)] if number + 1 < end else []
            number = end
        else:
            settings += _of_line(source, number, line)
        number += 1
    return Found(tuple(settings), (), tuple(inner))


def _end_of_block(source: Source, number: int, last: int, fence: str) -> int:
    """The line of the fence that closes a block; beyond the last line where none does."""
    for candidate in range(number + 1, last + 1):
        line = source.line(candidate).strip(" \t>")
        if line.startswith(fence) and not line.strip(fence[0]):
            return candidate
    return last + 1


def _of_line(source: Source, number: int, line: str) -> Iterator[Setting]:
    match = TABLE_CELL.match(line) or BARE_LINE.fullmatch(line)
    if match and is_network_key(match["key"]):
        index = source.start(number) + match.start("key")
        yield source.setting(index, match["key"], match["value"].strip(" \t`"), ())
