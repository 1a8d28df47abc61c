"""The counter table is well formed, refutes what circulates, and names what this kernel really counts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tcptune.kernel.counters import COUNTERS, Counter, find
from tcptune.kernel.counters.aborts import ABORTS
from tcptune.kernel.counters.gauges import GAUGES
from tcptune.kernel.counters.listen import LISTEN
from tcptune.kernel.counters.snmp import SNMP
from tcptune.kernel.counters.time_wait import TIME_WAIT
from tcptune.kernel.counters.timers import TIMERS
from tcptune.kernel.release import Release, version

UNITS = {"events", "sockets", "pages", "kB", "s", "ms", "segments"}
FILES = {"sockstat": "sockstat", "sockstat6": "sockstat6", "Tcp": "snmp", "TcpExt": "netstat"}
WRONG_STATE_NAME = re.compile(r"\b(TIME|CLOSE|FIN|LAST|SYN)_(WAIT|ACK|SENT|RECV|RECEIVED)|FIN-?WAIT[12]\b|\bESTAB\b")
PAIRS_OF_LINES = {"snmp", "netstat"}

every_counter = pytest.mark.parametrize("counter", COUNTERS.values(), ids=COUNTERS)


def prose(counter: Counter) -> Iterator[str]:
    """Every text of a counter that a person reads as sentences."""
    yield counter.meaning
    yield from counter.notes
    yield from counter.sources
    for belief in counter.beliefs:
        yield belief.claim
        yield belief.truth


def in_proc(file: str) -> set[str]:
    """The full names that one file of /proc/net shows on this machine."""
    lines = Path("/proc/net", file).read_text(encoding="ascii").splitlines()
    if file in PAIRS_OF_LINES:
        return {f"{line.split(':')[0]}.{word}" for line in lines[::2] for word in line.split()[1:]}
    return {f"{file}.{line.split(':')[0]}.{word}" for line in lines for word in line.split()[1::2]}


def expected_here(counter: Counter, running: Release) -> bool:
    """Whether the running kernel must show the counter, if it follows mainline."""
    return not counter.until and (not counter.since or version(counter.since) <= running.version)


def test_the_key_of_every_counter_is_its_name() -> None:
    """COUNTERS is looked up by the name a finding prints."""
    assert [counter.name for counter in COUNTERS.values()] == list(COUNTERS)


def test_no_counter_is_defined_twice() -> None:
    """A second definition would silently replace the first."""
    tables = (GAUGES, SNMP, TIME_WAIT, ABORTS, TIMERS, LISTEN)
    assert sum(map(len, tables)) == len(COUNTERS)


@every_counter
def test_every_sentence_ends_with_a_period(counter: Counter) -> None:
    """The table is printed as it stands."""
    assert [] == [text for text in prose(counter) if not text.endswith(".") or text != text.strip() or "  " in text]


@every_counter
def test_states_are_written_as_rfc_9293_writes_them(counter: Counter) -> None:
    """One spelling of a state in all output."""
    assert [] == [text for text in prose(counter) if WRONG_STATE_NAME.search(text)]


@every_counter
def test_every_counter_has_sources_with_the_versions_read(counter: Counter) -> None:
    """A claim about the kernel says where it was read, or that it was measured, or in which RFC it stands."""
    assert counter.sources
    assert [] == [text for text in counter.sources if not re.search(r"read in \d|^RFC \d|^Measured on \d", text)]


@every_counter
def test_the_meaning_is_one_to_three_sentences(counter: Counter) -> None:
    """What moves it, what it leaves out, and no more; the rest are notes."""
    assert 1 <= len(re.findall(r"\.(?= [A-Z]|$)", counter.meaning)) <= 3


@every_counter
def test_unit_and_kind_agree(counter: Counter) -> None:
    """What counts events only rises; what says how many there are is a gauge."""
    assert counter.unit in UNITS
    assert (counter.unit in {"events", "segments", "ms"}) == (counter.kind == "counter")


@every_counter
def test_scopes_cover_all_releases_without_a_gap(counter: Counter) -> None:
    """A scope is netns or host, and its history starts at the oldest and ends at the newest kernel read."""
    assert {span.says for span in counter.scopes} <= {"netns", "host"}
    assert ("", "") == (counter.scopes[0].since, counter.scopes[-1].until)
    for before, after in zip(counter.scopes, counter.scopes[1:], strict=False):
        assert version(before.until) < version(after.since)
        assert before.says != after.says


@every_counter
def test_releases_are_mainline_versions(counter: Counter) -> None:
    """`since` and `until` lie between the oldest and the newest kernel read; those two are written as nothing."""
    named = [text for text in (counter.since, counter.until) if text]
    assert [] == [text for text in named if not re.fullmatch(r"\d\.\d{1,2}", text)]
    assert [] == [text for text in named if not (3, 10) < version(text) < (6, 19)]


@pytest.mark.parametrize(
    ("spoken", "name"),
    [
        ("TcpExt.TW", "TcpExt.TW"),
        ("TW", "TcpExt.TW"),
        ("tw", "sockstat.TCP.tw"),
        ("TcpCurrEstab", "Tcp.CurrEstab"),
        ("MemTotal", "meminfo.MemTotal"),
        ("uptime", "uptime"),
    ],
)
def test_a_counter_is_found_by_the_name_people_use(spoken: str, name: str) -> None:
    """In full, as nstat prints it, or by its last word."""
    assert COUNTERS[name] == find(spoken)


@pytest.mark.parametrize("spoken", ["inuse", "TCPOrphanQueued", ""])
def test_an_ambiguous_or_unknown_name_is_not_found(spoken: str) -> None:
    """`inuse` is two counters; guessing one would be wrong half of the time."""
    assert find(spoken) is None


def test_the_running_kernel_shows_every_counter_of_its_release() -> None:
    """What the table says of this release is what /proc/net really has, and what it says is gone is gone."""
    try:
        shown = {name for file in ("sockstat", "snmp", "netstat") for name in in_proc(file)}
        running = Release.parse(Path("/proc/sys/kernel/osrelease").read_text(encoding="ascii"))
    except OSError as error:
        pytest.skip(f"cannot read {error.filename}: {error.strerror}")
    if running is None or running.vendor:
        pytest.skip("not a kernel whose number tells what it has")
    here = [counter for counter in COUNTERS.values() if counter.group in {"sockstat", "Tcp", "TcpExt"}]
    assert [] == [counter.name for counter in here if expected_here(counter, running) and counter.name not in shown]
    gone = [counter.name for counter in here if counter.until and version(counter.until) < running.version]
    assert [] == [name for name in gone if name in shown]


def test_the_running_kernel_shows_the_ipv6_sockets() -> None:
    """sockstat6 has TCP6 inuse wherever IPv6 is on."""
    if not Path("/proc/net/sockstat6").exists():
        pytest.skip("/proc/net/sockstat6 is not there: no IPv6 on this machine")
    assert "sockstat6.TCP6.inuse" in in_proc("sockstat6")


def test_every_group_is_a_file_that_is_read() -> None:
    """A counter of an unknown file could never get a value."""
    assert {counter.group for counter in COUNTERS.values()} == {*FILES, "meminfo", "uptime"}
