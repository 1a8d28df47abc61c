"""What the single sockets of a snapshot say: who listens, how long the queues are, and how the ports are used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tcptune.facts.derived.ports import DEFAULT_PORTS, PORTS_HIGH, PORTS_LOW, RESERVED, usable_ports
from tcptune.facts.listener_facts import LISTENERS, listener_facts
from tcptune.facts.port_facts import PORT_USE, most_time_waits, of_default_range, port_facts, too_few
from tcptune.model.snapshot import Snapshot
from tcptune.model.sockets import PortUse
from tcptune.model.values import FactInfo, Item, Value

LISTS: dict[str, FactInfo] = LISTENERS | PORT_USE

NO_LIST = "there is no list of sockets"

NOTHING_SEEN: dict[str, Value | list[Item]] = {"ports.counted": 0, "ports.short": 0}


class Told(NamedTuple):
    """Facts from single sockets, and why the others are absent."""

    values: dict[str, Value | list[Item]]
    missing: dict[str, str]


def socket_lists(snapshot: Snapshot, values: Mapping[str, object]) -> Told:
    """The facts of `LISTS`; `values` are the settings and counts that were admitted."""
    table = snapshot.sockets
    known: dict[str, Value | list[Item]]
    if table is None or table.listeners is None:
        known, missing = {}, dict.fromkeys(LISTENERS, _why("listeners", snapshot))
    else:
        known, missing = listener_facts(table.listeners, values, snapshot.gaps)
    usable = _usable(values)
    uses = _uses(snapshot, values, usable)
    if uses == ():
        return Told(known | port_facts((), 1, values), missing)
    if uses is None or not usable:
        why = f"needs {PORTS_LOW}: not read" if uses else _why("ports", snapshot)
        known |= NOTHING_SEEN
        if uses:
            by_default = usable_ports(*DEFAULT_PORTS, "")
            known |= {
                "ports.most_time_waits": most_time_waits(uses),
                "ports.addresses_of_default": of_default_range(uses, by_default),
            }
        return Told(known, missing | dict.fromkeys(PORT_USE.keys() - known.keys(), why))
    return Told(known | port_facts(uses, usable, values), missing)


def _uses(snapshot: Snapshot, values: Mapping[str, object], usable: int | None) -> tuple[PortUse, ...] | None:
    """How the ports are used; nothing where the counts leave no room for a shortage, None where nobody knows."""
    table = snapshot.sockets
    if table is not None and (table.ports is not None or "sockets.ports" not in snapshot.gaps):
        return table.ports or ()
    return () if usable is not None and too_few(values, usable) else None


def _usable(values: Mapping[str, object]) -> int | None:
    """The ports of the range, without the reserved ones where those are known."""
    low, high, reserved = (values.get(name) for name in (PORTS_LOW, PORTS_HIGH, RESERVED))
    if not isinstance(low, int) or not isinstance(high, int):
        return None
    try:
        return usable_ports(low, high, reserved if isinstance(reserved, str) else "")
    except ValueError:
        return None


def _why(what: str, snapshot: Snapshot) -> str:
    return snapshot.gaps.get(f"sockets.{what}") or snapshot.gaps.get("sockets") or NO_LIST
