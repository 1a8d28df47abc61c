"""A FIN behind a closed window: probes that the peer answers, and probes that it does not."""

from __future__ import annotations

from tcptune.kernel.states import TcpState
from tcptune.lab.scenario import CLOSING_ARTICLE, Scenario
from tcptune.lab.scenarios.waiting import is_probe, outlive
from tcptune.lab.stage import Link, Stage

KERNEL = "net/ipv4/tcp_timer.c tcp_probe_timer(), tcp_output.c tcp_send_probe0()"
SETTLED = 0.1
PAYLOAD = bytes(1000)


def answered(stage: Stage) -> None:
    """The peer says "window 0" to every probe."""
    link = _closed_window(stage)
    predicted = stage.predict("FIN-WAIT-1/zero-window-answered", stage.path(link, answered=True))
    stage.step("send() and close(); the peer answers every probe with window 0", zero=True)
    link.socket.send(PAYLOAD)
    stage.close(link)
    outlive(stage, link, {TcpState.FIN_WAIT_1}, predicted, is_probe)
    _told(stage)


def unanswered(stage: Stage) -> None:
    """The peer is gone when the probes come."""
    link = _closed_window(stage)
    predicted = stage.predict("FIN-WAIT-1/zero-window-unanswered", stage.path(link))
    link.talk.answers = False
    stage.step("the peer falls silent; send() and close()", zero=True)
    link.socket.send(PAYLOAD)
    stage.close(link)
    outlive(stage, link, {TcpState.FIN_WAIT_1}, predicted, is_probe)
    _told(stage)


def _closed_window(stage: Stage) -> Link:
    stage.step("connect() to a peer that answers")
    link = stage.connect()
    stage.step("the peer sends a byte that closes its window; recv() takes the byte")
    link.talk.window = 0
    link.talk.say(b"!")
    stage.run(SETTLED)
    link.socket.recv(1)
    return link


def _told(stage: Stage) -> None:
    timers = {span.seen.timer for span in stage.timeline.spans if span.seen.state == TcpState.FIN_WAIT_1}
    stage.note(f"{stage.sent(is_probe)} probes; data and FIN never left; timer {', '.join(sorted(map(str, timers)))}")


SCENARIOS = (
    Scenario(
        "zero-window-answered",
        "probes answered: rto_max ends it",
        "FIN-WAIT-1 behind a window that stays closed, probes answered",
        answered,
        seconds=3,
        full_seconds=340,
        kernel=KERNEL,
        article=f"{CLOSING_ARTICLE}: probes are bounded by tcp_orphan_retries; not while they are answered: then only "
        "an interval at rto_max ends the orphan",
        short={"net.ipv4.tcp_rto_max_ms": "1000"},
    ),
    Scenario(
        "zero-window-unanswered",
        "peer gone: a few probes",
        "FIN-WAIT-1 behind a closed window when the peer is gone",
        unanswered,
        seconds=2,
        full_seconds=112,
        kernel=KERNEL,
        article=f"{CLOSING_ARTICLE}: probes are bounded by tcp_orphan_retries; true when nobody answers them",
        short={"net.ipv4.tcp_orphan_retries": "2"},
    ),
)
