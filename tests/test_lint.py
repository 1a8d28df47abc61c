"""Rules held against one settings file: where findings stand, what waves them through, and for which kernels."""

from __future__ import annotations

import pytest
from common import LANGUAGE
from hypothesis import given
from hypothesis import strategies as st

from tcptune.engine.rulebook import load_heads
from tcptune.lint.facts import Assumed, facts_of
from tcptune.lint.judge import lint, worst
from tcptune.lint.written import written
from tcptune.model.report import Finding, Report, Severity, Suppressed
from tcptune.settings import parse

RULES = load_heads()
PATH = "etc/sysctl.d/50-net.conf"


def linted(text: str, path: str = PATH, release: str | None = None, memory_kb: int | None = None) -> Report:
    """The report of all rules on a text."""
    return lint(parse(text.encode(), path), path, RULES, LANGUAGE, Assumed(release, memory_kb))


def found(report: Report, rule: str) -> list[Finding]:
    """What one rule says."""
    return [finding for finding in report.findings if finding.rule == rule]


def told(report: Report) -> list[tuple[str, int | None, int | None]]:
    """Rule, line and column of everything above info."""
    return [(f.rule, f.line, f.column) for f in report.findings if f.severity > Severity.info]


def test_a_finding_stands_where_its_setting_stands():
    """Line, column and path; the evidence says so too."""
    report = linted("# net\n\n  net.ipv4.tcp_retries2 = 3\n")
    (finding,) = found(report, "retries2-low")

    assert (PATH, 3, 3) == (finding.path, finding.line, finding.column)
    assert [("net.ipv4.tcp_retries2", 3, f"{PATH}:3")] == [(e.name, e.value, e.where) for e in finding.evidence]


def test_of_several_lines_of_a_key_the_last_one_is_judged():
    """A loader reads to the end; the line that does not last is told by itself."""
    report = linted("net.ipv4.tcp_retries2 = 3\nnet.ipv4.tcp_retries2 = 15\n")

    assert [("sysctl-set-twice", 1, 1)] == told(report)


def test_in_a_script_each_value_is_judged():
    """Another line may be for another case."""
    report = linted(
        "if a; then sysctl -w net.ipv4.tcp_retries2=3\nelse sysctl -w net.ipv4.tcp_retries2=15; fi\n", "x.sh"
    )

    assert ["retries2-low"] == [rule for rule, line, _ in told(report) if line == 1]
    assert [] == found(report, "sysctl-set-twice")


def test_two_settings_together_stand_at_the_one_that_the_rule_asks_for_first():
    """The other one is named in the evidence."""
    (finding,) = found(linted("net.ipv4.tcp_timestamps=0\nnet.ipv4.tcp_tw_reuse=1\n"), "tw-reuse-without-timestamps")

    assert 2 == finding.line
    assert {f"{PATH}:1", f"{PATH}:2"} == {one.where for one in finding.evidence}


def test_the_parts_of_a_vector_stand_at_its_line():
    """And so does what is derived from them."""
    (finding,) = found(linted("a=b\nnet.ipv4.tcp_mem = 94500000 915000000 927000000\n"), "tcp-mem-in-bytes")

    assert 2 == finding.line
    assert {f"{PATH}:2"} == {one.where for one in finding.evidence}


def test_findings_are_told_in_the_order_of_the_lines():
    """The worst first where a line has several."""
    report = linted("net.ipv4.tcp_tw_resue=1\nnet.ipv4.tcp_retries2=3\nnet.ipv4.tcp_tw_recycle=1\n")

    assert [1, 2, 3, 3] == [line for _, line, _ in told(report)]
    assert "tw-recycle-harmful" == told(report)[2][0]


def test_both_names_of_the_limit_of_connection_tracking_are_judged():
    """net.nf_conntrack_max is the same variable."""
    (finding,) = found(linted("net.nf_conntrack_max = 10000000\n"), "conntrack-max-huge")

    assert 1 == finding.line


@pytest.mark.parametrize(
    ("text", "suppressed"),
    [
        (
            "# tcptune: ignore[retries2-low] a cluster of two\nnet.ipv4.tcp_retries2 = 3\n",
            (Suppressed("retries2-low", PATH, 2, "a cluster of two"),),
        ),
        ("# tcptune: ignore[retries2-low]\nnet.ipv4.tcp_retries2 = 3\n", ()),
        ("# tcptune: ignore[no-such-rule] a cluster\nnet.ipv4.tcp_retries2 = 3\n", ()),
        ("# tcptune: ignore[retries2-low] a cluster\nnet.ipv4.tcp_fin_timeout = 30\nnet.ipv4.tcp_retries2 = 3\n", ()),
    ],
)
def test_a_comment_with_a_reason_waves_a_finding_through(text, suppressed):
    """With a reason, for the next setting, for the rule it names, and in no other way."""
    report = linted(text)

    assert suppressed == report.suppressed
    assert bool(suppressed) == (found(report, "retries2-low") == [])


