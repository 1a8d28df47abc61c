"""What a summary over many machines is made of, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tcptune.model.report import Severity


class Setting(NamedTuple):
    """What a machine has a key set to, as /proc/sys shows it.

    `by_memory` is true where that is what the kernel itself chose for the memory of this machine.
    """

    value: str
    by_memory: bool = False


class Row(NamedTuple):
    """What a summary keeps of one machine.

    `source` is as it was asked for. `rules` are those that fired, each with its worst severity. `judged` is false
    where no rule could judge.
    """

    source: str
    name: str | None
    release: str | None
    judged: bool
    rules: Mapping[str, Severity]
    settings: Mapping[str, Setting]


class Found(NamedTuple):
    """One rule, and the machines on which it fired."""

    rule: str
    severity: Severity
    hosts: tuple[str, ...]


class Odd(NamedTuple):
    """The machines that have a key set to something else than most; `value` is None as in `Usual`."""

    value: str | None
    hosts: tuple[str, ...]


class Usual(NamedTuple):
    """What more than half of the machines that have a key have it set to, and who has not.

    A `value` of None is what the kernel chose for the memory of each machine, which is not one number.
    """

    key: str
    value: str | None
    hosts: int
    of: int
    odd: tuple[Odd, ...]


class NotJudged(NamedTuple):
    """A source that could not be judged, and why."""

    source: str
    reason: str


class Fleet(NamedTuple):
    """The summary. `worst` counts machines by the worst that was found on them, under None those without a finding.

    `settings` are the keys in which some machine differs from most; `common` is how many keys have a value that most
    share. `releases` counts machines by kernel release, under None those that do not say.
    """

    judged: int
    not_judged: tuple[NotJudged, ...]
    worst: Mapping[Severity | None, int]
    findings: tuple[Found, ...]
    settings: tuple[Usual, ...]
    common: int
    releases: Mapping[str | None, int]
