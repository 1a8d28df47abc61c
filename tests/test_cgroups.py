"""Which systemd unit or container a cgroup is, and where it stands in the tree."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path

import pytest
from common import nobody
from hypothesis import given
from hypothesis import strategies as st

from tcptune.collect.owners import cgroups
from tcptune.collect.owners.cgroups import find, pids_of, unit_in, unit_of
from tcptune.printable import UNSAFE_CATEGORIES

ID = "0123456789ab" + 52 * "c"
SHORT = "0123456789ab"
POD = "kubepods-burstable-pod1c5f6f5a_9b3e_4c59_8f6e_0d2f3a4b5c6d.slice"


@pytest.fixture
def tree(tmp_path):
    """A v2 tree: two services, one with cgroups of its own, and a user's session."""
    for path in ("system.slice/app.service/worker", "system.slice/web.service", "user.slice/user-1000.slice"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    return tmp_path


def inode(path) -> int:
    """What the kernel would call the cgroup's id."""
    return path.stat().st_ino


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/system.slice/app.service", "app.service"),
        ("/system.slice/app.service/worker", "app.service"),
        ("/system.slice/app.service (deleted)", "app.service"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
        ("/system.slice/sshd.socket", "sshd.socket"),
        ("/init.scope", "init.scope"),
        ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope"),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service", "foo.service"),
        ("/user.slice/user-1000.slice/user@1000.service", "user@1000.service"),
        ("/../../system.slice/app.service", "app.service"),
        (f"/system.slice/docker-{ID}.scope", f"docker {SHORT}"),
        (f"/docker/{ID}", f"docker {SHORT}"),
        (f"/docker/{ID}/system.slice/nginx.service", f"docker {SHORT}"),
        (f"/user.slice/user-1000.slice/user@1000.service/app.slice/docker-{ID}.scope", f"docker {SHORT}"),
        (f"/kubepods.slice/kubepods-burstable.slice/{POD}/cri-containerd-{ID}.scope", f"containerd {SHORT}"),
        (f"/kubepods.slice/kubepods-burstable.slice/{POD}/crio-{ID}.scope", f"cri-o {SHORT}"),
        (f"/kubepods.slice/kubepods-burstable.slice/{POD}/docker-{ID}.scope", f"docker {SHORT}"),
        (f"/kubepods/burstable/pod1c5f6f5a-9b3e-4c59-8f6e-0d2f3a4b5c6d/{ID}", f"container {SHORT}"),
        (f"/kubepods.slice/kubepods-burstable.slice/{POD}/{ID}", f"container {SHORT}"),
        (f"/system.slice/containerd.service/{POD}:cri-containerd:{ID}", f"containerd {SHORT}"),
        (f"/docker/{'f' * 64}/kubelet/kubepods/burstable/cri-containerd-{ID}.scope", f"containerd {SHORT}"),
        (f"/system.slice/nerdctl-{ID}.scope", f"nerdctl {SHORT}"),
        (f"/machine.slice/libpod-{ID}.scope", f"podman {SHORT}"),
        (f"/machine.slice/libpod-{ID}.scope/container", f"podman {SHORT}"),
        (f"/libpod_parent/libpod-{ID}", f"podman {SHORT}"),
        ("/lxc.payload.web1", "lxc web1"),
        ("/lxc.payload.web1/system.slice/nginx.service", "lxc web1"),
        ("/lxc/web1", "lxc web1"),
        ("/lxc/101/ns/system.slice/nginx.service", "lxc 101"),
        ("/machine.slice/machine-web1.scope", "machine-web1.scope"),
        ("/machine.slice/machine-web1.scope/payload/system.slice/nginx.service", "machine-web1.scope"),
        (r"/machine.slice/machine-qemu\x2d1\x2dmail.scope", "machine-qemu-1-mail.scope"),
        ("/system.slice/_cpu.service", "cpu.service"),
        ("/", None),
        ("", None),
        ("/system.slice", None),
        ("/user.slice/user-1000.slice", None),
        (f"/kubepods.slice/kubepods-burstable.slice/{POD}", None),
        ("/lxc", None),
        ("/lxc/", None),
        ("/lxc.payload.", None),
        ("/.service", None),
        (f"/system.slice/docker-{'x' * 64}.scope", f"docker-{'x' * 64}.scope"),
        (f"/{ID[:-1]}", None),
    ],
)
def test_the_unit_or_container_of_a_path(path, expected):
    """The innermost container is told, where there is none the innermost unit, and slices are neither."""
    assert expected == unit_of(path)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (r"a\x2db\x40.service", "a-b@.service"),
        (r"\xc3\xa9.service", "é.service"),
        (r"\x1b[31m.service", r"\x1b[31m.service"),
        (r"\xff.service", "\ufffd.service"),
        (r"\xzz\x.service", r"\xzz\x.service"),
        (r"\x-1.service", r"\x-1.service"),
        (r"\x 1.service", r"\x 1.service"),
    ],
)
def test_escapes_of_systemd_are_undone(part, expected):
    r"""\xHH is the byte that it stands for, a control character is not let out, and what is no escape stays."""
    assert expected == unit_of(f"/system.slice/{part}")


def test_a_long_name_is_cut():
    """What fills the screen is no name."""
    assert 80 * "a" + "..." == unit_of("/" + 300 * "a" + ".service")


@given(st.one_of(st.text(), st.text("/\\xf0-:.servicopmahnlydk_@\x1b\n", max_size=200)))
def test_no_path_raises_or_reaches_the_terminal(path):
    """Whoever may make cgroups may give them any name."""
    unit = unit_of(path)

    assert unit is None or not {unicodedata.category(character) for character in unit} & UNSAFE_CATEGORIES
    assert unit == unit_of(path)


