"""A machine that is told rather than read: the same loaders say the same of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loader_trees import KEYS, Folder, Link, plant, tree
from loaders_common import FIN, outcomes

from tcptune.engine.rule import Example
from tcptune.engine.rulebook import load_builtin
from tcptune.explain import rule_page
from tcptune.lint.examples import facts_of
from tcptune.loaders.lines import dotted
from tcptune.loaders.read import look
from tcptune.loaders.told import told

TREES = st.randoms(use_true_random=False).map(tree)
A_FOLDER = Link("/etc/sysctl.d")
RUNNING = {dotted(path): value for path, value in KEYS.items()}


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_what_is_told_is_judged_as_what_is_stored(found):
    """Files and links to files; folders in the place of files are not told."""
    plain = {path: what for path, what in found.items() if path != "run/sysctl.d" and what not in (Folder(), A_FOLDER)}
    texts = {
        path: f"-> {what.target}" if isinstance(what, Link) else what.decode("utf-8", "surrogateescape")
        for path, what in plain.items()
    }
    if Link("circle.conf") in plain.values():
        texts["etc/sysctl.d/circle.conf"] = "-> circle.conf"
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        plant(root, {**plain, **{f"proc/sys/{path}": f"{value}\n".encode() for path, value in KEYS.items()}})
        plant(root, {"proc/sys/kernel/osrelease": b"6.18.0\n"})
        stored = look(root).rows

    assert stored == told(texts, {**RUNNING, "kernel.osrelease": "6.18.0"}, "6.18.0").rows


def test_a_link_to_dev_null_hides_and_a_circle_ends():
    """As on a disk."""
    hidden = {"etc/sysctl.d/a.conf": "-> /dev/null", "usr/lib/sysctl.d/a.conf": f"{FIN} = 30"}
    circle = {"etc/sysctl.d/a.conf": "-> a.conf", "etc/sysctl.d/b.conf": f"{FIN} = 30"}

    assert {FIN: (None, None)} == outcomes(told(hidden, {}, "6.18.0"))
    assert {FIN: ("30", "30")} == outcomes(told(circle, {}, "6.18.0"))


@pytest.mark.parametrize("path", ["/etc/sysctl.d/a.conf", "etc//sysctl.d/./a.conf", "../../etc/sysctl.d/a.conf"])
def test_however_a_path_is_written_it_stays_below_the_root(path):
    """Nothing is written anywhere, and nothing is read."""
    assert {FIN: ("30", "30")} == outcomes(told({path: f"{FIN} = 30"}, {}, "6.18.0"))


def test_the_page_of_a_rule_shows_the_files_of_its_examples():
    """Without them nobody sees why it fires."""
    (shown,) = {rule_page.render(rule) for rule in load_builtin() if rule.id == "boot-differs-from-reload"}

    assert "`net.ipv4.tcp_fin_timeout = 60`, etc/sysctl.d/.50-a.conf: `net.ipv4.tcp_fin_timeout = 45`" in shown
    assert "etc/sysctl.d/99-sysctl.conf: `-> ../sysctl.conf`" in shown


def test_an_example_without_any_file_that_a_loader_knows_is_told_so():
    """Instead of staying quiet for ever."""
    with pytest.raises(ValueError, match=r"expected etc/sysctl\.d"):
        facts_of(Example(files={"etc/motd": "hello"}))
