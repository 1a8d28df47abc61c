"""A folder as a stored machine: a tree of /proc, a report of sos, or what programs printed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tcptune.collect.stored import names
from tcptune.collect.stored.sorting import Kept, sort, worth
from tcptune.collect.stored.tree import Place, Stored

WAY = frozenset(
    {"proc", "sys", "net", "ipv4", "core", "netfilter", "kernel", "self", "etc"}
    | {"sos_commands", "networking", "host", "general"}
)
"""The folders on the way to what is read; a report of sos has a hundred thousand files elsewhere."""
DEEPEST = 8
MAX_ENTRIES = 200_000
"""Names that are looked at; a folder with more is not the copy of a machine's /proc."""


def stored(root: Path) -> Stored:
    """The machine in a folder; CollectError where it holds several."""
    kept = [Kept(name, names.known(name), Place(root, name)) for name in _files(root) if worth(name)]
    return sort(str(root), kept, root)


def _files(root: Path) -> Iterator[str]:
    """The names of files below a folder, as far as the way leads to something; links to folders are not followed."""
    looked_at = 0
    for place, folders, files in os.walk(root):
        below = os.path.relpath(place, root)
        depth = 0 if below == "." else below.count("/") + 1
        prefix = "" if below == "." else f"{below}/"
        looked_at += len(folders) + len(files)
        if looked_at > MAX_ENTRIES:
            return
        yield from (prefix + name for name in sorted(files))
        on_the_way = [name for name in folders if name in WAY or (name.isdigit() and depth and below.endswith("proc"))]
        folders[:] = sorted(on_the_way if depth else on_the_way or folders) if depth < DEEPEST else []