def test_a_comment_without_a_reason_is_told():
    """And one without a rule."""
    report = linted("# tcptune: ignore[retries2-low]\nnet.ipv4.tcp_retries2 = 3\n# tcptune: ignore it\na.b = 1\n")

    assert [1, 3] == [finding.line for finding in found(report, "suppression-without-reason")]


def test_the_kernels_are_named_where_none_is_given():
    """What only old ones do is told with their range."""
    (finding,) = found(linted("net.ipv4.tcp_tw_recycle = 1\n"), "tw-recycle-harmful")

    assert finding.message.endswith("This holds for kernels <4.12.")


@pytest.mark.parametrize(
    ("release", "rules"),
    [
        ("3.10.0-1160.el7.x86_64", {"tw-recycle-harmful"}),
        ("4.12.0", {"tw-recycle-removed"}),
        ("6.18.0", {"tw-recycle-removed"}),
        (None, {"tw-recycle-harmful", "tw-recycle-removed"}),
    ],
)
def test_a_kernel_that_is_given_decides(release, rules):
    """Only what holds for it is told, without a range."""
    report = linted("net.ipv4.tcp_tw_recycle = 1\n", release=release)

    assert rules == {rule for rule, _, _ in told(report)}
    assert release is None or not any("This holds for" in finding.message for finding in report.findings)


@pytest.mark.parametrize(
    ("memory_kb", "rules"),
    [(None, ["max-orphans-low"]), (4_000_000, []), (16_000_000, ["max-orphans-low"])],
)
def test_the_memory_decides_what_a_limit_is_held_against(memory_kb, rules):
    """16384 orphans are the default of a machine of 4 GiB."""
    assert rules == [rule for rule, _, _ in told(linted("net.ipv4.tcp_max_orphans = 16384\n", memory_kb=memory_kb))]


def test_a_value_that_the_kernel_refuses_decides_nothing():
    """The old one stays, so no rule judges the new one; that it is refused is told."""
    assert [("sysctl-out-of-range", 1, 1)] == told(linted("net.ipv4.tcp_retries2 = 3x\n"))


def test_a_trailing_comment_does_not_hide_the_value():
    """The kernel takes the number before the blank."""
    assert [("retries2-low", 1, 1)] == told(linted("net.ipv4.tcp_retries2 = 3 # quick\n"))


def test_what_cannot_be_read_is_a_gap():
    """And not a finding about the settings."""
    report = linted("{% for key in keys %}\nnet.ipv4.tcp_retries2 = 15\n{% endfor %}\n")

    assert {"line 1", "line 3"} == set(report.gaps)


def test_a_file_of_a_container_may_not_set_what_the_machine_has():
    """The same key in a file for the machine is fine."""
    compose = "services:\n  a:\n    sysctls:\n      - net.ipv4.tcp_max_orphans=65536\n"

    assert [4] == [finding.line for finding in found(linted(compose, "compose.yml"), "sysctl-not-in-netns")]
    assert [] == found(linted("net.ipv4.tcp_max_orphans=65536\n"), "sysctl-not-in-netns")


def test_the_worst_of_several_reports():
    """None where there is nothing to tell."""
    assert worst([linted("")]) is None
    assert worst([linted(""), linted("net.ipv4.tcp_retries2 = 3\n")]) == Severity.medium


def test_facts_of_a_file_are_latent():
    """A file says what would be, never what was seen."""
    report = linted("net.ipv4.tcp_retries2 = 3\nnet.ipv4.tcp_tw_resue = 1\nnet.ipv4.tcp_max_tw_buckets = 0\n")

    assert {"latent"} == {finding.basis for finding in report.findings}


def test_every_item_has_the_same_fields():
    """So that no condition of a rule can lack one."""
    keys = "net.ipv4.tcp_mem = 1 2 3\nnet.ipv4.tcp_retries2 = $b\n-net.core.somaxconn\nnet.ipv4.tcp_tw_resue = 1\n"
    others = "net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.tcp_* = 1\nkernel.x = y\n"
    items = written(parse((keys + others).encode(), PATH), None)

    assert [1, 2, 3, 4] == [item["line"] for item in items]
    assert 1 == len({frozenset(item) for item in items})


@given(st.one_of(st.binary(max_size=300), st.text("net.ipv4.tcp_mem=0123 \n#;-*$", max_size=300).map(str.encode)))
def test_any_bytes_are_judged(data):
    """With a place for each finding."""
    path = "x.conf"
    parsed = parse(data, path)
    report = lint(parsed, path, RULES, LANGUAGE, Assumed())

    assert all(finding.line >= 1 and finding.column >= 1 for finding in report.findings)
    assert len(parsed.settings) >= len(facts_of(parsed, path, Assumed()).values["settings.written"])


def test_a_file_that_is_made_to_keep_us_busy_does_not():
    """What is left out is told."""
    report = linted("".join(f"net.ipv4.tcp_a{number}_timeout = 1\n" for number in range(2100)))

    assert 2000 == len(report.findings)
    assert ["line 2000"] == list(report.gaps)
