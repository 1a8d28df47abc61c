"""A machine that is told rather than read: the settings files and running values of an example."""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path

from tcptune.collect.files import MAX_BYTES
from tcptune.errors import CollectError
from tcptune.loaders.files import Entry, Kind
from tcptune.loaders.lines import with_slashes
from tcptune.loaders.read import drift_of
from tcptune.loaders.tree import MAX_LINKS, NULL, PROC_SYS, Tree
from tcptune.model.drift import Drift
from tcptune.model.snapshot import Host

LINK = "-> "
"""How the text of a link begins; what follows is where it leads."""


def told(files: Mapping[str, str], running: Mapping[str, object], release: str) -> Drift:
    """What is said of files with these texts, by their path, and of the running values of some keys.

    ValueError where none of them lies where a loader looks.
    """
    values = {f"{PROC_SYS}/{with_slashes(key)}": f"{value}\n" for key, value in running.items()}
    try:
        return drift_of(ToldTree({**values, **files}), Host(release=release, source="example", netns="initial"))
    except CollectError as error:
        raise ValueError(str(error)) from None


class ToldTree(Tree):
    """Texts by their path, and nothing of any disk. Links lead to files, not to folders."""

    def __init__(self, files: Mapping[str, str]) -> None:
        super().__init__(Path("example"))
        self._files = {_normal(path): text for path, text in files.items()}

    def resolve(self, path: str) -> str:
        """Where a path leads; OSError for a circle, and for a way up out of what is not there."""
        path = self._walked(path)
        for _ in range(MAX_LINKS):
            text = self._files.get(path, "")
            if not text.startswith(LINK):
                return path
            target = text.removeprefix(LINK).strip()
            path = _normal(posixpath.join("/", posixpath.dirname(path), target))
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))

    def _kind(self, origin: str) -> Kind:
        if origin == NULL:
            return "null"
        return "file" if origin in self._files else "missing"

    def folder(self, path: str) -> list[Entry] | None:
        """The entries of a folder; None where there is none."""
        return [self.entry(path, name) for name in self.list(path)] or None

    def list(self, path: str) -> Sequence[str]:
        """The names in a folder."""
        top = f"{_normal(path)}/"
        return sorted({name.removeprefix(top).partition("/")[0] for name in self._files if name.startswith(top)})

    def is_file(self, entry: Entry) -> bool:
        """Whether a text is told for it."""
        return entry.kind == "file"

    def read(self, path: str, limit: int = MAX_BYTES) -> str:
        """The text of a file; OSError where none is told."""
        text = self._files.get(self.resolve(path))
        if text is None:
            number = errno.EISDIR if self.list(path) else errno.ENOENT
            raise OSError(number, os.strerror(number))
        return text[:limit]

    def key_is_there(self, path: str) -> bool:
        """Whether something is told for a path below /proc/sys."""
        try:
            return self._is_there(self._walked(f"{PROC_SYS}/{path}"))
        except OSError:
            return False

    def _walked(self, path: str) -> str:
        place = ""
        for step in path.split("/"):
            if step == ".." and place and not self._is_there(place):
                raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
            place = _normal(f"{place}/{step}")
        return place

    def _is_there(self, path: str) -> bool:
        return path in self._files or any(name.startswith(f"{path}/") for name in self._files)


def _normal(path: str) -> str:
    """A path from the root, without a slash before it; no way up leads out.

    >>> _normal("../etc//sysctl.d/./a.conf")
    'etc/sysctl.d/a.conf'
    """
    return posixpath.normpath(f"/{path}").lstrip("/")
