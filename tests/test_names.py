"""Which keys a kernel has, and what was meant by those that it has not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.comment_beliefs import COMMENT_BELIEFS, belief_in
from tcptune.kernel.names import ALIASES, KNOWN, REMOVED, Existence, existence_of
from tcptune.kernel.release import Release

OLD, NEW = Release.parse("3.10.0"), Release.parse("6.18.0")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("net.ipv4.tcp_fin_timeout", Existence("known")),
        ("net.netfilter.nf_conntrack_udp_timeout", Existence("known")),
        ("net.nf_conntrack_max", Existence("known")),
        ("net.ipv4.tcp_tw_timeout", Existence("vendor")),
        ("net.ipv4.tcp_tw_recycle", Existence("removed", removed="4.12")),
        ("net.netfilter.nf_conntrack_helper", Existence("removed", removed="6.0")),
        (
            "net.ipv4.netfilter.ip_conntrack_max",
            Existence("removed", "net.netfilter.nf_conntrack_max", "4.9"),
        ),
        ("net.ipv4.tcp_tw_resue", Existence("misspelt", "net.ipv4.tcp_tw_reuse")),
        ("net.ipv4.tcp_fintimeout", Existence("misspelt", "net.ipv4.tcp_fin_timeout")),
        ("net.ipv4_timestamps", Existence("misspelt", "net.ipv4.tcp_timestamps")),
        ("net.netfilter.ip_conntrack_max", Existence("misspelt", "net.netfilter.nf_conntrack_max")),
        ("net.core.tcp_mem", Existence("misspelt", "net.ipv4.tcp_mem")),
        ("net.ipv4.somaxconn", Existence("misspelt", "net.core.somaxconn")),
        ("net.ipv6.tcp_rmem", Existence("misspelt", "net.ipv4.tcp_rmem")),
        ("net.tcp_fin_timeout", Existence("misspelt", "net.ipv4.tcp_fin_timeout")),
        ("net.ipv4.tcp_quick_goodbye", Existence("unknown")),
        ("net.core.zzz", Existence("unknown")),
        ("net.ipv4.conf.all.rp_filter", Existence("unjudged")),
        ("net.ipv6.conf.all.forwarding", Existence("unjudged")),
        ("net.bridge.bridge-nf-call-iptables", Existence("unjudged")),
        ("kernel.no_such_thing", Existence("unjudged")),
        ("", Existence("unjudged")),
    ],
)
def test_whether_a_key_exists(key, expected):
    """Without a release, any kernel up to 6.19 counts, and a key that is gone is gone."""
    assert expected == existence_of(key)


@pytest.mark.parametrize(
    ("key", "release", "status"),
    [
        ("net.ipv4.tcp_tw_recycle", OLD, "known"),
        ("net.ipv4.tcp_tw_recycle", NEW, "removed"),
        ("net.ipv4.tcp_rto_max_ms", OLD, "newer"),
        ("net.ipv4.tcp_rto_max_ms", NEW, "known"),
        ("net.ipv4.netfilter.ip_conntrack_max", OLD, "known"),
        ("net.ipv4.tcp_tw_timeout", NEW, "vendor"),
    ],
)
def test_a_release_has_the_keys_of_its_time(key, release, status):
    """Not those that came later, and still those that went later."""
    assert status == existence_of(key, release).status


def test_what_is_told_of_the_keys_agrees():
    """No key is known and removed at once, and what took a place exists."""
    assert set() == KNOWN & set(REMOVED)
    assert set() == {instead for _, instead in REMOVED.values() if instead} - KNOWN
    assert set() == set(ALIASES) - KNOWN
    assert set() == set(ALIASES.values()) - set(SYSCTLS)
    assert {"known", "vendor", "removed"} >= {existence_of(key).status for key in SYSCTLS}
    assert set() == {belief.key for belief in COMMENT_BELIEFS} - set(SYSCTLS)


@given(st.one_of(st.text(max_size=60), st.text("net.ipv4_cp/-", max_size=60)))
def test_any_name_has_an_answer(name):
    """And a slip is always a slip of a key that exists."""
    found = existence_of(name)

    assert (found.status == "misspelt") <= (found.instead in KNOWN | set(SYSCTLS))


@pytest.mark.parametrize(
    ("key", "comment", "value"),
    [
        ("net.ipv4.tcp_fin_timeout", "Decrease TIME_WAIT seconds", "15"),
        ("net.ipv4.tcp_fin_timeout", "how long a port must be inactive before it is reused", "15"),
        ("net.ipv4.tcp_fin_timeout", "减少TIME_WAIT", "15"),
        ("net.ipv4.tcp_fin_timeout", "First sentence. tcp_fin_timeout cuts TIME-WAIT short", "15"),
        ("net.ipv4.tcp_max_tw_buckets", "timewait的数量\uff0c默认180000", "5000"),
        ("net.ipv4.tcp_max_tw_buckets", "Increase the tcp-time-wait buckets to prevent simple DOS attacks", "1440000"),
        ("net.ipv4.tcp_max_orphans", "each orphan can eat up to 16M", "65536"),
        ("net.ipv4.tcp_orphan_retries", "Limit number of orphans", "0"),
        ("net.ipv4.tcp_timestamps", "do not reveal the uptime", "0"),
        ("net.ipv4.tcp_rfc1337", "Protect Against TCP Time-Wait", "1"),
        ("net.ipv4.tcp_tw_reuse", "reduces the number of TIME_WAIT", "1"),
        ("net.ipv4.tcp_keepalive_time", "gets rid of CLOSE_WAIT", "60"),
    ],
)
def test_a_comment_states_a_false_belief(key, comment, value):
    """In the words in which it circulates."""
    assert key == belief_in(key, comment, value).key


@pytest.mark.parametrize(
    ("key", "comment", "value"),
    [
        ("net.ipv4.tcp_fin_timeout", "", "15"),
        ("net.ipv4.tcp_fin_timeout", "How long an orphan stays in FIN-WAIT-2", "15"),
        ("net.ipv4.tcp_fin_timeout", "this is not TIME_WAIT", "15"),
        ("net.ipv4.tcp_fin_timeout", "tcp_tw_reuse is for TIME_WAIT", "15"),
        ("net.ipv4.tcp_max_tw_buckets", "only prevents simple DoS attacks, you must not lower it", "65536"),
        ("net.ipv4.tcp_rfc1337", "Protect against TIME-WAIT assassination hazards", "1"),
        ("net.ipv4.tcp_timestamps", "Accurate timestamps, no security risk", "1"),
        ("net.ipv4.tcp_tw_reuse", "Allow reuse of TIME-WAIT sockets for outgoing connections", "1"),
        ("net.ipv4.tcp_max_orphans", "not attached to any user file handle", "65536"),
        ("net.ipv4.tcp_syncookies", "TIME_WAIT", "1"),
    ],
)
def test_a_comment_that_is_right_is_left_alone(key, comment, value):
    """A denial, another key's sentence, and what the documentation says."""
    assert belief_in(key, comment, value) is None
