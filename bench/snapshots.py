"""Snapshots of a fleet that never was: the stored hosts of the tests, with other numbers, names and settings."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from tcptune import __version__
from tcptune.collect.everything import collect

HOSTS = Path(__file__).parents[1] / "tests" / "hosts"

BYTES = 20_000
"""What a snapshot of a usual machine has, most of it names."""

COUNTED = ("Tcp.", "TcpExt.", "sockstat", "states.", "meminfo.MemAvailable", "uptime")
"""How the names of numbers begin that differ from machine to machine."""

SETTINGS = {
    "net.ipv4.tcp_fin_timeout": (60, 60, 60, 60, 60, 60, 30, 15, 120, 300),
    "net.ipv4.tcp_orphan_retries": (0, 0, 0, 0, 0, 0, 0, 0, 1, 3),
    "net.ipv4.tcp_retries2": (15, 15, 15, 15, 15, 15, 15, 15, 15, 8),
    "net.ipv4.tcp_syn_retries": (6, 6, 6, 6, 6, 6, 6, 6, 5, 3),
}
"""What some administrators change; the usual value is the one of most."""


def make(folder: Path, count: int) -> list[str]:
    """So many snapshot files of `BYTES` each, the same ones each time; their paths in order."""
    chance = Random(7)
    hosts = [collect(proc.parent).document(__version__) for proc in sorted(HOSTS.glob("*/proc"))]
    groups = [group for host in hosts for group in (host["sockets"] or {}).get("groups", ())]
    paths = []
    for number in range(count):
        path = folder / f"web-{number:04}.json"
        path.write_text(json.dumps(_like(chance.choice(hosts), f"web-{number:04}", groups, chance), indent=1))
        paths.append(str(path))
    return paths


def _like(host: dict[str, Any], name: str, groups: list[dict[str, Any]], chance: Random) -> dict[str, Any]:
    """Another machine of the kind, with groups of sockets up to its size."""
    values = {key: _about(key, value, chance) for key, value in host["values"].items()}
    values |= {key: chance.choice(choices) for key, choices in SETTINGS.items()}
    sockets = {"listeners": [], "ports": [], **(host["sockets"] or {}), "groups": []}
    made = {**host, "values": values, "sockets": sockets, "host": {**host["host"], "name": name, "source": "live"}}
    room = BYTES - len(json.dumps(made, indent=1))
    for group in [*(host["sockets"] or {}).get("groups", ()), *chance.sample(groups, len(groups))]:
        size = _size([group]) - _size([])
        if size <= room:
            sockets["groups"].append(group)
            room -= size
    return made


def _size(groups: list[dict[str, Any]]) -> int:
    return len(json.dumps({"sockets": {"groups": groups}}, indent=1))


def _about(key: str, value: Any, chance: Random) -> Any:
    if not key.startswith(COUNTED) or isinstance(value, str) or value < 10:
        return value
    return type(value)(value * chance.uniform(0.6, 1.5))
