"""What the machine is: names, memory, uptime, clock."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.files import LIVE_ROOT
from tcptune.collect.proc.machine import (
    name_and_release,
    parse_meminfo,
    parse_name,
    parse_uptime,
    read_clock,
    read_meminfo,
    read_uptime,
)

MEMINFO = "MemTotal:       16384000 kB\nMemFree:  1000 kB\nMemAvailable:    8192000 kB\nHugePages_Total:       0\n"


def test_memory_is_in_kilobytes():
    """MemTotal and MemAvailable are taken, and nothing else of the file."""
    found = parse_meminfo(MEMINFO)

    assert {"meminfo.MemTotal": 16384000, "meminfo.MemAvailable": 8192000} == found.values
    assert {} == found.gaps


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("", "/proc/meminfo has no line MemTotal"),
        ("MemTotal:\n", "'' is not a number of kB"),
        ("MemTotal: 5\n", "'5' is not a number of kB"),
        ("MemTotal: 5 MB\n", "'5 MB' is not a number of kB"),
        ("MemTotal: 1 2 kB\n", "'1 2 kB' is not a number of kB"),
        ("MemTotal: x kB\n", "'x' is not a whole number"),
        ("MemTotal: -5 kB\n", "a count of -5 cannot be"),
    ],
)
def test_memory_that_cannot_be_is_a_gap(line, cause):
    """A line of another shape gives no number, least of all 0."""
    found = parse_meminfo(line + "MemAvailable: 7 kB\n")

    assert {"meminfo.MemAvailable": 7} == found.values
    assert {"meminfo.MemTotal": cause} == found.gaps


def test_memory_of_a_tree_without_the_file(tmp_path):
    """An absent file is one gap."""
    assert {"meminfo": "no such file"} == read_meminfo(tmp_path).gaps


@settings(deadline=None)
@given(st.text())
def test_any_meminfo_gives_values_or_gaps(text):
    """Each of the two facts has a value or a reason."""
    found = parse_meminfo(text)

    assert {"meminfo.MemTotal", "meminfo.MemAvailable"} == set(found.values) | set(found.gaps)


@pytest.mark.parametrize(("text", "seconds"), [("350735.47 234388.90\n", 350735.47), ("5\r\n", 5.0), ("0.00 0.00", 0)])
def test_uptime_is_the_first_number(text, seconds):
    """The second number, idle time, is of no use here."""
    assert seconds == parse_uptime(text)


@pytest.mark.parametrize("text", ["", "\n", "soon", "nan", "inf", "-inf", "-1", "1e10", "1e999", "\x00", "0x10"])
def test_an_uptime_that_cannot_be_is_refused(text):
    """Neither text nor a number outside 0 to 300 years is an uptime."""
    with pytest.raises(ValueError, match=r"is not a number of seconds|is no uptime"):
        parse_uptime(text)


@settings(deadline=None)
@given(st.one_of(st.text(), st.floats().map(str)))
def test_any_uptime_is_a_finite_number_or_refused(text):
    """What comes back can be computed with."""
    with suppress(ValueError):
        assert 0 <= parse_uptime(text) < math.inf


def test_uptime_of_a_tree(tmp_path):
    """A file that is absent, or that is no uptime, is a gap with the reason."""
    absent = read_uptime(tmp_path)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/uptime").write_text("never\n")
    wrong = read_uptime(tmp_path)

    assert ({}, {"uptime": "no such file"}) == (absent.values, absent.gaps)
    assert ({}, {"uptime": "'never' is not a number of seconds"}) == (wrong.values, wrong.gaps)


def test_names_of_a_tree(tmp_path):
    """Host name and release are taken without their line ends; what is absent is None and a gap."""
    folder = tmp_path / "proc/sys/kernel"
    folder.mkdir(parents=True)
    (folder / "hostname").write_text("web-3\n")

    assert ("web-3", None, {"kernel.osrelease": "no such file"}) == name_and_release(tmp_path)


@pytest.mark.parametrize(("text", "name"), [("web-3\n", "web-3"), (" 6.1.0 \r\n", "6.1.0"), ("x" * 64, "x" * 64)])
def test_a_name_is_what_the_kernel_keeps(text, name):
    """Up to 64 characters, as uname() gives them."""
    assert name == parse_name(text)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "'' is not a name of 1 to 64 characters"),
        ("\n", "'' is not a name of 1 to 64 characters"),
        ("x" * 65, "'" + "x" * 40 + "...' is not a name of 1 to 64 characters"),
    ],
)
def test_a_name_that_no_kernel_has_is_refused(text, cause):
    """An empty file and a long one are no names."""
    with pytest.raises(ValueError, match=r"^") as error:
        parse_name(text)

    assert cause == str(error.value)


def test_a_stored_tree_does_not_tell_its_clock(tmp_path):
    """HZ and page size are asked of the running kernel only."""
    found = read_clock(tmp_path)

    assert {} == found.values
    assert {"kernel.hz", "kernel.page_size"} == set(found.gaps)


def test_this_machine_tells_its_clock():
    """HZ is one of the numbers that kernels are built with, and a page is a power of two."""
    found = read_clock(LIVE_ROOT).values

    assert found["kernel.hz"] in (100, 250, 300, 1000)
    assert 0 == found["kernel.page_size"] & (found["kernel.page_size"] - 1)
