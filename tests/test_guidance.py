"""docs/guidance.md: every claim has a verdict and a place, every link leads somewhere, every rule gives its reasons."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from common import LANGUAGE, RULE_FILES

from tcptune.engine.validate import load_rule
from tcptune.kernel.states import CLOSING_STATES
from tcptune.lab.catalogue import SCENARIOS

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "guidance.md").read_text()
RULES = [load_rule(path, LANGUAGE) for path in RULE_FILES]

DEFINITION = re.compile(r"^\[([^\]]+)\]: (\S+)$", re.MULTILINE)
LINK = re.compile(r"\[([^\]\n]+)\](?:\[([^\]\n]+)\])?")
VERDICT = re.compile(r"(true|false|partly|measured|read|derived)\b")
SHORT_FALSE = 12
"""A claim that does not hold, or only in part, gets at least so many letters of correction."""

ARTICLES = {"closing states", "overtaken FIN", "CLOSE-WAIT", "step by step", "RST for FIN"}
ORIGINS = {"kernel source", "measured", "documentation", "folklore", *(f"article: {name}" for name in ARTICLES)}

CORE = {
    f"settings/net.ipv4.{key}.md"
    for key in ("tcp_max_tw_buckets", "tcp_tw_reuse", "tcp_orphan_retries", "tcp_fin_timeout", "tcp_max_orphans")
} | {f"states/{state.rfc}.md" for state in CLOSING_STATES}

ABOUT_FILES = {
    "boot-differs-from-reload": "what the two loaders make of all files together",
    "comment-false-belief": "what a comment beside a setting says",
    "drift-from-files": "running values against the files",
    "input-contradicts-itself": "numbers of the input against each other",
    "input-doubtful": "numbers of the input that are hard to believe",
    "setting-equals-default": "a line that changes nothing",
    "suppression-without-reason": "a comment for tcptune itself",
    "sysctl-bad-line": "the syntax of a settings file",
    "sysctl-comment-touches-value": "the syntax of a settings file",
    "sysctl-conf-not-read-at-boot": "which files the loaders read",
    "sysctl-file-not-read": "which files the loaders read",
    "sysctl-loaders-differ": "what the two loaders make of a line",
    "sysctl-misspelt": "the name of a key",
    "sysctl-overridden": "the order of files",
    "sysctl-repeated": "the order of lines",
    "sysctl-set-twice": "the order of lines",
    "sysctl-trailing-comment": "the syntax of a settings file",
    "sysctl-unknown": "the name of a key",
}
"""Rules that no claim about TCP stands behind: they are about files and input as they are written."""


class Claim(NamedTuple):
    """One row of a table."""

    says: str
    origin: str
    verdict: str
    told: str
    lab: str


CLAIMS = [
    Claim(*(cell.strip() for cell in line.strip("|").split("|")))
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith(("| Claim |", "| --- |"))
]
DEFINED = dict(DEFINITION.findall(TEXT))
USED = {label or text for text, label in LINK.findall(DEFINITION.sub("", TEXT))}

each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=[claim.says[:60] for claim in CLAIMS])
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as a forge makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_claims_of_every_kind_of_source():
    """All five articles, the source, the documentation, measurements and folklore have their say."""
    assert ORIGINS == {claim.origin for claim in CLAIMS}


@each_claim
def test_a_claim_has_a_verdict_that_corrects_it_where_it_is_wrong(claim):
    """`true`, `measured` and `read` may stand alone; what is false or half true says what is so."""
    verdict = VERDICT.match(claim.verdict)

    assert verdict is not None, claim.verdict
    assert verdict[1] not in ("false", "partly") or len(claim.verdict) > len(verdict[1]) + SHORT_FALSE


@each_claim
def test_a_claim_is_told_somewhere(claim):
    """Each has at least one link to a page, a rule or the module that computes it."""
    assert LINK.findall(claim.told)


@each_claim
def test_a_scenario_that_shows_a_claim_exists(claim):
    """`tcptune lab run NAME` works with what the last column says."""
    assert not claim.lab or claim.lab in SCENARIOS


def test_every_scenario_shows_a_claim():
    """The lab is there for the claims."""
    assert set(SCENARIOS) == {claim.lab for claim in CLAIMS} - {""}


def test_no_claim_is_told_twice():
    """One claim, one verdict."""
    says = [claim.says for claim in CLAIMS]

    assert sorted(set(says)) == sorted(says)


def test_links_and_definitions_match():
    """No link without a target, and no target without a link."""
    assert set(DEFINED) == USED


def test_every_link_leads_somewhere():
    """The file is there, and has the heading if one is named."""
    targets = [target.partition("#") for target in DEFINED.values()]

    assert [] == [path for path, _, _ in targets if not (DOCS / path).exists()]
    assert [] == [(path, anchor) for path, _, anchor in targets if anchor and anchor not in anchors(DOCS / path)]


def test_the_core_settings_and_closing_states_are_linked():
    """What the whole thing is about is not left out."""
    assert set() == CORE - set(DEFINED.values())


def test_every_rule_stands_behind_a_claim():
    """Each rule is linked, but for those about files as they are written."""
    linked = {Path(target).stem for target in DEFINED.values() if target.startswith("rules/")}
    known = {rule.id for rule in RULES}

    assert known - set(ABOUT_FILES) == linked
    assert set() == set(ABOUT_FILES) - known


@each_rule
def test_a_rule_gives_its_reasons(rule):
    """It says why, which wrong cure to leave alone, how to see it, and where it comes from."""
    assert rule.rationale.strip()
    assert rule.avoid
    assert rule.see
    assert any(source.read if source.kernel else source.says for source in rule.sources)
