"""Finds a false belief in what we say: in sentences that state or recommend it, and in settings that follow it.

A sentence is let pass where it denies what it says, or stands where false beliefs and wrong cures are told as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from belief_wordings import ALL_TOUCHES, ALL_WORDINGS, RESERVED

from tcptune.engine.rule import Rule
from tcptune.kernel.beliefs import BELIEFS
from tcptune.model.report import Advice

HARMLESS = re.compile(
    r"\bno (?:harm|doubt|danger|risk|problem|cost|owner|process|pid|client|server|machine)\b|\bnot only\b|"
    r"\bnothing wrong\b",
    re.IGNORECASE,
)
"""Negations that deny nothing of what follows."""
DENIES = re.compile(
    r"\b(?:not|no|never|nothing|none|neither|nor|cannot|nobody|false|wrong|myth|belie\w+|avoid|reason given|instead of|"
    r"rather than|in vain)\b|n't\b",
    re.IGNORECASE,
)
STATES_NOT = re.compile(rf"{DENIES.pattern}|\bwhatever\b|\bwithout\b", re.IGNORECASE)
"""As well in a sentence that brings together what a belief is about."""
SENTENCE = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)[\"')*`]*\s+")
"""Between two sentences; the second may begin with a name of the kernel's, in small letters."""
NAMES = re.compile("|".join(map(re.escape, BELIEFS)))
"""The name of a belief says it in short, and states nothing."""
CODE = re.compile(r"`[^`]*(?:[=!<>]=|&&|\|\||[<>] )[^`]*`")
"""A condition of a rule."""
LINKS = re.compile(r"(?:\s*\[[^]]*\](?:\([^)]*\)|\[[^]]*\])?,?)*\s*")
TOLD_AS_FALSE = re.compile(r'(?:\*\*)?"[^"]*"(?:\*\*)? False[:.]|[^.;:]*; wrong:')


class Hit(NamedTuple):
    """A belief that a sentence states or a setting follows, and where."""

    belief: str
    said: str


def stated(block: str) -> list[Hit]:
    """The beliefs that the sentences of a paragraph, list item or recommendation state."""
    hits = [hit for sentence in SENTENCE.split(" ".join(block.split())) for hit in _stated(sentence)]
    return list(dict.fromkeys(hit for hit, unless in hits if not unless or unless not in block))


@cache
def _stated(sentence: str) -> tuple[tuple[Hit, str], ...]:
    plain = sentence.replace("*", "").replace("`", "") if "`-`" not in sentence else sentence
    found = []
    for wording in ALL_WORDINGS:
        match = wording.pattern.search(plain)
        if match and not _denied(plain, match, wording.orders):
            found.append((Hit(wording.belief, sentence), wording.unless))
    for touch in ALL_TOUCHES:
        together = all(part.search(plain) for part in touch.parts)
        if together and not touch.true.search(plain) and not STATES_NOT.search(HARMLESS.sub("", plain)):
            found.append((Hit(touch.belief, sentence), ""))
    return tuple(found)


def _denied(sentence: str, match: re.Match[str], orders: bool) -> bool:
    """Whether the words that say it are denied. "Lower it, so that no TIME-WAIT stays" is an order all the same."""
    before, behind = sentence[: match.start("says")], sentence[match.end("says") : match.end()]
    return bool(DENIES.search(HARMLESS.sub("", before if orders else f"{before} {behind}")))


def blocks(markdown: str) -> Iterator[str]:
    """The paragraphs, list items and table cells of a page, but for what is told there as false or as a wrong cure."""
    text = re.sub(r"<!--.*?-->|^```.*?^```", "", markdown, flags=re.DOTALL | re.MULTILINE)
    wrong_cures = examples = False
    for part in re.split(r"\n\s*\n|\n(?=\s*[-*] )|\n(?=#)|\n(?=\|)", text):
        if part.startswith("#"):
            wrong_cures, examples = part.startswith("## What not to do"), part.startswith("## Examples")
        part = re.sub(r"\*\*.*?\*\*", "", part, flags=re.DOTALL) if wrong_cures else part
        part = re.sub(r"^[-*#\s]+", "", part)
        part = CODE.sub("", part)
        part = NAMES.sub("", TOLD_AS_FALSE.sub("", " ".join(part.split())))
        if not examples:
            yield from _cells(part) if part.startswith("|") else [part]


