"""The checker of belief_checker.py finds each false belief, in whatever words and wherever it is planted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from belief_checker import PRICED, blocks, followed, found_in, stated, texts_of, without_the_priced
from belief_plants import DENIED, PLANTED
from common import LANGUAGE
from test_beliefs import EIGHTEEN, RULES

from tcptune.engine.check import judge
from tcptune.engine.rule import Recommendation
from tcptune.lint.examples import facts_of

SENTENCES = [(name, sentence) for name, found in PLANTED.items() for sentence in found]
each_planted = pytest.mark.parametrize(("name", "sentence"), SENTENCES, ids=[f"{n}-{s[:24]}" for n, s in SENTENCES])


def test_each_of_the_eighteen_is_planted():
    """Three times at least, in different words."""
    assert set(EIGHTEEN) == set(PLANTED)
    assert all(len(found) >= 3 for found in PLANTED.values())


@each_planted
def test_a_sentence_that_states_a_belief_is_caught(name, sentence):
    """In whatever words, and in the middle of other sentences."""
    assert name in {hit.belief for hit in stated(sentence)}
    assert name in {hit.belief for hit in stated(f"Nothing is wrong here. {sentence} It does no harm.")}


@each_planted
def test_it_is_caught_wherever_it_is_planted(name, sentence):
    """In an action, effect, cost, reason or message of a rule, and on a page; not as a wrong cure or a belief."""
    rule, page = RULES["time-wait-normal"], "# A page\n\nSome words.\n\n- An item.\n- {}\n\n## Sources\n\n- RFC 9293.\n"
    part = Recommendation("investigate", effect="Effect.", cost="None.", action="Look.")
    for field in ("action", "effect", "cost"):
        assert name in {
            h.belief for h in found_in(texts_of(replace(rule, recommend=(replace(part, **{field: sentence}),))))
        }
    for field in ("message", "rationale", "title"):
        assert name in {hit.belief for hit in found_in(texts_of(replace(rule, **{field: sentence})))}
    assert name in {hit.belief for hit in found_in(blocks(page.format(sentence)))}
    assert [] == found_in(blocks(f'## False beliefs\n\n- "{sentence}" False: it is not so.\n'))
    assert [] == found_in(blocks(f"## What not to do\n\n- **{sentence}** It does nothing.\n"))


@pytest.mark.parametrize("sentence", DENIED)
def test_a_sentence_that_denies_a_belief_is_let_pass(sentence):
    """Otherwise nothing could be said about it."""
    assert [] == stated(sentence)


@pytest.mark.parametrize(
    ("belief", "rule", "key", "value"),
    [
        ("fin-timeout-shortens-time-wait", "time-wait-normal", "tcp_fin_timeout", "60"),
        ("fin-timeout-shortens-time-wait", "fin-wait-2-piling-up", "tcp_fin_timeout", "15"),
        ("orphans-are-time-wait", "time-wait-memory", "tcp_max_orphans", "65536"),
        ("orphans-are-time-wait", "orphans-over-limit", "tcp_tw_reuse", "1"),
        ("a-sysctl-ends-close-wait", "close-wait-leak", "tcp_keepalive_time", "300"),
        ("a-sysctl-ends-close-wait", "close-wait-leak", "tcp_fin_timeout", "60"),
        ("tw-reuse-helps-servers", "tw-reuse-no-help-for-server", "tcp_tw_reuse", "1"),
        ("fewer-tw-buckets-free-ports", "time-wait-overflow", "tcp_max_tw_buckets", "2000"),
        ("fewer-tw-buckets-free-ports", "time-wait-overflow", "tcp_max_tw_buckets", "0"),
        ("65536-ports-limit-a-server", "accept-queue-overflow", "ip_local_port_range", "32768 60999"),
        ("tw-recycle-is-fine-without-nat", "time-wait-overflow", "tcp_tw_recycle", "1"),
        ("orphan-retries-governs-every-fin-wait-1", "fin-wait-2-held", "tcp_orphan_retries", "3"),
        ("the-orphan-limit-is-exact", "orphans-over-limit", "tcp_max_orphans", "66000"),
        ("timestamps-0-is-more-secure", "timestamps-off", "tcp_timestamps", "0"),
        ("a-wide-port-range-is-free", "port-range-narrow", "ip_local_port_range", "1024 65535"),
    ],
)
def test_a_setting_that_follows_a_belief_is_caught(belief, rule, key, value):
    """Planted into a rule that fires on its own example."""
    part = Recommendation("sysctl", effect="Effect.", cost="None.", key=f"net.ipv4.{key}", value=f"'{value}'")
    planted = replace(RULES[rule], recommend=(part,))
    findings = judge(planted, facts_of(planted.examples.fires[0]), LANGUAGE)
    orphans = planted.examples.fires[0].given.get("sockstat.TCP.orphan", 0)

    assert belief in {
        hit.belief for found in findings for one in found.advice for hit in followed(planted, one, orphans)
    }


def test_the_price_of_the_priced_advice_must_be_named():
    """Without the RST in its cost the rule is caught like any other."""
    rule = RULES[PRICED]
    silent = replace(rule, recommend=tuple(replace(part, cost="None.") for part in rule.recommend))

    assert [] == without_the_priced(rule, found_in(texts_of(rule)))
    assert ["fewer-tw-buckets-free-ports"] == [
        hit.belief for hit in without_the_priced(silent, found_in(texts_of(silent)))
    ]
