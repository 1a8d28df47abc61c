"""Counters that a listing leaves out because they are 0, as `netstat -s` and `nstat` do."""

from __future__ import annotations

from collections.abc import Collection

from tcptune.collect.printed.piece import Said
from tcptune.kernel.counters import COUNTERS

LATER = """
    TCPAckCompressed TCPAutoCorking TCPBacklogCoalesce TCPDelivered TCPFromZeroWindowAdv TCPHystartDelayDetect
    TCPHystartTrainDetect TCPKeepAlive TCPLossProbeRecovery TCPLossProbes TCPOrigDataSent TCPSynRetrans
    TCPToZeroWindowAdv TCPWantZeroWindowAdv TcpTimeoutRehash
"""
NEWER = frozenset(LATER.split())
"""Counters that 3.9 had not and that soon rise (net/ipv4/proc.c, compared in 3.9, 3.10 and 6.1)."""


def with_unprinted(said: Said, printed: Collection[str], program: str, tells: str) -> Said:
    """The same with the counters of TcpExt that a whole listing leaves out: 0 where every such kernel has them.

    `printed` are the names in the listing, without "TcpExt."; among them are some that 3.9 had not, or nothing is
    assumed. `tells` is the command that prints zeros.
    """
    absent = [
        counter
        for counter in COUNTERS.values()
        if counter.group == "TcpExt" and counter.name not in said.values and counter.name not in said.gaps
    ]
    is_known = not NEWER.isdisjoint(printed)
    zero = {counter.name: 0 for counter in absent if is_known and not (counter.since or counter.until)}
    why = f"{program} leaves out what is 0: it is, or this kernel has no such counter; `{tells}` tells"
    return said._replace(
        gaps={**said.gaps, **{counter.name: why for counter in absent if counter.name not in zero}},
        assumed={**said.assumed, **zero},
    )
