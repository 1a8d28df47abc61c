"""Text that came from a machine, made safe to show: no control characters reach a terminal."""

from __future__ import annotations

import unicodedata

UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that move the cursor, reorder text or cannot be encoded."""


def printable(text: str, limit: int = 400) -> str:
    r"""Replace what a terminal would obey by its escape, and cut what is absurdly long.

    >>> printable("web\x1b[31m-3\u202e")
    'web\\x1b[31m-3\\u202e'
    """
    if len(text) > limit:
        text = text[:limit] + "..."
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character) in UNSAFE_CATEGORIES
        else character
        for character in text
    )
