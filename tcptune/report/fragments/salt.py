"""States for Salt: `sysctl.present` (salt/states/sysctl.py), which sets the running value and the file."""

from __future__ import annotations

from collections.abc import Sequence

from tcptune.report.fragments.comments import comments
from tcptune.report.fragments.entries import Entry
from tcptune.report.fragments.sysctl_d import PATH

USE = ("States of an SLS file; `salt MINION state.apply NAME test=True` shows what they would change.",)


def lines(entries: Sequence[Entry]) -> list[str]:
    """A state for each key; an empty mapping where there is none."""
    found: list[str] = []
    for entry in entries:
        found += ["", *comments(entry.reasons)]
        if entry.value is not None:
            found += [f"{entry.key}:", "  sysctl.present:", f"    - value: '{entry.value}'", f"    - config: {PATH}"]
    if not any(entry.value is not None for entry in entries):
        found += ["", "{}"]
    return found[1:]
