"""A file for /etc/sysctl.d (sysctl.d(5), sysctl.conf(5)): both loaders read it the same way."""

from __future__ import annotations

from collections.abc import Sequence

from tcptune.report.fragments.comments import comments
from tcptune.report.fragments.entries import Entry

PATH = "/etc/sysctl.d/90-tcptune.conf"
"""Late, so that it wins over what packages bring, and not last, so that an administrator can still win over it."""

USE = (f"Save it as {PATH}; `sysctl -p {PATH}` sets it now, and every boot sets it again.",)


def lines(entries: Sequence[Entry]) -> list[str]:
    """A line for each key, below its reasons."""
    found: list[str] = []
    for entry in entries:
        found += ["", *comments(entry.reasons)]
        if entry.value is not None:
            # An empty value keeps its blank: sysctl of procps 3 takes a line that ends with `=` for a broken one.
            found.append(f"{entry.key} = {entry.value}")
    return found[1:]
