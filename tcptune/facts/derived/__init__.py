"""The names a rule may use beyond what the machine says: shares, defaults, ceilings, one row each."""

from __future__ import annotations

from tcptune.facts.derived.closes import CLOSES
from tcptune.facts.derived.closing import CLOSING
from tcptune.facts.derived.defaults import DEFAULTS
from tcptune.facts.derived.memory import MEMORY_FACTS
from tcptune.facts.derived.orphans import ORPHAN_FACTS
from tcptune.facts.derived.ports import PORTS
from tcptune.facts.derived.shape import Derived
from tcptune.facts.derived.time_wait import TIME_WAIT

__all__ = ["DERIVED", "Derived"]

DERIVED: tuple[Derived, ...] = (*DEFAULTS, *CLOSES, *CLOSING, *MEMORY_FACTS, *PORTS, *TIME_WAIT, *ORPHAN_FACTS)
"""In order: a row may need a row above it."""
