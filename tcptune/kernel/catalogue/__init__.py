"""Every sysctl we know, by its full name; each subject has a module of its own."""

from __future__ import annotations

from tcptune.kernel.catalogue.backlog import BACKLOG
from tcptune.kernel.catalogue.conntrack import CONNTRACK
from tcptune.kernel.catalogue.fin_wait_2 import FIN_WAIT_2
from tcptune.kernel.catalogue.handshake import HANDSHAKE
from tcptune.kernel.catalogue.keepalive import KEEPALIVE
from tcptune.kernel.catalogue.memory import MEMORY
from tcptune.kernel.catalogue.orphans import ORPHANS
from tcptune.kernel.catalogue.ports import PORTS
from tcptune.kernel.catalogue.retransmission import RETRANSMISSION
from tcptune.kernel.catalogue.rto import RTO
from tcptune.kernel.catalogue.time_wait import TIME_WAIT
from tcptune.kernel.catalogue.tw_reuse import TW_REUSE
from tcptune.kernel.sysctl import Sysctl

SYSCTLS: dict[str, Sysctl] = {
    entry.name: entry
    for subject in (
        TIME_WAIT,
        TW_REUSE,
        ORPHANS,
        FIN_WAIT_2,
        RETRANSMISSION,
        RTO,
        KEEPALIVE,
        BACKLOG,
        HANDSHAKE,
        PORTS,
        MEMORY,
        CONNTRACK,
    )
    for entry in subject
}
