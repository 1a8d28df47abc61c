"""Groups of sockets put together for one question: who holds them, who is at the other end, whose door it was."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from tcptune.model.sockets import Group, host, is_endpoint, merged

Key = Callable[[Group], Hashable]


def by_place(group: Group) -> Hashable:
    """The usual view: the listener that was called or the destination that was, and who holds the sockets."""
    return _nature(group), group.local if is_endpoint(group.local) else group.remote, _who(group)


def by_peer(group: Group) -> Hashable:
    """The address at the other end."""
    return _nature(group), group.remote


def by_owner(group: Group) -> Hashable:
    """The program, or the unit."""
    return _nature(group), _who(group)


def by_listener(group: Group) -> Hashable:
    """The listener that was called; None for the connections that were made here."""
    return _nature(group), group.local if is_endpoint(group.local) else None


VIEWS: dict[str, Key] = {"place": by_place, "peer": by_peer, "owner": by_owner, "listener": by_listener}


def view(groups: Iterable[Group], by: str) -> list[Group]:
    """The groups as one of `VIEWS` sees them."""
    if by == "peer":
        groups = (group._replace(remote=host(group.remote)) for group in groups)
    return merged(groups, VIEWS[by])


def _nature(group: Group) -> Hashable:
    return group.state, group.kind, group.owned


def _who(group: Group) -> Hashable:
    return None if group.owner is None else (group.owner.command, group.owner.unit)
