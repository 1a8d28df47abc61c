"""The parts that every page is made of: headings, wrapped paragraphs, lists, tables."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from tabulate import tabulate

WIDTH = 79


def heading(text: str, level: int = 2) -> list[str]:
    """A Markdown heading with a blank line on each side."""
    return ["#" * level + " " + text, ""]


def paragraph(text: str) -> list[str]:
    """A paragraph, wrapped, and a blank line."""
    return [*textwrap.wrap(" ".join(text.split()), WIDTH, break_long_words=False, break_on_hyphens=False), ""]


def prose(text: str) -> list[str]:
    """Several paragraphs, parted by blank lines in the text."""
    return [line for part in text.strip().split("\n\n") for line in paragraph(part)]


def bullets(items: Iterable[str], indent: str = "") -> list[str]:
    """A list, wrapped, and a blank line; nothing at all for no items. `indent` makes it part of another item."""
    lines = [
        line
        for item in items
        for line in textwrap.wrap(
            " ".join(item.split()),
            WIDTH,
            initial_indent=f"{indent}- ",
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]
    return [*lines, ""] if lines else []


def section(title: str, items: Sequence[str]) -> list[str]:
    """A heading and a list, or nothing where there are no items."""
    return [*heading(title), *bullets(items)] if items else []


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table and a blank line; cells are shown as they are, never parsed as numbers."""
    escaped = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return [*tabulate(escaped, headers, tablefmt="github", disable_numparse=True).splitlines(), ""]


def code(lines: Iterable[str], language: str = "console") -> list[str]:
    """A fenced block and a blank line."""
    return [f"```{language}", *lines, "```", ""]


def text(lines: Iterable[str]) -> str:
    """The finished page, with one newline at its end."""
    return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"
