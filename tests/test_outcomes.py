"""What the formats for machines have in common."""

from __future__ import annotations

import json
import math

from hypothesis import given, settings
from reports_common import finding, report, report_lists, texts

from tcptune.model.report import Evidence, Severity, Suppressed
from tcptune.model.snapshot import Host
from tcptune.report.outcomes import about, cures, judged, names, numbers, severities, whole, worst_of


@settings(deadline=None)
@given(report_lists)
def test_no_two_reports_share_a_name(reports):
    """Whatever the machines are called: a label or a suite must not stand for two of them."""
    found = names(reports)

    assert len(reports) == len(found) == len(set(found))


def test_a_second_report_of_a_machine_says_where_it_came_from():
    """And a third of one source gets a number; a machine without a name has that of its source."""
    host = Host("web", None, "a.json")
    found = names([report(host=host), report(host=host), report(host=host), report(host=Host(source="b.json"))])

    assert ["web", "web (a.json)", "web (a.json) #2", "b.json"] == found


def test_a_report_in_which_no_rule_could_judge_is_not_clean():
    """Skipped rules alone judge nothing."""
    assert judged(report(finding()))
    assert judged(report())
    assert judged(report(quiet=(), suppressed=(Suppressed("a", "x.conf", 1, "b"),)))
    assert not judged(report(quiet=()))


def test_the_worst_of_several_reports():
    """None where nothing was found."""
    mild, bad = finding(severity=Severity.low), finding(severity=Severity.high)

    assert (None, Severity.high) == (worst_of([]), worst_of([report(mild), report(bad), report()]))
    assert {Severity.low: 1, Severity.high: 1} == dict(severities([report(mild), report(bad)]))


def test_what_a_finding_is_about_holds_no_count():
    """The item, else the first name of the evidence."""
    assert "10.0.0.5" == about(finding(subject="10.0.0.5"))
    assert "net.ipv4.tcp_fin_timeout" == about(finding())
    assert "" == about(finding(evidence=()))


def test_what_to_do_is_one_sentence_each():
    """The key with its value now, or what a person does."""
    assert [
        "Set net.ipv4.tcp_fin_timeout = 60 (now 300). The default again.",
        "Find the file that sets it.",
    ] == cures(finding())


def test_numbers_come_from_the_evidence_and_from_what_is_known_besides():
    """Text and what was not read are none."""
    found = report(
        finding(
            evidence=(Evidence("a", 1, "", "netns"), Evidence("b", None, "", "netns"), Evidence("c", "x", "", "netns"))
        )
    )

    assert {"a": 2, "d": 0.5} == numbers(found, {"a": 2, "d": 0.5, "e": [{}]})


@settings(deadline=None)
@given(texts)
def test_whole_text_can_be_encoded_and_ordinary_text_is_left_as_it_is(text):
    """Half characters become the replacement character, also in keys and lists."""
    found = whole({text: [text]})
    json.dumps(found, ensure_ascii=False).encode()

    assert not text.isascii() or {text: [text]} == found


def test_numbers_that_json_lacks_become_null():
    """Python would write NaN and Infinity."""
    assert {"a": None, "b": [None, 1.5, 2, True, None]} == whole({"a": math.nan, "b": [math.inf, 1.5, 2, True, None]})
    assert "🐧" == whole("\ud83d\udc27")
