"""Every topic has a page, every spelling finds it, and the pages say what is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcptune.collect.everything import collect
from tcptune.engine.rulebook import load_builtin
from tcptune.explain import pages, topics
from tcptune.explain.effective import effective
from tcptune.explain.what_if import KERNEL_DEFAULTS, TRIALS, what_if
from tcptune.facts.derive import derive
from tcptune.facts.vocabulary import vocabulary

RULES = load_builtin()
KNOWN = vocabulary()
INDEX = topics.index((rule.id for rule in RULES), KNOWN)
TOPICS = sorted(set(INDEX.values()), key=lambda topic: (topic.kind, topic.name))
QUIET = derive(collect(Path(__file__).parent / "hosts" / "quiet-6.18"))


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_topic_has_a_page_with_and_without_a_machine(topic):
    """No page fails, and none is empty."""
    for facts in (None, QUIET):
        page = pages.render(topic, RULES, KNOWN, facts)
        assert page.startswith("# ")
        assert topic.name in page.splitlines()[0]
        assert 3 < len(page.splitlines())


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("tcp_orphan_retries", "net.ipv4.tcp_orphan_retries"),
        ("net/ipv4/tcp_orphan_retries", "net.ipv4.tcp_orphan_retries"),
        ("/proc/sys/net/ipv4/tcp_orphan_retries", "net.ipv4.tcp_orphan_retries"),
        ("tcp-orphan-retries", "net.ipv4.tcp_orphan_retries"),
        ("NET.IPV4.TCP_ORPHAN_RETRIES", "net.ipv4.tcp_orphan_retries"),
        ("tcp_orphans_retries", "net.ipv4.tcp_orphan_retries"),
        ("tcp_tw_resue", "net.ipv4.tcp_tw_reuse"),
        ("somaxconn", "net.core.somaxconn"),
        ("nf_conntrack_max", "net.netfilter.nf_conntrack_max"),
        ("FIN-WAIT-1", "FIN-WAIT-1"),
        ("fin_wait1", "FIN-WAIT-1"),
        ("FIN_WAIT_2", "FIN-WAIT-2"),
        ("timewait", "TIME-WAIT"),
        ("TIME_WIAT", "TIME-WAIT"),
        ("close_wait", "CLOSE-WAIT"),
        ("TIME", "TIME-WAIT"),
        ("tcp_orph", "net.ipv4.tcp_orphan_retries"),
        ("lastack", "LAST-ACK"),
        ("TCPTimeWaitOverflow", "TcpExt.TCPTimeWaitOverflow"),
        ("TcpExtTCPTimeWaitOverflow", "TcpExt.TCPTimeWaitOverflow"),
        ("orphan", "sockstat.TCP.orphan"),
        ("fin-timeout-above-60", "fin-timeout-above-60"),
        ("timeouts.FIN_WAIT_1.orphan", "timeouts.FIN_WAIT_1.orphan"),
    ],
)
def test_any_spelling_finds_its_topic(typed, name):
    """Separators, case, prefixes and one typo do not matter."""
    topic = topics.find(typed, INDEX)

    assert topic is not None
    assert name == topic.name


def test_what_is_unlike_anything_finds_nothing_but_suggestions():
    """A wrong guess would be worse than none."""
    assert topics.find("xyzzy plugh", INDEX) is None
    assert len(topics.suggestions("tcp_retries", INDEX)) > 1


def test_the_page_of_tcp_orphan_retries_says_all_that_matters():
    """0 is not zero, owned sockets follow tcp_retries2, lifetimes for 0..8, beliefs, history and sources."""
    page = " ".join(pages.render(INDEX["tcporphanretries"], RULES, KNOWN, QUIET).split())

    for words in (
        "is not zero", "tcp_retries2", "## On this machine", "`net.ipv4.tcp_orphan_retries` is 0", "Effective: 8",
        "## Computed lifetimes", "## By kernel release", "## False beliefs", "## Sources", "tcp_timer.c",
    ):  # fmt: skip
        assert words.lower() in page.lower(), words
    headers, rows = what_if("net.ipv4.tcp_orphan_retries", {})
    assert [str(n) for n in range(9)] == [row[0] for row in rows[:9]]
    assert "FIN-WAIT-1/orphan" in headers


@pytest.mark.parametrize("name", TRIALS)
def test_every_what_if_changes_something(name):
    """A setting in the table decides at least one lifetime."""
    _, rows = what_if(name, KERNEL_DEFAULTS)

    assert len({tuple(row[1:]) for row in rows}) > 1


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("net.ipv4.tcp_orphan_retries", {"net.ipv4.tcp_orphan_retries": 0}, "8, because 0 means 8"),
        ("net.ipv4.tcp_orphan_retries", {"net.ipv4.tcp_orphan_retries": 3}, "3"),
        ("net.ipv4.tcp_tw_reuse", {"net.ipv4.tcp_tw_reuse": 1, "net.ipv4.tcp_timestamps": 0}, "nothing"),
        ("net.ipv4.tcp_tw_reuse", {"net.ipv4.tcp_tw_reuse": 2, "net.ipv4.tcp_timestamps": 1}, "loopback"),
        ("net.ipv4.tcp_max_tw_buckets", {"net.ipv4.tcp_max_tw_buckets": 6000}, "100 closes a second"),
        (
            "net.ipv4.tcp_fin_timeout",
            {"net.ipv4.tcp_fin_timeout": 61, "timeouts.FIN_WAIT_2.orphan": 2.032},
            "lives 2.03 s",
        ),
    ],
)
def test_the_effective_value_says_what_the_file_does_not(name, values, words):
    """What a setting amounts to is told from the machine's other settings."""
    assert words in (effective(name, values) or "")
