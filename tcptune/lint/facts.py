"""The facts of a settings file: what its keys would hold, and how it is written; pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import NamedTuple

from tcptune.facts.derive import derive
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.names import ALIASES
from tcptune.kernel.release import Release
from tcptune.lint.written import READ_AS_WRITTEN, values_of, written
from tcptune.model.facts import Facts
from tcptune.model.snapshot import Host, Snapshot
from tcptune.model.values import Item, Value
from tcptune.printable import printable
from tcptune.settings.kinds import TEMPLATE_SUFFIXES
from tcptune.settings.setting import Complaint, Parsed, Setting, Suppression

WRITTEN, COMPLAINTS, FILE, SUPPRESSIONS = (
    "settings.written",
    "settings.complaints",
    "settings.file",
    "settings.suppressions",
)


OF_MACHINES: dict[str, Value | list[Item]] = {"settings.gone": [], "doubts": []}
"""What a machine's numbers say by themselves and a file says line by line, in rules of its own."""


class Assumed(NamedTuple):
    """What is taken for the machine that the file is for: nothing, where it is for any.

    `kind_given` says that somebody told the kind of the file: then its name is not the one it will have, as under
    the temporary names that configuration management has files validated by.
    """

    release: str | None = None
    memory_kb: int | None = None
    kind_given: bool = False


def facts_of(parsed: Parsed, path: str, assumed: Assumed) -> Facts:
    """Everything a rule may ask about one file."""
    return with_lines(facts_of_values(parsed, path, assumed), parsed, path, assumed)


def facts_of_values(parsed: Parsed, path: str, assumed: Assumed) -> Facts:
    """What the keys of a file would hold: all that a rule without `for_each` may ask."""
    release = Release.parse(assumed.release or "")
    values: dict[str, Value] = {**values_of(parsed.settings, release)}
    if assumed.memory_kb is not None:
        values["meminfo.MemTotal"] = assumed.memory_kb
    facts = derive(Snapshot(Host(release=assumed.release, source=path), values=values))
    return facts._replace(values={**facts.values, **OF_MACHINES})


def with_lines(facts: Facts, parsed: Parsed, path: str, assumed: Assumed) -> Facts:
    """The facts of a file's values, and how each of its lines is written."""
    lists: dict[str, list[Item]] = {
        WRITTEN: written(parsed, Release.parse(assumed.release or "")),
        COMPLAINTS: [_complaint(complaint, parsed) for complaint in parsed.complaints],
        FILE: [_file(parsed, path, assumed.kind_given)],
        SUPPRESSIONS: [
            *(_suppression(one) for one in parsed.suppressions),
            *(_vain(one) for one in parsed.complaints if one.kind == "suppression"),
        ],
    }
    return facts._replace(values={**facts.values, **lists})


def _complaint(complaint: Complaint, parsed: Parsed) -> Item:
    setting = next((one for one in parsed.settings if one.line == complaint.line), None)
    before = setting.raw[: complaint.column - 1] if setting else ""
    return {
        "subject": f"line {complaint.line}",
        "line": complaint.line,
        "column": complaint.column,
        "kind": complaint.kind,
        "text": printable(complaint.text, 300),
        "touches": int(before[-1:].isalnum()),
        "judged": int(setting is not None and setting.key in SYSCTLS),
    }


def _suppression(suppression: Suppression) -> Item:
    return {
        "subject": f"line {suppression.line}",
        "line": suppression.line,
        "column": 1,
        "rules": printable(", ".join(suppression.rules), 200),
        "reason": printable(suppression.reason, 200),
    }


def _vain(complaint: Complaint) -> Item:
    """A comment that asks for silence and names no rule."""
    return {
        "subject": f"line {complaint.line}",
        "line": complaint.line,
        "column": complaint.column,
        "rules": "",
        "reason": "",
    }


def _file(parsed: Parsed, path: str, kind_given: bool) -> Item:
    """The file as a whole: where it lies, and whether a loader would read it there."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    in_sysctl_d = folder.rpartition("/")[2] == "sysctl.d" and not kind_given
    return {
        "subject": printable(name, 100),
        "line": 1,
        "column": 1,
        "kind": parsed.kind,
        "settings": len(parsed.settings),
        "never_read": int(in_sysctl_d and not _meant_to_be_read(name)),
    }


def _meant_to_be_read(name: str) -> bool:
    """Whether a loader reads a file of this name, or would once a template is filled in, or on purpose does not."""
    place = PurePosixPath(name)
    return place.suffix in (".conf", *TEMPLATE_SUFFIXES) or name.endswith("~")


def places(parsed: Parsed) -> Mapping[str, Setting]:
    """By fact, the setting that decides it: the last one of its key."""
    found: dict[str, Setting] = {}
    for setting in parsed.settings:
        key = SYSCTLS.get(ALIASES.get(setting.key, setting.key))
        if setting.flavour in READ_AS_WRITTEN:
            found |= dict.fromkeys((setting.key, *(key.facts() if key else ())), setting)
    return found
