"""Every rule keeps its promises, and all of them together keep the invariants of the rulebook."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
import yaml
from common import LANGUAGE, RULE_FILES

from tcptune.engine.check import check
from tcptune.engine.examples import machine, run_examples
from tcptune.engine.rule import Example, Examples
from tcptune.engine.rulebook import load_builtin, load_heads
from tcptune.engine.validate import load_rule, rule_schema
from tcptune.facts.derive import derive
from tcptune.facts.vocabulary import OF_FILES
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.lint.examples import facts_of
from tcptune.model.snapshot import Host, Snapshot

RULES = [load_rule(path, LANGUAGE) for path in RULE_FILES]
RULES_OF_MACHINES = [rule for rule in RULES if rule.for_each not in OF_FILES]
FIRING = [(rule, index) for rule in RULES for index in range(len(rule.examples.fires))]
NAMES = [f"{rule.id}-{index}" for rule, index in FIRING]

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
each_firing_example = pytest.mark.parametrize(("rule", "index"), FIRING, ids=NAMES)


def audit(snapshot: Snapshot):
    """The report of all rules on a machine in miniature."""
    return check(snapshot, derive(snapshot), RULES_OF_MACHINES, LANGUAGE)


def recommended(report) -> dict[str, set[str]]:
    """What a report says to set: the values by key."""
    found: dict[str, set[str]] = {}
    for finding in report.findings:
        for advice in finding.advice:
            if advice.kind == "sysctl":
                found.setdefault(advice.key, set()).add(advice.value)
    return found


def applied(snapshot: Snapshot, wanted: dict[str, set[str]]) -> Snapshot:
    """The same machine after every recommendation was followed."""
    values = dict(snapshot.values)
    for key, choices in wanted.items():
        names = SYSCTLS[key].facts()
        text = next(iter(choices))
        for name, word in zip(names, [text] if SYSCTLS[key].text else text.split(), strict=True):
            values[name] = word if SYSCTLS[key].text else int(word)
    return replace(snapshot, values=values)


@each_rule
def test_the_examples_come_out_as_promised(rule):
    """Each example fires, stays quiet or is skipped as it says, with the facts and advice it pins."""
    assert [] == run_examples(rule, facts_of, LANGUAGE)


@each_rule
def test_a_rule_is_complete(rule):
    """It has evidence, advice with effect and cost as sentences, a command to see it, and sources."""
    assert rule.evidence or rule.for_each
    assert rule.recommend
    assert rule.see
    assert rule.sources
    for part in rule.recommend:
        assert part.effect.rstrip().endswith(".")
        assert part.cost.rstrip().endswith(".")
        assert part.key is None or part.key in SYSCTLS
    for avoid in rule.avoid:
        assert avoid.why.rstrip().endswith(".")
        assert avoid.key is None or avoid.key in SYSCTLS
        assert (avoid.key is None) == (avoid.direction is None)
    for source in rule.sources:
        assert 1 == sum(name is not None for name in (source.kernel, source.rfc, source.measured, source.document))
        assert source.kernel is None or source.read


@each_rule
def test_a_rule_that_reads_a_fact_says_when_it_is_missing(rule):
    """With nothing known a rule is skipped; it never takes silence for health."""
    report = check(
        Snapshot(host=Host(release="6.18.0")), derive(Snapshot(host=Host(release="6.18.0"))), [rule], LANGUAGE
    )

    if rule.for_each is None and rule.applies_to is None and not waits_for_a_log(rule):
        assert [rule.id] == [skipped.rule for skipped in report.skipped]


def waits_for_a_log(rule) -> bool:
    """Whether a rule has nothing to judge without a line of a log."""
    return LANGUAGE.names_in(rule.when)[0].startswith("log.")


@each_firing_example
def test_once_every_recommendation_is_applied_the_second_audit_does_not_repeat_it(rule, index):
    """No endless raising: what was set is not asked for again, and a latent finding is gone."""
    before = machine(rule.examples.fires[index])
    wanted = recommended(audit(before))
    after = audit(applied(before, wanted))

    assert {} == {key: values for key, values in recommended(after).items() if key in wanted}
    if rule.id in {f.rule for f in audit(before).findings if f.basis == "latent" and any(a.key for a in f.advice)}:
        assert rule.id not in {finding.rule for finding in after.findings}


@each_firing_example
def test_no_key_is_recommended_with_two_values(rule, index):
    """Rules that fire together agree on every value."""
    assert {} == {k: v for k, v in recommended(audit(machine(rule.examples.fires[index]))).items() if len(v) > 1}


def test_no_two_examples_together_make_rules_contradict_each_other():
    """Two troubles on one machine at once still give one value for each key, and nothing another rule forbids.

    Pairs of which neither sets a key that the other sets or warns of are left out: they are most.
    """
    of_machines = [(rule, index) for rule, index in FIRING if rule.for_each not in OF_FILES]
    sets = {
        (rule.id, index): set(recommended(audit(machine(rule.examples.fires[index])))) for rule, index in of_machines
    }
    warns = {rule.id: {avoid.key for avoid in rule.avoid if avoid.key} for rule, _ in of_machines}
    for (one, i), (other, j) in itertools.combinations(of_machines, 2):
        first, second = one.examples.fires[i], other.examples.fires[j]
        mine, yours = sets[one.id, i], sets[other.id, j]
        if first.kernel != second.kernel or not (mine & (yours | warns[other.id]) or yours & warns[one.id]):
            continue
        both = Example(
            {**first.given, **second.given},
            first.kernel,
            sockets={
                kind: first.sockets.get(kind, []) + second.sockets.get(kind, [])
                for kind in first.sockets | second.sockets
            },
        )
        report = audit(machine(both))
        conflicts = {key: values for key, values in recommended(report).items() if len(values) > 1}
        assert {} == conflicts, f"{one.id}[{i}] with {other.id}[{j}]"
        assert [] == forbidden(report), f"{one.id}[{i}] with {other.id}[{j}]"


@each_firing_example
def test_no_rule_recommends_what_another_that_fires_with_it_forbids(rule, index):
    """The avoid of one finding never meets the advice of another."""
    assert [] == forbidden(audit(machine(rule.examples.fires[index])))


def forbidden(report) -> list[str]:
    """Recommendations that some firing rule's `avoid` names, key and direction."""
    fired = {finding.rule for finding in report.findings}
    avoided = {(a.key, a.direction) for rule in RULES if rule.id in fired for a in rule.avoid if a.key}
    return [
        f"{finding.rule}: {advice.key} {direction}"
        for finding in report.findings
        for advice in finding.advice
        if advice.kind == "sysctl"
        for direction in directions(advice)
        if (advice.key, direction) in avoided
    ]


