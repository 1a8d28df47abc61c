"""The sysctl catalogue is well formed, agrees with itself and, where they are at hand, with the collected facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.history import Range, Span
from tcptune.kernel.sysctl import Sysctl

FACTS = Path(__file__).parents[2] / "shared/kernel/sysctls.json"
SUBJECTS = Path(__file__).parents[1] / "tcptune/kernel/catalogue"
OLDEST, NEWEST = (3, 10), (6, 19)
SCOPES = {"netns": "netns", "init": "host"}
JIFFIES = (-8589934, 8589934)

every_entry = pytest.mark.parametrize("entry", SYSCTLS.values(), ids=SYSCTLS)


def release(text: str, absent: tuple[int, ...]) -> tuple[int, ...]:
    """`6.15` as (6, 15), and `absent` for an end that is open."""
    return tuple(int(number) for number in text.split(".")) if text else absent


def bounds(row: Span | Range) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The first and the last release for which a row holds."""
    return release(row.since, OLDEST), release(row.until, NEWEST)


def overlap(one: Span | Range, other: Span | Range) -> bool:
    """Whether two rows hold together for some release."""
    (since, until), (other_since, other_until) = bounds(one), bounds(other)
    return since <= other_until and other_since <= until


def is_plain(says: str) -> bool:
    """Whether a default is written as the file shows it; a formula starts with a letter."""
    return says[:1] == "-" or says[:1].isdigit()


def rows(entry: Sysctl) -> list[Span | Range]:
    """Everything in an entry that has releases."""
    return [*entry.defaults, *entry.scopes, *entry.meanings, *entry.ranges]


def sentences(entry: Sysctl) -> Iterator[str]:
    """Every text of an entry that is a sentence."""
    yield entry.summary
    yield from entry.decides + entry.decides_not + entry.interplay + entry.dangers
    yield from (meaning.says for meaning in entry.meanings)
    for belief in entry.beliefs:
        yield from (belief.claim, belief.truth)
    yield from (difference for _, difference in entry.vendors)
    if entry.takes_effect:
        yield entry.takes_effect


def texts(entry: Sysctl) -> Iterator[str]:
    """Every text of an entry."""
    yield from sentences(entry)
    yield from entry.sources
    yield from (row.note for row in rows(entry))
    yield from (span.says for span in entry.defaults)
    yield from (kernel for kernel, _ in entry.vendors)


@pytest.mark.parametrize(("name", "entry"), SYSCTLS.items(), ids=SYSCTLS)
def test_key_is_the_name(name: str, entry: Sysctl) -> None:
    """An entry is found under the full name it carries, and its path is where /proc shows it."""
    assert entry.name == name
    assert "proc/sys/" + name.replace(".", "/") == entry.path
    assert re.fullmatch(r"net\.(ipv4|core|netfilter)\.[a-z0-9_]+", name)


@every_entry
def test_summary_is_one_sentence(entry: Sysctl) -> None:
    """The summary is one sentence with a period at its end."""
    assert re.fullmatch(r"[A-Z][^.!?]*(\.\d[^.!?]*)*\.", entry.summary)


@every_entry
def test_sentences_end(entry: Sysctl) -> None:
    """Every sentence ends, and none runs into the next as it would after a forgotten comma or blank."""
    unfinished = [text for text in sentences(entry) if not text.endswith(".")]
    assert [] == unfinished
    unnamed = {text: re.sub(r"(TcpExt|Tcp|sockstat\.TCP|TCP)\.\w+", "x", text) for text in texts(entry)}
    assert [] == [text for text, rest in unnamed.items() if re.search(r"[a-z0-9)]\.[A-Z]|  ", rest)]


@every_entry
def test_meanings_start_with_a_capital(entry: Sysctl) -> None:
    """A meaning starts as a sentence does, with a capital or with the value it is about."""
    assert [] == [meaning.says for meaning in entry.meanings if meaning.says[0].islower()]


@every_entry
def test_sources_are_named(entry: Sysctl) -> None:
    """Every entry says where its facts come from, and something about what it decides."""
    assert entry.sources
    assert all(entry.sources)
    assert entry.decides
    assert entry.unit


@every_entry
def test_text_stands_alone(entry: Sysctl) -> None:
    """No text points outside the project, and states are written as RFC 9293 writes them."""
    forbidden = re.compile(r"\.\./shared|facts [A-H]\.|\b(FIN_WAIT|CLOSE_WAIT|LAST_ACK|TIME_WAIT|SYN_RECV)(?!\w)")
    allowed = "Entries in CLOSE_WAIT"  # conntrack's own name for its state
    assert [] == [text for text in texts(entry) if forbidden.search(text.replace(allowed, ""))]


@every_entry
def test_scopes_are_netns_or_host(entry: Sysctl) -> None:
    """A scope says netns or host and nothing else, and there is one for every release that has the key."""
    assert {span.says for span in entry.scopes} <= {"netns", "host"}
    assert entry.scopes
    assert 1 >= len([span for span in entry.scopes if not span.until])


