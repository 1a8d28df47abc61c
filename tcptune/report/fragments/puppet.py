"""Resources for Puppet: `sysctl` with `value`, which the modules in use (augeasproviders_sysctl, thias) share."""

from __future__ import annotations

from collections.abc import Sequence

from tcptune.report.fragments.comments import comments
from tcptune.report.fragments.entries import Entry

USE = (
    "Needs a module with the resource sysctl, such as puppet/augeasproviders_sysctl, which sets the running value too.",
)


def lines(entries: Sequence[Entry]) -> list[str]:
    """A resource for each key; nothing in single quotes is filled in by Puppet."""
    found: list[str] = []
    for entry in entries:
        found += ["", *comments(entry.reasons)]
        if entry.value is not None:
            found += [f"sysctl {{ '{entry.key}':", f"  value => '{entry.value}',", "}"]
    return found[1:]
