"""/sys/fs/cgroup: the systemd unit or container behind the cgroup of a socket, and the processes in it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from tcptune.printable import printable

TOP = "/sys/fs/cgroup"

MOST_FOLDERS = 100_000
"""Where the walk ends; a machine with thousands of containers has some ten thousand."""

LEAF_LINKS = 2
"""Links of a folder without folders in it (fs/kernfs/inode.c, kernfs_refresh_inode())."""

UNITS = (".service", ".scope", ".socket", ".mount", ".swap")
"""What systemd runs processes in (systemd.unit(5)); slices only hold others."""

HEX = "0123456789abcdef"

ID_LENGTH = 64
"""Hexadecimal digits of a container's id."""
SHOWN = 12
"""As many of them as `docker ps` and `crictl ps` show, near enough."""

RUNTIMES = {"cri-containerd": "containerd", "crio": "cri-o", "libpod": "podman"}
"""What the runtimes put before the id, where that is not their name."""

DELETED = " (deleted)"
"""What the kernel appends to a cgroup that was removed (kernel/cgroup/cgroup.c, proc_cgroup_show())."""


def find(ids: AbstractSet[int], top: str = TOP) -> dict[int, str]:
    """The paths of cgroups inside the v2 tree, as "/system.slice/app.service", by id; those not found are left out.

    An id is what INET_DIAG_CGROUP_ID tells of a socket (since 5.8): the inode number of the cgroup's folder
    (include/linux/cgroup.h, cgroup_id()). A socket keeps the cgroup that it was made in, which may be gone.
    Nothing is found where cgroup v2 is not mounted or may not be read.
    """
    found: dict[int, str] = {}
    for inode, path in _folders(_tree(top)) if ids else ():
        if inode in ids:
            found[inode] = path
            if len(found) == len(ids):
                break
    return found


def pids_of(path: str, top: str = TOP) -> list[int]:
    """The processes in one cgroup, not in those below it; none where it is gone, or where it holds only threads."""
    return [int(line) for line in _read(f"{_tree(top)}{path}/cgroup.procs").split() if line.isdigit() and int(line)]


def unit_of(path: str) -> str | None:
    r"""The innermost container of a cgroup's path, else its innermost systemd unit; None for slices alone.

    A container comes first, for a unit inside it is not one that this machine's systemd knows.

    >>> unit_of("/system.slice/app.service/worker")
    'app.service'
    >>> unit_of("/system.slice/docker-" + 4 * "0123456789abcdef" + ".scope")
    'docker 0123456789ab'
    >>> unit_of("/system.slice/getty\\x40tty1.service")
    'getty@tty1.service'
    """
    parts = path.removesuffix(DELETED).split("/")
    inwards = list(zip(["", *parts], parts, strict=False))
    containers = [name for parent, part in inwards if (name := _container(parent, part))]
    units = [part for part in parts if part.endswith(UNITS) and part not in UNITS]
    names = containers or [_decoded(unit) for unit in units]
    return printable(names[-1], 80) if names else None


def unit_in(table: str) -> str | None:
    """The unit or container that /proc/PID/cgroup tells (cgroups(7)); its v2 line first, then systemd's own of v1."""
    paths = {}
    for line in table.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        paths["v2" if number == "0" else controllers] = path
    return unit_of(paths.get("v2", "")) or unit_of(paths.get("name=systemd", ""))


def _tree(top: str) -> str:
    """Where the v2 tree is: below a v1 one, else at the top; "" where neither is there."""
    for place in (f"{top}/unified", top):
        if os.access(f"{place}/cgroup.controllers", os.F_OK):
            return place
    return ""


def _folders(tree: str) -> Iterator[tuple[int, str]]:
    """The inode number and path of each cgroup, outermost first. A folder without folders in it is not read."""
    try:
        yield os.stat(tree).st_ino, "/"  # noqa: PTH116 -- pathlib costs what the whole walk does
    except OSError:
        return
    waiting = deque([""])
    for _ in range(MOST_FOLDERS):
        if not waiting:
            return
        path = waiting.popleft()
        for inode, name in _inside(tree + path):
            yield inode, f"{path}/{name}"
            waiting.append(f"{path}/{name}")


def _inside(folder: str) -> list[tuple[int, str]]:
    """The folders in a folder; none where it went away or may not be read."""
    try:
        if os.stat(folder).st_nlink == LEAF_LINKS:  # noqa: PTH116 -- as above
            return []
        with os.scandir(folder) as entries:
            return [(entry.inode(), entry.name) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _container(parent: str, part: str) -> str | None:
    """The runtime and id, or the name, of the container that a part of a path stands for.

    "docker-ID.scope" and its like with systemd, "docker/ID" and "kubepods/…/ID" without; "…:cri-containerd:ID"
    where the two were mixed up; "lxc.payload.NAME" and "lxc/NAME"; machine-NAME.scope of systemd-machined.
    """
    if part.startswith("lxc.payload.") and part != "lxc.payload.":
        return "lxc " + part.removeprefix("lxc.payload.")
    if parent == "lxc" and part:
        return "lxc " + part
    if part.startswith("machine-") and part.endswith(".scope"):
        return _decoded(part)
    before, identity = _cut(part.removesuffix(".scope"))
    if len(identity) != ID_LENGTH or identity.strip(HEX):
        return None
    runtime = before.rpartition(":")[2] or ("docker" if parent == "docker" else "container")
    return f"{RUNTIMES.get(runtime, runtime)} {identity[:SHOWN]}"


def _cut(name: str) -> tuple[str, str]:
    """What stands before the last "-" or ":" of a name, and what stands behind it."""
    at = max(name.rfind("-"), name.rfind(":"))
    return name[: max(at, 0)], name[at + 1 :]


def _decoded(unit: str) -> str:
    r"""A unit's name without systemd's escapes: "\x2d" is "-", and "_" stands before what could be a control file."""
    first, *escaped = unit.removeprefix("_").split("\\x")
    data = first.encode(errors="replace")
    for piece in escaped:
        byte, rest = piece[:2], piece[2:]
        if len(byte) == len("2d") and not byte.strip(HEX):
            data += bytes.fromhex(byte) + rest.encode(errors="replace")
        else:
            data += b"\\x" + piece.encode(errors="replace")
    return data.decode(errors="replace")


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123 -- as above
            return file.read()
    except OSError:
        return ""
