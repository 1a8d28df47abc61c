"""sock_diag, one socket at a time and in detail: timer, time left, queues, RTO (net/ipv4/inet_diag.c).

For a namespace with a handful of sockets; `collect.look` groups the thousands of a real one.
"""

from __future__ import annotations

from typing import NamedTuple

from tcptune.collect.sockets.diag_rows import sockets
from tcptune.collect.sockets.grouping import TIMERS
from tcptune.collect.sockets.rows import Info, Row
from tcptune.collect.sockets.sock_diag import ALL_STATES, Question, SockDiagError, dump, states_mask
from tcptune.collect.sockets.tally import NEW_SYN_RECV, kind_of
from tcptune.kernel.states import TcpState

EVERYTHING = Question(states_mask(ALL_STATES), info=True)


class Seen(NamedTuple):
    """One socket at one look. Times in seconds; `rto` and `rtt` are None where the kernel keeps none."""

    ours: int
    peer: int
    state: TcpState
    kind: str | None
    timer: str | None
    left: float | None
    recv_q: int
    send_q: int
    rto: float | None = None
    rtt: float | None = None
    backoff: int = 0
    sack: bool = False


def look() -> list[Seen]:
    """All TCP sockets of this namespace, listeners included; OSError where the kernel does not answer."""
    try:
        return [_seen(Row(*fields), info) for fields, _, info in sockets(dump(EVERYTHING), infos=True)]
    except SockDiagError as error:
        raise OSError(str(error)) from None


def _seen(row: Row, info: Info | None) -> Seen:
    state = TcpState.SYN_RECEIVED if row.state == NEW_SYN_RECV else TcpState(row.state)
    seen = Seen(
        int.from_bytes(row.local_port, "big"),
        int.from_bytes(row.remote_port, "big"),
        state,
        kind_of(row.state, row.timer, row.inode != 0),
        TIMERS.get(row.timer),
        row.expires / 1e3 if row.timer in TIMERS else None,
        row.recv_q,
        row.send_q,
    )
    if info is None:
        return seen
    return seen._replace(rto=info.rto, rtt=info.rtt, backoff=info.backoff, sack=info.sack)
