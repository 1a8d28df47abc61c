"""How the ports of ip_local_port_range are used, towards each destination and by each local address; pure.

A port of an outgoing connection is taken for one destination only: connect() gives it again to another one. A socket
that was bound before it connected takes its port for all destinations of its address. So both are counted.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable, Iterator

from tcptune.collect.sockets.grouping import MAPPED, address, host_text
from tcptune.collect.sockets.rows import Seen
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import PortUse

MOST_ADDRESSES = 256
"""Local addresses that are told apart, each with a bitmap of 8 KiB; a machine with more has ports enough."""
MOST_TUPLES = 20_000
"""Destinations that are told apart. The table comes in the order of a hash, so one that holds a hundredth of the
ports is met long before so many others."""

KEPT = 20
WORTH_KEEPING = 0.01
"""How many destinations, and how many addresses, are worth telling, and from which share of the range on."""

PORTS = 1 << 16

TupleKey = tuple[int, bytes, bytes, bytes]
"""Family, local address, remote address and port."""


class _Sums:
    """Sockets, and how many of them are in TIME-WAIT and in CLOSE-WAIT."""

    __slots__ = ("close_wait", "sockets", "time_wait")

    def __init__(self) -> None:
        self.sockets = self.time_wait = self.close_wait = 0

    def add(self, state: int) -> None:
        self.sockets += 1
        if state == TcpState.TIME_WAIT:
            self.time_wait += 1
        elif state == TcpState.CLOSE_WAIT:
            self.close_wait += 1


class _Address(_Sums):
    """The same for a local address, with a bit for each port that is in use."""

    __slots__ = ("bits",)

    def __init__(self) -> None:
        super().__init__()
        self.bits = bytearray(PORTS // 8)

    def ports(self) -> int:
        return int.from_bytes(self.bits, "little").bit_count()


class Ports:
    """Sockets with a port of the range that nobody listens on, and so were not called: added one by one."""

    def __init__(self, local_ports: range, listening: Collection[bytes]) -> None:
        self._local_ports = range(max(0, local_ports.start), min(PORTS, local_ports.stop))
        self._listening = listening
        self._tuples: dict[TupleKey, _Sums] = {}
        self._addresses: dict[tuple[int, bytes], _Address] = {}

    def watch(self, rows: Iterable[Seen]) -> Iterator[Seen]:
        """The rows as they come, each counted on its way."""
        for row in rows:
            self.add(row)
            yield row

    def count(self, rows: Iterable[Seen]) -> Ports:
        """These too, with all rows counted."""
        for row in rows:
            self.add(row)
        return self

    def add(self, row: Seen) -> None:
        """Count one socket, if it is one that connect() or bind() gave a port."""
        family, state, _, _, port, far_port, local, remote, *_ = row[0]
        number = int.from_bytes(port, "big")
        if number not in self._local_ports or port in self._listening or state == TcpState.LISTEN:
            return
        if family == socket.AF_INET6 and local.startswith(MAPPED):
            family, local, remote = socket.AF_INET, _unmapped(local), _unmapped(remote)
        place = self._addresses.get((family, local))
        if place is None and len(self._addresses) < MOST_ADDRESSES:
            place = self._addresses[family, local] = _Address()
        if place is not None:
            place.add(state)
            place.bits[number >> 3] |= 1 << (number & 7)
        key = (family, local, remote, far_port)
        found = self._tuples.get(key)
        if found is None and len(self._tuples) < MOST_TUPLES:
            found = self._tuples[key] = _Sums()
        if found is not None:
            found.add(state)

    def used(self, least: float | None = None) -> tuple[PortUse, ...]:
        """The destinations and then the addresses that hold most ports, those with `least` ports at least.

        Without `least` it is a hundredth of the range.
        """
        if least is None:
            least = WORTH_KEEPING * len(self._local_ports)
        destinations: dict[tuple[int, bytes], int] = {}
        for family, local, _, _ in self._tuples:
            destinations[family, local] = destinations.get((family, local), 0) + 1
        towards = [
            PortUse(
                host_text(family, local),
                address(family, remote, far_port),
                sums.sockets,
                sums.sockets,
                sums.time_wait,
                close_wait=sums.close_wait,
            )
            for (family, local, remote, far_port), sums in self._tuples.items()
            if sums.sockets >= least
        ]
        by_address = [
            PortUse(
                host_text(*key),
                None,
                sums.sockets,
                sums.ports(),
                sums.time_wait,
                destinations.get(key, 1),
                sums.close_wait,
            )
            for key, sums in self._addresses.items()
            if sums.sockets >= least
        ]
        return (*_largest(towards), *_largest([use for use in by_address if use.ports >= least]))


def _unmapped(host: bytes) -> bytes:
    """An IPv4 address of an IPv6 socket as that of an IPv4 one."""
    return host[12:].ljust(16, b"\0")


def _largest(uses: list[PortUse]) -> list[PortUse]:
    return sorted(uses, key=lambda use: (-use.ports, use.local, use.remote or ""))[:KEPT]
