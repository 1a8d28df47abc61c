"""The shape of one false belief that circulates widely: what is believed, what is so instead, and how that is known."""

from __future__ import annotations

from typing import NamedTuple


class CommonBelief(NamedTuple):
    """A false belief that more than one page, or a comment beside a setting, has to do with.

    `claim` is the belief as a sentence; `truth` what is so instead, with its number; `instead` what to do.
    `sources` are kernel functions with the releases read, RFCs, documents, or measurements with their kernel.
    `topics` are the full names under which `tcptune explain` tells it: sysctls, states, counters, rules, subjects.
    """

    id: str
    claim: str
    truth: str
    instead: str
    sources: tuple[str, ...]
    topics: tuple[str, ...]


class Subject(NamedTuple):
    """Something people look at or type that is no sysctl, state or counter, and that is read wrongly."""

    name: str
    summary: str
    spellings: tuple[str, ...] = ()
