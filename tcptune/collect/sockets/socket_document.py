"""The single sockets of a stored snapshot read back: foreign, so each entry is looked at before it is believed."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tcptune.kernel.running_timer import Timer
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import MOST_GROUPS, MOST_TIMERS, Group, Listener, Owner, PortUse, SocketTable, bounded

MOST = 10_000
"""Entries of one kind that are read; what `tcptune collect` writes has some hundred."""

Count = Annotated[int, Field(ge=0, lt=2**53)]
Port = Annotated[int, Field(ge=0, lt=2**16)]
Text = Annotated[str, Field(max_length=300)]
Seconds = Annotated[float, Field(ge=0, le=10**7)]
Rto = Annotated[float, Field(ge=0.001, le=1000)]
"""No kernel has a timeout below a jiffy."""
Doublings = Annotated[int, Field(ge=0, le=255)]

STATES = frozenset(state.rfc for state in TcpState)


def _known(state: str) -> str:
    if state not in STATES:
        raise ValueError("no state of TCP")
    return state


class Entry(BaseModel):
    """What every entry has in common: fields of later versions are let pass, and 1.0 is no count."""

    model_config = ConfigDict(extra="ignore", strict=True)


class OwnerEntry(Entry):
    """A process, or a unit."""

    pid: Count | None = None
    command: Text | None = None
    fds: Count | None = None
    unit: Text | None = None
    processes: Count = 1


class TimerEntry(Entry):
    """What runs on one socket."""

    name: Text
    left: Seconds | None = None
    rto: Rto | None = None
    backoff: Doublings = 0
    unanswered: Doublings = 0
    tail_probed: bool = False
    window: Count | None = None


class GroupEntry(Entry):
    """Sockets that share a nature."""

    state: Annotated[Text, AfterValidator(_known)]
    kind: Text
    sockets: Count
    local: Text | None = None
    remote: Text | None = None
    owner: OwnerEntry | None = None
    recv_q: Count = 0
    send_q: Count = 0
    unread: Count = 0
    peers: Count = 1
    timers: Annotated[list[TimerEntry], Field(max_length=MOST_TIMERS)] = []
    owned: bool = False


class ListenerEntry(Entry):
    """A socket in LISTEN."""

    address: Text
    port: Port
    waiting: Count
    backlog: Count | None = None
    owner: OwnerEntry | None = None


class PortUseEntry(Entry):
    """The ports of one local address."""

    local: Text
    remote: Text | None = None
    sockets: Count
    ports: Count
    time_wait: Count
    destinations: Count = 1
    close_wait: Count = 0


E = TypeVar("E", bound=Entry)


def read(document: Any) -> tuple[SocketTable | None, dict[str, str]]:
    """The table in some JSON, and the gaps for what cannot be part of one."""
    if document is None:
        return None, {}
    if not isinstance(document, dict):
        return None, {"sockets": "not an object; the list of sockets was left out"}
    gaps: dict[str, str] = {}
    groups = _entries("groups", document.get("groups", []), GroupEntry, gaps)
    listeners = document.get("listeners")
    ports = document.get("ports")
    table = SocketTable(
        tuple(map(_group, groups)),
        None if listeners is None else tuple(map(_listener, _entries("listeners", listeners, ListenerEntry, gaps))),
        None if ports is None else tuple(map(_port_use, _entries("ports", ports, PortUseEntry, gaps))),
    )
    return bounded(table, 2 * MOST_GROUPS), gaps


def _entries(name: str, documents: Any, kind: type[E], gaps: dict[str, str]) -> list[E]:
    """Those of a list that have the shape of one; the others are counted in a gap."""
    if not isinstance(documents, list):
        gaps[f"sockets.{name}"] = "not a list; left out"
        return []
    found, first = [], ""
    for document in documents[:MOST]:
        try:
            found.append(kind.model_validate(document))
        except ValidationError as error:
            problem = error.errors()[0]
            first = first or f"{'.'.join(map(str, problem['loc'])) or 'entry'}: {problem['msg']}"
    if lost := len(documents) - len(found):
        gaps[f"sockets.{name}"] = f"{lost} of {len(documents)} entries were left out" + (f" ({first})" if first else "")
    return found


def _group(entry: GroupEntry) -> Group:
    fields = {name: getattr(entry, name) for name in Group._fields}
    timers = tuple(Timer(**timer.model_dump()) for timer in entry.timers)
    return Group(**{**fields, "owner": _owner(entry.owner), "timers": timers})


def _listener(entry: ListenerEntry) -> Listener:
    return Listener(entry.address, entry.port, entry.waiting, entry.backlog, _owner(entry.owner))


def _port_use(entry: PortUseEntry) -> PortUse:
    return PortUse(**entry.model_dump())


def _owner(entry: OwnerEntry | None) -> Owner | None:
    return None if entry is None else Owner(**entry.model_dump())
