"""Metrics for the textfile collector, read back with the official parser and held to the rules of promtool."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from prometheus_client.parser import text_string_to_metric_families
from reports_common import failures, finding, is_clean, report, report_lists, stored

from tcptune.facts.derive import derive
from tcptune.model.report import Evidence, Severity
from tcptune.report import prometheus

NAME = re.compile(r"tcptune_[a-z]+(_[a-z]+)*")
NOT_IN_NAMES = (
    "gauge",
    "counter",
    "histogram",
    "summary",
    "total",
    "count",
    "sum",
    "bucket",
    "milliseconds",
    "percent",
)


def read(text: str) -> dict[str, dict[frozenset, float]]:
    """Every sample by metric and labels, after the checks of `promtool check metrics` and of the collector."""
    assert is_clean(text)
    families = list(text_string_to_metric_families(text))
    assert len(families) == len({family.name for family in families})
    assert text.count("# HELP ") == text.count("# TYPE ") == len(families)
    found = {}
    for family in families:
        assert NAME.fullmatch(family.name)
        assert not set(family.name.split("_")) & set(NOT_IN_NAMES)
        assert ("gauge", True) == (family.type, family.documentation.endswith("."))
        assert all(sample.timestamp is None and sample.name == family.name for sample in family.samples)
        found[family.name] = {frozenset(sample.labels.items()): sample.value for sample in family.samples}
        assert len(family.samples) == len(found[family.name]) > 0
    return found


def labels(**given: str) -> frozenset:
    return frozenset(given.items())


def test_findings_rules_sockets_and_lifetimes():
    """Zero is a value; what never ends is +Inf."""
    found = read(prometheus.render([report(finding())]))

    assert {
        labels(severity="info"): 0, labels(severity="low"): 0, labels(severity="medium"): 1, labels(severity="high"): 0
    } == found["tcptune_findings"]  # fmt: skip
    assert {labels(rule="fin-timeout-above-60", severity="medium"): 1} == found["tcptune_finding"]
    assert {labels(outcome="fired"): 1, labels(outcome="quiet"): 1, labels(outcome="skipped"): 1} == found[
        "tcptune_rules"
    ]
    assert 31000 == found["tcptune_sockets"][labels(state="TIME-WAIT")]
    assert 61.047 == found["tcptune_lifetime_seconds"][labels(case="TIME-WAIT", bound="expected")]
    assert {frozenset(): 1795215120} == found["tcptune_report_timestamp_seconds"]


def test_what_never_ends_is_infinite():
    """An absent sample would look like a rule that was not asked."""
    lasting = report().timeouts["TIME-WAIT"]._replace(min=None, expected=None, max=None, ends="never")
    found = read(prometheus.render([report(timeouts={"CLOSE-WAIT": lasting})]))

    assert {math.inf} == set(found["tcptune_lifetime_seconds"].values())


def test_limits_and_shares_come_from_the_evidence():
    """The share is computed from both, else taken as it was read; a limit of nothing has no share."""
    numbers = {
        "sockstat.TCP.orphan": 128, "net.ipv4.tcp_max_orphans": 256,
        "sockstat.TCP.tw": 7, "net.ipv4.tcp_max_tw_buckets": -1,
        "memory.share_of_max": 0.5,
    }  # fmt: skip
    evidence = tuple(Evidence(name, value, "", "host") for name, value in numbers.items())
    found = read(prometheus.render([report(finding(evidence=evidence))]))
    single = {name: samples[frozenset()] for name, samples in found.items() if frozenset() in samples}

    assert {
        "tcptune_orphans": 128,
        "tcptune_orphans_limit": 256,
        "tcptune_orphans_used_ratio": 0.5,
        "tcptune_time_wait_entries": 7,
        "tcptune_time_wait_entries_limit": -1,
        "tcptune_buffer_pages_used_ratio": 0.5,
        "tcptune_report_timestamp_seconds": 1795215120,
    } == single


def test_a_healthy_machine_shows_its_limits_where_the_facts_are_given():
    """Without them an alert on a share would have nothing to look at before it is too late."""
    from test_hosts import HOSTS, seen

    host = next(path for path in HOSTS if path.name.startswith("quiet"))
    facts = derive(seen(host)).values
    quiet = next(each for each in stored() if each.host.source == host.name)
    without, with_facts = read(prometheus.render([quiet])), read(prometheus.render([quiet], known=[facts]))

    assert "tcptune_orphans_limit" not in without
    assert {frozenset(): facts["net.ipv4.tcp_max_orphans"]} == with_facts["tcptune_orphans_limit"]
    assert 0 <= with_facts["tcptune_orphans_used_ratio"][frozenset()] < 1


def test_only_the_busiest_destinations_are_named():
    """Each is a time series for ever."""
    items = [{"local": "10.0.0.5", "remote": f"10.0.0.9:{port}", "share": port / 100} for port in range(50)]
    found = read(prometheus.render([report()], known=[{"ports.tuples": items}]))["tcptune_port_range_used_ratio"]

    assert prometheus.MOST_DESTINATIONS == len(found)
    assert 0.49 == max(found.values())
    assert 0.4 == min(found.values())


def test_several_machines_have_a_label():
    """The samples of a metric stay together, and two of one name stay apart."""
    found = read(prometheus.render([report(), report(finding(severity=Severity.high))]))

    assert {"web-3", "web-3 (live)"} == {dict(each)["host"] for each in found["tcptune_findings"]}
    assert 1 == found["tcptune_findings"][labels(severity="high", host="web-3 (live)")]
    assert all("host" not in dict(each) for each in read(prometheus.render([report()]))["tcptune_findings"])


def test_sources_that_could_not_be_judged_are_counted():
    """With the reports in which no rule could judge."""
    found = read(prometheus.render([report(), report(quiet=())], ["x: broken"]))

    assert {labels(outcome="judged"): 1, labels(outcome="failed"): 2} == found["tcptune_sources"]


@pytest.mark.parametrize("taken_at", [None, "", "yesterday", "2026-13-01T00:00:00Z", "1e9", "\ud800"])
def test_a_time_that_is_none_is_left_out(taken_at):
    """A snapshot may hold any text there."""
    assert "tcptune_report_timestamp_seconds" not in prometheus.render([report(taken_at=taken_at)])


def test_the_stored_hosts():
    """Alone and together."""
    for reports in (*([each] for each in stored()), stored()):
        read(prometheus.render(reports))


@settings(deadline=None)
@given(report_lists, failures)
def test_any_report_is_read_back_by_the_official_parser(reports, lost):
    """No name of a machine ends a label or a line, or makes one sample two."""
    found = read(prometheus.render(reports, lost))

    assert len(reports) + len(lost) == sum(found["tcptune_sources"].values())


def test_a_label_comes_back_as_it_was():
    """Backslashes and quotes."""
    found = read(prometheus.render([report(states={'a"b\\c\\n': 1})]))

    assert {labels(state='a"b\\c\\n'): 1} == found["tcptune_sockets"]
