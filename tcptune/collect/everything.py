"""collect(): all readers asked, on this machine or a stored tree of another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tcptune.collect.files import LIVE_ROOT, Root, read_text, reason
from tcptune.collect.proc import machine, netstat, sockstat, sysctl
from tcptune.collect.readings import Readings
from tcptune.collect.sockets import sockets
from tcptune.collect.sockets.look import Naming
from tcptune.collect.stored.tree import Stored
from tcptune.errors import CollectError
from tcptune.kernel.release import Release
from tcptune.model.snapshot import TCP_NAMES, Host, Snapshot
from tcptune.model.sockets import bounded

if TYPE_CHECKING:
    from tcptune.collect.printed.paste import Paste


def collect(root: Root = LIVE_ROOT, naming: Naming = "never") -> Snapshot:
    """Everything that facts are made of, from this machine or from a stored tree of another one.

    `naming` says when the processes that hold sockets are looked for. What could not be read is in `gaps` with the
    reason. CollectError where nothing of TCP was readable.
    """
    if isinstance(root, Path) and root != LIVE_ROOT:
        from tcptune.collect.stored import folder

        root = folder.stored(root)
    told = _printed(root) if isinstance(root, Stored) else None
    name, release_text, gaps = machine.name_and_release(root)
    if told is not None:
        release_text = release_text or told.host.release
    release = Release.parse(release_text or "")
    netns = sysctl.namespace(root)
    counters = _counters(root)
    known = {fact: value for part in counters for fact, value in part.values.items()}
    counted = sockets.read(root, known, release, naming)
    parts = [
        sysctl.read(root, release, netns),
        *counters,
        machine.read_meminfo(root),
        machine.read_clock(root),
        counted.readings,
    ]
    values = {fact: value for part in parts for fact, value in part.values.items()}
    gaps |= {fact: why for part in parts for fact, why in part.gaps.items()}
    live = root == LIVE_ROOT
    if not live:
        gaps["taken_at"] = "a stored tree does not say when it was taken"
    snapshot = Snapshot(
        host=Host(name, release_text, "live" if live else str(root), netns),
        taken_at=_now() if live else None,
        values=values,
        gaps=gaps,
        sockets=None if counted.table is None else bounded(counted.table),
    )
    if told is not None:
        from tcptune.collect.stored.printed import filled_into

        snapshot = filled_into(snapshot, told)
    if not any(fact.startswith(TCP_NAMES) for fact in snapshot.values):
        raise CollectError(f"{root}: {_why_nothing(root)}")
    return snapshot


def glance() -> Snapshot:
    """The counters of this machine and the time, and nothing else: the first of two samples."""
    name, release_text, _ = machine.name_and_release(LIVE_ROOT)
    values = {fact: value for part in _counters(LIVE_ROOT) for fact, value in part.values.items()}
    return Snapshot(Host(name, release_text, "live", sysctl.namespace(LIVE_ROOT)), _now(), values)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _printed(stored: Stored) -> Paste | None:
    """What programs printed there, or None where nothing was kept."""
    if not stored.printed and not stored.gaps:
        return None
    from tcptune.collect.stored import printed

    return printed.read(stored)


def _why_nothing(root: Root) -> str:
    wanted = "expected proc/sys/net/ipv4 and proc/net, a report of sos, or what ss, netstat, nstat or sysctl print"
    if isinstance(root, Stored) and "archive" in root.gaps:
        return f"the archive {root.gaps['archive']}"
    if isinstance(root, Stored) and root.files and not any(root.files.values()):
        return "its files are empty: tar copies no content out of /proc; copy them with cp -r and pack the copy"
    return f"nothing of Linux TCP is readable here; {wanted}"


def _counters(root: Root) -> list[Readings]:
    """What /proc counts, and at once the uptime: a rate is as exact as the time between two samples is."""
    return [
        _file(root, "sockstat", sockstat.parse),
        _file(root, "sockstat6", sockstat.parse),
        _file(root, "snmp", netstat.parse, "Tcp"),
        _file(root, "netstat", netstat.parse, "TcpExt"),
        machine.read_uptime(root),
    ]


def _file(root: Root, name: str, parse: Callable[[str, str], Readings], label: str = "") -> Readings:
    """One file of /proc/net, read whole and parsed; a last line without its end was cut off and is left out."""
    try:
        text = read_text(root, f"proc/net/{name}")
        return parse(name, text[: text.rfind("\n") + 1])
    except OSError as error:
        return Readings(gaps={label or name: reason(error)})
