"""Everything a rule may ask about one machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tcptune.kernel.release import Release
from tcptune.kernel.timeouts import Lifetime
from tcptune.model.values import FactInfo, Item, Value


class Facts(NamedTuple):
    """The values of one machine by name, with what is missing and why.

    `vocabulary` describes every name that could be there; `missing` holds reasons for names that are not.
    `not_in_this_kernel` are the settings that were looked for and that this release does not have: a rule
    about one of them has nothing to judge, which is not the same as being unable to.
    """

    values: Mapping[str, Value | list[Item]]
    missing: Mapping[str, str]
    vocabulary: Mapping[str, FactInfo]
    release: Release | None
    lifetimes: Mapping[str, Lifetime]
    not_in_this_kernel: frozenset[str] = frozenset()

    def why_missing(self, name: str) -> str:
        """The reason that a fact is absent, as one clause."""
        return self.missing.get(name, "not read")