def directions(advice) -> set[str]:
    """Which way an advice moves its key."""
    numbers = [word for word in (advice.value, advice.was) if word is not None and re.fullmatch(r"-?\d+", word)]
    if len(numbers) < 2:
        return {"set"}
    return {"set", "raise" if int(numbers[0]) > int(numbers[1]) else "lower"}


NEVER_RECOMMENDED = {
    "net.ipv4.tcp_tw_recycle": "1",
    "net.ipv4.tcp_timestamps": "0",
}


@each_rule
def test_no_rule_recommends_a_setting_that_harms_everywhere(rule):
    """Some values are wrong on every machine."""
    for part in rule.recommend:
        assert part.key not in NEVER_RECOMMENDED or part.value != NEVER_RECOMMENDED[part.key]
        if rule.id != "time-wait-memory":
            assert not (part.key == "net.ipv4.tcp_max_tw_buckets" and "lower" in part.effect.lower())
        if "ss -K" in (part.action or "") + part.effect:
            assert "6.11" in (part.action or "") + part.effect + part.cost


def test_a_machine_with_kernel_defaults_and_no_trouble_gets_nothing_above_info():
    """The defaults of 6.18 on 16 GiB, with the counters of an ordinary day, are fine."""
    values = {
        "net.ipv4.tcp_max_tw_buckets": 65536, "net.ipv4.tcp_tw_reuse": 2, "net.ipv4.tcp_tw_reuse_delay": 1000,
        "net.ipv4.tcp_orphan_retries": 0, "net.ipv4.tcp_fin_timeout": 60, "net.ipv4.tcp_max_orphans": 65536,
        "net.ipv4.tcp_retries1": 3, "net.ipv4.tcp_retries2": 15, "net.ipv4.tcp_mem.min": 190000,
        "net.ipv4.tcp_mem.pressure": 253000, "net.ipv4.tcp_mem.max": 380000, "net.ipv4.tcp_rto_max_ms": 120000,
        "net.ipv4.tcp_rto_min_us": 200000, "net.ipv4.tcp_keepalive_time": 7200, "net.ipv4.tcp_keepalive_intvl": 75,
        "net.ipv4.tcp_keepalive_probes": 9, "net.ipv4.tcp_abort_on_overflow": 0, "net.core.somaxconn": 4096,
        "net.ipv4.tcp_max_syn_backlog": 1024, "net.ipv4.tcp_syn_retries": 6, "net.ipv4.tcp_synack_retries": 5,
        "net.ipv4.tcp_syn_linear_timeouts": 4, "net.ipv4.tcp_syncookies": 1,
        "net.ipv4.ip_local_port_range.min": 32768, "net.ipv4.ip_local_port_range.max": 60999,
        "net.ipv4.ip_local_reserved_ports": "", "net.ipv4.tcp_timestamps": 1, "net.ipv4.tcp_rfc1337": 0,
        "net.ipv4.tcp_early_retrans": 3, "net.ipv4.tcp_ehash_entries": 131072, "net.ipv4.tcp_child_ehash_entries": 0,
        "net.netfilter.nf_conntrack_max": 262144, "net.netfilter.nf_conntrack_count": 400,
        "net.netfilter.nf_conntrack_tcp_timeout_established": 432000, "meminfo.MemTotal": 16_000_000,
        "meminfo.MemAvailable": 9_000_000, "uptime": 864000.0, "kernel.hz": 250, "kernel.page_size": 4096,
        "sockstat.TCP.inuse": 300, "sockstat.TCP.orphan": 2, "sockstat.TCP.tw": 140, "sockstat.TCP.alloc": 420,
        "sockstat.TCP.mem": 90, "sockstat6.TCP6.inuse": 20, "Tcp.ActiveOpens": 400_000, "Tcp.PassiveOpens": 300_000,
        "Tcp.AttemptFails": 9000, "Tcp.EstabResets": 20_000, "Tcp.CurrEstab": 280, "Tcp.OutRsts": 40_000,
        "TcpExt.TW": 350_000, "TcpExt.TWRecycled": 12, "TcpExt.TCPTimeWaitOverflow": 0,
        "TcpExt.TCPAbortOnData": 6000, "TcpExt.TCPAbortOnClose": 9000, "TcpExt.TCPAbortOnMemory": 0,
        "TcpExt.TCPAbortOnTimeout": 800, "TcpExt.TCPAbortOnLinger": 0, "TcpExt.TCPChallengeACK": 60,
        "TcpExt.ListenOverflows": 0, "TcpExt.ListenDrops": 3, "TcpExt.TCPMemoryPressures": 0,
        "states.ESTABLISHED": 270, "states.TIME_WAIT": 135, "states.FIN_WAIT_1": 1, "states.FIN_WAIT_2": 6,
        "states.CLOSE_WAIT": 10, "states.LAST_ACK": 1, "states.CLOSING": 0, "states.LISTEN": 25,
        "states.SYN_SENT": 1, "states.SYN_RECEIVED": 0, "kinds.FIN_WAIT_1.owned": 0, "kinds.FIN_WAIT_1.orphan": 1,
        "kinds.FIN_WAIT_1.zero_window": 0, "kinds.FIN_WAIT_2.owned": 1, "kinds.FIN_WAIT_2.orphan": 0,
        "kinds.FIN_WAIT_2.minisock": 5, "kinds.CLOSE_WAIT.owned": 10, "kinds.CLOSE_WAIT.unaccepted": 0,
        "kinds.LAST_ACK.orphan": 1, "kinds.LAST_ACK.owned": 0, "kinds.LAST_ACK.zero_window": 0,
        "kinds.CLOSING.orphan": 0, "kinds.CLOSING.owned": 0, "kinds.CLOSING.zero_window": 0,
    }  # fmt: skip
    report = audit(Snapshot(host=Host(release="6.18.0"), values=values))

    assert [] == [f"{f.severity.name}: {f.rule}: {f.message}" for f in report.findings if f.severity.name != "info"]
    assert {} == recommended(report)


