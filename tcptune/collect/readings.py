"""What a reader brings home: values by name, and for the rest the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tcptune.model.values import Value
from tcptune.printable import printable

INT64 = range(-(2**63), 2**63)
SHORT = 19
"""Digits; a number with fewer fits into 64 bits."""
WHOLE = re.compile(r"[+-]?[0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Readings:
    """Values read and gaps left by one reader."""

    values: dict[str, Value] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)


def whole_number(text: str) -> int:
    r"""A whole number as the kernel prints one; ValueError with the offending text otherwise.

    >>> whole_number(" 60\n")
    60
    """
    stripped = text.strip()
    if not WHOLE.fullmatch(stripped):
        raise ValueError(f"{quoted(stripped)} is not a whole number")
    value = int(stripped)
    if value not in INT64:
        raise ValueError(f"{quoted(stripped)} is larger than any number of the kernel")
    return value


def natural_number(text: str) -> int:
    """A whole number that is not negative, such as a count; ValueError otherwise."""
    if text.isdecimal() and text.isascii() and len(text) < SHORT:
        return int(text)
    value = whole_number(text)
    if value < 0:
        raise ValueError(f"a count of {value} cannot be")
    return value


def quoted(text: str) -> str:
    """Text of the machine inside a sentence of ours: cleaned, short, in quotes."""
    return f"'{printable(text, limit=40)}'"
