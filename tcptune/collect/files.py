"""Reading files under a machine's root, live or stored, without trusting what lies there."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tcptune.collect.stored.tree import Place, Stored

Root = Path | Stored
"""Where a machine's files are: a folder, "/" for this machine, or what was found in somebody's folder or archive."""

MAX_BYTES = 1 << 20
"""No file of /proc that is read whole is larger; a stored one that is, is not what it claims."""

CHUNK = 1 << 16

BYTE_ORDER_MARK = "\ufeff"
"""What some editors put before the text of a stored file; the kernel never does."""

LIVE_ROOT = Path("/")


def read_text(root: Root, path: str, limit: int = MAX_BYTES) -> str:
    """The text of root/path; OSError says why not. Never waits on a pipe, never leaves a stored root."""
    data = read_bytes(place_of(root, path), limit)
    return data.decode("utf-8", errors="replace").removeprefix(BYTE_ORDER_MARK)


def read_bytes(found: Place | bytes, limit: int) -> bytes:
    """The content of a file that lies somewhere or came in an archive; OSError where it is longer than the limit."""
    data = found if isinstance(found, bytes) else _read(found, limit)
    if len(data) > limit:
        raise OSError(errno.EFBIG, "larger than any such file of Linux")
    return data


def exists(root: Root, path: str) -> bool:
    """Whether there is something at root/path, and inside the root."""
    try:
        found = place_of(root, path)
    except OSError:
        return False
    if isinstance(found, bytes):
        return True
    place = found.root / found.path
    return os.path.exists(place) and not _leads_out(found.root, place)  # noqa: PTH110 -- Path.exists() can raise


def read_lines(root: Root, path: str) -> Iterator[str]:
    """The lines of a file that may be long, one at a time; a line longer than 4 KiB comes in pieces."""
    found = place_of(root, path)
    with (
        io.BytesIO(found) if isinstance(found, bytes) else os.fdopen(_open_regular(found), "rb", buffering=CHUNK)
    ) as file:
        while line := file.readline(4096):
            yield line.decode("ascii", errors="replace")


def place_of(root: Root, path: str) -> Place | bytes:
    """Where root/path lies, or its content where it came in an archive; FileNotFoundError where it did not."""
    return root.find(path) if isinstance(root, Stored) else Place(root, path)


def _read(found: Place, limit: int) -> bytes:
    descriptor = _open_regular(found)
    try:
        data = os.read(descriptor, CHUNK)
        while len(data) <= limit and (more := os.read(descriptor, CHUNK)):
            data += more
    finally:
        os.close(descriptor)
    return data


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


def _open_regular(found: Place) -> int:
    place = found.root / found.path
    if _leads_out(found.root, place):
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
