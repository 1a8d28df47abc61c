"""The sockets of a list that somebody printed: in groups, with their listeners and ports, and counted by state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tcptune.collect.printed.ss_output import Told
from tcptune.collect.sockets.grouping import collect_bins, groups_of, host_text, tally_of
from tcptune.collect.sockets.look import ANY_PORT
from tcptune.collect.sockets.ports import Ports
from tcptune.collect.sockets.tally import Key, kind_counts, state_counts
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import Listener, SocketTable
from tcptune.model.values import Value

USUAL_PORTS = range(32768, 61000)
"""ip_local_port_range as nearly every kernel has it: what tells who called where the text has no listeners."""


def table_of(told: Told, local_ports: range | None = None) -> tuple[SocketTable, dict[str, Value]]:
    """The sockets in groups, and how many are in each state and of each kind; what is 0 is left out.

    `local_ports` are those of ip_local_port_range where they are told.
    """
    doors = [row for row, _, _ in told.rows if row.state == TcpState.LISTEN]
    listening = {row.local_port for row in doors}
    ports = Ports(local_ports or ANY_PORT, listening)
    rows = (seen for seen in told.rows if seen[0].state != TcpState.LISTEN)
    bins = collect_bins(ports.watch(rows), listening, told.owners, local_ports or USUAL_PORTS)
    closing = {key: one for key, one in bins.items() if key[1] != TcpState.ESTABLISHED}
    listeners = tuple(
        Listener(
            host_text(row.family, row.local),
            int.from_bytes(row.local_port, "big"),
            row.recv_q,
            row.send_q if "backlog" in told.columns else None,
            told.owners.get(row.inode),
        )
        for row in doors
    )
    groups = groups_of(closing, owners_known="inode" in told.columns, timers_known="timer" in told.columns)
    tally = Counter(tally_of(bins)) + Counter((row.state, row.timer, row.inode != 0) for row in doors)
    states = state_counts(tally, frozenset())
    counts: dict[str, Value] = {f"states.{state.name}": count for state, count in states.items() if count}
    kinds = kind_counts(tally)
    counts |= {name: kinds[name] for name in kinds if kinds[name] and _is_told(name, tally, told.columns)}
    return SocketTable(groups, listeners, ports.used()), counts


def _is_told(name: str, tally: Mapping[Key, int], columns: frozenset[str]) -> bool:
    """Whether a text tells how many sockets are of a kind, as "kinds.FIN_WAIT_2.owned".

    Without timers an owner still decides; and where each socket of a state has a program beside it, nobody else has
    any.
    """
    _, state, kind = name.split(".")
    if "inode" in columns:
        return "timer" in columns or kind in ("owned", "unaccepted")
    return kind == "owned" and all(owned for (number, _, owned) in tally if number == TcpState[state])
