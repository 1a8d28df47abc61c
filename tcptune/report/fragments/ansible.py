"""Tasks for Ansible with the module ansible.posix.sysctl (plugins/modules/sysctl.py of that collection)."""

from __future__ import annotations

from collections.abc import Sequence

from tcptune.report.fragments.comments import comment, comments
from tcptune.report.fragments.entries import Entry
from tcptune.report.fragments.sysctl_d import PATH

USE = (
    "Tasks of a play or role that runs as root, with the collection ansible.posix.",
    "sysctl_set also mends a running value that differs from the file.",
)


def lines(entries: Sequence[Entry]) -> list[str]:
    """A task for each key; an empty list where there is none, which is a list of tasks too."""
    found: list[str] = []
    for entry in entries:
        found += ["", *comments(entry.reasons)]
        if entry.value is not None:
            found += _task(entry.key, entry.value)
    if not any(entry.value is not None for entry in entries):
        found += ["", "[]"]
    return found[1:]


def _task(key: str, value: str) -> list[str]:
    empty = [] if value else comment("A blank, for the module refuses an empty value.", "    ")
    return [
        f"- name: Set {key}",
        "  ansible.posix.sysctl:",
        f"    name: {key}",
        *empty,
        f"    value: '{value or ' '}'",
        f"    sysctl_file: {PATH}",
        "    sysctl_set: true",
        "    state: present",
    ]
