"""Reports of sos and trees of /proc that real machines left: read, as they lie and as archives, or refused."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tcptune.collect.everything import collect
from tcptune.collect.source import take
from tcptune.collect.stored import folder
from tcptune.errors import CollectError

STATE = Path(__file__).parents[2] / "shared" / "corpus" / "state"
TREES = sorted(place for kind in ("sosreport", "proc_tree") for place in STATE.glob(f"{kind}/*"))

pytestmark = pytest.mark.skipif(not TREES, reason="needs the corpus of real states beside the project")

TOLD = {
    "hotsos-kubernetes": ("5.4.0-99-generic", "initial", {"states.ESTABLISHED": 141, "states.TIME_WAIT": 76}),
    "hotsos-openstack": ("5.4.0-97-generic", "initial", {"net.ipv4.tcp_fin_timeout": 60}),
    "hotsos-rabbitmq": ("5.4.0-97-generic", "child", {"states.ESTABLISHED": 166, "states.TIME_WAIT": 2}),
    "hotsos-vault": ("5.4.0-97-generic", "child", {"states.ESTABLISHED": 20, "states.TIME_WAIT": 105}),
    "webpage-2.6.18-128.el5": ("2.6.18-128.el5", None, {}),
    "d2000-2.6.16-arm": ("2.6.16", "initial", {}),
}
"""Release, namespace and some numbers, read by eye."""
REFUSED = {"hotsos-sunbeam": "nothing of Linux TCP is readable here"}


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
def test_every_tree_is_read_or_refused(tree):
    """With the host, the kernel and the numbers that are in it."""
    if tree.name in REFUSED:
        with pytest.raises(CollectError, match=REFUSED[tree.name]):
            collect(tree)
        return
    found = collect(tree)
    release, netns, values = TOLD.get(tree.name, (found.host.release, found.host.netns, {}))

    assert (release, netns) == (found.host.release, found.host.netns)
    assert values == {name: found.values[name] for name in values}
    assert found.values.keys().isdisjoint(found.gaps)


@pytest.mark.parametrize("tree", [tree for tree in TREES if tree.name not in REFUSED], ids=lambda tree: tree.name)
def test_an_archive_of_a_tree_is_the_tree(tree, tmp_path):
    """Packed below a folder of its own, as sos does."""
    place = tmp_path / "report.tar.xz"
    with tarfile.open(place, "w:xz", preset=0) as archive:
        archive.add(tree, f"sosreport-{tree.name}")
    plain, packed = collect(tree), take(str(place))

    assert plain.values == packed.values
    assert plain.sockets == packed.sockets
    assert plain.host[:2] == packed.host[:2]


def test_a_report_is_read_by_a_few_names(tmp_path):
    """Of hundreds of files only those are opened that somebody reads."""
    for tree in TREES:
        found = folder.stored(tree)

        assert len(found.files) + len(found.printed) <= 90, tree.name
