"""/proc/net/sockstat and sockstat6."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.proc.sockstat import WANTED, parse

SOCKSTAT = """\
sockets: used 312
TCP: inuse 23 orphan 5 tw 31000 alloc 41 mem 7
UDP: inuse 6 mem 2
UDPLITE: inuse 0
RAW: inuse 0
FRAG: inuse 0 memory 0
"""
SOCKSTAT6 = "TCP6: inuse 3\nUDP6: inuse 4\nFRAG6: inuse 0 memory 0\n"

FACTS = {file: {f"{file}.{label}.{name}" for label in WANTED[file] for name in WANTED[file][label]} for file in WANTED}


def test_the_counts_of_a_machine_are_read():
    """Every wanted field has its number, and nothing else is taken."""
    found = parse("sockstat", SOCKSTAT)

    assert {
        "sockstat.sockets.used": 312,
        "sockstat.TCP.inuse": 23,
        "sockstat.TCP.orphan": 5,
        "sockstat.TCP.tw": 31000,
        "sockstat.TCP.alloc": 41,
        "sockstat.TCP.mem": 7,
    } == found.values
    assert {} == found.gaps


def test_ipv6_has_a_file_of_its_own():
    """sockstat6 gives the IPv6 sockets in use."""
    assert {"sockstat6.TCP6.inuse": 3} == parse("sockstat6", SOCKSTAT6).values


def test_fields_are_found_by_name():
    """The order of lines and fields, line ends and blanks do not matter."""
    text = "TCP:  mem 7   tw 31000 alloc 41 new 9 inuse 23 orphan 5\r\nsockets: used 312\r\n"

    assert parse("sockstat", SOCKSTAT) == parse("sockstat", text)


def test_a_field_that_is_missing_is_a_gap():
    """What an old kernel or a cut-off line does not show has no value."""
    found = parse("sockstat", "sockets: used 1\nTCP: inuse 23 orphan\n")

    assert {"sockstat.sockets.used": 1, "sockstat.TCP.inuse": 23} == found.values
    assert "/proc/net/sockstat has no field orphan in a line 'TCP:'" == found.gaps["sockstat.TCP.orphan"]
    assert FACTS["sockstat"] == set(found.values) | set(found.gaps)


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        ("-5", "a count of -5 cannot be"),
        ("many", "'many' is not a whole number"),
        ("1e3", "'1e3' is not a whole number"),
        ("18446744073709551615", "'18446744073709551615' is larger than any number of the kernel"),
        ("9300000000000000000", "'9300000000000000000' is larger than any number of the kernel"),
    ],
)
def test_an_absurd_count_is_a_gap(word, cause):
    """A count below zero or beyond every number is no count."""
    found = parse("sockstat", SOCKSTAT.replace("orphan 5", f"orphan {word}"))

    assert cause == found.gaps["sockstat.TCP.orphan"]
    assert "sockstat.TCP.orphan" not in found.values
    assert 23 == found.values["sockstat.TCP.inuse"]


def test_a_lost_number_does_not_shift_the_others_into_place():
    """Where a number is missing in the middle, no field gets its neighbour's."""
    found = parse("sockstat", SOCKSTAT.replace("orphan 5", "orphan"))

    assert {"sockstat.sockets.used": 312, "sockstat.TCP.inuse": 23} == found.values


@settings(deadline=None)
@given(st.sampled_from(list(WANTED)), st.text())
def test_any_text_gives_values_or_gaps(file, text):
    """Every wanted fact is either a count or has a reason, never both."""
    found = parse(file, text)

    assert FACTS[file] == set(found.values) | set(found.gaps)
    assert set() == set(found.values) & set(found.gaps)
    assert all(value >= 0 for value in found.values.values())


@settings(deadline=None)
@given(st.lists(st.sampled_from(["TCP:", "inuse", "orphan", "tw", "5", "-1", "\n", " "])).map(" ".join))
def test_shuffled_words_give_counts_or_gaps(text):
    """Words of a real file in any order give no count that does not stand in it."""
    assert set(parse("sockstat", text).values.values()) <= {5}
