"""A stored machine as its readers see it: files by the path that they had there, wherever they lie now."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class Place(NamedTuple):
    """A file of a folder: the folder, and the way from there. Links that lead out of the folder are not followed."""

    root: Path
    path: str


class Printed(NamedTuple):
    """What a program printed on that machine, and the name under which it was kept."""

    name: str
    content: Place | bytes


class Stored(NamedTuple):
    """Files by their path on the machine, such as proc/net/sockstat, and what programs printed there.

    `name` is what the user called it. `folder` is asked for a file that nobody found; an archive has none.
    """

    name: str
    files: Mapping[str, Place | bytes]
    printed: tuple[Printed, ...] = ()
    gaps: Mapping[str, str] = MappingProxyType({})
    folder: Path | None = None

    def __str__(self) -> str:
        """What the user called it."""
        return self.name

    def find(self, path: str) -> Place | bytes:
        """A file's content, or where it lies. FileNotFoundError where it is not in an archive."""
        found = self.files.get(path)
        if found is not None:
            return found
        if self.folder is None:
            raise FileNotFoundError(errno.ENOENT, "no such file", path)
        return Place(self.folder, path)
