"""The files of a folder or an archive, sorted into one stored machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tcptune.collect.stored import names
from tcptune.collect.stored.names import Name
from tcptune.collect.stored.tree import Place, Printed, Stored
from tcptune.errors import CollectError
from tcptune.printable import printable

LONGEST_NAME = 4096
"""Bytes; PATH_MAX (include/uapi/linux/limits.h)."""
DEEPEST_LOOSE = 2
"""Folders above a file whose name does not say what it is and that is looked into all the same."""
MAX_LOOSE = 64
SHOWN = 3


class Kept(NamedTuple):
    """A file that may be of use: its name, what the name says, and its content or where it lies."""

    name: str
    known: Name | None
    content: Place | bytes


def worth(name: str) -> bool:
    """Whether a file may be of use, by its name alone."""
    if len(name) > LONGEST_NAME:
        return False
    return names.known(name) is not None or (name.count("/") <= DEEPEST_LOOSE and names.may_be_output(name))


def sort(source: str, kept: Sequence[Kept], folder: Path | None = None) -> Stored:
    """One machine out of files; CollectError where they are of several.

    Where /proc is there, a file of another name must say by it which program printed it. A report of sos is read by
    its own names alone.
    """
    top = _top(source, kept)
    by_sos = any(one.known is not None and "sos_commands/" in one.name for one in kept)
    files: dict[str, Kept] = {}
    printed: list[Printed] = []
    loose: list[Printed] = []
    for one in kept:
        if one.known is None:
            if one.name.startswith(top):
                loose.append(Printed(one.name, one.content))
        elif by_sos and names.WITHOUT_PROC <= one.known.rank < names.SINGLE:
            continue  # a link of sos to what it printed, such as `uptime`
        elif one.known.top == top or one.known.rank == names.SINGLE:
            if one.known.path is None:
                printed.append(Printed(one.name, one.content))
            elif one.known.path not in files or one.known.rank <= _rank(files[one.known.path]):
                files[one.known.path] = one
    if any(_rank(one) < names.SINGLE for one in files.values()):
        loose = [one for one in loose if names.is_output(one.name)]
    if by_sos:
        loose = []
    return Stored(
        name=source,
        files={path: one.content for path, one in files.items()},
        printed=tuple(sorted(printed, key=lambda one: one.name) + sorted(loose, key=lambda one: one.name)[:MAX_LOOSE]),
        folder=folder,
    )


def _rank(one: Kept) -> int:
    return one.known.rank if one.known is not None else names.SINGLE


def _top(source: str, kept: Sequence[Kept]) -> str:
    """The folder that the machine lies in: the one nearest to the top that has /proc, or what sos prints."""
    found = {one.known.top for one in kept if one.known is not None and one.known.rank < names.SINGLE}
    nearest = sorted(top for top in found if top.count("/") == min(other.count("/") for other in found))
    if len(nearest) > 1:
        shown = ", ".join(printable(top.rstrip("/") or ".", 60) for top in nearest[:SHOWN])
        raise CollectError(f"{source}: holds {len(nearest)} machines ({shown}, ...); give each as a SOURCE of its own")
    return nearest[0] if nearest else ""
