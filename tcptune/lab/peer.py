"""The other side: a TCP of our own in user space, which does what a scenario asks, right or wrong.

It completes handshakes and, unless told otherwise, acknowledges what arrives. It never repeats a segment by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tcptune.lab.segment import ACK, FIN, RST, SEQUENCE_SPACE, SYN, Segment, options_of

PORT = 8000
"""Where the peer is called; it answers on every port."""

FIRST_CALLING_PORT = 40001
FIRST_SEQUENCE = 1_000_000
OPEN_WINDOW = 65535


class Conversation:
    """One connection as the peer sees it. Sequence numbers are those of the wire."""

    def __init__(self, send: Callable[[Segment], None], ends: tuple[str, int, str, int]) -> None:
        self._send = send
        self._ends = ends
        self.port = ends[1]
        self._echo = 0
        self.next = FIRST_SEQUENCE
        """What the peer sends next."""
        self.expected = 0
        """What the peer expects next from the kernel; tells how much it has acknowledged."""
        self.window = OPEN_WINDOW
        self.answers = True
        """False: nothing that arrives is taken or answered, as if the peer were gone."""
        self.established = self.heard_fin = self.was_reset = False

    def call(self) -> None:
        """Send a SYN to the kernel."""
        self.send(SYN, first=True)
        self.next += 1

    def accept(self, syn: Segment) -> None:
        """Answer the kernel's SYN."""
        self.expected = (syn.seq + 1) % SEQUENCE_SPACE
        self._echo = syn.timestamp or 0
        self.send(SYN | ACK, first=True)
        self.next += 1
        self.established = True

    def hear(self, segment: Segment) -> None:
        """Take a segment from the kernel, and acknowledge it where that is due."""
        self._echo = segment.timestamp or self._echo
        if segment.flags & RST:
            self.was_reset = True
            return
        if not self.answers:
            return
        if segment.flags & SYN:
            self.expected = (segment.seq + 1) % SEQUENCE_SPACE
            self.established = True
            self.send(ACK)
            return
        if segment.seq == self.expected and segment.length and self.window:
            self.expected = (self.expected + segment.length) % SEQUENCE_SPACE
            self.heard_fin |= bool(segment.flags & FIN)
            self.send(ACK)
        elif segment.length or segment.seq != self.expected:
            self.send(ACK)  # a repetition, or the probe of a closed window

    def send(
        self, flags: int, data: bytes = b"", seq: int | None = None, ack: int | None = None, first: bool = False
    ) -> None:
        """Send one segment; `seq` and `ack` are those that are due unless given. Nothing is remembered of it."""
        ack = self.expected if ack is None else ack
        self._send(
            Segment(
                *self._ends, flags, self.next if seq is None else seq, ack if flags & ACK else 0, self.window, data,
                options_of(time.monotonic_ns() // 1_000_000, self._echo, first),
            )
        )  # fmt: skip

    def say(self, data: bytes) -> None:
        """Send data, and remember that it was sent."""
        self.send(ACK, data)
        self.next += len(data)

    def finish(self) -> None:
        """Send a FIN, and remember that it was sent."""
        self.send(FIN | ACK)
        self.next += 1


class Peer:
    """All conversations of one peer address."""

    def __init__(self, send: Callable[[Segment], None], here: str, kernel: str) -> None:
        self._send = send
        self.here, self._kernel = here, kernel
        self._calls = 0
        self.conversations: dict[tuple[int, int], Conversation] = {}
        """By the kernel's port and the peer's."""

    def call(self, port: int) -> Conversation:
        """Begin a connection to a listener of the kernel."""
        made = self._conversation(port, FIRST_CALLING_PORT + self._calls)
        self._calls += 1
        made.call()
        return made

    def hear(self, segment: Segment) -> None:
        """Take a segment that the kernel has sent."""
        key = segment.source_port, segment.target_port
        if segment.flags & (SYN | ACK) == SYN:
            self._conversation(*key).accept(segment)
        elif key in self.conversations:
            self.conversations[key].hear(segment)

    def _conversation(self, kernel_port: int, port: int) -> Conversation:
        made = Conversation(self._send, (self.here, port, self._kernel, kernel_port))
        self.conversations[kernel_port, port] = made
        return made
