"""What holds of any tree of settings files, however odd."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loader_trees import KEYS, Folder, Link, plant, tree
from loaders_common import judged

from tcptune.loaders.lines import dotted
from tcptune.loaders.patterns import is_pattern
from tcptune.loaders.read import look
from tcptune.model.drift import BOOT, RELOAD, VERDICTS
from tcptune.model.report import Severity
from tcptune.report import drift as report
from tcptune.report.folding import WIDTH

TREES = st.randoms(use_true_random=False).map(tree)
RULES = {"drift-from-files", "sysctl-overridden", "boot-differs-from-reload", "sysctl-conf-not-read-at-boot"}
LAST, FIN = "~~.conf", "net/ipv4/tcp_fin_timeout"


@contextmanager
def stored(found, running=True):
    """A stored machine with a tree of settings and the keys that it speaks of."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        plant(root, found)
        for path, value in KEYS.items() if running else ():
            (root / "proc/sys" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / "proc/sys" / path).write_text(f"{value}\n")
        (root / "etc").mkdir(exist_ok=True)
        (root / "etc/sysctl.d").mkdir(exist_ok=True)
        yield root


def outcomes(root):
    """What boot and reload leave each key at; a key that neither sets is left out."""
    found = {row.key: (row.boot.value, row.reload.value) for row in look(root).rows}
    return {key: pair for key, pair in found.items() if pair != (None, None)}


@settings(max_examples=60, deadline=None)
@given(TREES, st.booleans())
def test_a_row_is_what_its_lines_make_it(found, running):
    """One line wins for each loader that sets the key, and it is one that the loader reads."""
    with stored({**found, "etc/sysctl.d/0.conf": b""}, running) as root:
        drift = look(root)
    for row in drift.rows:
        for loader, outcome in ((BOOT, row.boot), (RELOAD, row.reload)):
            winners = [setter.where for setter in row.setters if loader in setter.wins]
            assert ([] if outcome.where is None else [outcome.where]) == winners
            assert (outcome.value is None) == (outcome.where is None)
        for setter in row.setters:
            assert set(setter.wins) <= set(setter.read_by) or setter.kind == "command-line"
            assert setter.why or setter.wins
            assert set(setter.loses) <= set(setter.read_by) - set(setter.wins)
        assert row.verdict in VERDICTS


@settings(max_examples=60, deadline=None)
@given(TREES, st.booleans())
def test_what_drifts_is_found(found, running):
    """A rule above low fires on every key of which something would change: the formats tell what the exit code does."""
    with stored({**found, "etc/sysctl.d/0.conf": b""}, running) as root:
        told = judged(look(root))
    for row, findings, _ in told:
        worst = max((finding.severity for finding in findings), default=Severity.info)
        assert RULES >= set(row.rules)
        assert not row.drifts or worst >= Severity.medium
        assert row.drifts or row.apart or worst < Severity.medium


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_whatever_a_machine_says_can_be_shown(found):
    """No line is wider than a terminal, nothing reaches it raw, and JSON holds all of it."""
    with stored(found) as root:
        drift = look(root)
    shown = report.text(drift, drift.rows)

    assert [] == [line for line in shown.splitlines() if len(line) > WIDTH]
    assert shown.replace("\n", "").isprintable()
    assert len(drift.rows) == len(json.loads(json.dumps(report.document(drift, drift.rows)))["rows"])


@settings(max_examples=40, deadline=None)
@given(TREES, st.sampled_from(["etc/sysctl.d", "run/sysctl.d", "usr/lib/sysctl.d"]))
def test_the_last_name_wins(found, folder):
    """A file whose name comes after all others sets what it says, unless /etc/sysctl.conf follows."""
    last = {path: what for path, what in found.items() if path not in ("etc/sysctl.conf", "run/sysctl.d")}
    last = {path: what for path, what in last.items() if not _strange(path) and "credentials" not in path}
    with stored({**last, f"{folder}/{LAST}": b"net.ipv4.tcp_fin_timeout = 77\n"}) as root:
        assert ("77", "77") == outcomes(root)[dotted(FIN)]


def _strange(path):
    """Names that sysctl takes for patterns, which may bring a file in at another place, and what comes after `~~`."""
    name = path.rpartition("/")[2]
    return is_pattern(name) or not name.isascii() or "{" in name or "\\" in name


@settings(max_examples=40, deadline=None)
@given(TREES, TREES)
def test_a_hidden_file_changes_nothing(found, other):
    """Whatever stands in a file of a lower folder that a higher one hides, it is as good as not there."""
    plain = {path: what for path, what in found.items() if not _strange(path) and path != "run/sysctl.d"}
    texts = [what for what in other.values() if isinstance(what, bytes)]
    names = [path for path, what in plain.items() if path.startswith("etc/sysctl.d/") and not isinstance(what, Link)]
    lower = {f"lib/{path.removeprefix('etc/')}": text for path, text in zip(names, texts, strict=False)}
    with stored(plain) as root:
        before = outcomes(root)
    with stored({**plain, **lower}) as root:
        hidden = {path: what for path, what in lower.items() if path not in plain}
        assert before == outcomes(root) or len(hidden) < len(lower)


@pytest.mark.parametrize("mask", [b"", Link("/dev/null"), Folder(), b"# nothing\n", Link("nowhere")])
@settings(max_examples=20, deadline=None)
@given(TREES)
def test_all_masks_are_alike(mask, found):
    """An empty file, a comment, a link to /dev/null: a name is taken, whatever has it."""
    plain = {path: what for path, what in found.items() if not _strange(path) and path != "run/sysctl.d"}
    plain = {path: what for path, what in plain.items() if what != Link("50-b.conf")}
    with stored({**plain, "etc/sysctl.d/50-b.conf": b";\n"}) as root:
        expected = outcomes(root)
    with stored({**plain, "etc/sysctl.d/50-b.conf": mask}) as root:
        assert expected == outcomes(root)
