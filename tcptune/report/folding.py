"""Lines for a terminal: under 80 columns, and without anything that a terminal would obey."""

from __future__ import annotations

import textwrap

from tcptune.printable import printable

WIDTH = 79
LONGEST = 2000
"""Characters of one text; no message of ours is half as long."""


def folded(text: str, first: str = "", rest: str = "  ") -> list[str]:
    """Text made safe and folded at blanks; FIN-WAIT-1 is never torn at its hyphens."""
    return textwrap.wrap(
        printable(text, LONGEST), WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
