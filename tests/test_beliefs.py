"""The false beliefs that circulate are refuted where they are looked up, and nothing of ours recommends one."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from belief_checker import PRICED, blocks, followed, found_in, texts_of, without_the_priced
from common import LANGUAGE

from tcptune.engine.check import check, judge
from tcptune.engine.examples import machine
from tcptune.engine.rulebook import load_builtin
from tcptune.explain import belief_page, pages, topics
from tcptune.facts.derive import derive
from tcptune.facts.vocabulary import OF_FILES, vocabulary
from tcptune.kernel.beliefs import BELIEFS, GROUPS
from tcptune.kernel.beliefs.subjects import SUBJECTS
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.comment_beliefs import COMMENT_BELIEFS
from tcptune.kernel.counters import COUNTERS
from tcptune.kernel.state_pages import STATE_PAGES
from tcptune.lint.examples import facts_of
from tcptune.report import fragments

ROOT = Path(__file__).parents[1]
RULES = {rule.id: rule for rule in load_builtin()}
RULES_OF_MACHINES = [rule for rule in RULES.values() if rule.for_each not in OF_FILES]
FIRING = [(rule, index) for rule in RULES.values() for index in range(len(rule.examples.fires))]
KNOWN = vocabulary()
INDEX = topics.index(RULES, KNOWN)
TOPICS = sorted(set(INDEX.values()), key=lambda topic: (topic.kind, topic.name))
MODULES = sorted((ROOT / "tcptune").rglob("*.py"))
QUOTES_OTHERS = "incidents.md"
"""Tells what people posted; test_incidents.py looks at what we say of it."""
DOCUMENTS = [
    path for path in (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))) if path.name != QUOTES_OTHERS
]
WRONG_STATE_NAME = re.compile(r"\b(TIME|CLOSE|FIN|LAST|SYN)_(WAIT|ACK|SENT|RECV|RECEIVED)|FIN-?WAIT[12]\b|\bESTAB\b")
SOURCE = re.compile(r"read in \d|^RFC \d|^Measured on \d|\(8\) and|^Documentation/")

each_belief = pytest.mark.parametrize("belief", BELIEFS.values(), ids=BELIEFS)
each_topic = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)

EIGHTEEN = {
    "fin-timeout-shortens-time-wait": {"net.ipv4.tcp_fin_timeout", "TIME-WAIT"},
    "orphans-are-time-wait": {"net.ipv4.tcp_max_orphans", "TIME-WAIT", "sockstat.TCP.orphan", "ss -s"},
    "a-sysctl-ends-close-wait": {"CLOSE-WAIT", "net.ipv4.tcp_fin_timeout"},
    "tw-reuse-helps-servers": {"net.ipv4.tcp_tw_reuse", "TIME-WAIT", "TcpExt.TWRecycled"},
    "fewer-tw-buckets-free-ports": {"net.ipv4.tcp_max_tw_buckets", "TIME-WAIT", "TcpExt.TCPTimeWaitOverflow"},
    "65536-ports-limit-a-server": {"net.ipv4.ip_local_port_range", "TIME-WAIT", "ESTABLISHED"},
    "tw-recycle-is-fine-without-nat": {"net.ipv4.tcp_tw_recycle", "TIME-WAIT", "TcpExt.PAWSPassive"},
    "orphan-retries-default-is-7": {"net.ipv4.tcp_orphan_retries", "FIN-WAIT-1"},
    "orphan-retries-governs-every-fin-wait-1": {"net.ipv4.tcp_orphan_retries", "net.ipv4.tcp_retries2", "FIN-WAIT-1"},
    "the-orphan-limit-is-exact": {"net.ipv4.tcp_max_orphans", "sockstat.TCP.orphan", "TcpExt.TCPAbortOnMemory"},
    "linux-time-wait-is-120-s": {"TIME-WAIT", "net.netfilter.nf_conntrack_tcp_timeout_time_wait"},
    "log-tells-of-bucket-overflow": {"net.ipv4.tcp_max_tw_buckets", "TIME-WAIT", "TcpExt.TCPTimeWaitOverflow", "dmesg"},
    "timestamps-0-is-more-secure": {"net.ipv4.tcp_timestamps", "TcpExt.PAWSEstab"},
    "a-wide-port-range-is-free": {"net.ipv4.ip_local_port_range", "TIME-WAIT", "LISTEN"},
    "closed-in-ss-is-a-leak": {"sockstat.TCP.alloc", "ss -s"},
    "sysctl-p-proves-the-reboot": {"sysctl -p", "sysctl-file-not-read"},
    "the-hosts-sysctl-holds-in-the-pod": {"container", "FIN-WAIT-2", "net.core.somaxconn", "sysctl-not-in-netns"},
    "no-owner-is-time-wait-only": {"netstat", "CLOSE-WAIT", "net.core.somaxconn"},
}
"""The eighteen that incidents are made of, and where at least each is looked up."""


@cache
def words(topic: topics.Topic) -> str:
    """The general page of a topic, on one line."""
    return " ".join(pages.render(topic, list(RULES.values()), KNOWN, None).split())


@pytest.mark.parametrize(("name", "places"), EIGHTEEN.items(), ids=EIGHTEEN)
def test_each_of_the_eighteen_is_refuted_where_it_is_looked_up(name, places):
    """It is in the table, on the pages where people look for it."""
    assert 18 == len(EIGHTEEN)
    assert set() == places - set(BELIEFS[name].topics)


@each_belief
def test_a_belief_is_refuted_on_the_page_of_every_topic_it_names(belief):
    """Once, with what is so, what to do instead, and how that is known."""
    assert belief.topics
    for name in belief.topics:
        topic = topics.find(name, INDEX)
        assert name == topic.name
        page = words(topic)
        assert 1 == page.count(f'"{belief.claim}" False: {belief.truth}')
        assert all(part in page for part in (belief.instead, *(source.rstrip(".") for source in belief.sources)))


@each_belief
def test_a_belief_is_told_in_full(belief):
    """Sentences that end, a number in what is so, sources that say where it was read or measured, the RFC's states."""
    texts = (belief.claim, belief.truth, belief.instead, *belief.sources)

    assert [] == [text for text in texts if not text.endswith(".") or text != text.strip() or "  " in text]
    assert '"' not in belief.claim + belief.truth + belief.instead
    assert re.search(r"\d", belief.truth + "".join(belief.sources))
    assert [] == [source for source in belief.sources if not SOURCE.search(source)]
    assert [] == [text for text in texts if WRONG_STATE_NAME.search(text) and "conntrack" not in text]
    assert len(set(belief.topics)) == len(belief.topics)