@every_entry
def test_releases_are_numbers_in_order(entry: Sysctl) -> None:
    """Releases parse as numbers, and nothing ends before it began or before the key was there."""
    first, last = release(entry.since, OLDEST), release(entry.removed, (99,))
    assert first < last
    for row in rows(entry):
        since, until = bounds(row)
        assert since <= until
        assert until < last
        assert OLDEST <= since
        assert until <= NEWEST
        assert first <= since or not row.since


@every_entry
def test_ranges_are_in_order(entry: Sysctl) -> None:
    """A range's lower end is not above its upper end."""
    assert [] == [limits for limits in entry.ranges if limits.low > limits.high]


@every_entry
def test_defaults_are_inside_the_ranges(entry: Sysctl) -> None:
    """A default that is a number is one that a write would accept in the same releases."""
    for default in entry.defaults:
        if not is_plain(default.says):
            assert entry.text or default.says[:1].isalpha()
            continue
        numbers = [int(number) for number in default.says.split()]
        assert max(1, len(entry.parts)) == len(numbers)
        together = [limits for limits in entry.ranges if overlap(default, limits)]
        assert together or not entry.ranges
        assert all(limits.low <= number <= limits.high for number in numbers for limits in together)


@every_entry
def test_parts_belong_to_vectors(entry: Sysctl) -> None:
    """Only the four vectors have parts, and each part is a fact of its own."""
    vectors = {
        "net.ipv4.tcp_mem": ("min", "pressure", "max"),
        "net.ipv4.tcp_rmem": ("min", "default", "max"),
        "net.ipv4.tcp_wmem": ("min", "default", "max"),
        "net.ipv4.ip_local_port_range": ("min", "max"),
    }
    assert vectors.get(entry.name, ()) == entry.parts
    assert max(1, len(entry.parts)) == len(entry.facts())
    assert (entry.name == "net.ipv4.ip_local_reserved_ports") == entry.text


def test_only_the_vendors_key_is_vendor_only() -> None:
    """Mainline has or had every key but one, and that one's summary says so."""
    assert ["net.ipv4.tcp_tw_timeout"] == [entry.name for entry in SYSCTLS.values() if entry.vendor_only]
    entry = SYSCTLS["net.ipv4.tcp_tw_timeout"]
    assert "mainline Linux never had" in entry.summary
    assert entry.vendors


def test_modules_stay_small() -> None:
    """No module of the catalogue reaches 300 lines."""
    assert [] == [path.name for path in SUBJECTS.glob("*.py") if len(path.read_text().splitlines()) >= 300]


def collected() -> list[dict[str, Any]]:
    """The collected facts, one object for each key; empty where the folder is not there."""
    return json.loads(FACTS.read_text()) if FACTS.exists() else []


COLLECTED = {fact["name"]: fact for fact in collected()}
every_fact = pytest.mark.parametrize("fact", COLLECTED.values(), ids=COLLECTED)
needs_facts = pytest.mark.skipif(not COLLECTED, reason=f"{FACTS} is not there: nothing to compare with")


def current(history: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows that still hold in the newest release."""
    return [row for row in history if row["to"] is None]


def limits_of(row: dict[str, Any]) -> tuple[int, int | None] | None:
    """The bounds of one collected range; none for a file that cannot be written."""
    if "min_formula" in row:
        return JIFFIES
    return None if row["min"] is None else (row["min"], row["max"])


@needs_facts
@every_fact
def test_every_collected_key_is_here(fact: dict[str, Any]) -> None:
    """Every key of the collected facts has an entry, with the same end of life."""
    assert fact["name"] in SYSCTLS
    assert (fact["removed"] or "") == SYSCTLS[fact["name"]].removed


@needs_facts
@every_fact
def test_current_scopes_agree(fact: dict[str, Any]) -> None:
    """The scope in the newest release is the collected one."""
    expected = [SCOPES[row["scope"]] for row in current(fact["scopes"])]
    assert expected == [span.says for span in SYSCTLS[fact["name"]].scopes if not span.until]


@needs_facts
@every_fact
def test_current_ranges_agree(fact: dict[str, Any]) -> None:
    """The bounds in the newest release are the collected ones."""
    entry = SYSCTLS[fact["name"]]
    expected = {limits for row in current(fact["ranges"]) if (limits := limits_of(row)) and not entry.removed}
    unbounded = {low for low, high in expected if high is None}
    actual = {
        (limits.low, None if limits.low in unbounded else limits.high) for limits in entry.ranges if not limits.until
    }
    assert expected == actual


@needs_facts
@every_fact
def test_current_defaults_agree(fact: dict[str, Any]) -> None:
    """The default in the newest release is the collected one: the same number, or a formula for a formula."""
    entry = SYSCTLS[fact["name"]]
    expected = [] if entry.removed else current(fact["defaults"])
    actual = [span.says for span in entry.defaults if not span.until]
    assert len(expected) == len(actual)
    for row, says in zip(expected, actual, strict=True):
        match row.get("value"):
            case int() | str() as value:
                assert str(value) == says
            case [*numbers] if all(isinstance(number, int) for number in numbers):
                assert " ".join(map(str, numbers)) == says
            case [*numbers]:
                assert all(str(number) in says for number in numbers if isinstance(number, int))
            case _:
                assert not is_plain(says)
