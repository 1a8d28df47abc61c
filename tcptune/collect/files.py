"""Reading small files under a machine's root, live or stored, without trusting what lies there."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 1 << 20
"""No file of /proc that is read whole is larger; a stored one that is, is not what it claims."""

CHUNK = 1 << 16

BYTE_ORDER_MARK = "\ufeff"
"""What some editors put before the text of a stored file; the kernel never does."""

LIVE_ROOT = Path("/")


def read_text(root: Path, path: str, limit: int = MAX_BYTES) -> str:
    """The text of root/path; OSError says why not. Never waits on a pipe, never leaves a stored root."""
    descriptor = _open_regular(root, path)
    try:
        data = os.read(descriptor, CHUNK)
        while len(data) <= limit and (more := os.read(descriptor, CHUNK)):
            data += more
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise OSError(errno.EFBIG, "larger than any such file of Linux")
    return data.decode("utf-8", errors="replace").removeprefix(BYTE_ORDER_MARK)


def exists(root: Path, path: str) -> bool:
    """Whether there is something at root/path, and inside the root."""
    place = root / path
    return os.path.exists(place) and not _leads_out(root, place)  # noqa: PTH110 -- Path.exists() can raise


def read_lines(root: Path, path: str) -> Iterator[str]:
    """The lines of a file that may be long, one at a time; a line longer than 4 KiB comes in pieces."""
    with os.fdopen(_open_regular(root, path), "rb", buffering=1 << 16) as file:
        while line := file.readline(4096):
            yield line.decode("ascii", errors="replace")


def reason(error: OSError) -> str:
    """Why a file could not be read, as a clause for `gaps`."""
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return "no such file"
        case errno.EACCES | errno.EPERM:
            return "permission denied; run as root to see it"
        case errno.EISDIR:
            return "is a directory, not a file"
        case _:
            return error.strerror or "cannot be read"


def _open_regular(root: Path, path: str) -> int:
    place = root / path
    if _leads_out(root, place):
        raise OSError(errno.EXDEV, "a link that leads out of the stored tree")
    descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, "is a directory")
    raise OSError(errno.EINVAL, "is not a regular file")


def _leads_out(root: Path, place: Path) -> bool:
    """Whether a place in a stored tree is a link to somewhere else; OSError for links that go in circles."""
    if root == LIVE_ROOT:
        return False
    try:
        return not place.resolve().is_relative_to(root.resolve())
    except RuntimeError:  # before 3.13 pathlib says it so
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