def _cells(row: str) -> list[str]:
    """The cells of a table row, without links alone; where one begins with a verdict, without the claim before it."""
    cells = [cell for cell in row.strip("|").split("|") if not LINKS.fullmatch(cell)]
    return cells[1:] if any(re.match(r"\s*(?:false|partly)\b", cell) for cell in cells) else cells


def texts_of(rule: Rule) -> Iterator[str]:
    """What a rule says in its own name; of a wrong cure only why it is wrong."""
    yield rule.title
    yield rule.message
    yield from rule.rationale.split("\n\n")
    for part in rule.recommend:
        yield " ".join(filter(None, (part.action, part.effect, part.cost)))
    yield from (avoid.why for avoid in rule.avoid)
    yield from (source.says for source in rule.sources)


def found_in(texts: Iterable[str]) -> list[Hit]:
    """What any of the blocks states."""
    return [hit for text in texts for hit in stated(text)]


FIRST_PORT_ABOVE_SERVICES, DEFAULT_PORTS, DEFAULT_OF_1_GIB = 10000, 28232, 4096
OWNED = ({"owned"}, {"owned", "unknown"})
"""The kinds of sockets of a rule that is about what a process holds."""
LOOKS_AT = {
    "TIME-WAIT": r"time-wait|\bTIME-WAITs?\b",
    "CLOSE-WAIT": r"close-wait|\bCLOSE-WAIT\b",
    "orphans": r"\borphans?\b",
}
"""What a rule is about, by its id and title."""


def followed(rule: Rule, advice: Advice, orphans: int = 0) -> list[Hit]:
    """The beliefs that a recommended setting follows; `orphans` is how many there are on that machine."""
    key, value, price = (advice.key or "").rpartition(".")[2], advice.value or "", advice.effect + advice.cost
    about = {name for name, words in LOOKS_AT.items() if re.search(words, f"{rule.id} {rule.title}")}
    kinds = {shown.partition("/")[2] for shown in rule.shows}
    to_destinations = rule.for_each == "ports.tuples" or "ports.unrelieved_share" in rule.when
    of_orphans, of_time_wait = key in ("tcp_max_orphans", "tcp_orphan_retries"), "_tw_" in key
    follows = {
        "tw-recycle-is-fine-without-nat": key == "tcp_tw_recycle" and value != "0",
        "timestamps-0-is-more-secure": key == "tcp_timestamps" and value == "0",
        "fewer-tw-buckets-free-ports": key == "tcp_max_tw_buckets" and _lowered(advice) and "RST" not in price,
        "fin-timeout-shortens-time-wait": key == "tcp_fin_timeout" and (int(value) < 60 or "TIME-WAIT" in about),
        "a-sysctl-ends-close-wait": key.startswith("tcp_") and "CLOSE-WAIT" in about,
        "tw-reuse-helps-servers": key == "tcp_tw_reuse" and value != "0" and not to_destinations,
        "orphans-are-time-wait": (of_orphans and "TIME-WAIT" in about) or (of_time_wait and "orphans" in about),
        "the-orphan-limit-is-exact": key == "tcp_max_orphans" and int(value) < 4 * orphans,
        "orphan-retries-governs-every-fin-wait-1": key == "tcp_orphan_retries" and kinds in OWNED,
        "a-wide-port-range-is-free": key == "ip_local_port_range" and _wide(value) and RESERVED not in price,
        "65536-ports-limit-a-server": key == "ip_local_port_range" and bool(re.search("accept|server", rule.id)),
    }
    return [Hit(belief, f"{rule.id}: {advice.key} = {value}") for belief, so in follows.items() if so]


def _lowered(advice: Advice) -> bool:
    """Below what it was; where that is not known, or no limit, below the default of the smallest machine."""
    was = int(advice.was or -1)
    return int(advice.value or 0) < (was if was >= 0 else DEFAULT_OF_1_GIB)


def _wide(value: str) -> bool:
    low, high = map(int, value.split())
    return low < FIRST_PORT_ABOVE_SERVICES or high - low + 1 > DEFAULT_PORTS


PRICED = "time-wait-memory"
"""The one rule whose advice is to lower tcp_max_tw_buckets: it has to name the price."""


def without_the_priced(rule: Rule, hits: list[Hit]) -> list[Hit]:
    """What is found in a rule, but for the advice that is known to have a price, where its price is named."""
    named = all("RST" in part.cost for part in rule.recommend if part.key == "net.ipv4.tcp_max_tw_buckets")
    let_pass = "fewer-tw-buckets-free-ports" if rule.id == PRICED and named else None
    return [hit for hit in hits if hit.belief != let_pass]
