"""A tar archive as a stored machine, read as a stream in one pass; nothing is unpacked to disk."""

from __future__ import annotations

import tarfile
from typing import BinaryIO, cast

from tcptune.collect.stored import names
from tcptune.collect.stored.sorting import Kept, sort, worth
from tcptune.collect.stored.tree import Stored
from tcptune.errors import CollectError
from tcptune.printable import printable

MAX_KEPT = 512 << 20
"""Bytes of all files that are kept; two lists of 300,000 sockets take some 100 MB."""
MAX_MEMBERS = 2_000_000
MAX_NOTE = 1 << 20
"""Bytes of a long name or an extended header; PATH_MAX is 4096."""
MAX_FILE = 128 << 20
"""Bytes of one file that is kept; /proc/net/tcp has 150 for a socket."""
MAX_LOOSE = 4 << 20
"""Bytes of one whose name does not say what it is."""
NOTES = frozenset(
    {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE}
)


class Member(tarfile.TarInfo):
    """A member whose notes are not read into memory where they are larger than any real one."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Member:
        """The member of a header; CollectError for a hostile one."""
        member = super().frombuf(buf, encoding, errors)
        if member.size < 0 or (member.type in NOTES and member.size > MAX_NOTE):
            raise CollectError("a header of it claims a size that none has; it is not opened")
        return member


class Ending:
    """A file that says so when it is read again beyond its end: tarfile skips what a header claims block by block."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ended = False

    def read(self, size: int) -> bytes:
        """Some bytes more; EOFError for whoever has been told of the end before."""
        data = self._file.read(size)
        if self._ended and not data:
            raise EOFError("cut off")
        self._ended = not data
        return data


def stored(file: BinaryIO, source: str) -> Stored:
    """The machine in an archive, as far as the archive goes: one that is cut off is read up to there.

    CollectError where it holds several machines, or names that lead out of it.
    """
    kept: list[Kept] = []
    size = members = 0
    gap = None
    try:
        with tarfile.open(
            fileobj=cast("BinaryIO", Ending(file)), mode="r|", tarinfo=Member, errors="surrogateescape"
        ) as archive:
            for member in archive:
                members += 1
                archive.members.clear()  # type: ignore[attr-defined] # else the headers of all are kept, 0.5 kB each
                name = _safe(member.name, source)
                if members > MAX_MEMBERS:
                    gap = f"has more than {MAX_MEMBERS} files; the rest was not looked at"
                    break
                if not member.isreg() or member.issparse() or not worth(name):
                    continue
                known = names.known(name)
                limit = MAX_LOOSE if known is None and not names.is_output(name) else MAX_FILE
                if member.size > min(limit, MAX_KEPT - size):
                    gap = f"{printable(name, 100)} has {member.size} bytes and was left out"
                    continue
                content = archive.extractfile(member)
                kept.append(Kept(name, known, content.read() if content is not None else b""))
                size += member.size
    except CollectError as error:
        raise error if str(error).startswith(source) else CollectError(f"{source}: {error}") from None
    except (EOFError, tarfile.TarError, OSError, ValueError, OverflowError) as error:
        gap = f"cannot be read beyond its file {members + 1} ({printable(str(error), 100)}); the rest is unknown"
    found = sort(source, kept)
    return found if gap is None else found._replace(gaps={"archive": gap})


def _safe(name: str, source: str) -> str:
    """A member's name without what says nothing; CollectError where it leads out of the archive."""
    if name.startswith("/") or ".." in name.split("/"):
        raise CollectError(
            f"{source}: names a place outside itself ({printable(name, 100)}) and is not opened; "
            "pack it again with relative names"
        )
    return "/".join(part for part in name.split("/") if part not in ("", "."))
