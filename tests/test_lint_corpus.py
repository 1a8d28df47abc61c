"""Settings files that people published, where they are at hand: our verdicts against those of experts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from common import LANGUAGE

from tcptune.engine.rulebook import load_heads
from tcptune.lint.facts import Assumed
from tcptune.lint.judge import lint
from tcptune.model.report import Finding, Report, Severity
from tcptune.settings import parse

CORPUS = Path(__file__).parents[2] / "shared/corpus"
INDEX = CORPUS / "sysctl/index.json"
LABELS = CORPUS / "labels.json"

ENOUGH = 0.95
"""The part of the labels that our verdict has to be among; experts differ too."""

pytestmark = pytest.mark.skipif(not LABELS.is_file(), reason="the labelled settings files are not at hand")

NO_SUCH_KEY = frozenset(
    {"sysctl-unknown", "sysctl-misspelt", "sysctl-removed", "sysctl-vendor-only", "tw-recycle-removed"}
)
WORDS = {
    None: {"fine"},
    Severity.info: {"fine", "pointless"},
    Severity.low: {"questionable", "pointless"},
    Severity.medium: {"risky"},
    Severity.high: {"harmful"},
}
GONE = "removed-or-unknown-key"

OF_A_MACHINE = {"sysctl/distro/003-xmmgithub-OpenCloudOS-Kernel-release-sysctl.conf"}
"""Shipped by a distribution, but not its defaults: it lowers and narrows what the kernel has."""


class Verdict(NamedTuple):
    """What an expert says of a line, what we say, and which findings say it."""

    label: dict[str, Any]
    words: frozenset[str]
    rules: tuple[str, ...]

    def is_right(self) -> bool:
        """Whether one of our words is one of theirs."""
        return not self.words.isdisjoint({self.label["verdict"], *self.label["also_acceptable"]})


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    """The report of all rules on every file of the list."""
    rules = load_heads()
    files = [entry["file"] for entry in json.loads(INDEX.read_text())]
    return {file: lint(parse((CORPUS / file).read_bytes(), file), file, rules, LANGUAGE, Assumed()) for file in files}


def at_line(findings: Iterable[Finding], line: int) -> list[Finding]:
    """Findings that stand at a line."""
    return [finding for finding in findings if finding.line == line]


def about_line(findings: Iterable[Finding], line: int) -> list[Finding]:
    """Findings that stand at a line or have it among their evidence."""
    return [
        finding
        for finding in findings
        if finding.line == line or any(one.where == f"{finding.path}:{line}" for one in finding.evidence)
    ]


def verdicts(reports: dict[str, Report], pick) -> list[Verdict]:
    """What each label comes to, with the findings that `pick` takes to be about its line."""
    found = []
    for label in json.loads(LABELS.read_text()):
        findings = pick(reports[label["file"]].findings, label["line"])
        rules = tuple(finding.rule for finding in findings)
        words = set(WORDS[max((finding.severity for finding in findings), default=None)])
        words |= {GONE} if NO_SUCH_KEY & set(rules) else set()
        found.append(Verdict(label, frozenset(words), rules))
    return found


@pytest.mark.parametrize("pick", [at_line, about_line])
def test_experts_accept_our_verdicts(reports, pick):
    """On at least 95 of 100 lines, whether evidence counts as a verdict or not."""
    found = verdicts(reports, pick)
    wrong = [verdict for verdict in found if not verdict.is_right()]

    assert len(found) > 200
    assert len(found) - len(wrong) >= ENOUGH * len(found), wrong


def test_nothing_fine_is_called_harmful(reports):
    """Nor risky, where the finding stands."""
    loud = [
        verdict
        for verdict in verdicts(reports, at_line)
        if verdict.label["verdict"] == "fine" and verdict.words & {"harmful", "risky"} and not verdict.is_right()
    ]

    assert [] == loud


def test_every_key_that_no_kernel_has_is_found(reports):
    """Removed, invented or misspelt."""
    missed = [
        verdict
        for verdict in verdicts(reports, at_line)
        if verdict.label["verdict"] == GONE and GONE not in verdict.words
    ]

    assert [] == missed


def test_what_distributions_ship_is_left_alone(reports):
    """Nothing above info in files of distributions, or in those that set no key of closing."""
    quiet = [entry["file"] for entry in json.loads(INDEX.read_text()) if entry["kind"] == "distro" or not entry["keys"]]
    loud = {
        file: [(finding.rule, finding.line) for finding in reports[file].findings if finding.severity > Severity.info]
        for file in quiet
        if file not in OF_A_MACHINE
    }

    assert len(loud) >= 10
    assert {} == {file: findings for file, findings in loud.items() if findings}


def test_every_finding_has_its_place(reports):
    """A line and a column of the file, and evidence that stands in it."""
    for file, report in reports.items():
        lines = (CORPUS / file).read_bytes().decode(errors="replace").replace("\r\n", "\n").split("\n")
        for finding in report.findings:
            assert file == finding.path
            assert 1 <= finding.line <= len(lines)
            assert 1 <= finding.column <= len(lines[finding.line - 1]) + 1
            assert all(one.where and one.where.startswith(f"{file}:") for one in finding.evidence)


def test_no_line_is_told_the_same_thing_twice(reports):
    """One finding for each rule, line and subject."""
    for report in reports.values():
        counts = Counter((finding.rule, finding.line, finding.column, finding.subject) for finding in report.findings)
        assert [] == [key for key, count in counts.items() if count > 1]


def test_most_lines_of_most_files_are_left_alone(reports):
    """Findings above info on less than a third of the settings: a list of everything is read by nobody."""
    loud: dict[str, int] = defaultdict(int)
    settings = 0
    for file, report in reports.items():
        settings += len(parse((CORPUS / file).read_bytes(), file).settings)
        loud[file] = len({finding.line for finding in report.findings if finding.severity > Severity.info})

    assert sum(loud.values()) * 3 < settings
