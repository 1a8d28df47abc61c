"""False beliefs that comments beside settings state, and what is true instead."""

from __future__ import annotations

import re
from typing import NamedTuple


class CommentBelief(NamedTuple):
    """A belief: the key beside which it is looked for, how it is worded, what is claimed, and what is true.

    `value` limits it to settings of such a value. A "not" in the sentence denies the belief, unless it is `purpose`:
    "in order not to reveal".
    """

    key: str
    words: re.Pattern[str]
    claim: str
    truth: str
    value: re.Pattern[str] = re.compile("")
    purpose: bool = False


def _words(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


TIME_WAIT = r"time[- _]?wait"
FEWER = rf"(?:reduc|decreas|lower|limit|shorten|disabl|avoid|eliminat|kill)\w* (?:[a-z]+ ){{0,3}}{TIME_WAIT}"
FEWER_ZH = rf"(?:减少|降低|缩短|收缩|关闭)[^\uff0c\u3002,.]{{0,6}}{TIME_WAIT}"
DESCRIPTORS = r"\b(?:decreas|reduc|sav|free)\w* (?:the )?(?:number of )?(?:fds?|file descriptors?)\b"
PORTS = r"free(?:s|ing)? (?:up )?(?:the )?ports?|port must be inactive|ports? (?:can|may) be re-?used"

COMMENT_BELIEFS = (
    CommentBelief(
        "net.ipv4.tcp_fin_timeout",
        _words(TIME_WAIT, PORTS, r"\bMSL\b", DESCRIPTORS, r"close[- _]wait"),
        "tcp_fin_timeout shortens TIME-WAIT, or frees ports or descriptors",
        "it is about FIN-WAIT-2 that no process owns; TIME-WAIT lasts 60 s whatever it says",
    ),
    CommentBelief(
        "net.ipv4.tcp_orphan_retries",
        _words(r"\b(?:limit|number|max\w*) (?:of |the )?(?:number of )?orphans?\b", r"\b(?:no|zero|without) retr"),
        "tcp_orphan_retries limits the number of orphans, or 0 means no retry",
        "it sets how long an orphan is tried; 0 means 8 retries, about 107 s on a LAN",
    ),
    CommentBelief(
        "net.ipv4.tcp_max_orphans",
        _words(r"16\s?M", r"max wmem", TIME_WAIT, r"\blingering TW\b", DESCRIPTORS),
        "an orphan eats up to 16 MB, holds a descriptor, or is a TIME-WAIT",
        "an orphan with nothing but its FIN takes 3.5 kB, no process holds it, and TIME-WAIT sockets are no orphans",
    ),
    CommentBelief(
        "net.ipv4.tcp_max_tw_buckets",
        _words(
            rf"\b(?:increas|rais)\w* [^.]*{TIME_WAIT}[^.]*\bdos\b",
            r"^\W*prevents? simple dos attacks?\W*$",
            r"增加[^.。]*DoS",
            r"(?:default|默\s?认)\D{0,6}180000\b",
            FEWER_ZH,
            r"free\w* (?:up )?(?:the )?ports?",
        ),
        "raising the limit of time-wait entries is a protection, lowering it frees something, or its default is 180000",
        "it is a guard that raising weakens; lowered, closes skip TIME-WAIT; the default follows from the memory",
    ),
    CommentBelief(
        "net.ipv4.tcp_tw_reuse",
        _words(FEWER, FEWER_ZH, r"\bserver\b.*incoming", r"(?:fast|quick)\w* recycl", r"快速回收"),
        "tcp_tw_reuse removes TIME-WAIT sockets, or helps a server that is called",
        "it lets connect() take a port whose TIME-WAIT is older than a second; it shortens none and helps no listener",
    ),
    CommentBelief(
        "net.ipv4.tcp_rfc1337",
        _words(rf"\b(?:protect\w*|defend) against (?:tcp )?{TIME_WAIT}s?(?![- ]*assassin)", r"防止TCP时间等待"),
        "tcp_rfc1337 protects against TIME-WAIT",
        "it makes a TIME-WAIT socket ignore a RST; it does not change how many there are",
    ),
    CommentBelief(
        "net.ipv4.tcp_timestamps",
        _words(r"secur", r"uptime", r"attack", r"\bdos\b", r"harden", r"fingerprint"),
        "tcp_timestamps=0 is more secure",
        "offsets have been random since 4.10; 0 gives up PAWS and makes tcp_tw_reuse do nothing",
        re.compile("0"),
        purpose=True,
    ),
    CommentBelief(
        "net.ipv4.tcp_keepalive_time",
        _words(r"close[- _]wait", TIME_WAIT),
        "keepalive ends CLOSE-WAIT or TIME-WAIT",
        "it probes only sockets that asked for SO_KEEPALIVE, and a leaked descriptor stays with its program",
    ),
    CommentBelief(
        "net.ipv4.tcp_retries2",
        _words(r"\bto establish\b", r"\borphan"),
        "tcp_retries2 counts the attempts to connect, or is about orphans",
        "it sets how long an established connection with unacknowledged data lives; connect() has tcp_syn_retries",
    ),
    CommentBelief(
        "net.ipv4.ip_local_port_range",
        _words(r"\bincoming connections?\b", r"\baccept\w* more connections?\b"),
        "the port range limits the connections that a server accepts",
        "it holds for outgoing connections; a listener has one port, however many connections it has",
    ),
    CommentBelief(
        "net.ipv4.tcp_mem",
        _words(r"\b(?:in|of) bytes\b"),
        "tcp_mem is given in bytes",
        "its three numbers are pages, mostly of 4096 bytes",
    ),
)  # fmt: skip

SENTENCE = re.compile(r"(?<=[.!;])\s+|[\u3002\uff01\uff1b]")
"""The end of a sentence, Chinese ones included."""
NEGATION = re.compile(r"\bnot\b|n't\b|\bnever\b|\bno (?:effect|influence)\b|不", re.IGNORECASE)
OTHER_KEY = re.compile(r"\b(?:net[./][\w./]+[./])?((?:tcp|ip|nf)_\w+|somaxconn)")


def belief_in(key: str, comment: str, value: str = "") -> CommentBelief | None:
    """The false belief that a comment beside a setting states, or None.

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
