"""A FIN that nobody acknowledges: FIN-WAIT-1, LAST-ACK and CLOSING with the peer gone."""

from __future__ import annotations

from tcptune.kernel.states import TcpState
from tcptune.lab.scenario import CLOSING_ARTICLE, FREEZING_ARTICLE, Scenario
from tcptune.lab.scenarios.waiting import is_fin, outlive
from tcptune.lab.segment import ACK, FIN
from tcptune.lab.stage import Stage

KERNEL = "net/ipv4/tcp_timer.c tcp_write_timeout(), tcp_orphan_retries(), retransmits_timed_out()"
SHORT = {"net.ipv4.tcp_orphan_retries": "1"}
SETTLED = 0.1
"""Seconds in which a delayed ACK has gone out."""


def fin_wait_1(stage: Stage) -> None:
    """close() towards a peer that is gone."""
    stage.step("connect() to a peer that answers")
    link = stage.connect()
    predicted = stage.predict("FIN-WAIT-1/orphan", stage.path(link))
    link.talk.answers = False
    stage.step("the peer falls silent; close() sends the FIN", zero=True)
    stage.close(link)
    outlive(stage, link, {TcpState.FIN_WAIT_1}, predicted, is_fin)
    _told(stage)


def last_ack(stage: Stage) -> None:
    """The peer closes first and is gone when our FIN comes."""
    stage.step("connect() to a peer that answers")
    link = stage.connect()
    stage.step("the peer closes; the kernel acknowledges its FIN")
    link.talk.finish()
    stage.run(SETTLED)
    predicted = stage.predict("LAST-ACK/orphan", stage.path(link))
    link.talk.answers = False
    stage.step("the peer falls silent; close() sends the FIN", zero=True)
    stage.close(link)
    outlive(stage, link, {TcpState.LAST_ACK}, predicted, is_fin)
    _told(stage)


def closing(stage: Stage) -> None:
    """Both close at once, and the peer is gone before it acknowledges our FIN."""
    stage.step("connect() to a peer that answers")
    link = stage.connect()
    predicted = stage.predict("CLOSING/orphan", stage.path(link))
    link.talk.answers = False
    stage.step("close() sends the FIN, which the peer does not see", zero=True)
    stage.close(link)
    stage.need(lambda: stage.sent(is_fin) > 0, "the kernel's FIN")
    stage.step("the peer's own FIN arrives; then the peer is gone")
    link.talk.send(FIN | ACK)
    stage.need(lambda: stage.state(link) == TcpState.CLOSING, "CLOSING")
    outlive(stage, link, {TcpState.FIN_WAIT_1, TcpState.CLOSING}, predicted, is_fin)
    _told(stage)


def _told(stage: Stage) -> None:
    fins = stage.sent(is_fin)
    resets = stage.sent(lambda packet: "RST" in packet.flags)
    stage.note(f"the FIN was sent {fins} times, and {resets or 'no'} RST at the end")
    stage.note(f"TcpExt.TCPAbortOnTimeout +{stage.moved().get('TcpExt.TCPAbortOnTimeout', 0)}")


SCENARIOS = (
    Scenario(
        "fin-wait-1-peer-gone",
        "peer gone: a time, not a count",
        "FIN-WAIT-1 when the peer is gone: a time limit, not a count of retries",
        fin_wait_1,
        seconds=2,
        full_seconds=110,
        kernel=KERNEL,
        article=f"{CLOSING_ARTICLE}: tcp_orphan_retries bounds FIN-WAIT-1, and 0 means 8; true, but as a time that the "
        "first RTO starts, and a tail loss probe repeats the FIN before it",
        short=SHORT,
    ),
    Scenario(
        "last-ack-peer-gone",
        "peer gone: as long as FIN-WAIT-1",
        "LAST-ACK when the peer is gone: the same limit as FIN-WAIT-1",
        last_ack,
        seconds=2,
        full_seconds=110,
        kernel=KERNEL,
        article=f"{CLOSING_ARTICLE}: LAST-ACK is bounded by RTO and tcp_orphan_retries; true once close() was called",
        short=SHORT,
    ),
    Scenario(
        "closing-peer-gone",
        "peer gone: as long as FIN-WAIT-1",
        "CLOSING when the peer is gone: the same limit again",
        closing,
        seconds=2,
        full_seconds=110,
        kernel=KERNEL,
        article=f"{FREEZING_ARTICLE}: a FIN without its ACK freezes the closing states; the kernel ends them silently",
        short=SHORT,
    ),
)
