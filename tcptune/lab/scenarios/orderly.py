"""The passive side of an orderly close: four segments, or three when the application is quick."""

from __future__ import annotations

from tcptune.lab.scenario import CLOSING_ARTICLE, Scenario
from tcptune.lab.scenarios.waiting import closing_states
from tcptune.lab.stage import Stage

DELAYED_ACK = 0.1
"""Seconds after which a delayed ACK (40 ms, up to 200) has gone out, and the application closes."""

REQUEST = b"GET /"
EXCHANGE = 0.02
"""Seconds for each half of the exchange."""

KERNEL = "net/ipv4/tcp_input.c tcp_fin(), __tcp_ack_snd_check(); tcp_output.c tcp_send_delayed_ack()"


def three_way(stage: Stage) -> None:
    """The application closes as soon as it sees the end."""
    _passive(stage, 0.0)


def four_way(stage: Stage) -> None:
    """The application closes when the ACK of the peer's FIN has gone."""
    _passive(stage, 2 * DELAYED_ACK)


def _passive(stage: Stage, pause: float) -> None:
    stage.step("connect() to a peer that answers")
    link = stage.connect()
    stage.step("the peer asks, the application answers: now ACKs wait for something to carry them")
    link.talk.say(REQUEST)
    stage.run(EXCHANGE)
    link.socket.send(link.socket.recv(len(REQUEST)))
    stage.run(EXCHANGE)
    stage.step("the peer closes", zero=True)
    link.talk.finish()
    if pause:
        stage.run(pause)
    stage.step(f"the application closes {'some time later' if pause else 'at once'}")
    stage.close(link)
    stage.need(lambda: stage.state(link) is None, "the end of LAST-ACK")
    closing = [packet for packet in stage.packets if packet.at >= stage.zero]
    stage.note(f"{len(closing)} segments close the connection: " + ", ".join(packet.flags for packet in closing))
    stage.note(f"states: {closing_states(stage)}")


SCENARIOS = (
    Scenario(
        "close-three-way",
        "the FIN carries the delayed ACK",
        "a close in three segments: the ACK waits, and the FIN carries it",
        three_way,
        seconds=0.5,
        kernel=KERNEL,
        article=f"{CLOSING_ARTICLE}: delayed ACKs merge the second and third segment of four; true when the "
        "application closes within the delay",
    ),
    Scenario(
        "close-four-way",
        "the application closes later",
        "a close in four segments: the application takes its time",
        four_way,
        seconds=0.7,
        kernel=KERNEL,
        article=f"{CLOSING_ARTICLE}: the ACK is the kernel's, the FIN the application's, so there are four; true when "
        "it is slower than the delayed ACK",
    ),
)
