"""The settings of one file as rules see them: whether the key exists, and what the kernel makes of the value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tcptune.kernel.beliefs import BELIEFS
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.comment_beliefs import belief_in
from tcptune.kernel.names import ALIASES, Existence, existence_of
from tcptune.kernel.release import Release, holds
from tcptune.kernel.scope import scope_at
from tcptune.kernel.sysctl import Sysctl
from tcptune.kernel.writing import write
from tcptune.model.values import Item
from tcptune.printable import printable
from tcptune.settings.setting import VARIABLE, Parsed, Setting

READ_AS_WRITTEN = frozenset({"assignment", "at-least", "at-most"})
"""Settings whose value is known from the file alone."""

FOR_CONTAINERS = frozenset({"kubernetes", "compose"})

READ_TO_THE_END = frozenset({"sysctl", "tuned"})
"""Kinds of which every line is read, in order; in others a second line may be for another case or another machine."""


MAX_JUDGED = 2000
"""More settings of TCP than a file can have unless it was made to keep us busy."""


def written(parsed: Parsed, release: Release | None) -> list[Item]:
    """One item for each setting of a file that lies in a directory of which every key is known, in its order."""
    earlier: dict[str, Setting] = {}
    later = _later(parsed)
    items: list[Item] = []
    for index, setting in enumerate(parsed.settings):
        existence = _existence(setting, release)
        if existence.status == "unjudged" or len(items) >= MAX_JUDGED:
            continue
        item = _item(setting, existence, parsed.kind, release)
        items.append(item | _twice(setting, earlier.get(setting.key), later.get(index)))
        if parsed.kind in READ_TO_THE_END and setting.flavour in READ_AS_WRITTEN:
            earlier[setting.key] = setting
    return items


def _later(parsed: Parsed) -> Mapping[int, Setting]:
    """By the place of a setting, the last one that puts another value in its stead."""
    if parsed.kind not in READ_TO_THE_END or any(one.kind == "template" for one in parsed.complaints):
        return {}
    last = {setting.key: setting for setting in parsed.settings if setting.flavour == "assignment"}
    return {
        index: last[setting.key]
        for index, setting in enumerate(parsed.settings)
        if setting.flavour == "assignment" and not same(last[setting.key].value, setting.value)
    }


def _twice(setting: Setting, earlier: Setting | None, later: Setting | None) -> Item:
    """What a file says about a key in another line."""
    repeats = earlier is not None and later is None and same(earlier.value, setting.value)
    return {
        "earlier_line": earlier.line if earlier else 0,
        "repeats": int(repeats),
        "later_line": later.line if later else 0,
        "later_value": printable(later.value, 100) if later else "",
        "overridden": int(later is not None),
    }


def _item(setting: Setting, existence: Existence, kind: str, release: Release | None) -> Item:
    key = SYSCTLS.get(ALIASES.get(setting.key, setting.key))
    found = belief_in(setting.key, setting.comment, setting.value)
    belief = BELIEFS[found.belief] if found else None
    item: Item = {
        "subject": f"{printable(setting.written, 100)} (line {setting.line})",
        "key": printable(setting.key, 100),
        "value": printable(setting.value, 100),
        "line": setting.line,
        "column": setting.column,
        "flavour": setting.flavour,
        "status": existence.status,
        "instead": existence.instead,
        "removed": existence.removed,
        "since": existence.since,
        "belief": belief.id if belief else "",
        "claim": belief.claim if belief else "",
        "truth": belief.truth if belief else "",
        "outcome": "unknown",
        "why": "",
        "number": -1,
        "is_default": 0,
        "host_wide_for_container": 0,
        "has_comment": int("#" in setting.value or ";" in setting.value),
    }
    if key is None or setting.flavour not in READ_AS_WRITTEN or (kind == "tuned" and not setting.value):
        return item
    done = write(key, setting.value, release)
    host_wide = kind in FOR_CONTAINERS and scope_at(key.scopes, release) == "host"
    return item | {
        "outcome": done.outcome,
        "why": done.why,
        "number": done.numbers[0] if len(done.numbers) == 1 else -1,
        "is_default": int(_is_default(key, setting.value, release)),
        "host_wide_for_container": int(host_wide),
    }


def _existence(setting: Setting, release: Release | None) -> Existence:
    """Whether the key exists; nothing is said of a pattern, or of a name that is filled in later."""
    if setting.flavour in ("glob", "allowed") or VARIABLE.search(setting.written):
        return Existence("unjudged")
    return existence_of(setting.key, release)


def same(one: str, other: str) -> bool:
    """Whether two values are one to the kernel: numbers are compared, however they are spaced."""
    return one.split() == other.split()


def _is_default(key: Sysctl, value: str, release: Release | None) -> bool:
    """Whether every kernel that the file may be for has this value anyway."""
    spans = [span for span in key.defaults if release is None or holds(span.since, span.until, release)]
    return bool(spans) and all(same(span.says, value) for span in spans)


def values_of(settings: Sequence[Setting], release: Release | None) -> dict[str, int | str]:
    """What the keys hold after the whole file was written, as far as the kernel accepts it: facts by name."""
    found: dict[str, int | str] = {}
    for setting in _in_force(settings):
        key = SYSCTLS.get(ALIASES.get(setting.key, setting.key))
        if key is None or not setting.value:
            continue
        done = write(key, setting.value, release)
        if done.outcome == "refused":
            continue
        if key.text:
            found[key.name] = setting.value
        found |= dict(zip(key.facts(), done.numbers, strict=False))
    return found


def _in_force(settings: Iterable[Setting]) -> Iterable[Setting]:
    return (setting for setting in settings if setting.flavour in READ_AS_WRITTEN)
