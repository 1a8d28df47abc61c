"""Network namespaces of our own, and links between them; the machine's own namespace is never changed.

A namespace lives as long as a descriptor, a process or a socket is in it, so a crash cleans up too.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from .waiting import until

CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8913, 0x8914
IFF_UP, IFF_RUNNING = 0x1, 0x40
IFREQ = struct.Struct("16sh22x")
"""struct ifreq with its flags (linux/if.h)."""

HERE = "/proc/thread-self/ns/net"

libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A new network namespace, its loopback up. `with namespace:` brings the main thread in, and back out.

    A socket stays where it was made; so do child processes. Only the main thread may enter, because
    /proc/net shows the main thread's namespace to all of them.
    """

    def __init__(self, sysctls: Mapping[str, object] | None = None) -> None:
        home = os.open(HERE, os.O_RDONLY | os.O_CLOEXEC)
        try:
            _check(libc.unshare(CLONE_NEWNET))
            try:
                self.descriptor = os.open(HERE, os.O_RDONLY | os.O_CLOEXEC)
            finally:
                _check(libc.setns(home, CLONE_NEWNET))
        finally:
            os.close(home)
        self._way_back: list[int] = []
        with self:
            _flags("lo", IFF_UP)
        self.set(sysctls or {})

    def __enter__(self) -> Self:
        assert threading.current_thread() is threading.main_thread()
        self._way_back.append(os.open(HERE, os.O_RDONLY | os.O_CLOEXEC))
        _check(libc.setns(self.descriptor, CLONE_NEWNET))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        back = self._way_back.pop()
        _check(libc.setns(back, CLONE_NEWNET))
        os.close(back)

    def set(self, sysctls: Mapping[str, object]) -> None:
        """Write sysctls of this namespace, by their dotted names."""
        with self:
            for name, value in sysctls.items():
                Path("/proc/sys", name.replace(".", "/")).write_text(f"{value}\n", encoding="ascii")

    def close(self) -> None:
        """Let go of it; it ends with the last socket or process inside."""
        os.close(self.descriptor)


def join(near: Namespace, far: Namespace, addresses: tuple[tuple[str, str], ...]) -> None:
    """Lay a veth pair between two namespaces; each address pair goes to its two ends."""
    peer = f"/proc/{os.getpid()}/fd/{far.descriptor}"
    with near:
        # Two numbers that differ: linkwatch_urgent_event() takes equal ones for no link at all and waits a second.
        _ip([f"link add near index 23 type veth peer name far index 29 netns {peer}"])
    for place, device, end in ((near, "near", 0), (far, "far", 1)):
        with place:
            _ip([f"address add {pair[end]} dev {device}{' nodad' * (':' in pair[end])}" for pair in addresses])
            _flags(device, IFF_UP)
    for place, device in ((near, "near"), (far, "far")):
        with place:
            if not until(lambda device=device: bool(_flags(device) & IFF_RUNNING), True):  # type: ignore[misc]
                raise OSError(f"{device}: the link did not come up")


def _flags(device: str, add: int = 0) -> int:
    """The flags of a device of the namespace we are in, after adding some."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = device.encode("ascii")
        flags: int = IFREQ.unpack(fcntl.ioctl(any_socket, SIOCGIFFLAGS, IFREQ.pack(name, 0)))[1]
        if add:
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, IFREQ.pack(name, flags | add))
        return flags


def _ip(commands: list[str]) -> None:
    done = subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip: {done.stderr.strip()}")


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
