"""Counters of connections that ended without an orderly close, from /proc/net/netstat."""

from __future__ import annotations

from tcptune.kernel.counters.shape import NETNS, Counter
from tcptune.kernel.history import Belief

CLOSE = "net/ipv4/tcp.c tcp_close(): read in 3.10 to 6.19 (__tcp_close() since 5.10)."
MEASURED = "Measured on 6.18."

ABORTS = (
    Counter(
        name="TcpExt.TCPAbortOnClose",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="RST",
        meaning="The application closed a socket while received data lay unread in it, in whatever state, and "
        "the peer got a RST instead of a FIN. A FIN alone in the queue is not data.",
        notes=(
            "The test comes before SO_LINGER: with unread data and SO_LINGER 0 the close counts here.",
            "Data that came after shutdown(SHUT_RD) is unread data too.",
            (
                "Up to 6.17 a buffer that was read in part counts as unread; since 6.18 (also 6.1.192 and "
                "6.12.117) only bytes not read do."
            ),
        ),
        beliefs=(
            Belief(
                "Resets due to unread data mean that the network or the kernel is at fault.",
                "The application closed before it had read what it was sent; reading to the end stops them.",
            ),
        ),
        sources=(CLOSE, "RFC 2525 section 2.17.", MEASURED),
    ),
    Counter(
        name="TcpExt.TCPAbortOnData",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="RST",
        meaning="Either the application closed with SO_LINGER 0, or data came for a full socket that takes none "
        "any more: an orphan, or one after shutdown(SHUT_RDWR). Data that reaches a FIN-WAIT-2 time-wait entry "
        "is not in it.",
        notes=(
            "With TCP_LINGER2 below 0 it also counts the RST sent when the FIN of a closed socket is acknowledged.",
            "In CLOSING and LAST-ACK a close with SO_LINGER 0 sends its RST only where data is still to be sent.",
        ),
        beliefs=(
            Belief(
                "TCPAbortOnData counts closes with unread data.",
                "Those are in TCPAbortOnClose; netstat -s calls that one `connections reset due to early user "
                "close` and this one `due to unexpected data`.",
            ),
        ),
        sources=(CLOSE, "net/ipv4/tcp_input.c tcp_rcv_state_process(): read in 3.10 to 6.19.", MEASURED),
    ),
    Counter(
        name="TcpExt.TCPAbortOnLinger",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="RST",
        meaning="The application closed a socket in FIN-WAIT-2 whose TCP_LINGER2 is below 0. It has nothing to "
        "do with SO_LINGER.",
        beliefs=(
            Belief(
                "TCPAbortOnLinger counts SO_LINGER closes.",
                "SO_LINGER with 0 seconds counts in TCPAbortOnData; this one is for TCP_LINGER2 and nearly always 0.",
            ),
        ),
        sources=(CLOSE, MEASURED),
    ),
    Counter(
        name="TcpExt.TCPAbortOnMemory",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="RST, as a rule",
        meaning="An orphan was killed because the machine has more orphans than tcp_max_orphans allows, or "
        "because TCP is over the last number of tcp_mem and this orphan holds much. Sockets that have an owner "
        "are not in it.",
        notes=(
            "The limit is tested at close(), and again at each retransmission or window probe of an orphan.",
            (
                "The counter belongs to the namespace of the orphan, while the limit is that of the machine: it "
                "can rise where there are few orphans."
            ),
            "An orphan with only a FIN to send is never killed for tcp_mem.",
            (
                "The RST is left out for an orphan that had used up its retries and has sent no data for a minute, "
                "unless it waits behind a closed window."
            ),
            "The kernel log says `too many orphaned sockets` or `out of memory`, rate limited.",
        ),
        beliefs=(
            Belief(
                "TCPAbortOnMemory means that memory ran out.",
                "Mostly the orphan limit was passed; compare sockstat.TCP.mem with tcp_mem to tell the two apart.",
            ),
        ),
        sources=(
            CLOSE,
            "net/ipv4/tcp.c tcp_check_oom() and net/ipv4/tcp_timer.c tcp_out_of_resources(): read in 3.10 to 6.19.",
            MEASURED,
        ),
    ),
    Counter(
        name="TcpExt.TCPAbortOnTimeout",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="nothing (a RST where keepalive gave up)",
        meaning="TCP gave up: the peer did not answer retransmissions, window probes, keepalive probes or the "
        "SYN of a connect(). A FIN-WAIT-2 or TIME-WAIT that runs out is not in it.",
        notes=(
            "Orphans die silently here: the peer keeps its half of the connection.",
            "Every connect() that times out is in it, beside Tcp.AttemptFails.",
        ),
        sources=("net/ipv4/tcp_timer.c tcp_write_err(): read in 3.10 to 6.19.", MEASURED),
    ),
    Counter(
        name="TcpExt.TCPAbortFailed",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="nothing",
        meaning="A RST was due but could not be built or sent, for want of memory or of a route. The socket is "
        "gone all the same; the peer does not know.",
        sources=("net/ipv4/tcp_output.c tcp_send_active_reset(): read in 3.10, 4.15, 5.0 and 6.18.",),
    ),
)
