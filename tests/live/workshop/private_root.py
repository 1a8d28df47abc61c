"""A root of our own with this machine's programs and nobody's settings, for the real loaders of sysctl.d.

Mounts and network are private to the process, and end with it. The loaders write to the network namespace only:
whoever plants settings here has to name keys of `net` and no others.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x1, 0x20, 0x1000, 0x4000, 0x40000

PROGRAMS = {
    "boot": ("usr/lib/systemd/systemd-sysctl", "lib/systemd/systemd-sysctl"),
    "reload": ("usr/sbin/sysctl", "sbin/sysctl", "usr/bin/sysctl"),
}
ARGUMENTS = {"boot": (), "reload": ("--system",)}
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin",
    "LC_ALL": "C",
    "SYSTEMD_LOG_TARGET": "null",
    "CREDENTIALS_DIRECTORY": "/run/credentials/systemd-sysctl.service",
}
SETTINGS = ("etc", "run", "usr/local", "usr/lib/sysctl.d", "lib/sysctl.d")
"""What is emptied before each tree."""

libc = ctypes.CDLL(None, use_errno=True)


def machine() -> Path:
    """Whose programs are run: this machine's, or those of a chroot (TCPTUNE_LOADERS_FROM) with other releases."""
    return Path(os.environ.get("TCPTUNE_LOADERS_FROM", "/"))


def program(loader: str) -> str | None:
    """Where a loader is on that machine; None where it is not installed."""
    return next((path for path in PROGRAMS[loader] if (machine() / path).is_file()), None)


def why_not(loader: str) -> str | None:
    """Why a loader cannot be run here; None where it can."""
    package = {"boot": "systemd", "reload": "procps"}[loader]
    if program(loader) is None:
        return f"{PROGRAMS[loader][0]} of the package {package} is not installed"
    if not (machine() / "usr/lib/sysctl.d").is_dir():
        return "has no /usr/lib/sysctl.d to lay our own over"
    return None


class PrivateRoot:
    """The root, at a folder that has to be empty; to be made in a child process, which it changes for good.

    `lib_apart`: /lib is no link to /usr/lib, so that its sysctl.d is one more folder.
    """

    def __init__(self, place: Path, lib_apart: bool) -> None:
        self.place = place
        self._keys: list[str] = []
        _check(libc.unshare(CLONE_NEWNS | CLONE_NEWNET))
        _mount("none", Path("/"), MS_REC | MS_PRIVATE)
        _mount("tmpfs", place, 0, "tmpfs")
        # From here on nothing of the machine's own can be written, whatever a link in a tree leads to.
        _mount("none", Path("/"), MS_REMOUNT | MS_BIND | MS_RDONLY)
        for folder in ("usr", "etc", "run", "proc", "dev", "conf", "tmp"):
            (place / folder).mkdir()
        _mount(str(machine() / "usr"), place / "usr", MS_BIND | MS_REC)
        _mount("tmpfs", place / "usr/local", 0, "tmpfs")
        _mount(str(place / "conf"), place / "usr/lib/sysctl.d", MS_BIND)
        _mount("/proc", place / "proc", MS_BIND | MS_REC)
        (place / "dev/null").touch()
        _mount("/dev/null", place / "dev/null", MS_BIND)
        if lib_apart:
            (place / "lib").mkdir()
            for path in (place / "usr/lib").iterdir():
                if path.name != "sysctl.d":
                    (place / "lib" / path.name).symlink_to(f"/usr/lib/{path.name}")
        else:
            (place / "lib").symlink_to("usr/lib")
        (place / "lib64").symlink_to("usr/lib64")

    def clear(self) -> None:
        """Take away all settings."""
        for folder in SETTINGS:
            (self.place / folder).mkdir(exist_ok=True)
            for entry in (self.place / folder).iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()

    def load(self, loader: str) -> None:
        """Run a loader; what it says and how it ends is its own affair."""
        path = program(loader)
        assert path is not None
        subprocess.run(
            [f"/{path}", *ARGUMENTS[loader]],
            env=ENVIRONMENT,
            preexec_fn=self._enter,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
            check=False,
        )

    def _enter(self) -> None:
        os.chroot(self.place)
        os.chdir("/")

    def values(self) -> dict[str, str]:
        """The keys of IPv4 that can be read, by their path below /proc/sys."""
        found = {}
        for path in self._keys or self._find_keys():
            try:
                with open(f"{self.place}/proc/sys/{path}", encoding="ascii") as file:  # noqa: PTH123 -- half the time
                    found[path] = file.read().strip("\n")
            except OSError:
                continue
        return found

    def _find_keys(self) -> list[str]:
        top = f"{self.place}/proc/sys"
        for folder, below, names in os.walk(f"{top}/net/ipv4"):
            below[:] = [name for name in below if name not in ("neigh", "route")]
            self._keys += [os.path.relpath(f"{folder}/{name}", top) for name in names]
        return self._keys

    def set(self, values: Mapping[str, str]) -> None:
        """Write keys of the network namespace."""
        for path, value in values.items():
            assert path.startswith("net/")
            (self.place / "proc/sys" / path).write_text(f"{value}\n", encoding="ascii")


def _mount(source: str, target: Path, flags: int, kind: str = "none") -> None:
    _check(libc.mount(source.encode(), str(target).encode(), kind.encode(), flags, None))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
