"""A look at the single sockets of a machine, as much of one as is asked for: groups, listeners, owners, ports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from tcptune.collect.files import LIVE_ROOT, Root, read_text
from tcptune.collect.proc.proc_net_tcp import Table
from tcptune.collect.sockets.diag_rows import first_of, inodes, sockets
from tcptune.collect.sockets.grouping import Bin, BinKey, Owners, collect_bins, groups_of, host_text, tally_of
from tcptune.collect.sockets.ports import Ports
from tcptune.collect.sockets.rows import Seen
from tcptune.collect.sockets.sock_diag import Part, Question, dump, states_mask, undisturbed
from tcptune.collect.sockets.tally import Key
from tcptune.kernel.states import UNACKNOWLEDGED, TcpState
from tcptune.model.sockets import Listener, Owner, SocketTable

Naming = Literal["never", "where needed", "always"]
"""When the processes that hold sockets are looked for; their units and containers are known without."""

WORTH_NAMING = {TcpState.CLOSE_WAIT: 20, TcpState.FIN_WAIT_2: 20}
"""From so many sockets held in these states on, a finding names their process."""
WORTH_NAMING_A_LISTENER = 5
"""From so many connections on that were never accepted."""

ANY_PORT = range(1024, 1 << 16)
PORT_RANGE = "proc/sys/net/ipv4/ip_local_port_range"


class Look(NamedTuple):
    """What was seen: the sockets by state, timer and owner; the groups and listeners; and what could not be seen."""

    tally: Mapping[Key, int]
    table: SocketTable
    gaps: Mapping[str, str]


def live(states: Iterable[TcpState], naming: Naming) -> Look:
    """The sockets of this network namespace in these states, by sock_diag; listeners always.

    Raises SockDiagError or OSError where the kernel refuses.
    """
    ports = local_ports(LIVE_ROOT)
    doors = undisturbed(lambda: list(sockets(dump(Question(states_mask({TcpState.LISTEN}))))))
    listening = {fields[4] for fields, _, _ in doors}
    mask = states_mask(set(states) - {TcpState.LISTEN})
    named = naming == "always"
    holders: Owners = {}
    gaps: dict[str, str] = {}
    if not named:
        bins = undisturbed(lambda: collect_bins(sockets(dump(Question(mask))), listening, {}, ports))
        named = naming == "where needed" and _worth_naming(bins, doors)
    if named:
        parts = undisturbed(lambda: [Part(memoryview(bytes(data)), starts) for data, starts in dump(Question(mask))])
        holders, gaps = _holders(doors, parts)
        bins = collect_bins(sockets(parts), listening, holders, ports)
    if any(key[1] in UNACKNOWLEDGED for key in bins):
        bins = {key: one for key, one in bins.items() if key[1] not in UNACKNOWLEDGED} | _with_timers(
            mask, listening, holders, ports
        )
    units = _units({cgroup for _, cgroup, _ in doors} | {key[-1] for key in bins if isinstance(key[-1], int)})
    tally = {**tally_of(bins), **_tally_of_listeners(doors)}
    return Look(tally, SocketTable(groups_of(bins, units.get), _listeners(doors, holders, units)), gaps)


def _with_timers(mask: int, listening: set[bytes], holders: Owners, ports: range) -> dict[BinKey, Bin]:
    """The sockets that repeat their FIN, asked for once more with struct tcp_info, which is half as dear again."""
    question = Question(mask & states_mask(UNACKNOWLEDGED), info=True)
    return undisturbed(lambda: collect_bins(sockets(dump(question), infos=True), listening, holders, ports))


def stored(root: Root, table: Table) -> Look:
    """The sockets of a stored tree; nobody's descriptors are in it."""
    port_range = local_ports(root)
    ports = Ports(port_range, table.listening)
    bins = collect_bins(ports.watch(table.sockets()), table.listening, {}, port_range)
    closing = {key: one for key, one in bins.items() if key[1] not in (TcpState.ESTABLISHED, TcpState.LISTEN)}
    listeners = tuple(
        Listener(host_text(key[0], key[5]), int.from_bytes(key[6], "big"), one.recv_q, None)
        for key, one in bins.items()
        if key[1] == TcpState.LISTEN
    )
    gaps = {}
    if port_range is ANY_PORT:
        gaps["sockets.ports"] = "which ports are those of ip_local_port_range is not known"
    used = None if port_range is ANY_PORT else ports.used()
    return Look(tally_of(bins), SocketTable(groups_of(closing), listeners, used), gaps)