def test_the_rulebook_has_the_rules_of_its_first_issue():
    """At least 25 rules, those about TIME-WAIT, orphans, FIN-WAIT-2, closes and memory among them."""
    known = {rule.id for rule in RULES}

    assert 25 <= len(known)
    assert set() == {
        "time-wait-overflow", "time-wait-memory", "time-wait-normal", "tw-buckets-low", "tw-buckets-zero",
        "tw-buckets-unlimited", "tw-reuse-without-timestamps", "orphans-over-limit", "orphans-near-penalised-limit",
        "max-orphans-low", "max-orphans-zero", "max-orphans-memory", "orphan-retries-high", "orphan-retries-low",
        "fin-wait-1-piling-up", "fin-wait-1-never-dies", "last-ack-piling-up", "closing-piling-up", "retries2-low",
        "rto-max-cuts-orphans", "fin-timeout-above-60", "fin-timeout-not-positive", "fin-timeout-very-low",
        "fin-wait-2-held", "fin-wait-2-piling-up", "close-with-unread-data", "linger-zero-resets",
        "tcp-memory-pressure",
    } - known  # fmt: skip


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_the_fields_of_a_rule_file_stand_in_order(path):
    """The head comes first and the examples last: an audit reads no further than it must."""
    fields = list(yaml.safe_load(path.read_text()))
    head = fields[: fields.index("message")]

    assert set(head) - {"applies_to", "for_each"} == {"id", "title", "severity", "status", "when"}
    assert "examples" == fields[-1]
    assert path.read_text().count("\nexamples:\n") == 1
    assert path.read_text().count("\nmessage:") == 1


