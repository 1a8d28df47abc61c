"""Everything a rule may ask about one machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tcptune.kernel.release import Release
from tcptune.kernel.timeouts import Lifetime
from tcptune.model.values import FactInfo, Item, Value

ALL = ""
"""In the place of a counter's name: all of them."""


class Watch(NamedTuple):
    """For how long the counters have counted and were watched, in seconds; None where that is not known.

    `uptime` is the age of the machine, and `from_boot` whether the counters are as old: those of another network
    namespace than its first began later. `interval` lies between two samples. `gaps` are counters of which two
    samples make no rate.
    """

    uptime: float | None = None
    from_boot: bool = False
    interval: float | None = None
    gaps: Mapping[str, str] = {}


class Facts(NamedTuple):
    """The values of one machine by name, with what is missing and why.

    `vocabulary` describes every name that could be there; `missing` holds reasons for names that are not.
    `not_in_this_kernel` are the settings that were looked for and that this release does not have: a rule
    about one of them has nothing to judge, which is not the same as being unable to.

    `unmoved` says by counter since boot, or count of log lines, which facts would be other ones had it never moved,
    and what they would be (None: absent); under `ALL`, had none of them moved.
    """

    values: Mapping[str, Value | list[Item]]
    missing: Mapping[str, str]
    vocabulary: Mapping[str, FactInfo]
    release: Release | None
    lifetimes: Mapping[str, Lifetime]
    not_in_this_kernel: frozenset[str] = frozenset()
    watch: Watch = Watch()
    unmoved: Mapping[str, Mapping[str, Value | None]] = {}

    def why_missing(self, name: str) -> str:
        """The reason that a fact is absent, as one clause."""
        return self.missing.get(name, "not read")
