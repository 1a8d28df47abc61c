"""SOURCE on the command line: this machine, a stored tree, a snapshot file, or standard input."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tcptune.collect import LIVE_ROOT, collect
from tcptune.collect.files import reason
from tcptune.errors import CollectError, UsageError
from tcptune.model.snapshot import Snapshot


def take(source: str | None, root: Path = LIVE_ROOT, netns: str | None = None) -> Snapshot:
    """The snapshot that a source stands for; None is the machine under `root`, or one of its namespaces."""
    if netns is not None:
        if source is not None or root != LIVE_ROOT:
            raise UsageError("--netns names a namespace of this machine; leave out SOURCE and --root")
        from tcptune.collect.netns import collect_in

        return collect_in(netns)
    if source is None:
        return collect(root)
    from tcptune.collect import snapshot_file

    if source == "-":
        return snapshot_file.parse(sys.stdin.buffer.read(snapshot_file.MAX_BYTES + 1), "standard input")
    place = Path(source)
    if os.path.isdir(place):  # noqa: PTH112 -- Path.is_dir() raises where the way there is forbidden
        return collect(place)
    try:
        with place.open("rb") as file:
            text = file.read(snapshot_file.MAX_BYTES + 1)
    except OSError as error:
        raise CollectError(
            f"{source}: {reason(error)}; a SOURCE is a snapshot, a stored tree, or - for standard input"
        ) from None
    return snapshot_file.parse(text, source)
