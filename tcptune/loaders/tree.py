"""The files of a machine, live or stored below a root; links are followed within the root and never out of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tcptune.collect.files import CHUNK, LIVE_ROOT, MAX_BYTES
from tcptune.loaders.files import Entry, Kind

MAX_LINKS = 40
"""The kernel gives up after as many."""

NULL = "dev/null"
PROC_SYS = "proc/sys"


class Tree:
    """What lies below a root; every path is relative to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.names = cache(self._names)

    def place(self, path: str) -> Path:
        """Where to find a path from here: the kernel follows the links of a live machine, we those of a stored one."""
        return self.root / (path if self.root == LIVE_ROOT else self.resolve(path))

    def resolve(self, path: str) -> str:
        """Where a path leads once every link in it is followed, an absolute one from the root; OSError for a circle.

        What is not there is no link and stays as it is, but for a `..` behind it.
        """
        done: list[str] = []
        ahead = path.split("/")[::-1]
        links = 0
        while ahead:
            part = ahead.pop()
            if part == "..":
                if not self.root.joinpath(*done).is_dir():
                    raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
                del done[-1:]
            elif part not in ("", "."):
                try:
                    target = os.readlink(self.root.joinpath(*done, part))  # noqa: PTH115 -- keeps the text as it is
                except OSError:
                    done.append(part)
                    continue
                links += 1
                if links > MAX_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                if target.startswith("/"):
                    done.clear()
                ahead += target.split("/")[::-1]
        return "/".join(done)

    def entry(self, folder: str, name: str) -> Entry:
        """What a name in a folder is."""
        try:
            origin = self.resolve(f"{folder}/{name}")
        except OSError as error:
            kind: Kind = "circle" if error.errno == errno.ELOOP else "missing"
            return Entry(folder, name, kind, f"{folder}/{name}")
        return Entry(folder, name, self._kind(origin), origin)

    def _kind(self, origin: str) -> Kind:
        if origin == NULL:  # a stored tree seldom has the device
            return "null"
        try:
            mode = os.lstat(self.root / origin).st_mode
        except OSError as error:
            # Where we may not look, opening it says why.
            return "missing" if error.errno in (errno.ENOENT, errno.ENOTDIR) else "file"
        if stat.S_ISREG(mode):
            return "file"
        return "folder" if stat.S_ISDIR(mode) else "other"

    def folder(self, path: str) -> list[Entry] | None:
        """The entries of a folder; None where there is none, OSError where it may not be listed."""
        try:
            names = os.listdir(self.place(path))  # noqa: PTH208 -- the names
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
                return None
            raise
        return [self.entry(path, name) for name in sorted(names)]

    def list(self, path: str) -> Sequence[str]:
        """The names in a folder; none where there is none, or none that we may see."""
        try:
            return os.listdir(self.place(path))  # noqa: PTH208 -- the names
        except OSError:
            return ()

    def is_file(self, entry: Entry) -> bool:
        """Whether a file is there for us to read."""
        return entry.kind == "file" and os.access(self.root / entry.origin, os.R_OK)

    def read(self, path: str, limit: int = MAX_BYTES) -> str:
        """The text of a file with every byte of it; OSError says why not. Never waits on a pipe."""
        follow = 0 if self.root == LIVE_ROOT else os.O_NOFOLLOW
        descriptor = os.open(self.place(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | follow)
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISDIR(mode):
                raise OSError(errno.EISDIR, "is a directory")
            if not stat.S_ISREG(mode):
                raise OSError(errno.EINVAL, "is not a regular file")
            data = b""
            while len(data) <= limit and (more := os.read(descriptor, CHUNK)):
                data += more
        finally:
            os.close(descriptor)
        if len(data) > limit:
            raise OSError(errno.EFBIG, f"larger than {limit >> 20} MiB, so not read")
        return data.decode("utf-8", errors="surrogateescape")

    def _names(self, path: str) -> Sequence[str]:
        """The names in a folder below /proc/sys."""
        return sorted(self.list(f"{PROC_SYS}/{path}"))

    def key_is_there(self, path: str) -> bool:
        """Whether something is at a path below /proc/sys."""
        try:
            os.lstat(self.place(f"{PROC_SYS}/{path}"))
        except (OSError, ValueError):
            return False
        return True
