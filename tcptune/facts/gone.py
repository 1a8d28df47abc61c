"""Settings that somebody gave and that this kernel does not have: of a file, of another machine, or misspelt."""

from __future__ import annotations

from collections.abc import Mapping

from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.names import Existence, existence_of
from tcptune.kernel.release import Release
from tcptune.model.values import Item, Value

FACTS = frozenset(fact for key in SYSCTLS.values() if not key.removed for fact in key.facts())
"""Of keys that were never removed: where such a one was read, it is there."""


def settings_gone(values: Mapping[str, Value], release: Release | None) -> list[Item]:
    """One item for each key that no kernel has, or that this one has no longer."""
    found: list[Item] = []
    for name, value in values.items():
        if not name.startswith("net.") or name in FACTS:
            continue
        existence = existence_of(name, release)
        if existence.status == "removed" and release is None:
            continue  # a kernel that shows it is an old one
        why = _why(existence)
        if why:
            shown = value if isinstance(value, int) else repr(value)[:100]
            found.append({"subject": name, "key": name, "value": shown, "why": why, "instead": existence.instead})
    return found


def _why(existence: Existence) -> str:
    match existence.status:
        case "removed":
            return f"it is gone since Linux {existence.removed}"
        case "misspelt":
            return f"no kernel has it; the nearest key is {existence.instead}"
        case "unknown":
            return "no kernel has it"
        case _:
            return ""
