"""Two namespaces and the link between them: `near` holds the sockets we look at, `far` their peers."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

from .namespace import Namespace, join

NEAR4, FAR4 = "10.23.0.1", "10.23.0.2"
NEAR6, FAR6 = "fd23::1", "fd23::2"

BACKLOG = 128
PATIENCE = 20.0
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""struct linger: close() sends a RST, which ends the other side too."""


class Door(NamedTuple):
    """A listener, and how the other side reaches it."""

    listener: socket.socket
    family: socket.AddressFamily
    host: str
    port: int


class Wire:
    """The two ends, and every socket that was made at them."""

    def __init__(self, sysctls: Mapping[str, object] | None = None) -> None:
        self._stack = contextlib.ExitStack()
        self.near, self.far = Namespace(sysctls), Namespace()
        self._stack.callback(self.near.close)
        self._stack.callback(self.far.close)
        self._stack.callback(self._reset_all)
        self._kept: list[socket.socket] = []
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self.close)
            join(self.near, self.far, ((f"{NEAR4}/24", f"{FAR4}/24"), (f"{NEAR6}/64", f"{FAR6}/64")))
            on_failure.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Reset whatever is left; the namespaces end with it, and all minisocks with them."""
        self._stack.close()

    def make(self, place: Namespace, family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
        """A TCP socket at one end, closed with the wire at the latest."""
        with place:
            made = socket.socket(family)
        made.settimeout(PATIENCE)
        self._kept.append(made)
        return made

    def door(self, host: str = NEAR4) -> Door:
        """A listener of the near side, or of the far side if that is where the address is."""
        listener = self.make(self.far if host in (FAR4, FAR6) else self.near, family_of(host))
        listener.bind((host, 0))
        listener.listen(BACKLOG)
        return Door(listener, family_of(host), host, listener.getsockname()[1])

    def dual_door(self) -> Door:
        """A near listener on `::` that is called over IPv4, as most servers are."""
        door = self.door("::")
        return door._replace(family=socket.AF_INET, host=NEAR4)

    def callers(self, door: Door, count: int) -> list[socket.socket]:
        """Sockets of the far side that could call at the door."""
        return [self.make(self.far, door.family) for _ in range(count)]

    def pairs(
        self, door: Door, count: int, receive_buffer: int | None = None
    ) -> list[tuple[socket.socket, socket.socket]]:
        """Connections through a near door: our end and the peer's."""
        made = []
        for peer in self.callers(door, count):
            if receive_buffer is not None:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            peer.connect((door.host, door.port))
            ours, _ = door.listener.accept()
            ours.settimeout(PATIENCE)
            self._kept.append(ours)
            made.append((ours, peer))
        return made

    def _reset_all(self) -> None:
        for kept in self._kept:
            if kept.fileno() >= 0:
                kept.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
                kept.close()


def why_not() -> str | None:
    """Why no wire can be made here; None where one can."""
    if os.geteuid() != 0:
        return "needs root: it makes network namespaces of its own"
    if missing := [tool for tool in ("ip", "ss") if shutil.which(tool) is None]:
        return f"needs {' and '.join(missing)} of iproute2"
    try:
        Wire().close()
    except OSError as error:
        return f"no network namespace, or no veth pair, can be made here: {error.strerror or error}"
    return None


def family_of(host: str) -> socket.AddressFamily:
    """The family of an address as text."""
    return socket.AF_INET6 if ":" in host else socket.AF_INET
