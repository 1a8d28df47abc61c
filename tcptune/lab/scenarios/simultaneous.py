"""Both sides close at once: in order, and with the peer's ACK overtaking its FIN."""

from __future__ import annotations

import socket
from collections.abc import Callable

from tcptune.kernel.states import TcpState
from tcptune.lab.scenario import FREEZING_ARTICLE, OVERTAKING_ARTICLE, Scenario
from tcptune.lab.scenarios.waiting import closing_states, is_fin
from tcptune.lab.segment import ACK, FIN
from tcptune.lab.stage import Link, Stage

HELD = 0.03
"""Seconds by which the peer's FIN comes later than the ACK that it was sent before."""

REPEATED_AFTER = 0.2
"""Seconds after which a peer sends its FIN again."""

OLD_ACK = "net/ipv4/tcp_input.c tcp_rcv_state_process(), tcp_ack(): a FIN with an old ACK is taken since 6.9"


def in_order(stage: Stage) -> None:
    """The FINs cross; each side acknowledges the other's."""
    link = _both_close(stage, lambda link: stage.close(link), "close()")
    fin, mine = link.talk.next, link.talk.expected
    stage.step("the peer's FIN, sent before it saw ours, arrives")
    link.talk.send(FIN | ACK, seq=fin, ack=mine)
    stage.need(lambda: stage.state(link) == TcpState.CLOSING, "CLOSING")
    stage.step("the peer's ACK of our FIN arrives")
    link.talk.send(ACK, seq=fin + 1, ack=mine + 1)
    stage.need(lambda: stage.state(link) == TcpState.TIME_WAIT, "TIME-WAIT")
    stage.note(f"states: {closing_states(stage)}")


def overtaken_close(stage: Stage) -> None:
    """The same after close(): a minisock waits for the FIN."""
    _overtaken(stage, lambda link: stage.close(link), "close()")


def overtaken_shutdown(stage: Stage) -> None:
    """The same after shutdown(): a full socket waits for the FIN."""
    _overtaken(stage, lambda link: link.socket.shutdown(socket.SHUT_WR), "shutdown(SHUT_WR)")


def _both_close(stage: Stage, ours: Callable[[Link], None], called: str) -> Link:
    stage.step("connect() to a peer that answers")
    link = stage.connect()
    link.talk.answers = False
    stage.step(f"{called} sends the FIN; the peer has sent its own at the same time", zero=True)
    ours(link)
    stage.need(lambda: stage.sent(is_fin) > 0, "the kernel's FIN")
    return link


def _overtaken(stage: Stage, ours: Callable[[Link], None], called: str) -> None:
    link = _both_close(stage, ours, called)
    fin, mine = link.talk.next, link.talk.expected
    stage.step("the peer's ACK of our FIN arrives first")
    link.talk.send(ACK, seq=fin + 1, ack=mine + 1)
    stage.need(lambda: stage.state(link) == TcpState.FIN_WAIT_2, "FIN-WAIT-2")
    stage.run(HELD)
    stage.step("the peer's FIN, older than its ACK, arrives")
    link.talk.send(FIN | ACK, seq=fin, ack=mine)
    taken = stage.until(lambda: stage.state(link) == TcpState.TIME_WAIT, REPEATED_AFTER)
    if not taken:
        stage.step("the peer sends its FIN again")
        link.talk.send(FIN | ACK, seq=fin, ack=mine + 1)
        stage.need(lambda: stage.state(link) == TcpState.TIME_WAIT, "TIME-WAIT")
    stage.note("the FIN with the old ACK was " + ("taken at once" if taken else "dropped; its repetition was taken"))
    stage.note(f"states: {closing_states(stage)}")


SCENARIOS = (
    Scenario(
        "simultaneous-close-in-order",
        "FIN-WAIT-1, CLOSING, TIME-WAIT",
        "both close at once: FIN-WAIT-1, CLOSING, TIME-WAIT",
        in_order,
        seconds=0.5,
        kernel="net/ipv4/tcp_input.c tcp_fin(), tcp_rcv_state_process()",
        article=f"{FREEZING_ARTICLE}: its picture of the states has CLOSING between FIN-WAIT-1 and TIME-WAIT; so it is",
    ),
    Scenario(
        "simultaneous-close-overtaken-close",
        "ACK before FIN: no harm",
        "the peer's ACK overtakes its FIN, after close()",
        overtaken_close,
        seconds=0.5,
        kernel="net/ipv4/tcp_minisocks.c tcp_timewait_state_process(): the minisock takes the FIN",
        article=f"{OVERTAKING_ARTICLE}: after close() the disorder does no harm; true",
    ),
    Scenario(
        "simultaneous-close-overtaken-shutdown",
        "ACK before FIN: harm before 6.9",
        "the peer's ACK overtakes its FIN, after shutdown()",
        overtaken_shutdown,
        seconds=0.7,
        kernel=OLD_ACK,
        article=f"{OVERTAKING_ARTICLE}: after shutdown() the FIN is dropped as an old ACK and costs 200 ms; true up to "
        "6.8 and without the fix in later stable kernels, no longer since",
    ),
)
