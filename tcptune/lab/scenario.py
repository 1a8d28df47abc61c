"""What a scenario is: a name, what it shows, and a function that plays it on a stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tcptune.lab.stage import Stage

CLOSING_ARTICLE = "the article on the closing states and their limits (kernel 5.3)"
FREEZING_ARTICLE = "the article that freezes the four-way close step by step"
CLOSE_WAIT_ARTICLE = "the article that finds CLOSE-WAIT with tcpdump and Wireshark"
RESET_ARTICLE = "the article on a close() that sends no FIN"
OVERTAKING_ARTICLE = "the article on the FIN that its ACK overtook (kernel 5.10)"


class Scenario(NamedTuple):
    """One scenario. `brief` is for a list, `shows` for a page.

    `always` are sysctls without which it would show something else. `short` are sysctls that spare a minute or
    more of waiting; --full leaves them out. `seconds` and `full_seconds` are about how long it takes.
    """

    slug: str
    brief: str
    shows: str
    play: Callable[[Stage], None]
    seconds: float
    kernel: str
    article: str
    always: Mapping[str, str] = {}
    short: Mapping[str, str] = {}
    full_seconds: float | None = None

    def settings(self, full: bool) -> dict[str, str]:
        """The sysctls that it sets by itself."""
        return {**self.always} if full else {**self.always, **self.short}

    def lasts(self, full: bool) -> float:
        """About how long it takes, in seconds."""
        return self.full_seconds if full and self.full_seconds is not None else self.seconds
