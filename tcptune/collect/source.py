"""SOURCE on the command line: this machine, a folder, an archive, a snapshot, or what programs printed."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import BinaryIO

from tcptune.collect.everything import collect
from tcptune.collect.files import LIVE_ROOT, reason
from tcptune.collect.foreign import of_linux
from tcptune.collect.sockets.look import Naming
from tcptune.errors import CollectError, UsageError
from tcptune.model.snapshot import Snapshot

SNAPSHOT = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*(?!\"kernel\"\s*:)")
"""How a snapshot begins; `nstat --json` begins so too, with a key of its own."""
TAR = slice(257, 262)
"""Where "ustar" stands in the head of a tar archive."""
KINDS = "a snapshot, a folder or archive with a machine's /proc or a report of sos, or what a program printed"


def take(source: str | None, root: Path = LIVE_ROOT, netns: str | None = None, naming: Naming = "never") -> Snapshot:
    """The snapshot that a source stands for; None is the machine under `root`, or one of its namespaces.

    `naming` says when the processes that hold sockets are looked for; only a live machine has any.
    """
    if netns is not None:
        if source is not None or root != LIVE_ROOT:
            raise UsageError("--netns names a namespace of this machine; leave out SOURCE and --root")
        from tcptune.collect.netns import inside

        return inside(netns, lambda: collect(naming=naming))
    if source is None:
        return collect(root, naming)
    if source == "-":
        return _read(sys.stdin.buffer, "standard input")
    place = Path(source)
    if os.path.isdir(place):  # noqa: PTH112 -- Path.is_dir() raises where the way there is forbidden
        return collect(place)
    try:
        with place.open("rb") as file:
            return _read(file, source)
    except OSError as error:
        raise CollectError(f"{source}: {reason(error)}; a SOURCE is {KINDS}, or - for standard input") from None


def _read(file: BinaryIO, source: str) -> Snapshot:
    """An archive, a snapshot, or a text, compressed or not: told by how it begins."""
    from tcptune.collect.stored import unpack

    head, whole = unpack.beginning(file, source)
    if head[TAR].startswith(b"ustar"):
        from tcptune.collect.stored import archive

        return collect(archive.stored(whole, source))
    try:
        if SNAPSHOT.match(head):
            from tcptune.collect import snapshot_file

            return of_linux(snapshot_file.parse(whole.read(snapshot_file.MAX_BYTES + 1), source), source)
        from tcptune.collect.printed import paste

        return of_linux(paste.snapshot(whole.read(paste.MAX_BYTES + 1), source), source)
    except EOFError as error:
        raise CollectError(f"{source}: cannot be unpacked: {error}") from None
