"""From what a person types to the topic they mean: any separator, any prefix, a typo too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal, NamedTuple

from tcptune.explain.belief_page import ALL
from tcptune.kernel.beliefs import BELIEFS
from tcptune.kernel.beliefs.subjects import SUBJECTS
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.counters import COUNTERS
from tcptune.kernel.state_pages import STATE_PAGES
from tcptune.kernel.states import TcpState

Kind = Literal["sysctl", "state", "counter", "fact", "rule", "subject", "belief", "beliefs"]

GENERAL = ("rule", "subject", "belief", "beliefs")
"""Kinds whose pages say nothing of a machine."""

OTHER_SPELLINGS = {
    TcpState.FIN_WAIT_1: ("FIN_WAIT1",),
    TcpState.FIN_WAIT_2: ("FIN_WAIT2",),
    TcpState.SYN_RECEIVED: ("SYN_RECV",),
    TcpState.ESTABLISHED: ("ESTAB",),
}
"""How ss, netstat and the kernel spell some states."""


SHORTEST_PREFIX, MOST_MEANT = 4, 40
"""A beginning of at least so many letters that fits at most so many names stands for the shortest of them."""


class Topic(NamedTuple):
    """One thing that can be explained, by its full name."""

    kind: Kind
    name: str


def plain(text: str) -> str:
    """A name without case, separators and paths: what two spellings of it share.

    >>> plain("/proc/sys/net/ipv4/tcp_fin_timeout") == plain("net.ipv4.tcp-fin-timeout")
    True
    """
    return re.sub(r"[^a-z0-9]", "", text.strip().removeprefix("/proc/sys/").lower())


def index(rules: Iterable[str], facts: Iterable[str]) -> dict[str, Topic]:
    """Every spelling and the topic it stands for; an earlier kind wins where two share one."""
    found: dict[str, Topic] = {}
    for name in SYSCTLS:
        _add(found, Topic("sysctl", name), name, name.rpartition(".")[2])
    for state in STATE_PAGES:
        _add(found, Topic("state", state.rfc), state.name, *OTHER_SPELLINGS.get(state, ()))
    for name in COUNTERS:
        _add(found, Topic("counter", name), name, name.rpartition(".")[2])
    for name in rules:
        _add(found, Topic("rule", name), name)
    for subject in SUBJECTS.values():
        _add(found, Topic("subject", subject.name), subject.name, *subject.spellings)
    _add(found, Topic("beliefs", ALL), ALL)
    for name in BELIEFS:
        _add(found, Topic("belief", name), name)
    for name in facts:
        _add(found, Topic("fact", name), name)
    return found


def _add(found: dict[str, Topic], topic: Topic, *spellings: str) -> None:
    for spelling in spellings:
        found.setdefault(plain(spelling), topic)


def find(text: str, topics: dict[str, Topic]) -> Topic | None:
    """The topic itself, or the nearest by spelling, or None."""
    wanted = plain(text)
    if wanted in topics:
        return topics[wanted]
    longer = [spelling for spelling in topics if spelling.startswith(wanted)]
    if len(wanted) >= SHORTEST_PREFIX and 0 < len(longer) <= MOST_MEANT:
        return topics[min(longer, key=len)]
    near = get_close_matches(wanted, topics, n=1, cutoff=0.75)
    return topics[near[0]] if near else None


def suggestions(text: str, topics: dict[str, Topic]) -> list[str]:
    """A few full names that are not too far from the text."""
    near = get_close_matches(plain(text), topics, n=5, cutoff=0.4)
    return list(dict.fromkeys(topics[spelling].name for spelling in near))
