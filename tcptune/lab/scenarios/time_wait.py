"""TIME-WAIT: how long its timer is, and when connect() may have its port again."""

from __future__ import annotations

import errno
import socket
import time

from tcptune.kernel.states import TcpState
from tcptune.kernel.timeouts import Lifetime
from tcptune.kernel.timer_wheel import ceil_jiffies, granularity
from tcptune.lab.peer import PORT
from tcptune.lab.scenario import CLOSING_ARTICLE, Scenario
from tcptune.lab.scenarios.waiting import outlive
from tcptune.lab.stage import INTERVAL, Link, NotReachedError, Stage, known_settings

REUSE, DELAY = "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_tw_reuse_delay"
RECYCLED = "TcpExt.TWRecycled"
OLD_DELAY = 0.0, 2.0
"""Seconds between which reuse began before 6.14 made it a setting: it counted whole seconds."""

STATES = {TcpState.FIN_WAIT_1, TcpState.FIN_WAIT_2, TcpState.TIME_WAIT}
"""From close() on, which is where the model begins to count."""

LATEST = 0.02
"""Seconds that a try may come late: one look, and the connection itself."""


def time_wait(stage: Stage) -> None:
    """Our side closes first, the peer follows."""
    link = _close_first(stage)
    predicted = stage.predict("TIME-WAIT", stage.path(link, answered=True))
    _finish(stage, link)
    if stage.full:
        outlive(stage, link, STATES, predicted)
        return
    seen = stage.seen(link)
    if seen.state != TcpState.TIME_WAIT or seen.left is None:
        raise NotReachedError("TIME-WAIT has no timer that sock_diag would show")
    age = time.monotonic() - stage.zero
    hz = stage.path(link).hz
    late = granularity(ceil_jiffies(seen.left, hz)) / hz
    stage.judge(predicted, seen.left, age + seen.left + late, armed=True)
    stage.note(f"the timer {seen.timer} has {seen.left:.3f} s left; --full waits for it")


def reuse(stage: Stage) -> None:
    """connect() with no other port left than one in TIME-WAIT."""
    link = _close_first(stage)
    _finish(stage, link)
    tries, refused, began = 0, 0, time.monotonic()
    stage.step("connect() again and again; the only local port is in TIME-WAIT")
    predicted = _delay()
    most = (predicted.max or 0.0) + OLD_DELAY[1]
    before = began
    while time.monotonic() - began < most:
        tries += 1
        ours = stage.keep(socket.socket())
        before = time.monotonic()
        if (number := ours.connect_ex((stage.peer.here, PORT))) == errno.EINPROGRESS:
            break
        if number != errno.EADDRNOTAVAIL:
            raise NotReachedError(f"connect() failed otherwise: {errno.errorcode.get(number, number)}")
        refused += 1
        stage.run(INTERVAL)
    else:
        raise NotReachedError(f"connect() got no port within {most:.1f} s; EADDRNOTAVAIL {refused} times")
    now = time.monotonic()
    stage.step(f"connect() number {tries} gets the port")
    stage.need(lambda: stage.timeline.count(TcpState.ESTABLISHED) > 0, "the handshake")
    stage.judge(predicted, max(0.0, before - INTERVAL - stage.zero), now - stage.zero)
    stage.note(f"connect() failed {refused} times with EADDRNOTAVAIL, then it had the port")
    stage.note(f"{RECYCLED} +{stage.moved().get(RECYCLED, 0)}")


def _close_first(stage: Stage) -> Link:
    stage.step("connect() to a peer that answers")
    return stage.connect()


def _finish(stage: Stage, link: Link) -> None:
    stage.step("close() sends the FIN; the peer acknowledges it", zero=True)
    stage.close(link)
    stage.need(lambda: stage.state(link) == TcpState.FIN_WAIT_2, "FIN-WAIT-2")
    stage.step("the peer closes too")
    link.talk.finish()
    stage.need(lambda: stage.state(link) == TcpState.TIME_WAIT, "TIME-WAIT")


def _delay() -> Lifetime:
    """When connect() may take a port in TIME-WAIT (net/ipv4/tcp_ipv4.c tcp_twsk_unique())."""
    delay = known_settings().get(DELAY)
    least, most = OLD_DELAY if delay is None else (delay / 1e3, delay / 1e3)
    deciding = (REUSE,) if delay is None else (DELAY, REUSE)
    return Lifetime(
        "TIME-WAIT/reuse",
        least,
        (least + most + LATEST) / 2,
        most + LATEST,
        "a new connection takes its port",
        deciding,
    )


SCENARIOS = (
    Scenario(
        "time-wait",
        "60 s that no sysctl changes",
        "TIME-WAIT: 60 s that no sysctl changes",
        time_wait,
        seconds=0.5,
        full_seconds=63,
        kernel="net/ipv4/tcp_minisocks.c tcp_time_wait(), TCP_TIMEWAIT_LEN",
        article=f"{CLOSING_ARTICLE}: TIME-WAIT is 60 s, fixed when the kernel is built; true, and up to 2 s more for "
        "the timer wheel",
    ),
    Scenario(
        "time-wait-reuse",
        "connect() takes its port after 1 s",
        "connect() takes a port in TIME-WAIT after tcp_tw_reuse_delay",
        reuse,
        seconds=1.5,
        kernel="net/ipv4/tcp_ipv4.c tcp_twsk_unique(), inet_hashtables.c __inet_check_established()",
        article=f"{CLOSING_ARTICLE}: tcp_tw_reuse helps the side that connects, when no other port is left; true of "
        "the side, but only after a second, and also while ports are left",
        always={REUSE: "1", "net.ipv4.ip_local_port_range": "50000 50000"},
    ),
)
