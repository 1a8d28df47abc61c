"""The `Tcp:` line of /proc/net/snmp: connections opened, failed and reset, segments in and out."""

from __future__ import annotations

from tcptune.kernel.counters.shape import NETNS, Counter
from tcptune.kernel.history import Belief

SNMP = (
    Counter(
        name="Tcp.ActiveOpens",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="SYN",
        meaning="A connect() sent its SYN. It counts attempts: those that fail are in it, the SYN's "
        "retransmissions are not.",
        sources=("net/ipv4/tcp_output.c tcp_connect(): read in 3.10 and 6.18.", "Measured on 6.18."),
    ),
    Counter(
        name="Tcp.PassiveOpens",
        unit="events",
        kind="counter",
        scopes=NETNS,
        meaning="A listener completed a connection: the last ACK of the handshake came and found room. SYNs "
        "that were dropped and ACKs that found the accept queue full are not in it.",
        notes=("It says nothing of accept(): a connection nobody has accepted yet is in it.",),
        sources=("net/ipv4/tcp_minisocks.c tcp_create_openreq_child(): read in 3.10 and 6.18.",),
    ),
    Counter(
        name="Tcp.AttemptFails",
        unit="events",
        kind="counter",
        scopes=NETNS,
        meaning="A handshake failed: connect() was refused by a RST or timed out, or a RST reached a connection "
        "in SYN-RECEIVED. A connect() that the program itself closes is not in it, nor is a SYN-RECEIVED that "
        "the server forgets because no ACK came.",
        sources=(
            "net/ipv4/tcp.c tcp_done() and net/ipv4/tcp_minisocks.c tcp_check_req(): read in 3.10 and 6.18.",
            "Measured on 6.18.",
        ),
    ),
    Counter(
        name="Tcp.EstabResets",
        unit="events",
        kind="counter",
        scopes=NETNS,
        meaning="A connection went from ESTABLISHED or CLOSE-WAIT straight to closed: a RST sent or received, a "
        "timeout, ss -K. Resets in FIN-WAIT-1, FIN-WAIT-2, LAST-ACK and CLOSING are not in it.",
        notes=(
            "close() with unread data and SO_LINGER 0 count here, beside their own TCPAbort counter.",
            "Closing a listener raises it by one for each connection that nobody had accepted.",
        ),
        beliefs=(
            Belief(
                "EstabResets counts the RSTs that peers sent us.",
                "This side's own aborts are in it as well; one reset on loopback raises it by 2.",
            ),
        ),
        sources=("net/ipv4/tcp.c tcp_set_state(): read in 3.10 to 6.19.", "Measured on 6.18."),
    ),
    Counter(
        name="Tcp.CurrEstab",
        unit="sockets",
        kind="gauge",
        scopes=NETNS,
        meaning="Connections that are in ESTABLISHED or CLOSE-WAIT now, IPv4 and IPv6. The other closing states "
        "are not in it.",
        notes=(
            (
                "Up to 6.9 it has only ESTABLISHED in it; CLOSE-WAIT came with 6.10 (also in 6.1.192, 6.6.87 and "
                "RHEL 10.0, but not in RHEL 9.6)."
            ),
            "It stands among counters in /proc/net/snmp, but goes up and down.",
        ),
        beliefs=(
            Belief(
                "estab in ss -s is the number of live connections.",
                "ss prints this number: since 6.10 a leak of CLOSE-WAIT sockets is in it and makes it look busy.",
            ),
        ),
        sources=(
            "net/ipv4/tcp.c tcp_set_state(): read in 3.10 to 6.19.",
            "Measured on 6.18 with 1000 sockets in each state.",
        ),
    ),
    Counter(
        name="Tcp.InSegs",
        unit="segments",
        kind="counter",
        scopes=NETNS,
        meaning="A packet was handed to TCP, broken ones and those for closed ports included. Segments that the "
        "network card or the kernel merged on receipt count once, so the wire carried more.",
        sources=("net/ipv4/tcp_ipv4.c tcp_v4_rcv(): read in 3.10 and 6.18.",),
    ),
    Counter(
        name="Tcp.OutSegs",
        unit="segments",
        kind="counter",
        scopes=NETNS,
        meaning="TCP sent a segment that is new: data, SYN, FIN, pure ACK, probe or RST. Retransmissions are "
        "not in it, they are in Tcp.RetransSegs.",
        sources=(
            (
                "net/ipv4/tcp_output.c tcp_transmit_skb() and net/ipv4/tcp_ipv4.c tcp_v4_send_reset(): read in "
                "3.10 and 6.18."
            ),
        ),
    ),
    Counter(
        name="Tcp.RetransSegs",
        unit="segments",
        kind="counter",
        scopes=NETNS,
        packet="the segment again",
        meaning="TCP sent a segment again: data, FIN, SYN or SYN-ACK, at a timeout, a fast retransmission or a "
        "tail loss probe. Window probes and keepalive probes are not in it.",
        notes=("An orphan whose peer is silent adds 9 before it dies, with default settings on a LAN.",),
        sources=(
            "net/ipv4/tcp_output.c tcp_retransmit_skb(): read in 3.10 and 6.18; tcp_rtx_synack(): read in 6.18.",
            "Measured on 6.18 (HZ=250).",
        ),
    ),
    Counter(
        name="Tcp.OutRsts",
        unit="segments",
        kind="counter",
        scopes=NETNS,
        packet="RST",
        meaning="TCP sent a RST: a connection was aborted, or a segment came that belongs to no socket, such as "
        "a SYN to a closed port.",
        notes=(
            (
                "Two resets leave no other trace than this: data that reaches an orphan's FIN-WAIT-2, and the "
                "FIN of a peer whose connection fell to TcpExt.TCPTimeWaitOverflow."
            ),
            "A RST that could not be built or sent is in it too on recent kernels; TcpExt.TCPAbortFailed tells of it.",
        ),
        sources=(
            (
                "net/ipv4/tcp_output.c tcp_send_active_reset() and net/ipv4/tcp_ipv4.c tcp_v4_send_reset(): "
                "read in 3.10, 4.15, 5.0 and 6.18."
            ),
            "Measured on 6.18.",
        ),
    ),
    Counter(
        name="Tcp.InErrs",
        unit="segments",
        kind="counter",
        scopes=NETNS,
        meaning="A segment was refused as broken: wrong checksum, cut header, or a SYN inside an established "
        "connection (which a challenge ACK answers). Segments out of the window are not in it.",
        sources=(
            "net/ipv4/tcp_ipv4.c tcp_v4_rcv() and net/ipv4/tcp_input.c tcp_validate_incoming(): read in 3.10 and 6.18.",
            "Measured on 6.18.",
        ),
    ),
)
