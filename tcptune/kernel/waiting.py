"""States that no timer ends: they wait for the program that holds them."""

from __future__ import annotations

from tcptune.kernel.states import TcpState
from tcptune.kernel.timeouts import Lifetime, never


def waiting(state: TcpState, owned: bool) -> Lifetime | None:
    """What is left of a socket without a timer: for ever where its owner decides, None where that cannot be told."""
    if state == TcpState.CLOSE_WAIT:
        return never(state.rfc, (), "no timer and no sysctl: it waits for the application's close()")
    if state == TcpState.FIN_WAIT_2 and owned:
        return never(state.rfc, (), "shutdown() without close(): no timer ends it; the owner must close it")
    return None
