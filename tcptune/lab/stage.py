"""Where a scenario plays: one namespace, the kernel's sockets on one side of a TUN device, our peer on the other.

One thread does everything in turn: it takes packets from the device, lets the peer answer, and looks at the sockets
every 10 ms, after every packet and around every step. So the order of what happened is known, and its times too.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from tcptune.collect.files import LIVE_ROOT, read_text
from tcptune.collect.proc import netstat
from tcptune.collect.proc.machine import read_clock
from tcptune.collect.proc.sysctl import read as read_sysctls
from tcptune.errors import TcptuneError
from tcptune.kernel.lifetimes import lifetimes, path_of
from tcptune.kernel.states import TcpState
from tcptune.kernel.timeouts import Lifetime, Path
from tcptune.lab.namespace import open_tun
from tcptune.lab.peer import PORT, Conversation, Peer
from tcptune.lab.result import Lived, Packet, Step
from tcptune.lab.segment import SEQUENCE_SPACE, SYN, Segment, flag_names, pack, unpack
from tcptune.lab.sockets import Seen, look
from tcptune.lab.timeline import Timeline

INTERVAL = 0.01
"""Seconds between two looks."""

ANSWER = 0.0005
"""Seconds within which the peer answers."""

PATIENCE = 15.0
"""Seconds; what has not come by then on a machine that is merely busy never will."""

LARGEST_PACKET = 1 << 16
OURS, PEER = "kernel", "peer"


class NotReachedError(TcptuneError):
    """The kernel did not come to the state that a scenario is about."""


class Link(NamedTuple):
    """A connection, seen from both sides."""

    socket: socket.socket
    talk: Conversation
    ours: int
    peer: int


class Stage:
    """The hands and eyes of one scenario."""

    def __init__(self, number: int, full: bool) -> None:
        self.full = full
        self.host, peer = f"198.18.{number}.1", f"198.18.{number}.2"
        self._tun = open_tun(self.host)
        self._first: dict[tuple[int, int, str], int] = {}
        self._looked, self._gap = 0.0, INTERVAL
        self._kept: list[socket.socket] = []
        self.peer = Peer(self._put, peer, self.host)
        self.timeline = Timeline()
        self.steps: list[Step] = []
        self.packets: list[Packet] = []
        self.observed: list[str] = []
        self.lived: list[Lived] = []
        self.zero = time.monotonic()
        self._counters = counters()

    def step(self, did: str, zero: bool = False) -> None:
        """Write down what is done next; with `zero` it is the moment that all times are told by."""
        self.look()
        now = time.monotonic()
        if zero:
            self.zero, self._gap = now, INTERVAL
        self.steps.append(Step(now, did))

    def note(self, sentence: str) -> None:
        """Write down what was learned."""
        self.observed.append(sentence)

    def look(self) -> None:
        """See which sockets there are."""
        began = time.monotonic()
        self._gap = max(self._gap, began - self._looked) if self._looked else INTERVAL
        seen = look()
        self._looked = time.monotonic()
        self.timeline.add(began, self._looked, seen)

    def run(self, seconds: float) -> None:
        """Let the kernel and the peer go on for a while."""
        self.until(lambda: False, seconds)

    def until(self, condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
        """Go on until the condition holds, and whether it did before patience was lost."""
        deadline = time.monotonic() + patience
        self._turn(0.0)
        self.look()
        while not condition():
            if time.monotonic() >= deadline:
                return False
            self._turn(INTERVAL)
        return True

    def need(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Go on until the condition holds; NotReachedError says `what` did not happen."""
        if not self.until(condition, patience):
            raise NotReachedError(f"{what} did not happen within {patience:.0f} s")

    def state(self, link: Link) -> TcpState | None:
        """The state of our end at the last look; None once it is gone."""
        seen = self.timeline.now(link.ours, link.peer)
        return seen.state if seen else None

    def seen(self, link: Link) -> Seen:
        """Our end at this moment; NotReachedError where it is gone."""
        self.look()
        if (seen := self.timeline.now(link.ours, link.peer)) is None:
            raise NotReachedError("the socket was gone before its time")
        return seen

    def keep(self, made: socket.socket) -> socket.socket:
        """Hold a socket until the end, so that it counts as owned."""
        made.setblocking(False)
        self._kept.append(made)
        return made

    def connect(self, port: int = PORT) -> Link:
        """A connection from the kernel to the peer."""
        return self.connect_all(1, port)[0]

    def connect_all(self, count: int, port: int = PORT) -> list[Link]:
        """Connections from the kernel to the peer, made all at once."""
        made = [self.keep(socket.socket()) for _ in range(count)]
        for one in made:
            one.connect_ex((self.peer.here, port))
        ports = [one.getsockname()[1] for one in made]
        self.need(lambda: all(self._established(ours, port) for ours in ports), "the handshake")
        self._turn(0.0)  # its last ACK is on the wire
        conversations = self.peer.conversations
        return [Link(one, conversations[ours, port], ours, port) for one, ours in zip(made, ports, strict=True)]

    def listen(self, backlog: int = 16) -> socket.socket:
        """A listener of the kernel's."""
        made = self.keep(socket.socket())
        made.bind((self.host, PORT))
        made.listen(backlog)
        return made

    def called(self, listener: socket.socket) -> Link:
        """A connection from the peer to a listener, accepted."""
        talk = self.peer.call(PORT)
        self.need(lambda: talk.established, "the handshake")
        self.run(0)
        made, (_, port) = listener.accept()
        return Link(self.keep(made), talk, PORT, port)

    def close(self, link: Link) -> None:
        """Close our end: from now on nobody owns it."""
        self._kept.remove(link.socket)
        link.socket.close()

    def predict(self, case: str, path: Path | None = None) -> Lifetime:
        """What the model says of a case, with the settings of this namespace; NotReachedError where it says nothing."""
        settings = known_settings()
        found = lifetimes(settings, path or path_of(settings)).get(case)
        if found is None:
            raise NotReachedError(f"the model knows no {case} with these settings")
        return found

    def path(self, link: Link, answered: bool = False) -> Path:
        """The path of a connection as the kernel knows it now: its RTO, and its round trip.

        Where the peer will answer, what counts is how fast it does: at once, while the handshake of a busy machine,
        which the RTO comes from, may have taken longer.
        """
        settings = known_settings()
        seen = self.seen(link)
        if seen.rtt is None or seen.rto is None:
            return path_of(settings)
        path = path_of(settings, ANSWER if answered else seen.rtt)
        return path._replace(known_rto=seen.rto, tail_loss_probe=path.tail_loss_probe and seen.sack)

    def record(
        self,
        link: Link,
        states: Collection[TcpState],
        predicted: Lifetime,
        sent: int | None = None,
        armed: bool = False,
    ) -> None:
        """Hold the time that our end spent in these states against what was predicted."""
        lasted = self.timeline.lasted(link.ours, link.peer, states)
        if lasted is None:
            names = " or ".join(state.rfc for state in states)
            raise NotReachedError(f"the socket was never seen in {names}")
        self.judge(predicted, *lasted, sent=sent, armed=armed)

    def judge(
        self, predicted: Lifetime, at_least: float, at_most: float | None, sent: int | None = None, armed: bool = False
    ) -> None:
        """Hold a measured time against what was predicted."""
        bounds = None
        if predicted.min is not None and predicted.expected is not None and predicted.max is not None:
            bounds = predicted.min, predicted.expected, predicted.max
        counts = None if sent is None or bounds is None else (len(predicted.transmissions), sent)
        self.lived.append(
            Lived(predicted.case, bounds, at_least, at_most, self._gap, predicted.decided_by, armed, counts)
        )

    def sent(self, wanted: Callable[[Packet], bool], after: float | None = None) -> int:
        """How many packets the kernel has sent, since the moment zero, that are wanted."""
        since = self.zero if after is None else after
        return sum(packet.at >= since and packet.sent_by == OURS and wanted(packet) for packet in self.packets)

    def moved(self) -> dict[str, int]:
        """The counters of this namespace that have changed since the beginning, and by how much."""
        now = counters()
        return {name: now[name] - self._counters.get(name, 0) for name in now if now[name] != self._counters.get(name)}

    def _established(self, ours: int, peer: int) -> bool:
        seen = self.timeline.now(ours, peer)
        return seen is not None and seen.state == TcpState.ESTABLISHED and (ours, peer) in self.peer.conversations

    def _turn(self, wait: float) -> None:
        """Take the packets that are there, or wait for one; look if one came, or if it is time."""
        until_look = max(0.0, self._looked + INTERVAL - time.monotonic())
        select.select([self._tun], [], [], min(wait, until_look))
        arrived = list(self._arrivals())
        for packet in arrived:
            self._note(packet, OURS)
        if arrived:
            self.look()  # the peer's answer may change what there is to see
        for packet in arrived:
            if (segment := unpack(packet)) is not None:
                self.peer.hear(segment)
        if time.monotonic() >= self._looked + INTERVAL:
            self.look()

    def _arrivals(self) -> Iterable[bytes]:
        while True:
            try:
                yield os.read(self._tun, LARGEST_PACKET)
            except BlockingIOError:
                return

    def _put(self, segment: Segment) -> None:
        """The peer's segment, onto the wire; the kernel has dealt with it when this returns."""
        packet = pack(segment)
        self._note(packet, PEER)
        os.write(self._tun, packet)
        self.look()

    def _note(self, raw: bytes, sent_by: str) -> None:
        now = time.monotonic()
        if (segment := unpack(raw)) is None:
            return
        ends = (segment.source_port, segment.target_port)
        ours, peer = ends if sent_by == OURS else ends[::-1]
        other = PEER if sent_by == OURS else OURS
        if segment.flags & SYN:
            self._first[ours, peer, sent_by] = segment.seq
        seq = (segment.seq - self._first.get((ours, peer, sent_by), 0)) % SEQUENCE_SPACE
        ack = (segment.ack - self._first.get((ours, peer, other), 0)) % SEQUENCE_SPACE if segment.ack else 0
        names = flag_names(segment.flags)
        self.packets.append(Packet(now, sent_by, ends, names, seq, ack, segment.window, len(segment.data), raw))


def counters() -> dict[str, int]:
    """Every TCP counter of this namespace."""
    found: dict[str, int] = {}
    for file in ("snmp", "netstat"):
        values = netstat.parse(file, read_text(LIVE_ROOT, f"proc/net/{file}")).values
        found |= {name: value for name, value in values.items() if isinstance(value, int)}
    return found


def known_settings() -> Mapping[str, int]:
    """The sysctls of this namespace, and the kernel's clock."""
    values = read_sysctls(LIVE_ROOT, None, "child").values | read_clock(LIVE_ROOT).values
    return {name: value for name, value in values.items() if isinstance(value, int)}
