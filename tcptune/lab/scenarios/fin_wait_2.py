"""FIN-WAIT-2: held by its owner, left as an orphan, and above 60 s."""

from __future__ import annotations

import socket

from tcptune.kernel.states import TcpState
from tcptune.lab.scenario import CLOSING_ARTICLE, FREEZING_ARTICLE, Scenario
from tcptune.lab.scenarios.waiting import outlive
from tcptune.lab.stage import Stage

FIN_TIMEOUT = "net.ipv4.tcp_fin_timeout"
KERNEL = "net/ipv4/tcp_input.c tcp_rcv_state_process(), tcp_minisocks.c tcp_time_wait()"


def held(stage: Stage) -> None:
    """shutdown() without close(): the owner keeps the socket."""
    stage.step("connect() to a peer that answers")
    link = stage.connect()
    predicted = stage.predict("FIN-WAIT-2/owned")
    stage.step("shutdown(SHUT_WR) sends the FIN; the peer acknowledges it and does not close", zero=True)
    link.socket.shutdown(socket.SHUT_WR)
    stage.need(lambda: stage.state(link) == TcpState.FIN_WAIT_2, "FIN-WAIT-2")
    outlive(stage, link, {TcpState.FIN_WAIT_2}, predicted)
    timer = stage.seen(link).timer
    stage.note(f"still there, {'without a timer' if timer is None else f'with the timer {timer}'}: the owner decides")


def orphan(stage: Stage) -> None:
    """close(), and a peer that acknowledges and never closes."""
    stage.step("connect() to a peer that answers")
    link = stage.connect()
    predicted = stage.predict("FIN-WAIT-2/orphan", stage.path(link, answered=True))
    stage.step("close() sends the FIN; the peer acknowledges it and does not close", zero=True)
    stage.close(link)
    stage.need(lambda: stage.state(link) == TcpState.FIN_WAIT_2, "FIN-WAIT-2")
    outlive(stage, link, {TcpState.FIN_WAIT_1, TcpState.FIN_WAIT_2}, predicted)
    kinds = [span.seen.kind for span in stage.timeline.spans if span.seen.state == TcpState.FIN_WAIT_2]
    stage.note(
        f"it was kept as {' and then as '.join('a minisock' if k == 'minisock' else 'a full socket' for k in kinds)}"
    )
    after = any(span.seen.state == TcpState.TIME_WAIT for span in stage.timeline.spans)
    stage.note("TIME-WAIT followed" if after else "it ended silently; no TIME-WAIT followed")


SCENARIOS = (
    Scenario(
        "fin-wait-2-held",
        "open descriptor: no timer at all",
        "FIN-WAIT-2 that a process holds: no timer ends it, whatever tcp_fin_timeout says",
        held,
        seconds=3,
        full_seconds=70,
        kernel="net/ipv4/tcp.c tcp_shutdown(): without SOCK_DEAD no timer is started",
        article=f"{CLOSING_ARTICLE}: tcp_fin_timeout bounds FIN-WAIT-2; only once close() was called",
        short={FIN_TIMEOUT: "1"},
    ),
    Scenario(
        "fin-wait-2-orphan",
        "closed: tcp_fin_timeout",
        "FIN-WAIT-2 after close(): a minisock for tcp_fin_timeout seconds",
        orphan,
        seconds=2.5,
        full_seconds=63,
        kernel=KERNEL,
        article=f"{FREEZING_ARTICLE}: FIN-WAIT-2 disappears after tcp_fin_timeout while the peer stays in CLOSE-WAIT",
        short={FIN_TIMEOUT: "2"},
    ),
    Scenario(
        "fin-wait-2-above-60",
        "tcp_fin_timeout=61 lasts 2 s",
        "tcp_fin_timeout=61 lasts about 2 s: twice what is above 60",
        orphan,
        seconds=2.5,
        kernel=f"{KERNEL}, tcp_timer.c tcp_keepalive_timer()",
        article=f"{CLOSING_ARTICLE}: its listing shows the branch for more than TCP_TIMEWAIT_LEN, and not what it does",
        always={FIN_TIMEOUT: "61"},
    ),
)
