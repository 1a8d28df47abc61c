"""SOURCE on the command line: this machine, a stored tree, a snapshot, what ss or netstat printed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

from tcptune.collect.everything import collect
from tcptune.collect.files import LIVE_ROOT, reason
from tcptune.collect.sockets.look import Naming
from tcptune.errors import CollectError, UsageError
from tcptune.model.snapshot import Snapshot

HEAD = 1 << 14
"""Bytes that tell what a file is."""
MAX_TEXT = 256 << 20
"""Bytes; ss prints some 250 for a socket with all its options."""


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
        raise CollectError(
            f"{source}: {reason(error)}; a SOURCE is a snapshot, a stored tree, what ss or netstat printed, or - for "
            "standard input"
        ) from None


def _read(file: BinaryIO, source: str) -> Snapshot:
    """A snapshot, or what ss or netstat printed: told by how it begins."""
    head = file.read(HEAD)
    if not head.lstrip().startswith((b"{", b"[")):
        from tcptune.collect.printed import socket_text

        printed = socket_text.format_of(head.decode("utf-8", errors="replace"))
        if printed is not None:
            text = (head + file.read(MAX_TEXT - len(head))).decode("utf-8", errors="replace")
            try:
                return socket_text.snapshot(text.splitlines(), printed, source)
            except ValueError as error:
                raise CollectError(f"{source}: {error}") from None
    from tcptune.collect import snapshot_file

    return snapshot_file.parse(head + file.read(snapshot_file.MAX_BYTES + 1 - len(head)), source)
