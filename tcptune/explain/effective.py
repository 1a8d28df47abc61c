"""What a setting really amounts to on a machine, where that is not what the file says."""

from __future__ import annotations

from collections.abc import Mapping

from tcptune.kernel.timeouts import ORPHAN_RETRIES_OF_ZERO
from tcptune.report.durations import seconds

ORPHAN_RETRIES = "net.ipv4.tcp_orphan_retries"
FIN_TIMEOUT = "net.ipv4.tcp_fin_timeout"
TW_REUSE = "net.ipv4.tcp_tw_reuse"
TIMESTAMPS = "net.ipv4.tcp_timestamps"
MAX_TW_BUCKETS = "net.ipv4.tcp_max_tw_buckets"
MAX_ORPHANS = "net.ipv4.tcp_max_orphans"

REUSE = {
    0: "off: connect() never takes over a TIME-WAIT by itself",
    1: "on for outgoing connections to anywhere",
    2: "on for loopback connections only",
}


def effective(name: str, values: Mapping[str, object]) -> str | None:
    """The effective meaning of a setting's value, or None where the value says it all."""
    value = values.get(name)
    if not isinstance(value, int):
        return None
    match name:
        case _ if name == ORPHAN_RETRIES:
            count = f"{ORPHAN_RETRIES_OF_ZERO}, because 0 means {ORPHAN_RETRIES_OF_ZERO} below the RTO ceiling"
            return (count if value == 0 else str(value)) + _life(values, "timeouts.FIN_WAIT_1.orphan")
        case _ if name == FIN_TIMEOUT:
            return "an orphan's FIN-WAIT-2" + _life(values, "timeouts.FIN_WAIT_2.orphan").replace("; an orphan", "")
        case _ if name == TW_REUSE:
            if value and values.get(TIMESTAMPS) == 0:
                return "nothing: reuse needs tcp_timestamps, which is 0"
            return REUSE.get(value)
        case _ if name == MAX_TW_BUCKETS:
            return f"{max(value, 0) / 60:.0f} closes a second, kept 60 s each" if value > 0 else None
        case _ if name == MAX_ORPHANS:
            return (
                f"{value} orphans; suspicious ones die at {value // 2} or {value // 4} already" if value > 0 else None
            )
    return None


def _life(values: Mapping[str, object], fact: str) -> str:
    life = values.get(fact)
    return f"; an orphan lives {seconds(life)} when its peer is gone" if isinstance(life, float) else ""
