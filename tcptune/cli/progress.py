"""How far a long run is: one line on a terminal that is written over, and gone in the end."""

from __future__ import annotations

import os
import sys
from time import monotonic

from tcptune.printable import printable

EVERY = 0.1
"""Seconds between two lines: faster than anyone reads."""
ERASE = "\r\x1b[K"
USUAL = 80
"""Columns of a terminal that does not say how many it has."""


class Progress:
    """Sources that are done, of how many. It says nothing unless `wanted`."""

    def __init__(self, total: int, wanted: bool) -> None:
        self._total = total
        self._next = 0.0 if wanted else float("inf")
        self._shown = False

    def show(self, done: int, name: str) -> None:
        """Say that so many are done, the last of them `name`; too soon after the last time nothing is said."""
        if monotonic() < self._next:
            return
        self._next = monotonic() + EVERY
        self._shown = True
        _say(ERASE + printable(f"{done}/{self._total} {name}")[: _columns() - 1])

    def erase(self) -> None:
        """Take the line away, so that something else can be said."""
        if self._shown:
            self._shown = False
            _say(ERASE)


def wanted(talks: bool) -> bool:
    """Whether a line that moves helps anyone: on the terminal of a person, unless stdout `talks` to it meanwhile."""
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") in (None, "", "dumb"):
        return False
    return "CI" not in os.environ and not (talks and sys.stdout is not None and sys.stdout.isatty())


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or USUAL
    except OSError:
        return USUAL


def _say(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, UnicodeEncodeError):  # no progress is no reason to end
        pass
