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


class Severity(IntEnum):
    """How bad a finding is; the order is the order of the report and of `--fail-on`."""

    info = 0
    low = 1
    medium = 2
    high = 3


class Evidence(NamedTuple):
    """One number behind a finding; a value of None was not read."""

    name: str
    value: Value | None
    unit: str
    scope: Scope
    where: str | None = None


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
    `column`, from 1.
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
    """The verdict on one machine: findings worst first, then what is quiet and what was skipped."""

    host: Host
    taken_at: str | None
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    quiet: tuple[str, ...]
    states: dict[str, int]
    timeouts: dict[str, Lifetime]
    gaps: dict[str, str]
    suppressed: tuple[Suppressed, ...] = ()

    def worst(self) -> Severity | None:
        """The highest severity found, or None when nothing was."""
        return max((finding.severity for finding in self.findings), default=None)
