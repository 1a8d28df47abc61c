"""Patterns as glob(3) and fnmatch(3) of glibc match them, without regular expressions: a hostile one costs no time."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

MAGIC = "*?["
"""What makes a pattern of a key for both loaders (procps and systemd string_is_glob())."""

ESCAPED = re.compile(r"\\(.)", re.DOTALL)
CLASSES: dict[str, str] = {
    "alnum": string.ascii_letters + string.digits,
    "alpha": string.ascii_letters,
    "blank": " \t",
    "digit": string.digits,
    "lower": string.ascii_lowercase,
    "punct": string.punctuation,
    "space": string.whitespace,
    "upper": string.ascii_uppercase,
    "xdigit": string.hexdigits,
}
MAX_PATHS = 100_000
"""More keys than a machine has; a pattern that reaches further is cut off there."""


class Token(NamedTuple):
    """One step of a pattern: any text, one character of `choice` (None: any), or none of it where `negated`."""

    star: bool = False
    choice: tuple[tuple[str, str], ...] | None = None
    negated: bool = False

    def takes(self, character: str) -> bool:
        """Whether this step matches a character."""
        if self.choice is None:
            return True
        return any(low <= character <= high for low, high in self.choice) != self.negated


def is_pattern(text: str) -> bool:
    """Whether both loaders take a text for a pattern."""
    return any(character in text for character in MAGIC)


def tokens(pattern: str) -> tuple[Token, ...]:
    """The steps of a pattern; a bracket that is never closed stands for itself, a backslash takes the next as it is."""
    found: list[Token] = []
    place = 0
    while place < len(pattern):
        character = pattern[place]
        place += 1
        if character == "*":
            if not (found and found[-1].star):
                found.append(Token(star=True))
        elif character == "?":
            found.append(Token())
        elif character == "[" and (bracket := _bracket(pattern, place)):
            token, place = bracket
            found.append(token)
        else:
            if character == "\\" and place < len(pattern):
                character = pattern[place]
                place += 1
            found.append(Token(choice=((character, character),)))
    return tuple(found)


def _bracket(pattern: str, place: int) -> tuple[Token, int] | None:
    """The set that begins after `[`, and where it ends; None where nothing closes it."""
    negated = pattern[place : place + 1] in ("!", "^")
    place += negated
    start = place
    choice: list[tuple[str, str]] = []
    while place < len(pattern) and (pattern[place] != "]" or place == start):
        if pattern.startswith("[:", place) and (end := pattern.find(":]", place)) > 0:
            choice += [(one, one) for one in CLASSES.get(pattern[place + 2 : end], "")]
            place = end + 2
            continue
        place += pattern[place] == "\\" and place + 1 < len(pattern)
        low = high = pattern[place]
        if pattern[place + 1 : place + 2] == "-" and pattern[place + 2 : place + 3] not in ("", "]"):
            high = pattern[place + 2]
            place += 2
        choice.append((low, high))
        place += 1
    return (Token(choice=tuple(choice), negated=negated), place + 1) if place < len(pattern) else None


def matches(steps: Sequence[Token], text: str) -> bool:
    """Whether a whole text follows the steps; the last star gives way first, so the time is a product of lengths.

    >>> matches(tokens("e*[!0-3]"), "eth4")
    True
    """
    step = place = 0
    star, resume = -1, 0
    while place < len(text):
        if step < len(steps) and steps[step].star:
            star, resume, step = step, place, step + 1
        elif step < len(steps) and steps[step].takes(text[place]):
            step, place = step + 1, place + 1
        elif star >= 0:
            resume += 1
            step, place = star + 1, resume
        else:
            return False
    return all(token.star for token in steps[step:])


def fnmatch(pattern: str, text: str) -> bool:
    """Whether a text matches as in the C library without flags: a star runs over slashes, and over a first dot."""
    return matches(tokens(pattern), text)


def in_folder(pattern: str, names: Sequence[str]) -> list[str]:
    """The names of a folder that a part of a path matches; a dot that begins a name has to be written."""
    steps = tokens(pattern)
    return [name for name in names if (pattern[:1] == "." or name[:1] != ".") and matches(steps, name)]


def expand(pattern: str, names: Callable[[str], Sequence[str]], there: Callable[[str], bool]) -> list[str]:
    """The paths that are there and match, as glob(3) spells them: like the pattern, but for its backslashes.

    A slash at the end asks for a folder, but only of a pattern: behind a plain name it is dropped. `names` lists a
    folder (nothing where it is none), `there` says whether a path exists.
    """
    paths = [""]
    parts = pattern.rstrip("/").split("/")
    if pattern.endswith("/") and (is_pattern(parts[-1]) or "\\" in parts[-1]):
        return []
    for number, part in enumerate(parts):
        slash = "/" if number else ""
        if is_pattern(part):
            paths = [f"{path}{slash}{name}" for path in paths for name in in_folder(part, names(path))][:MAX_PATHS]
        else:
            paths = [f"{path}{slash}{ESCAPED.sub(_as_it_is, part)}" for path in paths]
    return [path for path in paths if there(path)]


def _as_it_is(escaped: re.Match[str]) -> str:
    return escaped[1]


def braces(pattern: str) -> Iterator[str]:
    """What `{a,b}` stands for, as GLOB_BRACE of glibc has it; a brace without its partner stands for itself."""
    start = pattern.find("{")
    while start >= 0 and pattern.startswith("{}", start):
        start = pattern.find("{", start + 2)
    parts, end = _alternatives(pattern, start) if start >= 0 else ([], -1)
    if end < 0:
        yield pattern
        return
    for part in parts:
        yield from braces(pattern[:start] + part + pattern[end + 1 :])


def _alternatives(pattern: str, start: int) -> tuple[list[str], int]:
    """The parts between a brace and its partner, and where that is; -1 where there is none."""
    depth, begin = 0, start + 1
    parts: list[str] = []
    for place in range(start, len(pattern)):
        character = pattern[place]
        depth += (character == "{") - (character == "}")
        if (character == "," and depth == 1) or depth == 0:
            parts.append(pattern[begin:place])
            begin = place + 1
        if depth == 0:
            return parts, place
    return [], -1