def test_an_audit_reads_the_same_rules_as_the_tests():
    """The quick reading and the validated one agree, but for the examples."""
    assert load_builtin() == RULES
    assert [head.whole() for head in load_heads()] == [replace(rule, examples=Examples()) for rule in RULES]
    assert [head.when for head in load_heads()] == [rule.when for rule in RULES]


def test_the_schema_accepts_every_rule_file():
    """Editors complete rule files with it, so it must not refuse ours."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(rule_schema())

    assert {} == {
        path.name: [error.message for error in errors]
        for path in RULE_FILES
        if (errors := list(validator.iter_errors(yaml.safe_load(path.read_text()))))
    }


def test_of_two_findings_as_bad_the_one_about_more_sockets_comes_first():
    """14544 held in FIN-WAIT-2 are told before the 977 in CLOSE-WAIT that are their other halves."""
    counts = {
        "states.ESTABLISHED": 28922,
        "kinds.FIN_WAIT_2.owned": 14544,
        "kinds.CLOSE_WAIT.owned": 977,
        "states.CLOSE_WAIT": 977,
    }
    report = audit(Snapshot(host=Host(release="6.18.0"), values=counts))

    assert ["fin-wait-2-held", "close-wait-leak"] == [finding.rule for finding in report.findings][:2]
