"""collect(): all readers asked, on this machine or a stored tree of another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tcptune.collect.files import LIVE_ROOT, read_text, reason
from tcptune.collect.proc import machine, netstat, sockstat, sysctl
from tcptune.collect.readings import Readings
from tcptune.collect.sockets import sockets
from tcptune.collect.sockets.look import Naming
from tcptune.errors import CollectError
from tcptune.kernel.release import Release
from tcptune.model.snapshot import TCP_NAMES, Host, Snapshot
from tcptune.model.sockets import bounded


def collect(root: Path = LIVE_ROOT, naming: Naming = "never") -> Snapshot:
    """Everything that facts are made of, from this machine or from a stored tree of another one.

    `naming` says when the processes that hold sockets are looked for. What could not be read is in `gaps` with the
    reason. CollectError where nothing of TCP was readable.
    """
    name, release_text, gaps = machine.name_and_release(root)
    release = Release.parse(release_text or "")
    netns = sysctl.namespace(root)
    counters = [
        _file(root, "sockstat", sockstat.parse),
        _file(root, "sockstat6", sockstat.parse),
        _file(root, "snmp", netstat.parse, "Tcp"),
        _file(root, "netstat", netstat.parse, "TcpExt"),
    ]
    known = {fact: value for part in counters for fact, value in part.values.items()}
    counted = sockets.read(root, known, release, naming)
    parts = [
        sysctl.read(root, release, netns),
        *counters,
        machine.read_meminfo(root),
        machine.read_uptime(root),
        machine.read_clock(root),
        counted.readings,
    ]
    values = {fact: value for part in parts for fact, value in part.values.items()}
    gaps |= {fact: why for part in parts for fact, why in part.gaps.items()}
    if not any(fact.startswith(TCP_NAMES) for fact in values):
        raise CollectError(
            f"{root}: nothing of Linux TCP is readable here; expected proc/sys/net/ipv4 and proc/net below it"
        )
    live = root == LIVE_ROOT
    if not live:
        gaps["taken_at"] = "a stored tree does not say when it was taken"
    return Snapshot(
        host=Host(name, release_text, "live" if live else str(root), netns),
        taken_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if live else None,
        values=values,
        gaps=gaps,
        sockets=None if counted.table is None else bounded(counted.table),
    )


def _file(root: Path, name: str, parse: Callable[[str, str], Readings], label: str = "") -> Readings:
    """One file of /proc/net, read whole and parsed; a last line without its end was cut off and is left out."""
    try:
        text = read_text(root, f"proc/net/{name}")
        return parse(name, text[: text.rfind("\n") + 1])
    except OSError as error:
        return Readings(gaps={label or name: reason(error)})
