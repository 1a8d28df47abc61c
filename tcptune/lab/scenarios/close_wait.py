"""CLOSE-WAIT: leaked by the application, and never accepted by it."""

from __future__ import annotations

from tcptune.kernel.states import TcpState
from tcptune.lab.peer import PORT
from tcptune.lab.scenario import CLOSE_WAIT_ARTICLE, CLOSING_ARTICLE, Scenario
from tcptune.lab.scenarios.waiting import outlive
from tcptune.lab.stage import Link, Stage

KERNEL = "net/ipv4/tcp_input.c tcp_fin(): CLOSE-WAIT starts no timer"


def leaked(stage: Stage) -> None:
    """Accepted, and not closed when the peer closes."""
    stage.step("listen(); a peer connects; accept()")
    link = stage.called(stage.listen())
    _finish(stage, link, "the application does not close()")


def unaccepted(stage: Stage) -> None:
    """Never accepted: the kernel made the connection, and no process knows of it."""
    stage.step("listen(); a peer connects; nobody calls accept()")
    listener = stage.listen()
    talk = stage.peer.call(PORT)
    stage.need(lambda: talk.established, "the handshake")
    _finish(stage, Link(listener, talk, PORT, talk.port), "the connection still waits in the accept queue")


def _finish(stage: Stage, link: Link, then: str) -> None:
    predicted = stage.predict("CLOSE-WAIT")
    stage.step(f"the peer closes; {then}", zero=True)
    link.talk.finish()
    stage.need(lambda: stage.state(link) == TcpState.CLOSE_WAIT, "CLOSE-WAIT")
    outlive(stage, link, {TcpState.CLOSE_WAIT}, predicted)
    seen = stage.seen(link)
    owner = "no inode, so no process has it" if seen.kind == "unaccepted" else "a process has it open"
    timer = "no timer" if seen.timer is None else f"the timer {seen.timer}"
    stage.note(f"still there, {timer}, {owner}; Recv-Q {seen.recv_q}: the FIN counts as a byte")


SCENARIOS = (
    Scenario(
        "close-wait-leaked",
        "not closed: nothing ends it",
        "CLOSE-WAIT that the application forgot: nothing ends it",
        leaked,
        seconds=3.5,
        full_seconds=71,
        kernel=KERNEL,
        article=f"{CLOSING_ARTICLE}: many CLOSE-WAITs are a fault of the application, not of a setting; true",
    ),
    Scenario(
        "close-wait-unaccepted",
        "never accepted: nobody owns it",
        "CLOSE-WAIT that nobody ever accepted: no process owns it",
        unaccepted,
        seconds=3.5,
        full_seconds=71,
        kernel=f"{KERNEL}; inet_connection_sock.c inet_csk_complete_hashdance()",
        article=f"{CLOSE_WAIT_ARTICLE}: the kernel completes handshakes without the server, and a busy server never "
        "calls accept(), so netstat names no process; true",
    ),
)
