"""Counters of time-wait entries and of timestamps that looked old (PAWS), from /proc/net/netstat."""

from __future__ import annotations

from tcptune.kernel.counters.shape import NETNS, Counter
from tcptune.kernel.history import Belief

WHEN_COUNTED = (
    "Up to 5.17 an entry is counted when its timer ends it, so those reused or killed are never counted; since "
    "5.18 it is counted when it is made. RHEL 9.6 counts the old way, RHEL 10 the new."
)

TIME_WAIT = (
    Counter(
        name="TcpExt.TW",
        unit="events",
        kind="counter",
        scopes=NETNS,
        meaning="A time-wait entry with more than 4 s to live: TIME-WAIT, or an orphan's FIN-WAIT-2. FIN-WAIT-2 "
        "that becomes TIME-WAIT is the same entry and counts once.",
        notes=(WHEN_COUNTED,),
        sources=(
            (
                "net/ipv4/inet_timewait_sock.c tw_timer_handler(): read in 4.1 to 5.17; __inet_twsk_schedule(): "
                "5.18 to 6.19."
            ),
            "Measured on 6.18.",
        ),
    ),
    Counter(
        name="TcpExt.TWKilled",
        unit="events",
        kind="counter",
        scopes=NETNS,
        meaning="A time-wait entry with 4 s to live or less, as tcp_fin_timeout=4 and below makes them. Entries "
        "that were cut short are not in it, whatever the name says.",
        notes=(WHEN_COUNTED, "Up to 4.11 the short entries of tcp_tw_recycle are in it."),
        beliefs=(
            Belief(
                "TWKilled counts TIME-WAIT sockets the kernel killed under pressure.",
                "The kernel never evicts an entry; over the limit it makes none (TcpExt.TCPTimeWaitOverflow).",
            ),
        ),
        sources=(
            (
                "net/ipv4/inet_timewait_sock.c tw_timer_handler(): read in 4.1 to 5.17; __inet_twsk_schedule(): "
                "5.18 to 6.19."
            ),
            "Measured on 6.18.",
        ),
    ),
    Counter(
        name="TcpExt.TWRecycled",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="SYN",
        meaning="A connect() took over a TIME-WAIT of the same two addresses and ports: by tcp_tw_reuse, or "
        "because the socket was bound to that port. A SYN that a server accepts in TIME-WAIT is not in it.",
        notes=(
            "A connect() that finds every port in TIME-WAIT fails with EADDRNOTAVAIL and moves no counter.",
            "There is no counter by the name of TCPTWReuse in any kernel; this is the one.",
        ),
        beliefs=(
            Belief(
                "TWRecycled counts the work of tcp_tw_recycle.",
                "It counts reuse; tcp_tw_recycle was removed in 4.12 and the counter lives on.",
            ),
        ),
        sources=(
            "net/ipv4/inet_hashtables.c __inet_check_established(): read in 3.10 to 6.19.",
            "Measured on 6.18.",
        ),
    ),
    Counter(
        name="TcpExt.TCPTimeWaitOverflow",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="nothing; the peer's later FIN gets a RST",
        meaning="A closing connection got no time-wait entry because tcp_max_tw_buckets was reached or memory "
        "failed: it vanished at once, without FIN-WAIT-2 or TIME-WAIT. Entries that exist are not touched.",
        notes=(
            "The limit counts FIN-WAIT-2 entries too, so the overflow comes when our FIN is acknowledged.",
            (
                "Up to 4.10 and on RHEL 7 one limit holds for all network namespaces together; since 4.11 each "
                "has its own."
            ),
        ),
        sources=(
            (
                "net/ipv4/inet_timewait_sock.c inet_twsk_alloc() and tcp_minisocks.c tcp_time_wait(): read in "
                "3.10 to 6.19."
            ),
            "Measured on 6.18: limit 5, 20 closes, 15 overflows, 15 RSTs to the peers' FINs, no line in dmesg.",
        ),
    ),
    Counter(
        name="TcpExt.PAWSPassive",
        unit="events",
        kind="counter",
        scopes=NETNS,
        until="4.11",
        packet="nothing",
        meaning="tcp_tw_recycle dropped a client's SYN because its timestamp was older than the last one seen "
        "from that address. Without tcp_tw_recycle it stays at 0.",
        notes=("RHEL 7 (3.10.0-1160) has it; it left with tcp_tw_recycle in 4.12.",),
        sources=(
            "net/ipv4/tcp_ipv4.c tcp_v4_conn_request(): read in 3.10; tcp_input.c tcp_conn_request(): read in 4.2.",
        ),
    ),
    Counter(
        name="TcpExt.PAWSActive",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="RST",
        meaning="In SYN-SENT a SYN-ACK came that echoes a timestamp this side did not send; it was refused.",
        sources=("net/ipv4/tcp_input.c tcp_rcv_synsent_state_process(): read in 3.10 and 6.18.", "RFC 7323 section 5."),
    ),
    Counter(
        name="TcpExt.PAWSEstab",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="ACK",
        meaning="A segment of a connection, or of a handshake in SYN-RECEIVED, was refused because its "
        "timestamp is older than the last one accepted. Refused SYN-ACKs are in PAWSActive.",
        notes=(
            "Up to 6.13 old pure ACKs are in it; since 6.14 they are in TcpExt.PAWSOldAck.",
            (
                "Up to 6.14 segments refused in TIME-WAIT are in it; since 6.15 (seen in 6.17) they are in "
                "TcpExt.PAWSTimewait."
            ),
        ),
        sources=(
            "net/ipv4/tcp_input.c tcp_validate_incoming() and tcp_minisocks.c tcp_check_req(): read in 3.10 to 6.19.",
            "RFC 7323 section 5.",
        ),
    ),
    Counter(
        name="TcpExt.PAWSOldAck",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="6.14",
        packet="nothing",
        meaning="A pure ACK with an old timestamp and nothing new in it was dropped. Reordering makes a few of "
        "them; they do no harm.",
        sources=("net/ipv4/tcp_input.c tcp_validate_incoming(): read in 6.14 to 6.19; absent from 6.13.",),
    ),
    Counter(
        name="TcpExt.PAWSTimewait",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="6.15",
        packet="ACK",
        meaning="A segment that reached TIME-WAIT was refused because its timestamp is older than the last one "
        "seen. Unless it is a RST, it also starts the 60 s of that TIME-WAIT again.",
        notes=("Absent from 6.14 and seen in 6.17; 6.15 is the likely release.",),
        sources=("net/ipv4/tcp_minisocks.c tcp_timewait_state_process(): read in 6.14, 6.17, 6.18 and 6.19.",),
    ),
)
