"""A look at the ports of this machine: a sample of them first, and every socket only where they may run short.

A filter in the kernel lets through the sockets of a thousand of the ports. Where one destination or one address has
taken much of them, its sockets are asked for once more, all of them, so that what is told is counted. The look runs
beside the one at single sockets, as the kernel walks its table for both at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Thread

from tcptune.collect.files import LIVE_ROOT, read_text, reason
from tcptune.collect.readings import quoted
from tcptune.collect.sockets.diag_rows import sockets
from tcptune.collect.sockets.port_filter import MOST_PIECES, free, goes_to_any, port_is_in, sample
from tcptune.collect.sockets.ports import Ports
from tcptune.collect.sockets.rows import Seen
from tcptune.collect.sockets.sock_diag import ALL_STATES, Question, SockDiagError, dump, states_mask, undisturbed
from tcptune.kernel.reserved_ports import count_within, intervals
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import PortUse
from tcptune.model.values import Value

PORT_RANGE = "proc/sys/net/ipv4/ip_local_port_range"
RESERVED = "proc/sys/net/ipv4/ip_local_reserved_ports"
INUSE, INUSE6, TW = "sockstat.TCP.inuse", "sockstat6.TCP6.inuse", "sockstat.TCP.tw"
"""What all sockets but those in SYN-RECEIVED are counted in; without IPv6 there is no second one."""
ACTIVE_OPENS = "Tcp.ActiveOpens"
GAP = "sockets.ports"

ROOM = 0.5
"""Where all sockets of the machine are fewer than this share of the ports, none can run short."""
WORTH_COUNTING = 0.4
"""From this share of a sample on, a destination or address is counted: one with half of the ports never shows less."""
ONE_EACH = 1.1
"""Up to so many sockets for each port of an address its ports are not shared among destinations."""

CONNECTED = states_mask(ALL_STATES - {TcpState.LISTEN})


class PortLook(Thread):
    """The look, begun where the counters leave room for a shortage; `result()` waits for it."""

    def __init__(self, counters: Mapping[str, Value]) -> None:
        super().__init__(name="ports")
        self._counters = counters
        self._ports: tuple[PortUse, ...] | None = None
        self._gaps: dict[str, str] = {}
        self._failure: Exception | None = None
        self.start()

    def run(self) -> None:
        """Look; what goes wrong is a gap, or waits for whoever asks for the result."""
        try:
            self._ports = live(self._counters)
        except OSError as error:
            self._gaps = {GAP: reason(error)}
        except (SockDiagError, ValueError) as error:
            self._gaps = {GAP: str(error)}
        except Exception as error:
            self._failure = error

    def result(self) -> tuple[tuple[PortUse, ...] | None, dict[str, str]]:
        """How the ports are used, None where nobody looked; and why nobody could."""
        self.join()
        if self._failure is not None:
            raise self._failure
        return self._ports, self._gaps


def live(counters: Mapping[str, Value]) -> tuple[PortUse, ...] | None:
    """What holds much of the ports of this network namespace; None where the counters leave no room for a shortage.

    OSError, SockDiagError or ValueError where the range cannot be read or the kernel refuses.
    """
    local_ports = port_range(read_text(LIVE_ROOT, PORT_RANGE))
    reserved = read_text(LIVE_ROOT, RESERVED)
    usable = len(local_ports) - count_within(reserved, local_ports.start, local_ports.stop - 1)
    if not has_room(counters, usable):
        return None
    doors = undisturbed(lambda: {fields[4] for fields, _, _ in _ask(states_mask({TcpState.LISTEN}))})
    listening = {int.from_bytes(port, "big") for port in doors}
    pieces = sample(free(local_ports, intervals(reserved), listening))
    if len(pieces) > MOST_PIECES:
        pieces = sample([local_ports])
    if not pieces:
        return ()
    sampled = undisturbed(lambda: Ports(local_ports, doors).count(_ask(CONNECTED, port_is_in(pieces))))
    targets = worth_counting(sampled.used(WORTH_COUNTING * sum(map(len, pieces))))
    if not targets:
        return ()
    filtered = goes_to_any(targets, local_ports)
    counted = undisturbed(lambda: Ports(local_ports, doors).count(_ask(CONNECTED, filtered)))
    asked = {(target.local, target.remote) for target in targets}
    return tuple(use for use in counted.used() if asked & {(use.local, None), (use.local, use.remote)})


def has_room(counters: Mapping[str, Value], usable: int) -> bool:
    """Whether the counters leave room for a shortage, or are not known.

    Nobody holds a port who did not call, and every call since the namespace was made is counted.
    """
    calls = counters.get(ACTIVE_OPENS)
    if isinstance(calls, int) and calls < ROOM * usable:
        return False
    inuse, inuse6, time_wait = counters.get(INUSE), counters.get(INUSE6, 0), counters.get(TW)
    if not (isinstance(inuse, int) and isinstance(inuse6, int) and isinstance(time_wait, int)):
        return True
    return inuse + inuse6 + time_wait >= ROOM * usable


def worth_counting(uses: Iterable[PortUse]) -> list[PortUse]:
    """Of what a sample shows, the addresses whose ports are not shared, and the destinations of the others."""
    uses = list(uses)
    whole = {use.local for use in uses if use.remote is None and use.sockets <= ONE_EACH * use.ports}
    return [use for use in uses if (use.remote is None) == (use.local in whole)]


def port_range(text: str) -> range:
    r"""The ports of ip_local_port_range; ValueError where the text is no range.

    >>> port_range("32768\t60999\n")
    range(32768, 61000)
    """
    words = text.split()
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        raise ValueError(f"{quoted(text)} is not a range of ports")
    low, high = map(int, words)
    return range(low, high + 1)


def _ask(mask: int, filtered: bytes = b"") -> Iterable[Seen]:
    return sockets(dump(Question(mask, bytecode=filtered)))
