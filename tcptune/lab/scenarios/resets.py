"""close() that sends a RST instead of a FIN."""

from __future__ import annotations

import socket
import struct

from tcptune.lab.scenario import CLOSING_ARTICLE, RESET_ARTICLE, Scenario
from tcptune.lab.stage import Link, Stage

SETTLED = 0.1
LINGER_ZERO = struct.pack("ii", 1, 0)
"""struct linger: on, 0 s."""

ABORTS = ("TcpExt.TCPAbortOnClose", "TcpExt.TCPAbortOnData")


def unread(stage: Stage) -> None:
    """close() while received data waits unread."""
    stage.step("connect() to a peer that answers")
    link = stage.connect()
    stage.step("the peer sends 100 bytes, which nobody reads")
    link.talk.say(bytes(100))
    stage.run(SETTLED)
    _reset(stage, link)


def linger_zero(stage: Stage) -> None:
    """close() with SO_LINGER set to 0 s."""
    stage.step("connect() to a peer that answers")
    link = stage.connect()
    stage.step("setsockopt(SO_LINGER, on, 0 s)")
    link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
    _reset(stage, link)


def _reset(stage: Stage, link: Link) -> None:
    stage.step("close()", zero=True)
    stage.close(link)
    stage.run(SETTLED)
    flags = [packet.flags for packet in stage.packets if packet.sent_by == "kernel" and packet.at >= stage.zero]
    stage.note(f"close() sent {', '.join(flags) or 'nothing'}")
    stage.note("the socket is gone at once" if stage.state(link) is None else "the socket is still there")
    moved = stage.moved()
    stage.note(", ".join(f"{name} +{moved[name]}" for name in ABORTS if name in moved) or "no abort was counted")


SCENARIOS = (
    Scenario(
        "close-with-unread-data",
        "close() sends RST, not FIN",
        "close() with unread data sends RST, not FIN",
        unread,
        seconds=0.5,
        kernel="net/ipv4/tcp.c __tcp_close(): data_was_unread (RFC 2525, 2.17)",
        article=f"{RESET_ARTICLE}: data left in the receive queue turns the FIN into a RST; true, read it first",
    ),
    Scenario(
        "linger-zero",
        "close() sends RST, not FIN",
        "close() with SO_LINGER 0 sends RST and skips every closing state",
        linger_zero,
        seconds=0.5,
        kernel="net/ipv4/tcp.c __tcp_close(), tcp_disconnect()",
        article=f"{CLOSING_ARTICLE}: SO_LINGER 0 skips TIME-WAIT by a RST; true, and it throws away what was not sent",
    ),
)
