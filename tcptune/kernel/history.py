"""Something that held from one mainline release to another: defaults, ranges, scopes, meanings."""

from __future__ import annotations

from typing import NamedTuple

INT_MAX = 2**31 - 1
INT_MIN = -(2**31)


class Span(NamedTuple):
    """One sentence or value and the mainline releases, both inclusive, for which it holds.

    An empty `since` means "already so in 3.10, the oldest tree read"; an empty `until` means
    "still so in 6.19, the newest tree read". `note` says what is inferred rather than read.
    """

    says: str
    since: str = ""
    until: str = ""
    note: str = ""

    def label(self) -> str:
        """The releases in words: `up to 4.17`, `4.18 to 6.13`, `since 6.14`, `all releases`."""
        match bool(self.since), bool(self.until):
            case True, True:
                return f"{self.since} to {self.until}"
            case True, False:
                return f"since {self.since}"
            case False, True:
                return f"up to {self.until}"
            case _:
                return "all releases"


class Range(NamedTuple):
    """The values a write accepts, both ends inclusive; anything else is EINVAL and nothing changes."""

    low: int
    high: int
    since: str = ""
    until: str = ""
    note: str = ""


class Belief(NamedTuple):
    """A thing that is believed of one sysctl, state or counter alone, and what is true instead.

    What more than one page has to do with is a `CommonBelief`.
    """

    claim: str
    truth: str
