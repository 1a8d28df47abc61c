"""Incidents from public threads: the right diagnosis comes first, and nothing harmful is advised."""

from __future__ import annotations

import re

import pytest
from belief_checker import found_in
from common import RULE_FILES
from incidents_common import INCIDENTS, REFUSED, Lint, advice_of, case_of, given_of, lint_of, report_on

from tcptune.collect.source import take
from tcptune.errors import TcptuneError

JUDGED = [host for host in INCIDENTS if host not in REFUSED]
LINTED = [host for host in INCIDENTS if case_of(host).lint]
RULES = {path.stem for path in RULE_FILES}

each_incident = pytest.mark.parametrize("host", JUDGED, ids=lambda path: path.name)


def fired(report) -> list[str]:
    """The rules of a report's findings, in their order."""
    return [finding.rule for finding in report.findings]


@each_incident
def test_the_right_diagnosis_comes_first(host):
    """What a person reads first is what is the matter."""
    assert case_of(host).first == next(iter(fired(report_on(host))), None)


@each_incident
def test_what_must_be_said_is_said_and_nothing_else(host):
    """The other findings of a case, and those that would be wrong."""
    case, rules = case_of(host), set(fired(report_on(host)))

    assert set() == set(case.must_fire) - rules
    assert set() == set(case.must_not_fire) & rules
    assert case.only is None or rules <= set(case.only)


@each_incident
def test_no_advice_that_harms(host):
    """The cures that circulate for a symptom stand among what is to be avoided, if anywhere."""
    case, findings = case_of(host), report_on(host).findings
    found = {
        (finding.rule, pattern)
        for finding in findings
        for pattern in case.never
        if any(re.search(pattern, part, re.IGNORECASE) for part in advice_of(finding).splitlines()[1:])
    }

    assert set() == found
    if case.no_sysctl:
        assert [] == [(f.rule, a.key, a.value) for f in findings for a in f.advice if a.key is not None]


@each_incident
def test_the_words_that_matter_are_there(host):
    """A threshold, a number, the thing to look at."""
    case = case_of(host)
    told = "\n".join(map(advice_of, report_on(host).findings))

    assert [] == [words for words in case.needs if words not in told]


@each_incident
def test_numbers_that_cannot_be_are_flagged(host):
    """And no others."""
    flags = ("input-contradicts-itself", "input-doubtful")
    told = [finding.message for finding in report_on(host).findings if finding.rule in flags]

    assert [] == [words for words in case_of(host).flagged if not any(words in message for message in told)]
    assert len(told) == len(case_of(host).flagged)


@each_incident
def test_what_cannot_be_judged_says_what_it_wants(host):
    """A rule that lacks a number is skipped and names it."""
    wants = {skipped.rule: skipped.reason for skipped in report_on(host).skipped}

    assert {} == {
        rule: wants.get(rule) for rule, name in (case_of(host).skipped or {}).items() if name not in wants.get(rule, "")
    }


@pytest.mark.parametrize("host", REFUSED, ids=lambda path: path.name)
def test_another_system_is_refused(host):
    """macOS has no Linux settings, so none are talked of."""
    with pytest.raises(TcptuneError, match=re.escape(case_of(host).refused)):
        take(str(given_of(host)))


@pytest.mark.parametrize("host", LINTED, ids=lambda path: path.name)
def test_the_settings_file_of_a_case_is_told_the_same(host):
    """Read as a file, without a machine."""
    what = Lint(**case_of(host).lint)

    assert sorted(what.only) == sorted(set(fired(lint_of(host, what))))


@pytest.mark.parametrize("host", INCIDENTS, ids=lambda path: path.name)
def test_a_case_is_complete(host):
    """It has its source and its numbers, and names rules that there are."""
    case = case_of(host)
    named = {case.first, *case.must_fire, *case.must_not_fire, *(case.only or ())} - {None}

    assert case.source
    assert case.given.rstrip().endswith(".")
    assert case.truth.rstrip().endswith(".")
    assert set() == named - RULES
    assert bool(case.refused) == (case.first is None and case.only is None)
    assert [] == found_in([case.truth])
