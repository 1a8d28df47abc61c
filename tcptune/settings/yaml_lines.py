"""YAML that does not parse (a template, a tab, a fragment), read line by line for what shows a setting all the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tcptune.settings import shell
from tcptune.settings.setting import KEY_START, Setting, is_network_key
from tcptune.settings.source import Source, unmarked

KEYED = re.compile(rf"""[ \t]*(?:-[ \t]+)?["']?(?P<key>{KEY_START}[^\s"':=]+)["']?[ \t]*:[ \t]+(?P<value>\S.*)""")
PAIR = re.compile(rf"""[ \t]*(?:-[ \t]+)?["']?-?(?P<key>{KEY_START}[^\s"'=]+)[ \t]*=[ \t]*(?P<value>\S.*)""")
NAMED = re.compile(
    rf"""[ \t]*(?:-[ \t]+)?(?:\{{[ \t]*)?\w+:[ \t]*["']?(?P<key>{KEY_START}[^\s"',]+)["']?(?P<rest>.*)"""
)
VALUE = re.compile(r"[ \t,]*(?:value|val|v):[ \t]*(?P<value>[^\n]+)")
COMMENT = re.compile(r"(?:^|[ \t])#(.*)")
MAX_DISTANCE = 3
"""Lines after its name in which the value of an item is looked for."""


def scan(source: Source) -> Iterator[Setting]:
    """The settings that single lines show, and items whose value stands shortly after their name."""
    about_sysctls = "sysctl" in source.text
    for number, line in enumerate(source.lines, source.first):
        if line.lstrip().startswith("#"):
            continue
        match = KEYED.match(line) or PAIR.match(line)
        value = match["value"] if match else None
        if match is None and (match := NAMED.match(line)):
            value = _value_near(source, number, match["rest"])
        if match and value is not None and (about_sysctls or is_network_key(match["key"])):
            yield _setting(source, number, match, value)
        elif match is None and "sysctl" in line:
            for found in shell.assignments(line):
                yield source.setting(source.start(number) + found.start, found.written, found.value)


def _setting(source: Source, number: int, match: re.Match[str], value: str) -> Setting:
    trailing = COMMENT.search(match.string, match.end("key"))
    comments = (*source.above(number), unmarked(trailing[1]) if trailing else "")
    return source.setting(source.start(number) + match.start("key"), match["key"], _plain(value), comments)


def _value_near(source: Source, number: int, rest: str) -> str | None:
    """The value of an item: on the line of its name, or on one of the next that is not about another name."""
    row = number - source.first + 1
    for text in (rest, *source.lines[row : row + MAX_DISTANCE]):
        if match := VALUE.match(text):
            return match["value"]
        if text is not rest and NAMED.match(text):
            return None
    return None


def _plain(value: str) -> str:
    """A value without its comment, its quotes and the brace of the mapping around it."""
    value = COMMENT.sub("", value).rstrip(" \t,")
    return (value if "{" in value else value.rstrip("} \t")).strip("\"'")
