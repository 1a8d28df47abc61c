"""Addresses masked, the same one alike everywhere, so that a report can be shown to others."""

from __future__ import annotations

import re

from tcptune.model.sockets import Owner, SocketTable, host, is_endpoint

LOOPBACK = "127."
IMPERSONAL = ("::1", "0.0.0.0", "::")  # noqa: S104 -- nothing is bound here
"""Addresses that tell nothing of anybody, and much of the case: loopback and "any"."""

INSIDE = re.compile(
    r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])|[0-9A-Fa-f]*:[0-9A-Fa-f]*:(?:[0-9A-Fa-f:.]*[0-9A-Fa-f:])?"
)
"""An address within a text: systemd names a unit "sshd@3-10.0.0.5:22-10.0.0.9:51514.service" (Accept= of a socket)."""


class Masks:
    """A mask for each address, numbered in the order in which they are met."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, text: str | None) -> str | None:
        """The text with its address masked; its port stays."""
        address = host(text)
        if text is None or address is None or address.startswith(LOOPBACK) or address in IMPERSONAL:
            return text
        port = text.rpartition(":")[2] if is_endpoint(text) else ""
        if not port.isdecimal():
            return self._mask(text)
        return f"{self._mask(address)}:{port}"

    def within(self, owner: Owner | None) -> Owner | None:
        """The owner without the addresses that stand in the names of its command and unit."""
        if owner is None:
            return None
        return owner._replace(command=self._inside(owner.command), unit=self._inside(owner.unit))

    def _inside(self, text: str | None) -> str | None:
        return None if text is None else INSIDE.sub(lambda found: self.of(found[0]) or "", text)

    def _mask(self, address: str) -> str:
        return self._known.setdefault(address, f"host-{len(self._known) + 1}")


def redacted(table: SocketTable) -> SocketTable:
    """The table without an address that tells of anybody."""
    masks = Masks()
    listeners, ports = table.listeners, table.ports
    return SocketTable(
        tuple(
            group._replace(local=masks.of(group.local), remote=masks.of(group.remote), owner=masks.within(group.owner))
            for group in table.groups
        ),
        None if listeners is None else tuple(
            door._replace(address=masks.of(door.address) or "", owner=masks.within(door.owner)) for door in listeners
        ),
        None if ports is None else tuple(
            use._replace(local=masks.of(use.local) or "", remote=masks.of(use.remote)) for use in ports
        ),
    )  # fmt: skip
