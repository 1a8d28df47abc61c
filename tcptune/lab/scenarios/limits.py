"""Limits that are reached: time-wait buckets, and the accept queue."""

from __future__ import annotations

from tcptune.kernel.states import TcpState
from tcptune.lab.peer import PORT, Conversation
from tcptune.lab.scenario import CLOSE_WAIT_ARTICLE, CLOSING_ARTICLE, Scenario
from tcptune.lab.scenarios.waiting import outlive
from tcptune.lab.segment import ACK
from tcptune.lab.stage import Link, Stage

BUCKETS, CLOSES = 5, 20
BACKLOG = 2
SETTLED = 0.1


def buckets(stage: Stage) -> None:
    """More closes than time-wait buckets."""
    stage.step(f"connect() {CLOSES} times")
    links = stage.connect_all(CLOSES)
    stage.step(f"close() {CLOSES} times; the peer acknowledges every FIN", zero=True)
    for link in links:
        stage.close(link)
    stage.need(lambda: all(link.talk.heard_fin for link in links), "the last FIN")
    stage.run(SETTLED)
    kept = stage.timeline.count(TcpState.FIN_WAIT_2)
    stage.note(f"{kept} of {CLOSES} are kept as FIN-WAIT-2; the others are gone without it")
    stage.step("the peer closes every connection")
    for link in links:
        link.talk.finish()
    stage.run(SETTLED)
    resets = sum(link.talk.was_reset for link in links)
    overflows = stage.moved().get("TcpExt.TCPTimeWaitOverflow", 0)
    stage.note(
        f"{stage.timeline.count(TcpState.TIME_WAIT)} TIME-WAIT; the other {resets} peers got a RST for their FIN"
    )
    stage.note(f"TcpExt.TCPTimeWaitOverflow +{overflows}")


def accept_queue(stage: Stage) -> None:
    """More handshakes than the accept queue holds, while nobody calls accept()."""
    stage.step(f"listen({BACKLOG}): the queue holds {BACKLOG + 1}; {BACKLOG} peers connect")
    listener = stage.listen(BACKLOG)
    for _ in range(BACKLOG):
        stage.peer.call(PORT)
    stage.need(lambda: all(talk.established for talk in stage.peer.conversations.values()), "a handshake")
    stage.step("two peers send their SYN while there is room for one")
    third, fourth = _half(stage), _half(stage)
    stage.step("the third handshake is completed and fills the queue")
    _complete(third)
    predicted = stage.predict("SYN-RECEIVED")
    stage.step("the fourth one's ACK finds the queue full; a fifth SYN too", zero=True)
    _complete(fourth)
    fifth = stage.peer.call(PORT)
    link = Link(listener, fourth, PORT, fourth.port)
    outlive(stage, link, {TcpState.SYN_RECEIVED}, predicted)
    moved = stage.moved()
    stage.note(f"the fifth SYN was {'answered' if fifth.established else 'dropped without an answer'}")
    stage.note("the fourth peer believes that it is connected; the kernel keeps it in SYN-RECEIVED and forgets it")
    for name in ("TcpExt.ListenOverflows", "TcpExt.ListenDrops"):
        stage.note(f"{name} +{moved.get(name, 0)}")


def _half(stage: Stage) -> Conversation:
    """A handshake up to the SYN-ACK, which the peer does not answer yet."""
    talk = stage.peer.call(PORT)
    talk.answers = False
    ports = PORT, talk.port
    stage.need(lambda: any("SYN" in p.flags and p.ports == ports for p in stage.packets), "the SYN-ACK")
    first = next(p for p in stage.packets if "SYN" in p.flags and p.ports == ports)
    talk.expected = int.from_bytes(first.raw[24:28], "big") + 1
    return talk


def _complete(talk: Conversation) -> None:
    talk.send(ACK)


SCENARIOS = (
    Scenario(
        "bucket-overflow",
        "no room for TIME-WAIT: RST",
        f"{CLOSES} closes with tcp_max_tw_buckets={BUCKETS}: no TIME-WAIT, and RST for the peers",
        buckets,
        seconds=1,
        kernel="net/ipv4/inet_timewait_sock.c inet_twsk_alloc(), tcp_minisocks.c tcp_time_wait()",
        article=f"{CLOSING_ARTICLE}: lower tcp_max_tw_buckets first when TIME-WAIT is many; wrong: the closes that "
        "find no bucket end in RST",
        always={"net.ipv4.tcp_max_tw_buckets": str(BUCKETS)},
    ),
    Scenario(
        "accept-queue-overflow",
        "full: SYN and ACK are dropped",
        "an accept queue that is full: ACK and SYN are dropped",
        accept_queue,
        seconds=4,
        full_seconds=68,
        kernel="net/ipv4/tcp_ipv4.c tcp_v4_syn_recv_sock(), tcp_input.c tcp_conn_request()",
        article=f"{CLOSE_WAIT_ARTICLE}: the kernel keeps two queues, and accept() only takes from the one of complete "
        "handshakes; true, and this is what happens when nobody takes",
        short={"net.ipv4.tcp_synack_retries": "1"},
    ),
)
