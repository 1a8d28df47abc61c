"""The stored incidents: folders of tests/hosts with a case.yaml, what stands in it, and the report on each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from common import LANGUAGE

from tcptune.collect.source import take
from tcptune.engine.check import check
from tcptune.engine.rulebook import load_heads
from tcptune.facts.derive import derive
from tcptune.facts.shown import with_groups
from tcptune.facts.vocabulary import OF_FILES
from tcptune.lint.facts import Assumed
from tcptune.lint.judge import lint
from tcptune.model.report import Finding, Report
from tcptune.model.snapshot import Snapshot
from tcptune.settings import parse

HOSTS = Path(__file__).parent / "hosts"


@dataclass(frozen=True)
class Lint:
    """What a settings file of the case must be told; `only` are all rules that may fire on it."""

    file: str
    kernel: str
    only: list[str]


@dataclass(frozen=True)
class Case:
    """What somebody posted, what was the matter, and what the report must and must not say.

    `first` is the rule of the first finding, None where there is none; `only` all that may fire. `needs` are words that
    the findings and their advice must hold, `never` expressions that no advice may match; `flagged` are numbers that
    must be called doubtful. `skipped` says which rules must want for what. `no_sysctl` forbids to set anything.
    `refused` are words of the refusal where the numbers are not Linux's.
    """

    source: list[str]
    given: str
    truth: str
    first: str | None = None
    must_fire: tuple[str, ...] = ()
    must_not_fire: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    needs: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    flagged: tuple[str, ...] = ()
    skipped: dict[str, str] | None = None
    no_sysctl: bool = False
    refused: str = ""
    lint: dict[str, Any] | None = None


def case_of(host: Path) -> Case:
    """The case of a folder."""
    return Case(**yaml.safe_load((host / "case.yaml").read_text()))


def given_of(host: Path) -> Path:
    """What is judged of a stored host: its snapshot, the texts that were pasted, or the folder with its proc/."""
    return next((host / name for name in ("snapshot.json", "given") if (host / name).exists()), host)


INCIDENTS = sorted(path.parent for path in HOSTS.glob("*/case.yaml"))
REFUSED = [host for host in INCIDENTS if case_of(host).refused]


def judged(snapshot: Snapshot) -> Report:
    """The report on a snapshot with our rules."""
    rules = [rule for rule in load_heads() if rule.for_each not in OF_FILES]
    facts = derive(snapshot)
    return with_groups(check(snapshot, facts, rules, LANGUAGE), snapshot.sockets, facts)


def report_on(host: Path) -> Report:
    """The report on a stored host."""
    return judged(take(str(given_of(host))))


def lint_of(host: Path, what: Lint) -> Report:
    """The report on a settings file of a case."""
    text = (host / what.file).read_bytes()
    return lint(parse(text, what.file), what.file, load_heads(), LANGUAGE, Assumed(release=what.kernel))


def advice_of(finding: Finding) -> str:
    """Everything that a finding tells a person to do, with what it brings and costs; not what it says to avoid."""
    parts = [finding.message]
    for advice in finding.advice:
        setting = f"{advice.key} = {advice.value}" if advice.key else advice.action or ""
        parts += [setting, advice.effect, advice.cost]
    return "\n".join(parts)
