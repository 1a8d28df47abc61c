"""False beliefs that circulate widely about how Linux closes connections: each told once, refuted on many pages."""

from __future__ import annotations

from tcptune.kernel.beliefs.listeners import LISTENERS
from tcptune.kernel.beliefs.machine import MACHINE
from tcptune.kernel.beliefs.orphans import ORPHANS
from tcptune.kernel.beliefs.shape import CommonBelief
from tcptune.kernel.beliefs.time_wait import TIME_WAIT

GROUPS: dict[str, tuple[CommonBelief, ...]] = {
    "TIME-WAIT": TIME_WAIT,
    "Orphans, FIN-WAIT-1 and FIN-WAIT-2": ORPHANS,
    "CLOSE-WAIT, keepalive and listeners": LISTENERS,
    "Ports, machine and commands": MACHINE,
}
"""By what they are about, as the documentation prints them."""

BELIEFS: dict[str, CommonBelief] = {belief.id: belief for group in GROUPS.values() for belief in group}


def about(topic: str) -> list[CommonBelief]:
    """The beliefs that the page of a topic refutes, by the full name of the topic."""
    return [belief for belief in BELIEFS.values() if topic in belief.topics]
