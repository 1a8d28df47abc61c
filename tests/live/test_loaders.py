"""The real systemd-sysctl and the real `sysctl --system` against what we say of them, tree by tree."""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random

import pytest
from loader_trees import KEYS, Tree, plant, tree
from workshop.child import in_child
from workshop.private_root import PrivateRoot, machine, program, why_not

from tcptune.loaders.lines import dotted, with_slashes
from tcptune.loaders.read import look
from tcptune.loaders.values import same
from tcptune.model.drift import VERDICTS

pytestmark = pytest.mark.live

TREES = 150


def knows_lib() -> bool:
    """Whether systemd-sysctl looks into a /lib that is no link to /usr/lib; 255 and later do not run beside one."""
    told = subprocess.run(
        ["chroot", machine(), f"/{program('boot')}", "--version"], capture_output=True, text=True, check=False
    )
    return not told.stdout or int(told.stdout.split()[1]) < 255


def prepared(place: Path) -> PrivateRoot:
    """A private root with the interfaces that the trees speak of."""
    root = PrivateRoot(place, lib_apart=knows_lib())
    subprocess.run(["ip", "link", "add", "e0.5", "type", "veth", "peer", "name", "e1"], check=True)
    return root


def disagreements(root: PrivateRoot, loader: str, found: Tree) -> tuple[list[tuple[str, str, str]], int]:
    """Where the real loader left another value than we say (key, ours, what is there), and how many keys it set."""
    root.clear()
    plant(root.place, found)
    root.set(KEYS)
    before = root.values()
    said = {row.key: getattr(row, loader).value for row in look(root.place).rows}
    root.load(loader)
    after = root.values()
    wrong = []
    for path, value in after.items():
        key = dotted(path)
        expected = said.get(key)
        as_expected = value == before[path] if expected is None else same(value, expected, key)
        if not as_expected:
            wrong.append((key, repr(expected), value))
    changed = {path: value for path, value in before.items() if after[path] != value}
    root.set({path: value for path, value in changed.items() if path not in KEYS})
    return wrong, len(changed)


def run(place: Path, loader: str, seeds: range) -> tuple[list[str], int]:
    """Everything that is wrong on the trees of these seeds, with the trees, and how many keys were set at all."""
    root = prepared(place)
    told, total = [], 0
    for seed in seeds:
        found = tree(Random(seed))
        wrong, changed = disagreements(root, loader, found)
        total += changed
        if wrong:
            told.append(f"seed {seed}: {wrong} in {found}")
    return told, total


@pytest.mark.parametrize("loader", ["boot", "reload"])
def test_the_real_loader_sets_what_we_say(loader: str, tmp_path: Path) -> None:
    """On every generated tree, each key of the namespace ends with the value of our row, or as it was before."""
    if why := why_not(loader):
        pytest.skip(why)

    told, changed = in_child(lambda: run(tmp_path, loader, range(TREES)))

    assert [] == told
    assert changed > TREES


def test_this_machine_has_a_row_for_each_key() -> None:
    """Live, what a key shows is what stands in /proc/sys now."""
    for row in look().rows:
        assert row.verdict in VERDICTS
        if row.running is not None:
            assert row.running == Path("/proc/sys", with_slashes(row.key)).read_text().strip("\n")
