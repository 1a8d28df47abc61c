"""The sockets of one machine as a person wants them: in groups, with who holds them and which timer runs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from tcptune.kernel.running_timer import Timer


class Owner(NamedTuple):
    """Who holds sockets: a process, or as far as it is known the systemd unit or container it runs in.

    `fds` is how many descriptors the process has, `processes` how many processes of that command hold some of
    the sockets. `pid` is None where no process was looked for, or none that this user may see has them.
    """

    pid: int | None = None
    command: str | None = None
    fds: int | None = None
    unit: str | None = None
    processes: int = 1


class Group(NamedTuple):
    """Sockets that share state, kind, place, peer and owner.

    `sockets` is how many they are. `local` is a listener ("10.0.0.5:8000") where the peers called, else the local
    address; `remote` is the peer's address where it called, else the destination with its port; None for "several".
    `recv_q` and `send_q` are bytes in all; `unread` says in how many something is left to read, if only the end of
    file. `owned` says whether a process has their descriptors, whoever it is. `timers` holds the sockets that can be
    the first or the last to go; it is empty where no timer runs.
    """

    state: str
    kind: str
    sockets: int
    local: str | None
    remote: str | None
    owner: Owner | None = None
    recv_q: int = 0
    send_q: int = 0
    unread: int = 0
    peers: int = 1
    timers: tuple[Timer, ...] = ()
    owned: bool = False


class Listener(NamedTuple):
    """A socket in LISTEN: how many connections wait to be accepted, and how many may (one more fits)."""

    address: str
    port: int
    waiting: int
    backlog: int | None
    owner: Owner | None = None


class PortUse(NamedTuple):
    """How the ports of ip_local_port_range are used by one local address, towards one destination or all (None).

    `sockets` connections hold `ports` different ports; `time_wait` of them are in TIME-WAIT, `close_wait` in
    CLOSE-WAIT. `destinations` is how many addresses and ports they go to.
    """

    local: str
    remote: str | None
    sockets: int
    ports: int
    time_wait: int
    destinations: int = 1
    close_wait: int = 0


class SocketTable(NamedTuple):
    """Everything that was seen of single sockets, bounded: the largest groups, and the rest summed.

    `listeners` is None where nobody looked for them, `ports` where the counts leave no room for a shortage.
    """

    groups: tuple[Group, ...] = ()
    listeners: tuple[Listener, ...] | None = None
    ports: tuple[PortUse, ...] | None = None


MOST_GROUPS = 200
"""Groups that a table keeps; the rest is summed by state and kind."""
MOST_TIMERS = 64
"""Sockets of a group whose timers are kept."""


def bounded(table: SocketTable, most: int = MOST_GROUPS) -> SocketTable:
    """The table with its largest groups, and the others summed."""
    if len(table.groups) <= most:
        return table
    largest = sorted(table.groups, key=lambda group: -group.sockets)
    rest = merged(largest[most:], lambda group: (group.state, group.kind, group.owned))
    return table._replace(groups=(*largest[:most], *rest))


def merged(groups: Iterable[Group], alike: Callable[[Group], Hashable]) -> list[Group]:
    """Groups that are alike made one, the largest first; what differs between them is left open (None)."""
    found: dict[Hashable, list[Group]] = {}
    for group in groups:
        found.setdefault(alike(group), []).append(group)
    return sorted(map(_sum, found.values()), key=lambda group: -group.sockets)


def _sum(groups: Sequence[Group]) -> Group:
    first = groups[0]
    if len(groups) == 1:
        return first
    remotes = {group.remote for group in groups}
    return Group(
        first.state,
        first.kind,
        sum(group.sockets for group in groups),
        _same(group.local for group in groups),
        first.remote if len(remotes) == 1 else None,
        _common_owner([group.owner for group in groups]),
        sum(group.recv_q for group in groups),
        sum(group.send_q for group in groups),
        sum(group.unread for group in groups),
        max(len(remotes), *(group.peers for group in groups)),
        thinned(timer for group in groups for timer in group.timers),
        first.owned,
    )


def thinned(timers: Iterable[Timer]) -> tuple[Timer, ...]:
    """Different timers; of very many those that can be the first and the last to go.

    At each step of the back-off the sockets are parted by their RTO, which decides how many timers follow, and of
    each part the one with the least to go and the one with the most are kept.
    """
    different = sorted(set(timers), key=_progress)
    if len(different) <= MOST_TIMERS:
        return tuple(different)
    steps: dict[tuple[str, int], list[Timer]] = {}
    for timer in different:
        steps.setdefault((timer.name, timer.backoff), []).append(timer)
    parts = max(1, MOST_TIMERS // (2 * len(steps)))
    kept = {
        extreme(part, key=_left)
        for alike in steps.values()
        for part in _parted(sorted(alike, key=_rto), parts)
        for extreme in (min, max)
    }
    found = sorted(kept, key=_progress)
    most = min(len(found), MOST_TIMERS)
    return tuple(found[place * len(found) // most] for place in range(most))


def _parted(timers: Sequence[Timer], parts: int) -> Iterator[Sequence[Timer]]:
    """So many parts of about one size; none of them is empty."""
    ends = [len(timers) * part // parts for part in range(parts + 1)]
    return (timers[start:end] for start, end in pairwise(ends) if start < end)


def _progress(timer: Timer) -> tuple[str, int, int, float, float, bool, int]:
    window = -1 if timer.window is None else timer.window
    return timer.name, timer.backoff, timer.unanswered, _rto(timer), _left(timer), timer.tail_probed, window


def _rto(timer: Timer) -> float:
    return timer.rto or 0.0


def _left(timer: Timer) -> float:
    return timer.left or 0.0


def _same(values: Iterable[str | None]) -> str | None:
    """The value that all have, or None."""
    different = set(values)
    return different.pop() if len(different) == 1 else None


def _common_owner(owners: Sequence[Owner | None]) -> Owner | None:
    """The owner of all; for several processes of one command, the first of them and how many they are."""
    different = [owner for owner in dict.fromkeys(owners) if owner is not None]
    if not different or None in owners:
        return None
    if len(different) == 1:
        return different[0]
    if len({(owner.command, owner.unit) for owner in different}) == 1:
        return different[0]._replace(processes=sum(owner.processes for owner in different))
    units = {owner.unit for owner in different}
    return Owner(unit=units.pop()) if len(units) == 1 and None not in units else None


def is_endpoint(text: str | None) -> bool:
    """Whether an address has its port.

    >>> [is_endpoint(text) for text in ("10.0.0.5:80", "10.0.0.5", "[::1]:80", "::1", None)]
    [True, False, True, False, False]
    """
    return text is not None and (text.startswith("[") or text.count(":") == 1)


def host(text: str | None) -> str | None:
    """An address without its port.

    >>> [host(text) for text in ("10.0.0.5:80", "10.0.0.5", "[::1]:80", "::1", None)]
    ['10.0.0.5', '10.0.0.5', '::1', '::1', None]
    """
    if text is None or not is_endpoint(text):
        return text
    return text.rpartition(":")[0].strip("[]")


def document(table: SocketTable) -> dict[str, Any]:
    """The table as plain data, for JSON."""
    groups = [
        {**group._asdict(), "owner": _plain(group.owner), "timers": [timer._asdict() for timer in group.timers]}
        for group in table.groups
    ]
    listeners = None
    if table.listeners is not None:
        listeners = [{**door._asdict(), "owner": _plain(door.owner)} for door in table.listeners]
    ports = None if table.ports is None else [use._asdict() for use in table.ports]
    return {"groups": groups, "listeners": listeners, "ports": ports}


def _plain(owner: Owner | None) -> dict[str, Any] | None:
    return None if owner is None else owner._asdict()
