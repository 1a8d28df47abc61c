"""The recommendations of a report as a fragment for the tool that keeps settings; one module for each tool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from tcptune.model.report import Report
from tcptune.report.fragments import ansible, kubernetes, puppet, salt, sysctl_d, tuned
from tcptune.report.fragments.comments import footer, header
from tcptune.report.fragments.entries import Entry, entries


class Kind(NamedTuple):
    """One tool: how its fragment is used, in sentences, and how the entries are written in its language."""

    use: tuple[str, ...]
    lines: Callable[[Sequence[Entry]], list[str]]


KINDS = {
    "sysctl.d": Kind(sysctl_d.USE, sysctl_d.lines),
    "ansible": Kind(ansible.USE, ansible.lines),
    "puppet": Kind(puppet.USE, puppet.lines),
    "salt": Kind(salt.USE, salt.lines),
    "tuned": Kind(tuned.USE, tuned.lines),
    "kubernetes": Kind(kubernetes.USE, kubernetes.lines),
}
"""The tools, by the name that `--for` takes."""


def render(report: Report, kind: str, undo: bool = False) -> str:
    """The fragment for one of `KINDS`; with `undo`, the one that puts the old values back."""
    tool = KINDS[kind]
    found = entries(report, undo)
    parts = [header(report, undo, tool.use), tool.lines(found)]
    if not undo:
        parts.append(footer(entries(report, undo=True)))
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"
