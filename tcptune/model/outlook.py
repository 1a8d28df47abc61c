"""A group of sockets and what becomes of it."""

from __future__ import annotations

from typing import NamedTuple

from tcptune.kernel.timeouts import Lifetime
from tcptune.model.sockets import Group


class Outlook(NamedTuple):
    """One group and its future.

    `first` and `last` tell what is left of the sockets that go first and last: None where the source does not show
    it, with an `expected` of None where nothing will end it.
    """

    group: Group
    why: str
    rank: int
    rule: str | None
    first: Lifetime | None
    last: Lifetime | None
