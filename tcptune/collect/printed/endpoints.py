"""`address:port` as ss and netstat print it, back to the bytes that the kernel has."""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

HOST = re.compile(r"(\[[^\s\[\]\"]+\]|[^\s\[\]\"%]+)(?:%\S+)?")
"""With the device that the socket is bound to."""
SERVICE = re.compile(r"[A-Za-z][0-9A-Za-z._+-]*")
LONGEST = 320
"""Characters; the longest name of a host has 255."""

SERVICES = {
    "ssh": 22, "smtp": 25, "domain": 53, "http": 80, "sunrpc": 111, "imap2": 143, "ldap": 389, "https": 443,
    "imaps": 993, "nfs": 2049, "mysql": 3306, "postgresql": 5432, "amqp": 5672, "http-alt": 8080, "webcache": 8080,
}  # fmt: skip
"""What /etc/services calls the ports of servers; not read, as the text may come from a machine with other names."""

ANY_PORT = bytes(2)
"""The port of `*`, and of a service whose number is not known."""
NOWHERE = bytes(16)
"""The address of `*`, and of a host whose address is not known."""
MAPPED = bytes(10) + b"\xff\xff"
"""How an IPv4 address begins on an IPv6 socket."""


class Endpoint(NamedTuple):
    """One end: 16 bytes of address, of which IPv4 fills the first four, and 2 bytes of port, in network order.

    `family` is 0 where the text does not tell it, which is so for `*` and for names. A host that is not known, for
    its name stands there or somebody made it unreadable, has a zero address; a port by an unknown name is 0.
    """

    family: int
    address: bytes
    port: bytes
    host_is_known: bool = True
    port_is_known: bool = True


class Unknown(NamedTuple):
    """How many hosts and ports a text does not tell."""

    hosts: int = 0
    ports: int = 0

    def add(self, local: Endpoint, remote: Endpoint) -> Unknown:
        """With those of one more socket."""
        if local.host_is_known and remote.host_is_known and local.port_is_known and remote.port_is_known:
            return self
        return Unknown(
            self.hosts + (not local.host_is_known) + (not remote.host_is_known),
            self.ports + (not local.port_is_known) + (not remote.port_is_known),
        )

    def gaps(self) -> dict[str, str]:
        """The same as sentences."""
        gaps = {}
        if self.hosts:
            gaps["addresses"] = f"{self.hosts} addresses are names, cut or made unreadable; with -n there are numbers"
        if self.ports:
            gaps["ports"] = f"{self.ports} ports are names that are not known; with -n there are numbers"
        return gaps


@lru_cache(maxsize=1 << 12)
def endpoint(text: str) -> Endpoint:
    r"""One end from its text; ValueError where it is none.

    >>> endpoint("[::1]:http")[2:]
    (b'\x00P', True, True)
    """
    host, _, port = text.rpartition(":")
    if len(text) > LONGEST:
        raise ValueError("longer than any address")
    family, address, is_known = _host(host)
    if port.isdecimal() and port.isascii() and len(port) <= 5:
        number: int | None = int(port)
    elif port == "*":
        number = 0
    elif SERVICE.fullmatch(port):
        number = SERVICES.get(port)
    else:
        raise ValueError("not an address with a port")
    if number is None:
        return Endpoint(family, address, ANY_PORT, is_known, False)
    if number >= 1 << 16:
        raise ValueError(f"{number} is no port")
    return Endpoint(family, address, number.to_bytes(2, "big"), is_known)


def family_of(local: Endpoint, remote: Endpoint) -> int:
    """The family of both, 0 where neither tells it; ValueError where they differ."""
    if local.family and remote.family and local.family != remote.family:
        raise ValueError("the two ends are of different families")
    return local.family or remote.family


@lru_cache(maxsize=1 << 12)
def _host(text: str) -> tuple[int, bytes, bool]:
    """Family, address, and whether it is known; ValueError where it can be none."""
    found = HOST.fullmatch(text)
    if found is None:
        raise ValueError("not an address")
    if found[1] == "*":
        return 0, NOWHERE, True
    host = found[1].strip("[]").partition("%")[0]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET if host.replace(".", "").isdecimal() else 0
    with suppress(OSError, ValueError):
        if family:
            return family, socket.inet_pton(family, host).ljust(len(NOWHERE), b"\0"), True
    return family, NOWHERE, False