def local_ports(root: Root) -> range:
    """ip_local_port_range; where it cannot be read, everything above 1023 may be such a port."""
    try:
        low, high = map(int, read_text(root, PORT_RANGE).split())
    except (OSError, ValueError):
        return ANY_PORT
    return range(low, high + 1)


def _worth_naming(bins: Mapping[BinKey, Bin], doors: Iterable[Seen]) -> bool:
    """Whether a finding will want to say which process it is."""
    held = dict.fromkeys(WORTH_NAMING, 0)
    unaccepted = 0
    for (_, state, _, _, owned, *_), one in bins.items():
        if owned and state in held:
            held[TcpState(state)] += one.count
        unaccepted += one.count * (state == TcpState.CLOSE_WAIT and not owned)
    full = any(fields[9] > fields[10] for fields, _, _ in doors)
    enough = any(held[state] >= worth for state, worth in WORTH_NAMING.items())
    return enough or full or unaccepted >= WORTH_NAMING_A_LISTENER


def _holders(doors: Iterable[Seen], parts: Iterable[Part]) -> tuple[Owners, dict[str, str]]:
    """Who holds these sockets, by inode, looked for in their cgroups first; and what could not be seen."""
    from tcptune.collect.owners import cgroups, owners

    wanted = {fields[12] for fields, _, _ in doors} | inodes(parts)
    homes = {cgroup for _, cgroup, _ in doors} | {cgroup for _, cgroup, _ in sockets(first_of(parts))}
    first = [pid for path in cgroups.find(homes - {0}).values() for pid in cgroups.pids_of(path)]
    found = owners.find(wanted, first)
    known = {
        holder: Owner(holder.pid, holder.command, holder.fds, holder.unit) for holder in set(found.holders.values())
    }
    named = {inode: known[holder] for inode, holder in found.holders.items()}
    missing = len(wanted - {0}) - len(named)
    if not missing:
        return named, {}
    why = (
        f"the descriptors of {found.hidden} processes are not shown to this user; run as root to see them"
        if found.hidden
        else "no process that is visible here has them: they are on their way, or in another PID namespace"
    )
    return named, {"owners": f"{missing} of {len(wanted - {0})} sockets have an owner who is not visible: {why}"}


def _units(ids: set[int]) -> dict[int, str]:
    """The systemd unit or container of each cgroup id that has one."""
    if not ids - {0}:
        return {}
    from tcptune.collect.owners import cgroups

    units = {cgroup: cgroups.unit_of(path) for cgroup, path in cgroups.find(ids - {0}).items()}
    return {cgroup: unit for cgroup, unit in units.items() if unit is not None}


def _listeners(doors: Iterable[Seen], holders: Owners, units: Mapping[int, str]) -> tuple[Listener, ...]:
    found = []
    for fields, cgroup, _ in doors:
        unit = units.get(cgroup)
        owner = holders.get(fields[12]) or (Owner(unit=unit) if unit else None)
        found.append(
            Listener(host_text(fields[0], fields[6]), int.from_bytes(fields[4], "big"), fields[9], fields[10], owner)
        )
    return tuple(sorted(found, key=lambda door: (-door.waiting, door.port, door.address)))


def _tally_of_listeners(doors: Iterable[Seen]) -> dict[Key, int]:
    tally: dict[Key, int] = {}
    for fields, _, _ in doors:
        key = (fields[1], fields[2], fields[12] != 0)
        tally[key] = tally.get(key, 0) + 1
    return tally
