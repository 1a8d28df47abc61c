"""Comments of a fragment, the same in every language: lines that begin with `#` and can be nothing else."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from tcptune import __version__
from tcptune.model.report import Report
from tcptune.printable import printable
from tcptune.report.fragments.entries import Entry, rules
from tcptune.report.words import whose

WIDTH = 79
OPENERS = ("{{", "{%", "{#")
"""Where Jinja begins to run a text; Salt runs it inside comments of YAML too."""


def comment(text: str, indent: str = "") -> list[str]:
    """A sentence as lines of comment: clean, folded, and without anything that a template engine would run."""
    clean = printable(text, 2000)
    for opener in OPENERS:
        while opener in clean:
            clean = clean.replace(opener, f"{opener[0]} {opener[1]}")
    mark = f"{indent}# "
    lines = textwrap.wrap(clean, WIDTH, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False)
    return lines or [mark.rstrip()]


def comments(sentences: Iterable[str], indent: str = "") -> list[str]:
    """Several sentences, each on lines of its own."""
    return [line for sentence in sentences for line in comment(sentence, indent)]


def header(report: Report, undo: bool, use: Iterable[str]) -> list[str]:
    """Who made it, for whom, why, and how it is used; the same report always gives the same lines."""
    named = ", ".join(rules(report))
    what = "Takes back what is recommended" if undo else "What is recommended"
    sentences = [
        f"tcptune {__version__}. {what} for {whose(report.host, report.taken_at)}.",
        f"Rules: {named}." if named else "No rule recommends to set anything: nothing is to be done here.",
    ]
    return comments([*sentences, *(use if named else ())])


def footer(undo: Iterable[Entry]) -> list[str]:
    """The old values as comments, so that the way back stands beside the way there."""
    lines = [
        f"  {entry.key} = {entry.value}" if entry.value is not None else f"  {' '.join(entry.reasons)}"
        for entry in undo
    ]
    return comments(["To undo (tcptune generate --undo writes it whole):", *lines]) if lines else []
