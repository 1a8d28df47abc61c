"""Who listens here: how many wait to be accepted, and which listeners lie where connect() takes its ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tcptune.facts.derived.ports import DEFAULT_PORTS, PORTS_HIGH, PORTS_LOW, RESERVED
from tcptune.kernel.reserved_ports import count_within
from tcptune.model.sockets import Listener, Owner
from tcptune.model.values import FactInfo, Item, Value

SOMAXCONN = "net.core.somaxconn"
NO_BACKLOG = "the backlog of the listeners is not known"

MOST_NAMED = 100
"""Ports that are named one by one; a list that is longer is no help."""

UNPRIVILEGED = 1024
"""The first port that a port range may hold."""

LISTENERS: dict[str, FactInfo] = {
    "listeners": FactInfo(
        "list", "", "netns",
        "Sockets in LISTEN: subject, address, port, waiting, owner, in_port_range (1 inside ip_local_port_range), "
        "reserved (1 in ip_local_reserved_ports), and backlog where it is known.",
    ),
    "listeners.queues": FactInfo(
        "list", "", "netns",
        "The same, of listeners whose queue can be judged: with limit (the backlog; where it is not known "
        "net.core.somaxconn, which no backlog exceeds), full (1 where more wait than the limit), capped (1 where the "
        "limit surely is net.core.somaxconn).",
    ),
    "listeners.full": FactInfo("int", "listeners", "netns", "Listeners whose accept queue is full now."),
    "listeners.capped": FactInfo("int", "listeners", "netns", "Listeners whose backlog is net.core.somaxconn exactly."),
    "listeners.in_widened_range": FactInfo(
        "int", "ports", "netns",
        "Ports that are listened on below 32768, where the default range begins, inside ip_local_port_range and not "
        "in ip_local_reserved_ports, as far as that was read.",
    ),
    "listeners.widened_ports": FactInfo("string", "", "netns", "The ports of listeners.in_widened_range, by number."),
    "listeners.reserve": FactInfo(
        "string", "", "netns",
        "A fitting ip_local_reserved_ports: what is in it now, and the ports of listeners.in_widened_range.",
    ),
    "listeners.ports": FactInfo(
        "string", "", "netns", "All ports from 1024 on that are listened on, by number; empty where there is none."
    ),
}  # fmt: skip


def listener_facts(
    doors: Sequence[Listener], settings: Mapping[str, object], gaps: Mapping[str, str]
) -> tuple[dict[str, Value | list[Item]], dict[str, str]]:
    """The facts of `LISTENERS` with their values, and why the others are absent."""
    ports = sorted({door.port for door in doors})
    low, high, reserved, somaxconn = (settings.get(name) for name in (PORTS_LOW, PORTS_HIGH, RESERVED, SOMAXCONN))
    local = range(low, high + 1) if isinstance(low, int) and isinstance(high, int) else None
    kept = reserved if isinstance(reserved, str) else None
    limit = somaxconn if isinstance(somaxconn, int) else None
    known: dict[str, Value | list[Item]] = {
        "listeners": [_door(door, local, kept) for door in doors],
        "listeners.ports": _named(port for port in ports if port >= UNPRIVILEGED),
    }
    missing: dict[str, str] = {}
    if local is None:
        missing |= dict.fromkeys(("listeners.in_widened_range", "listeners.widened_ports"), _needs(PORTS_LOW, gaps))
    else:
        known |= _in_widened_range(ports, local, kept or "")
    if kept is None or local is None:
        known.pop("listeners.reserve", None)
        missing["listeners.reserve"] = _needs(PORTS_LOW if local is None else RESERVED, gaps)
    queues = [queue for door in doors if (queue := _queue(door, limit)) is not None]
    if queues or not doors:
        known["listeners.queues"] = queues
        known["listeners.full"] = sum(queue["full"] == 1 for queue in queues)
    else:
        missing |= dict.fromkeys(("listeners.queues", "listeners.full"), NO_BACKLOG)
    if limit is None:
        missing["listeners.capped"] = _needs(SOMAXCONN, gaps)
    elif (capped := sum(_is_capped(door, limit) for door in doors)) or all(door.backlog is not None for door in doors):
        known["listeners.capped"] = capped
    else:
        missing["listeners.capped"] = NO_BACKLOG
    return known, missing


def _in_widened_range(ports: Iterable[int], local: range, reserved: str) -> dict[str, Value | list[Item]]:
    inside = [port for port in ports if port in local and port < DEFAULT_PORTS[0] and not _is_in(port, reserved)]
    return {
        "listeners.in_widened_range": len(inside),
        "listeners.widened_ports": _named(inside),
        "listeners.reserve": ",".join(filter(None, (reserved.strip(), _named(inside)))),
    }


def _queue(door: Listener, somaxconn: int | None) -> Item | None:
    """A listener whose queue can be judged: without the backlog, one that is empty or above net.core.somaxconn."""
    if door.backlog is not None:
        limit = door.backlog
    elif somaxconn is not None and not 0 < door.waiting <= somaxconn:
        limit = somaxconn
    else:
        return None
    capped = somaxconn is not None and _is_capped(door, somaxconn)
    return {**_door(door, None, None), "limit": limit, "full": int(door.waiting > limit), "capped": int(capped)}


def _is_capped(door: Listener, somaxconn: int) -> bool:
    return door.backlog == somaxconn or (door.backlog is None and door.waiting > somaxconn)


def _door(door: Listener, local: range | None, reserved: str | None) -> Item:
    host = f"[{door.address}]" if ":" in door.address else door.address
    name = (door.owner.command or door.owner.unit) if door.owner else None
    item: Item = {
        "subject": f"{host}:{door.port}" + (f" ({name})" if name else ""),
        "address": door.address,
        "port": door.port,
        "waiting": door.waiting,
        "owner": owner_text(door.owner),
    }
    if local is not None:
        item["in_port_range"] = int(door.port in local)
    if reserved is not None:
        item["reserved"] = int(_is_in(door.port, reserved))
    return item if door.backlog is None else {**item, "backlog": door.backlog}


def owner_text(owner: Owner | None) -> str:
    """Who holds sockets, in a word or two; empty where that is not known.

    >>> owner_text(Owner(812, "app", unit="app.service"))
    'app (pid 812)'
    """
    if owner is None:
        return ""
    if owner.pid is not None:
        return f"{owner.command or 'a process'} (pid {owner.pid})"
    return owner.unit or owner.command or ""


def _is_in(port: int, reserved: str) -> bool:
    try:
        return count_within(reserved, port, port) > 0
    except ValueError:
        return False


def _named(ports: Iterable[int]) -> str:
    """Ports by number, the first hundred of them."""
    return ",".join(map(str, list(ports)[:MOST_NAMED]))


def _needs(name: str, gaps: Mapping[str, str]) -> str:
    return f"needs {name}: {gaps.get(name, 'not read')}"
