"""Patterns: what glob(3) and fnmatch(3) of the C library match, and that a hostile one costs no time."""

from __future__ import annotations

import ctypes
import fnmatch as python

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptune.loaders.patterns import braces, expand, fnmatch, in_folder, matches, tokens

libc = ctypes.CDLL(None)

FOLDERS = {"": ["net"], "net": ["ipv4", "ipv6"], "net/ipv4": ["conf", "a"], "net/ipv4/conf": [".x", "all", "eth0.5"]}
PATHS = {"net", "net/ipv4", "net/ipv6", "net/ipv4/a", "net/ipv4/conf"} | {
    f"net/ipv4/conf/{name}{end}" for name in (".x", "all", "eth0.5") for end in ("", "/rp_filter")
}


@pytest.mark.parametrize(
    ("matching", "pattern", "text"),
    [
        (True, "*", "eth0"),
        (True, "e?h0", "eth0"),
        (False, "e?h", "eth0"),
        (True, "e[s-u]h[!1-9]", "eth0"),
        (False, "e[^s-u]h0", "eth0"),
        (True, "[]x]th0", "]th0"),
        (True, "[a", "[a"),
        (True, "eth[[:digit:]]", "eth0"),
        (False, "eth[[:alpha:]]", "eth0"),
        (True, r"eth\*", "eth*"),
        (False, r"eth\*", "eth0"),
        (True, "net/*", "net/ipv4/conf"),
        (True, "a*b*c", "a-b-b-c"),
        (False, "a*b*c", "a-b-b"),
    ],
)
def test_a_pattern_matches_as_in_the_c_library(matching, pattern, text):
    """Ours and fnmatch() of this machine's C library agree."""
    assert matching == fnmatch(pattern, text)
    assert matching == (libc.fnmatch(pattern.encode(), text.encode(), 0) == 0)


@given(st.text("ab-[]!*?\\", max_size=8), st.text("ab-[]!", max_size=6))
def test_any_pattern_matches_as_in_the_c_library(pattern, text):
    """Whatever brackets and stars stand in it, but for ranges and backslashes that lack their end."""
    odd = (
        pattern.endswith("\\") or "\\" in pattern[pattern.find("[") :] or any(f"{one}-" in pattern for one in "[]!\\-")
    )
    unclosed = "-" in pattern[pattern.rfind("[") :] and "]" not in pattern[pattern.rfind("-") :]
    if not odd and not ("[" in pattern and unclosed):
        assert (libc.fnmatch(pattern.encode(), text.encode(), 0) == 0) == fnmatch(pattern, text)


@given(st.text("ab*?", max_size=10), st.text("ab", max_size=10))
def test_stars_match_as_in_python(pattern, text):
    """The last star gives way first, and that finds every match."""
    assert python.fnmatchcase(text, pattern) == matches(tokens(pattern), text)


def test_a_hostile_pattern_costs_no_time():
    """A regular expression would try every way to share the text among the stars."""
    assert not fnmatch("a*" * 200 + "b", "a" * 2000)


def test_a_first_dot_has_to_be_written():
    """A star in a folder passes over hidden names, and a star in an exclusion does not."""
    assert ["all"] == in_folder("*", ["all", ".x"])
    assert [".x"] == in_folder(".*", ["all", ".x"])
    assert fnmatch("*", ".x")


@pytest.mark.parametrize(
    ("paths", "pattern"),
    [
        (["net/ipv4/conf/all/rp_filter", "net/ipv4/conf/eth0.5/rp_filter"], "net/ipv4/conf/*/rp_filter"),
        (["net//ipv4/conf/all/rp_filter"], "net//ip*/conf/all/rp_filter"),
        (["net/ipv4/a"], r"net/*/\a"),
        ([], "net/*/nothing"),
        (["net/ipv4/a"], "net/*/a/"),
        ([], "net/ipv4/?/"),
        ([], r"net/*/\a/"),
        ([], "nowhere/*"),
    ],
)
def test_a_pattern_is_spelt_as_it_was_written(paths, pattern):
    """Whether a line goes before a pattern is a comparison of texts, so two slashes stay two."""
    found = expand(
        pattern,
        lambda folder: FOLDERS.get(folder.replace("//", "/").rstrip("/"), []),
        lambda path: path.replace("//", "/") in PATHS,
    )

    assert paths == found


@pytest.mark.parametrize(
    ("alternatives", "pattern"),
    [
        (["a-b", "a-c"], "a-{b,c}"),
        (["ad", "bd", "bcd"], "{a,b{,c}}d"),
        (["{}x"], "{}x"),
        (["a{b"], "a{b"),
        (["ab"], "a{b}"),
        (["*"], "*"),
    ],
)
def test_braces_stand_for_their_parts(alternatives, pattern):
    """systemd-sysctl expands them in patterns, sysctl in the names of files."""
    assert alternatives == list(braces(pattern))