@each_belief
def test_a_belief_has_a_page_of_its_own_and_stands_in_the_list(belief):
    """Its name finds it, and `beliefs` lists it."""
    assert topics.Topic("belief", belief.id) == topics.find(belief.id, INDEX)
    assert all(part in words(INDEX[topics.plain(belief.id)]) for part in (belief.claim, belief.truth, belief.instead))
    assert f'`{belief.id}` "{belief.claim}" False:' in words(topics.Topic("beliefs", "beliefs"))


def test_no_belief_is_told_twice():
    """One place for each: ids are unique, and no page of ours has the claim as its own too."""
    told = [belief for group in GROUPS.values() for belief in group]
    own = [belief for table in (SYSCTLS, COUNTERS, STATE_PAGES) for entry in table.values() for belief in entry.beliefs]

    assert len(told) == len(BELIEFS) == len({belief.claim for belief in told})
    assert set() == {belief.claim for belief in told} & {belief.claim for belief in own}
    assert len(own) == len(set(own))


@each_topic
def test_a_page_tells_a_belief_once(topic):
    """One section, and no sentence of it twice."""
    page = pages.render(topic, list(RULES.values()), KNOWN, None)
    claims = re.findall(r'"([^"]+)" False:', " ".join(page.split()))

    assert 1 >= page.count("\n## False beliefs\n")
    assert len(claims) == len(set(claims))


@pytest.mark.parametrize("name", ["beliefs", *SUBJECTS, *BELIEFS])
def test_the_pages_of_beliefs_fit_a_terminal(name):
    """Under 80 columns."""
    page = pages.render(topics.find(name, INDEX), list(RULES.values()), KNOWN, None)

    assert [] == [line for line in page.splitlines() if len(line) >= 80]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("beliefs", "beliefs"),
        ("BELIEFS", "beliefs"),
        ("ss -s", "ss -s"),
        ("netstat -p", "netstat"),
        ("pod", "container"),
        ("sysctl.conf", "sysctl -p"),
        ("orphans_are_time_wait", "orphans-are-time-wait"),
        ("fin-timeout-shortens-timewait", "fin-timeout-shortens-time-wait"),
    ],
)
def test_any_spelling_finds_a_belief_or_a_subject(typed, name):
    """As with every other topic."""
    assert name == topics.find(typed, INDEX).name


