"""What `sysctl --system` of procps makes of the lines of its files (src/sysctl.c: 3.3.15 to 4.0.7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tcptune.loaders.lines import COMMENT_MARKS, Keys, Line, Write, reached, with_slashes
from tcptune.loaders.patterns import fnmatch

BLANKS = " \t\n\v\f\r"
"""What isspace() takes for a blank."""

OLD_BLANKS = " \t\n\r"
OLD_LEADING_BLANKS = " \t"
"""What StripLeadingAndTrailingSpaces() of 3.3 strips: less, and less at the front."""

DEPRECATED = ("base_reachable_time", "retrans_time")
"""Keys of `neigh` that 3.3 does not write."""


class Procps(NamedTuple):
    """What changed between releases; `release` in words.

    `patterns`: keys with `*`, `?` and `[`, exclusions and empty values (4.0.0, 2022). `wide_exclusions`: an exclusion
    may be a pattern itself (4.0.5, 2024). `dash`: a `-` before the key is no part of it (3.3.16). `etc_first`: of
    files with one name, that of /etc is read, not that of /run (3.3.17).
    """

    release: str
    patterns: bool = True
    wide_exclusions: bool = True
    dash: bool = True
    etc_first: bool = True


NEW = Procps("4.0.5 or later")
V4_0_0 = Procps("4.0.0 to 4.0.4", wide_exclusions=False)
V3_3_17 = Procps("3.3.17", patterns=False, wide_exclusions=False)
V3_3_16 = Procps("3.3.16", patterns=False, wide_exclusions=False, etc_first=False)
OLD = Procps("3.3.15 or earlier", patterns=False, wide_exclusions=False, dash=False, etc_first=False)
GENERATIONS = (OLD, V3_3_16, V3_3_17, V4_0_0, NEW)


def parse(file: str, text: str, release: Procps = NEW) -> Iterator[Line]:
    """Preload() and parse_setting_line(): the lines that set or exclude a key. A NUL ends a line for it."""
    for number, physical in enumerate(text.split("\n"), 1):
        body = physical.partition("\0")[0].lstrip(BLANKS if release.patterns else OLD_LEADING_BLANKS)
        if not body or body.startswith(COMMENT_MARKS):
            continue
        found = _setting(body) if release.patterns else _old_setting(body, release)
        if found and found[0].strip("./"):
            written, value = found
            yield Line(file, number, written, with_slashes(written), value)


def _setting(body: str) -> tuple[str, str | None] | None:
    """The key and value of a line for 4.0; None for "invalid syntax, continuing". Two dashes count as one."""
    before, equals, value = body.partition("=")
    dash = before.startswith("-")
    if not (equals or dash):
        return None
    key = before.removeprefix("-").rstrip(BLANKS).removeprefix("-")
    return key, value.strip(BLANKS) if equals else None


def _old_setting(body: str, release: Procps) -> tuple[str, str] | None:
    """The key and value of a line for 3.3, cut by strtok(): an empty value is "invalid syntax"."""
    before, _, rest = body.rstrip(OLD_BLANKS).lstrip("=").partition("=")
    value = rest.lstrip("\r").partition("\r")[0].lstrip(OLD_LEADING_BLANKS)
    key = before.rstrip(OLD_BLANKS)
    return (key.removeprefix("-") if release.dash else key, value) if rest.strip("\r") else None


def writes(lines: Sequence[Line], keys: Keys, release: Procps = NEW) -> list[Write]:
    """write_setting_list(): one write for each line in its order; a line of that very path goes before a pattern."""
    named = {line.path for line in lines}
    exclusions = [line.path for line in lines if line.value is None and release.wide_exclusions]
    found: list[Write] = []
    for line in lines:
        if line.value is None or (not release.patterns and line.path.rpartition("/")[2] in DEPRECATED):
            continue
        paths: Sequence[str] = [line.path]
        if release.patterns and line.pattern:
            paths = [
                path
                for path in keys.matching(line.path)
                if path == line.path or not (path in named or any(fnmatch(exclusion, path) for exclusion in exclusions))
            ]
        found += [Write(target, line) for path in paths for target in reached(path, keys)]
    return found


def aims(line: Line, keys: Keys, release: Procps = NEW) -> Sequence[str]:
    """The keys that a line is about, whether or not it is the one that sets them."""
    pattern = release.patterns and line.pattern and (line.value is not None or release.wide_exclusions)
    paths = (keys.matching(line.path) if pattern else ()) or [line.path]
    return [target for path in paths for target in reached(path, keys)]
