"""The counters a verdict may rest on, by full name, and how to find one by the name people use."""

from __future__ import annotations

from tcptune.kernel.counters.aborts import ABORTS
from tcptune.kernel.counters.gauges import GAUGES
from tcptune.kernel.counters.listen import LISTEN
from tcptune.kernel.counters.shape import Counter
from tcptune.kernel.counters.snmp import SNMP
from tcptune.kernel.counters.time_wait import TIME_WAIT
from tcptune.kernel.counters.timers import TIMERS

__all__ = ["COUNTERS", "Counter", "find"]

COUNTERS: dict[str, Counter] = {
    counter.name: counter for counter in (*GAUGES, *SNMP, *TIME_WAIT, *ABORTS, *TIMERS, *LISTEN)
}
"""In the order in which the documentation prints them."""


def find(name: str) -> Counter | None:
    """The counter of that name: in full, as `nstat` prints it, or its last word where only one has it.

    >>> find("TcpExtTCPTimeWaitOverflow").name
    'TcpExt.TCPTimeWaitOverflow'
    >>> find("orphan").name
    'sockstat.TCP.orphan'
    >>> find("inuse") is None
    True
    """
    if name in COUNTERS:
        return COUNTERS[name]
    matches = [counter for counter in COUNTERS.values() if name in (counter.short, counter.name.replace(".", ""))]
    return matches[0] if len(matches) == 1 else None