def test_a_name_that_nothing_has_brings_up_the_beliefs_that_are_near():
    """They are among the suggestions."""
    assert "orphans-are-time-wait" in topics.suggestions("orphans are all timewait", INDEX)


def test_explain_beliefs_prints_the_list():
    """From the command line, and without a machine."""
    run = subprocess.run(
        [sys.executable, "-m", "tcptune", "explain", "beliefs"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert (0, belief_page.render_all()) == (run.returncode, run.stdout)


@pytest.mark.parametrize("comment", COMMENT_BELIEFS, ids=lambda comment: f"{comment.key}-{comment.belief}")
def test_a_comment_beside_a_setting_is_answered_from_the_same_table(comment):
    """What `lint` says of a comment is what the page of the key says."""
    assert comment.key in BELIEFS[comment.belief].topics


# Nothing of ours states or recommends one of them.


@each_rule
def test_no_rule_states_a_belief(rule):
    """Title, message, reasons, every recommendation with its effect and cost, and why a wrong cure is wrong."""
    assert [] == without_the_priced(rule, found_in(texts_of(rule)))


@each_topic
def test_no_page_states_a_belief(topic):
    """Of any sysctl, state, counter, fact, rule, subject, or belief."""
    hits = found_in(blocks(pages.render(topic, list(RULES.values()), KNOWN, None)))

    assert [] == (without_the_priced(RULES[topic.name], hits) if topic.kind == "rule" else hits)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_document_states_a_belief(path):
    """README and everything in docs/."""
    assert [] == found_in(blocks(path.read_text()))


def said_in(path):
    """The texts in a module: what it prints, its tables, its docstrings; but not the claims of what is false."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    calls = [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Belief")]
    claims = {id(call.args[0]) for call in calls if call.args}
    claims |= {id(keyword.value) for call in calls for keyword in call.keywords if keyword.arg == "claim"}
    texts = [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [part for node in texts if id(node) not in claims for part in blocks(node.value)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_of_the_program_states_a_belief(path):
    """Whatever command prints it."""
    assert [] == found_in(said_in(path))


@each_belief
def test_no_cure_of_a_belief_is_another_belief(belief):
    """What to do instead, and what is said to be so."""
    assert [] == found_in([belief.truth, belief.instead])


def advised(rule, index):
    """What is advised in an example that fires: (rule, advice, orphans) of all rules that fire with it."""
    example = rule.examples.fires[index]
    facts = facts_of(example)
    asked = [rule] if rule.for_each in OF_FILES else RULES_OF_MACHINES
    orphans = facts.values.get("sockstat.TCP.orphan", 0)
    for each in asked:
        findings = judge(each, facts, LANGUAGE)
        for finding in findings if isinstance(findings, list) else ():
            yield from ((each, advice, orphans) for advice in finding.advice)


@pytest.mark.parametrize(("rule", "index"), FIRING, ids=[f"{rule.id}-{index}" for rule, index in FIRING])
def test_no_setting_that_is_recommended_follows_a_belief(rule, index):
    """Evaluated on the machine of the example; and what is filled in says nothing false either."""
    for each, advice, orphans in advised(rule, index):
        assert [] == without_the_priced(each, found_in([" ".join([advice.action or "", advice.effect, advice.cost])]))
        assert [] == (followed(each, advice, orphans) if advice.kind == "sysctl" else [])


def comment_in(line):
    """The words of a comment; nothing where there is a setting, in force or in a comment."""
    words = re.fullmatch(r"\s*#\s?(.*)", line)
    return words[1] if words and not re.match(r"\s*\S+ = ", words[1]) else ""


@pytest.mark.parametrize("kind", fragments.KINDS)
def test_no_fragment_states_a_belief(kind):
    """The comments of what `generate` writes for the advice of each rule, put together again."""
    for rule, index in FIRING:
        if rule.for_each not in OF_FILES:
            snapshot = machine(rule.examples.fires[index])
            report = check(snapshot, derive(snapshot), RULES_OF_MACHINES, LANGUAGE)
            hits = found_in(blocks("\n".join(map(comment_in, fragments.render(report, kind).splitlines()))))
            priced = any(finding.rule == PRICED for finding in report.findings)
            assert [] == (without_the_priced(RULES[PRICED], hits) if priced else hits)
