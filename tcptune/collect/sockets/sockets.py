"""How many sockets are in each state, and the odd ones in groups: the odd ones walked, the many from counters.

Exactness, measured with 1000 sockets in each state: sockstat's `tw` holds TIME-WAIT and FIN-WAIT-2
minisocks; `inuse` (IPv4 and IPv6) holds every full socket, so ESTABLISHED is what the odd ones leave of
it; `CurrEstab` is a second opinion (with CLOSE-WAIT in it since 6.10).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tcptune.collect.files import LIVE_ROOT, Root
from tcptune.collect.proc.proc_net_tcp import Table
from tcptune.collect.readings import Readings
from tcptune.collect.sockets import look, sock_diag
from tcptune.collect.sockets.look import Naming
from tcptune.collect.sockets.port_look import PortLook
from tcptune.collect.sockets.tally import TIMER_TIMEWAIT, Tally, kind_counts, state_counts
from tcptune.kernel.release import Release
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import SocketTable
from tcptune.model.values import Value

TW, INUSE, INUSE6, CURR_ESTAB = "sockstat.TCP.tw", "sockstat.TCP.inuse", "sockstat6.TCP6.inuse", "Tcp.CurrEstab"
TW_PER_NETNS_SINCE = (4, 11)
"""Before, and in RHEL 7, sockstat's tw counts the whole machine."""

TOLERANCE = 0.02
"""How far the two opinions on ESTABLISHED may differ on a busy machine: they are read at two moments."""
TOLERATED = 16


class Counted(NamedTuple):
    """Counts by state and kind, and the single sockets behind them; None where there is no list of sockets."""

    readings: Readings
    table: SocketTable | None


def read(root: Root, counters: Mapping[str, Value], release: Release | None, naming: Naming = "never") -> Counted:
    """On a live machine by sock_diag, else and as a fallback by /proc/net/tcp.

    Where lines of a file were not understood, a state that was not seen is unknown and not 0.
    """
    why = None
    if root == LIVE_ROOT:
        try:
            return _by_sock_diag(counters, release, naming)
        except (sock_diag.SockDiagError, OSError) as error:
            why = f"counted from /proc/net/tcp instead: {error}"
    table = Table(root)
    gaps = table.gaps if why is None else table.gaps | {"sock_diag": why}
    if not table.whole:
        return Counted(Readings(gaps=gaps), None)
    seen = look.stored(root, table)
    gaps = {**gaps, **table.gaps, **seen.gaps}
    counts = {**_facts(state_counts(seen.tally, sock_diag.ALL_STATES)), **kind_counts(seen.tally)}
    if "states" in gaps:
        counts = {name: count for name, count in counts.items() if count != 0}
    return Counted(Readings(counts, gaps), seen.table)


def _by_sock_diag(counters: Mapping[str, Value], release: Release | None, naming: Naming) -> Counted:
    ports = PortLook(counters)
    seen = look.live(sock_diag.ODD_STATES, naming)
    odd = state_counts(seen.tally, sock_diag.ODD_STATES)
    minisocks = sum(
        n for (state, timer, _), n in seen.tally.items() if (state, timer) == (TcpState.FIN_WAIT_2, TIMER_TIMEWAIT)
    )
    established = _established(odd, minisocks, counters)
    time_wait = _time_wait(minisocks, counters, release)
    if established is None or time_wait is None:
        everything: Tally = sock_diag.count(sock_diag.ALL_STATES)
        counts = {**_facts(state_counts(everything, sock_diag.ALL_STATES)), **kind_counts(everything)}
    else:
        states = {**odd, TcpState.ESTABLISHED: established, TcpState.TIME_WAIT: time_wait}
        counts = {**_facts(states), **kind_counts(seen.tally)}
    used, gaps = ports.result()
    return Counted(Readings(counts, {**seen.gaps, **gaps}), seen.table._replace(ports=used))


def _established(odd: Mapping[TcpState, int], minisocks: int, counters: Mapping[str, Value]) -> int | None:
    """ESTABLISHED from counters, or None where they are absent or disagree."""
    inuse, inuse6, estab = (counters.get(name) for name in (INUSE, INUSE6, CURR_ESTAB))
    if not (isinstance(inuse, int) and isinstance(estab, int)):
        return None
    odd_full = sum(odd.values()) - odd[TcpState.SYN_RECEIVED] - minisocks
    by_inuse = inuse + (inuse6 if isinstance(inuse6, int) else 0) - odd_full
    opinions = (estab - odd[TcpState.CLOSE_WAIT], estab)
    allowed = max(TOLERATED, by_inuse * TOLERANCE)
    return by_inuse if by_inuse >= 0 and min(abs(by_inuse - n) for n in opinions) <= allowed else None


def _time_wait(minisocks: int, counters: Mapping[str, Value], release: Release | None) -> int | None:
    """TIME-WAIT from sockstat's tw, or None where that counts something else."""
    tw = counters.get(TW)
    if release is None or release.version < TW_PER_NETNS_SINCE or not isinstance(tw, int):
        return None
    return max(0, tw - minisocks)


def _facts(counts: Mapping[TcpState, int]) -> dict[str, Value]:
    return {
        f"states.{state.name}": counts[state] for state in TcpState if state in counts and state is not TcpState.CLOSE
    }
