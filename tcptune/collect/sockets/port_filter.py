"""Filters for a dump of sockets, in the kernel's own bytecode (net/ipv4/inet_diag.c inet_diag_bc_run(), _audit()).

An operation has a code, and the bytes to go ahead where it holds and where it does not. A socket is let through that
ends at the end of the code exactly; four bytes further it is left out. The kernel wants every place that is jumped to
on the way of those for whom everything holds, so `yes` always leads to the next operation.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Collection, Iterable, Iterator, Sequence

from tcptune.model.sockets import PortUse

JMP, S_GE, S_LE, S_COND, D_COND = 1, 2, 3, 7, 8
"""Jump always; the local port is at least, at most; the local, the remote address and port are."""

OP = struct.Struct("=BBH")
"""struct inet_diag_bc_op: code, yes, no."""
HOST = struct.Struct("=BBxxi")
"""struct inet_diag_hostcond: family, bits of the address that count, port; the address follows."""
ANY_PORT = -1
OUT = 4
"""How far behind the end a socket lands that is left out."""

SLICES = 16
"""Places of the range that a sample is taken from, evenly spaced: connect() takes ports in long runs."""
SAMPLED = 1024
"""Ports in a sample. So many tell a share to 5 % (three standard deviations), were they taken at random."""
MOST_PIECES = 1000
"""The kernel's jumps are of 16 bits."""


def free(local_ports: range, reserved: Iterable[tuple[int, int]], listening: Collection[int]) -> list[range]:
    """The ports that connect() may choose: the range without those reserved and those listened on.

    >>> free(range(10, 20), [(12, 13)], {18})
    [range(10, 12), range(14, 18), range(19, 20)]
    """
    found = []
    at = local_ports.start
    for low, high in sorted([*reserved, *((port, port) for port in listening)]):
        found.append(range(at, max(at, min(low, local_ports.stop))))
        at = max(at, high + 1)
    found.append(range(at, max(at, local_ports.stop)))
    return [piece for piece in found if piece]


def sample(ports: Sequence[range]) -> list[range]:
    """Some of the ports, in slices from all over them; all, where there are few.

    >>> sample([range(32768, 61000)])[:2]
    [range(33618, 33682), range(35382, 35446)]
    """
    total = sum(map(len, ports))
    width = SAMPLED // SLICES
    if total <= SAMPLED:
        return list(ports)
    middles = ((2 * number + 1) * total // (2 * SLICES) for number in range(SLICES))
    return [piece for middle in middles for piece in _between(ports, middle - width // 2, width)]


def _between(ports: Sequence[range], first: int, count: int) -> Iterator[range]:
    """So many of the ports from the first-th on, in as many pieces as they lie in."""
    for piece in ports:
        if part := piece[max(0, first) : max(0, first + count)]:
            yield part
        first -= len(piece)


def port_is_in(pieces: Sequence[range], after: int = 0) -> bytes:
    """The filter for local ports in any of some ranges, which ascend; `after` bytes of code follow it."""
    if len(pieces) == 1:
        low, high = pieces[0][0], pieces[0][-1]
        return _compare(S_GE, low, 20 + after + OUT) + _compare(S_LE, high, 12 + after + OUT) + _jump(after)
    half = len(pieces) // 2
    lower = port_is_in(pieces[:half], after)
    upper = port_is_in(pieces[half:], len(lower) + after)
    return _compare(S_GE, pieces[half][0], 8 + len(upper)) + upper + lower


def goes_to_any(targets: Sequence[PortUse], local_ports: range) -> bytes:
    """The filter for the sockets of some local addresses, towards the destination where one is given."""
    code = b""
    for target in reversed(targets):
        after = len(code)
        wanted = [_host(S_COND, target.local, ANY_PORT)]
        if target.remote is not None:
            host, _, port = target.remote.rpartition(":")
            wanted.append(_host(D_COND, host.strip("[]"), int(port)))
        block = _jump(after)
        for kind, condition in reversed(wanted):
            size = OP.size + len(condition)
            block = OP.pack(kind, size, size + len(block) + (0 if after else OUT)) + condition + block
        code = block + code
    low, high = local_ports[0], local_ports[-1]
    in_range = _compare(S_GE, low, 16 + len(code) + OUT) + _compare(S_LE, high, 8 + len(code) + OUT)
    return in_range + code


def _compare(kind: int, port: int, no: int) -> bytes:
    """A comparison of the local port; the port stands in the `no` of an operation of its own."""
    return OP.pack(kind, 2 * OP.size, no) + OP.pack(0, 0, port)


def _jump(over: int) -> bytes:
    return OP.pack(JMP, OP.size, OP.size + over)


def _host(kind: int, host: str, port: int) -> tuple[int, bytes]:
    """A condition on one end; an IPv4 address holds for IPv6 sockets that talk over IPv4 too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    packed = socket.inet_pton(family, host)
    return kind, HOST.pack(family, 8 * len(packed), port) + packed
