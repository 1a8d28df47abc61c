"""A file written whole or not at all: under another name in the same directory, then renamed over the old one.

A reader such as node_exporter's textfile collector sees the old text or the new one, and never half of either.
"""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from tcptune.errors import TcptuneError


def write_replacing(text: str, path: str | os.PathLike[str], mode: int = 0o644) -> None:
    """Put text into a file at once, with these permissions; TcptuneError where that cannot be done.

    A symbolic link is replaced and not followed, so that nobody who may write to the directory chooses the file. What
    is no file (a terminal, a pipe, /dev/null) is written to as it is. Nothing is left behind when it fails.
    """
    target = Path(path)
    data = text.encode("utf-8", "backslashreplace")
    try:
        if _is_channel(target):
            with target.open("wb") as channel:
                channel.write(data)
        else:
            _replace(target, data, mode)
    except OSError as error:
        raise TcptuneError(f"{path}: cannot be written: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in the name
        raise TcptuneError(f"{path!r}: cannot be written: {error}") from None


def _is_channel(target: Path) -> bool:
    """Whether the name leads to something that takes data and keeps none; a file must never take the place of one."""
    try:
        kind = target.stat().st_mode
    except FileNotFoundError:
        return False
    return stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)


def _replace(target: Path, data: bytes, mode: int) -> None:
    if target.is_dir() and not target.is_symlink():
        raise IsADirectoryError(0, "is a directory")
    # Hidden, and without .prom at its end: a collector must not take it for a file of its own.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise
    _sync(target.parent)


def _sync(folder: Path) -> None:
    """Make the rename itself last; a file system that cannot is no reason to complain."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
