"""How comments beside settings word the false beliefs that circulate."""

from __future__ import annotations

import re
from typing import NamedTuple


class CommentBelief(NamedTuple):
    """The key beside which a belief is looked for, how it is worded there, and its id in `kernel.beliefs`.

    `value` limits it to settings of such a value. A "not" in the sentence denies the belief, unless it is `purpose`:
    "in order not to reveal".
    """

    key: str
    words: re.Pattern[str]
    belief: str
    value: re.Pattern[str] = re.compile("")
    purpose: bool = False


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


TIME_WAIT = r"time[- _]?wait"
FEWER = rf"(?:reduc|decreas|lower|limit|shorten|disabl|avoid|eliminat|kill)\w* (?:[a-z]+ ){{0,3}}{TIME_WAIT}"
FEWER_ZH = rf"(?:减少|降低|缩短|收缩|关闭)[^\uff0c\u3002,.]{{0,6}}{TIME_WAIT}"
DESCRIPTORS = _words(r"\b(?:decreas|reduc|sav|free)\w* (?:the )?(?:number of )?(?:fds?|file descriptors?)\b")
PORTS = r"free(?:s|ing)? (?:up )?(?:the )?ports?|port must be inactive|ports? (?:can|may) be re-?used"

COMMENT_BELIEFS = (
    CommentBelief("net.ipv4.tcp_fin_timeout", _words(TIME_WAIT, PORTS, r"\bMSL\b"), "fin-timeout-shortens-time-wait"),
    CommentBelief("net.ipv4.tcp_fin_timeout", DESCRIPTORS, "closed-sockets-hold-descriptors"),
    CommentBelief("net.ipv4.tcp_fin_timeout", _words(r"close[- _]wait"), "a-sysctl-ends-close-wait"),
    CommentBelief(
        "net.ipv4.tcp_orphan_retries",
        _words(r"\b(?:limit|number|max\w*) (?:of |the )?(?:number of )?orphans?\b"),
        "orphan-retries-limits-orphans",
    ),
    CommentBelief(
        "net.ipv4.tcp_orphan_retries", _words(r"\b(?:no|zero|without) retr"), "orphan-retries-zero-means-none"
    ),
    CommentBelief("net.ipv4.tcp_max_orphans", _words(r"16\s?M", r"max wmem"), "an-orphan-takes-16-mb"),
    CommentBelief("net.ipv4.tcp_max_orphans", _words(TIME_WAIT, r"\blingering TW\b"), "orphans-are-time-wait"),
    CommentBelief("net.ipv4.tcp_max_orphans", DESCRIPTORS, "closed-sockets-hold-descriptors"),
    CommentBelief(
        "net.ipv4.tcp_max_tw_buckets",
        _words(
            rf"\b(?:increas|rais)\w* [^.]*{TIME_WAIT}[^.]*\bdos\b",
            r"^\W*prevents? simple dos attacks?\W*$",
            r"增加[^.。]*DoS",
        ),
        "more-tw-buckets-stop-dos",
    ),
    CommentBelief(
        "net.ipv4.tcp_max_tw_buckets",
        _words(FEWER_ZH, r"free\w* (?:up )?(?:the )?ports?"),
        "fewer-tw-buckets-free-ports",
    ),
    CommentBelief(
        "net.ipv4.tcp_max_tw_buckets", _words(r"(?:default|默\s?认)\D{0,6}180000\b"), "tw-buckets-default-is-180000"
    ),
    CommentBelief("net.ipv4.tcp_tw_reuse", _words(r"\bserver\b.*incoming"), "tw-reuse-helps-servers"),
    CommentBelief(
        "net.ipv4.tcp_tw_reuse",
        _words(FEWER, FEWER_ZH, r"(?:fast|quick)\w* recycl", r"快速回收"),
        "tw-reuse-removes-time-wait",
    ),
    CommentBelief(
        "net.ipv4.tcp_rfc1337",
        _words(rf"\b(?:protect\w*|defend) against (?:tcp )?{TIME_WAIT}s?(?![- ]*assassin)", r"防止TCP时间等待"),
        "rfc1337-protects-against-time-wait",
    ),
    CommentBelief(
        "net.ipv4.tcp_timestamps",
        _words(r"secur", r"uptime", r"attack", r"\bdos\b", r"harden", r"fingerprint"),
        "timestamps-0-is-more-secure",
        re.compile("0"),
        purpose=True,
    ),
    CommentBelief("net.ipv4.tcp_keepalive_time", _words(r"close[- _]wait", TIME_WAIT), "keepalive-ends-close-wait"),
    CommentBelief("net.ipv4.tcp_retries2", _words(r"\bto establish\b", r"\borphan"), "retries2-is-for-connecting"),
    CommentBelief(
        "net.ipv4.ip_local_port_range",
        _words(r"\bincoming connections?\b", r"\baccept\w* more connections?\b"),
        "65536-ports-limit-a-server",
    ),
    CommentBelief("net.ipv4.tcp_mem", _words(r"\b(?:in|of) bytes\b"), "tcp-mem-is-in-bytes"),
)

SENTENCE = re.compile(r"(?<=[.!;])\s+|[\u3002\uff01\uff1b]")
"""The end of a sentence, Chinese ones included."""
NEGATION = re.compile(r"\bnot\b|n't\b|\bnever\b|\bno (?:effect|influence)\b|不", re.IGNORECASE)
OTHER_KEY = re.compile(r"\b(?:net[./][\w./]+[./])?((?:tcp|ip|nf)_\w+|somaxconn)")


def belief_in(key: str, comment: str, value: str = "") -> CommentBelief | None:
    """The false belief that a comment beside a setting states, the first of them, or None.

    A sentence that denies something, or that is about another key, states none.
    """
    name = key.rpartition(".")[2]
    for belief in COMMENT_BELIEFS:
        if belief.key == key and belief.value.match(value):
            for sentence in SENTENCE.split(" ".join(comment.split())):
                about = set(OTHER_KEY.findall(sentence))
                denied = not belief.purpose and NEGATION.search(sentence)
                if belief.words.search(sentence) and not denied and (not about or name in about):
                    return belief
    return None