@given(st.text())
def test_any_table_of_a_process_can_be_read(text):
    """/proc/PID/cgroup holds names that others chose."""
    assert unit_in(text) is None or unit_in(text) != ""


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("0::/system.slice/app.service\n", "app.service"),
        ("4:memory:/elsewhere.service\n1:name=systemd:/system.slice/app.service\n0::/\n", "app.service"),
        ("1:name=systemd:/system.slice/old.service\n0::/system.slice/app.service\n", "app.service"),
        (f"12:pids:/docker/{ID}\n1:name=systemd:/docker/{ID}\n", f"docker {SHORT}"),
        ("0::/a:b.service\n", "a:b.service"),
        ("0::/\n", None),
        ("4:memory:/system.slice/app.service\n", None),
        ("", None),
        ("nonsense\n::\n0\n", None),
    ],
)
def test_the_unit_in_the_table_of_a_process(table, expected):
    """The line of cgroup v2 is asked first, then the one that systemd keeps for itself."""
    assert expected == unit_in(table)


def test_cgroups_are_found_by_their_inode_numbers(tree):
    """Each id that was asked for has its path, from the root of the tree on, which is a cgroup too."""
    wanted = {
        inode(tree): "/",
        inode(tree / "system.slice/app.service"): "/system.slice/app.service",
        inode(tree / "system.slice/app.service/worker"): "/system.slice/app.service/worker",
        inode(tree / "user.slice/user-1000.slice"): "/user.slice/user-1000.slice",
    }

    assert wanted == find(set(wanted), str(tree))


def test_a_cgroup_that_is_gone_is_left_out(tree):
    """The rest is found all the same."""
    web = inode(tree / "system.slice/web.service")

    assert {web: "/system.slice/web.service"} == find({web, 2**63, 0, -1}, str(tree))
    assert {} == find(set(), str(tree))


def test_only_folders_are_cgroups(tree):
    """A file or a link with the number that is looked for is none."""
    (tree / "loop").symlink_to(tree)

    assert {} == find({inode(tree / "cgroup.controllers"), (tree / "loop").lstat().st_ino}, str(tree))


def test_the_walk_ends_when_all_is_found(tree, monkeypatch):
    """What lies beyond the last one is not read."""
    read = []
    inside = cgroups._inside
    monkeypatch.setattr(cgroups, "_inside", lambda folder: read.append(folder) or inside(folder))

    assert {inode(tree): "/"} == find({inode(tree)}, str(tree))
    assert [] == read


def test_a_walk_is_bounded(tree, monkeypatch):
    """A tree that never ends does not keep the command from ending."""
    monkeypatch.setattr(cgroups, "MOST_FOLDERS", 2)

    assert {} == find({inode(tree / "system.slice/app.service/worker")}, str(tree))


def test_a_hybrid_machine_has_its_v2_tree_below_the_old_ones(tree, tmp_path_factory):
    """The folders of the v1 controllers are no cgroups of v2, whatever their inode numbers."""
    top = tmp_path_factory.mktemp("hybrid")
    (top / "memory/system.slice").mkdir(parents=True)
    shutil.copytree(tree, top / "unified")
    wanted = {inode(top / "unified/system.slice"): "/system.slice"}

    assert wanted == find({*wanted, inode(top / "memory/system.slice")}, str(top))


def test_a_machine_without_v2_has_nothing_to_find(tmp_path):
    """Neither a v1 tree nor an absent one is searched."""
    (tmp_path / "memory").mkdir()

    assert {} == find({inode(tmp_path), inode(tmp_path / "memory")}, str(tmp_path))
    assert {} == find({1}, str(tmp_path / "absent"))
    assert [] == pids_of("/", str(tmp_path / "absent"))


def test_a_folder_without_permission_is_passed_over(tree):
    """Its name is known from outside; what is in it is not."""
    app = tree / "system.slice/app.service"
    wanted = {inode(app), inode(app / "worker")}
    for folder in (tree, *(parent for parent in tree.parents if parent.name.startswith(("pytest", "popen")))):
        folder.chmod(0o755)
    app.chmod(0)
    with nobody():
        found = find(wanted, str(tree))
    app.chmod(0o755)

    assert {inode(app): "/system.slice/app.service"} == found


def test_a_folder_that_goes_away_is_passed_over(tree, monkeypatch):
    """A service may end between its name and a look inside."""
    for path in ("system.slice", "user.slice/user-1000.slice"):
        shutil.rmtree(tree / path)
    (tree / "user.slice/a.service/b").mkdir(parents=True)
    scandir, gone = os.scandir, []

    def scandir_too_late(folder):
        if folder.endswith("a.service"):
            (tree / "user.slice").rename(tree / "gone.slice")
            gone.append(folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", scandir_too_late)

    assert {} == find({1}, str(tree))
    assert [f"{tree}/user.slice/a.service"] == gone


def test_the_processes_of_a_cgroup(tree):
    """They are listed one on a line; 0 is one that this PID namespace does not show."""
    (tree / "system.slice/web.service/cgroup.procs").write_text("17\n0\n4026\n")

    assert [17, 4026] == pids_of("/system.slice/web.service", str(tree))
    assert [] == pids_of("/system.slice/absent.service", str(tree))


def test_this_machine_can_be_asked():
    """Where cgroup v2 is mounted its root is found by the number that stat shows; elsewhere nothing is."""
    place = cgroups._tree(cgroups.TOP)
    root = inode(Path(place or "/"))

    assert ({root: "/"} if place else {}) == find({root})
