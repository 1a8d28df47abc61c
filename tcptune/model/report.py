"""What tcptune found: findings, rules that stayed quiet, and rules that could not judge."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, NamedTuple

from tcptune.kernel.sysctl import Scope
from tcptune.kernel.timeouts import Lifetime
from tcptune.model.outlook import Outlook
from tcptune.model.snapshot import Host
from tcptune.model.values import Value

SCHEMA = "tcptune/report/1"

AdviceKind = Literal["sysctl", "application", "investigate", "do-nothing"]
Basis = Literal["observed", "latent"]
Confidence = Literal["low", "medium", "high"]
"""How sure it is that a finding is about now: high where it is seen now, less where counters tell of the past."""


class Severity(IntEnum):
    """How bad a finding is; the order is the order of the report and of `--fail-on`."""

    info = 0
    low = 1
    medium = 2
    high = 3


class Evidence(NamedTuple):
    """One number behind a finding; a value of None was not read. `rate` is how fast a counter rises, a second."""

    name: str
    value: Value | None
    unit: str
    scope: Scope
    where: str | None = None
    rate: float | None = None


class Counted(NamedTuple):
    """A counter that decides a finding: what it has come to, and by how much it rose between two samples.

    `rise` is None where there is one sample, or where two make no rate for the reason in `gap`. `logged` is true where
    lines of a log are counted.
    """

    name: str
    total: int
    rise: int | None = None
    gap: str | None = None
    logged: bool = False


class History(NamedTuple):
    """The past that decides a finding: its counters, and since when they count and were watched, in seconds.

    `uptime` is the machine's age; `from_boot` says whether the counters are as old, as those of another network
    namespace than the machine's first are not. `watch_for` is the least time whose silence would tell that it is over.
    `was` is the severity of the rule where the finding has a lower one.
    """

    counted: tuple[Counted, ...]
    uptime: float | None
    from_boot: bool
    interval: float | None
    watch_for: float | None = None
    was: Severity | None = None


class Advice(NamedTuple):
    """What to do about a finding, what that brings and what it costs.

    A `sysctl` advice has `key` and `value`; the other kinds say in `action` what a person does.
    """

    kind: AdviceKind
    effect: str
    cost: str
    key: str | None = None
    value: str | None = None
    was: str | None = None
    action: str | None = None


class Finding(NamedTuple):
    """One rule that fired on one machine, or on one item of it (`subject`).

    `sockets` is how many sockets it is about, where it counts any: of two findings that are as bad, the one
    about more of them comes first. `shows` names their states and kinds; `groups` are the largest groups of them,
    `groups_left` and `sockets_left` what is not among those. What stands in a settings file has its `path`, `line` and
    `column`, from 1. `history` is the past that decides it, where that does; `confidence` says whether it is about now.
    """

    rule: str
    severity: Severity
    basis: Basis
    scope: Scope
    title: str
    message: str
    subject: str | None
    evidence: tuple[Evidence, ...]
    advice: tuple[Advice, ...]
    avoid: tuple[str, ...]
    see: tuple[str, ...]
    sources: tuple[str, ...]
    sockets: int = 0
    shows: tuple[str, ...] = ()
    groups: tuple[Outlook, ...] = ()
    groups_left: int = 0
    sockets_left: int = 0
    path: str | None = None
    line: int | None = None
    column: int | None = None
    confidence: Confidence = "high"
    history: History | None = None


class Skipped(NamedTuple):
    """A rule that could not judge, and what it lacked."""

    rule: str
    reason: str


class Suppressed(NamedTuple):
    """A finding that a comment in the file waves through, and the reason that it gives."""

    rule: str
    path: str
    line: int
    reason: str


class Report(NamedTuple):
    """The verdict on one machine: findings worst first, then what is quiet and what was skipped.

    `interval` is the time between two samples, in seconds; None where there was one.
    """

    host: Host
    taken_at: str | None
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    quiet: tuple[str, ...]
    states: dict[str, int]
    timeouts: dict[str, Lifetime]
    gaps: dict[str, str]
    suppressed: tuple[Suppressed, ...] = ()
    interval: float | None = None

    def worst(self) -> Severity | None:
        """The highest severity found, or None when nothing was."""
        return max((finding.severity for finding in self.findings), default=None)
