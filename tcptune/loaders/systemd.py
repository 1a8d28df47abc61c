"""What systemd-sysctl makes of the lines of its files (src/sysctl/sysctl.c: v239, v245 to v256, v262)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tcptune.loaders.lines import COMMENT_MARKS, Keys, Line, Write, reached, with_slashes

BLANKS = " \t\n\r"
"""WHITESPACE (src/basic/string-util.h): a form feed or a vertical tab stays in the value."""

LINE_ENDS = re.compile("[\r\0]")
"""read_line() ends a line at these too; lines are counted here as an editor counts them."""


class Systemd(NamedTuple):
    """What changed between releases; `release` in words.

    `patterns`: keys with `*`, `?` and `[`, and exclusions (245, 2020). `dash`: a `-` before the key is no part of it
    (243, 2019). `parents`: a key may lead through `..` (until 249, 2021). `credential`: the credential sysctl.extra
    is read last (252, 2022). `circles_hide`: a link that leads back to itself hides the files of its name in lower
    folders, as any link does (until 257, 2025).
    """

    release: str
    patterns: bool = True
    dash: bool = True
    parents: bool = False
    credential: bool = True
    circles_hide: bool = False


NEW = Systemd("258 or later")


def version(number: int | None) -> Systemd:
    """What a release of systemd does; without a number, what today's does."""
    if number is None:
        return NEW
    return Systemd(
        release=str(number),
        patterns=number >= 245,
        dash=number >= 243,
        parents=number < 250,
        credential=number >= 252,
        circles_hide=number < 258,
    )


def parse(file: str, text: str, release: Systemd = NEW) -> Iterator[Line]:
    """parse_file(): the lines that set or exclude a key."""
    for number, physical in enumerate(text.split("\n"), 1):
        for piece in LINE_ENDS.split(physical):
            body = piece.strip(BLANKS)
            if not body or body.startswith(COMMENT_MARKS):
                continue
            before, equals, value = body.partition("=")
            exclusion = release.patterns and not equals and before.startswith("-")
            if not (equals or exclusion):
                continue  # "Line is not an assignment, ignoring"
            written = (before.removeprefix("-") if release.dash else before).strip(BLANKS)
            if path := normal(written):
                yield Line(file, number, written, path, value.strip(BLANKS) if equals else None)


def normal(written: str) -> str:
    """sysctl_normalize(): slashes between the parts, without empty parts and single dots."""
    return "/".join(part for part in with_slashes(written).split("/") if part not in ("", "."))


def collected(lines: Iterable[Line]) -> dict[str, Line]:
    """The table that parse_file() fills: a key set to another value leaves its place and goes last.

    An exclusion is an entry without a value: it takes the place of an earlier assignment of that very key.
    """
    options: dict[str, Line] = {}
    for line in lines:
        known = options.get(line.path)
        if known is None or known.value != line.value:
            options.pop(line.path, None)
            options[line.path] = line
    return options


def writes(lines: Sequence[Line], keys: Keys, release: Systemd = NEW) -> list[Write]:
    """apply_all(): one write for each key, in the order of the table; every entry of the table goes before a pattern.

    `keys` knows braces too (glob_extend() sets GLOB_BRACE).
    """
    options = collected(lines)
    found: list[Write] = []
    for line in options.values():
        if line.value is None:
            continue
        paths: Sequence[str] = [line.path]
        if release.patterns and line.pattern:
            paths = [path for path in keys.matching(line.path) if path == line.path or path not in options]
        found += [Write(target, line) for path in paths for target in _reached(path, keys, release)]
    return found


def aims(line: Line, keys: Keys, release: Systemd = NEW) -> Sequence[str]:
    """The keys that a line is about, whether or not it is the one that sets them.

    An exclusion is about the one key of that name, a pattern or not.
    """
    pattern = release.patterns and line.pattern and line.value is not None
    paths = (keys.matching(line.path) if pattern else ()) or [line.path]
    return [target for path in paths for target in _reached(path, keys, release)]


def _reached(path: str, keys: Keys, release: Systemd) -> list[str]:
    """sysctl_write(): path_is_normalized() refuses `..`."""
    return reached(path, keys) if release.parents or ".." not in path.split("/") else []
