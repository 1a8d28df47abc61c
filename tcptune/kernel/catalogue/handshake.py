"""Keys about the handshake and about answers to segments that do not fit a connection."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import (
    ANY_INT,
    HOST_WIDE,
    INT_THEN_BYTE,
    NETNS,
    PER_NETNS,
    RHEL_7_HOST,
    netns_since,
)
from tcptune.kernel.history import INT_MAX, Range, Span
from tcptune.kernel.sysctl import Sysctl

HANDSHAKE: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.ipv4.tcp_syn_retries",
        unit="retries",
        summary="How long connect() repeats an unanswered SYN before it fails with ETIMEDOUT.",
        decides=(
            (
                "The value N fails connect() at the first SYN timer at or after (2^(N+1) - 1) s from the first SYN, "
                "or once N retransmissions (N plus tcp_syn_linear_timeouts since 6.5) went unanswered, whichever "
                "comes first."
            ),
            (
                "With tcp_syn_linear_timeouts at 4: 1 took 3.1 s (3 SYNs), 2 took 7.1 s (6), 3 took 19.4 s (8), 5 "
                "took 68 s (10), 6 took 133 s (11). At 0: 1 took 3.0 s (2), 3 took 15.4 s (4), 6 took 129 s (7)."
            ),
        ),
        decides_not=(
            "Nothing once the connection is established.",
            "Not a socket with TCP_SYNCNT, which brings its own value.",
        ),
        defaults=(Span("6"),),
        ranges=(Range(1, 127),),
        scopes=netns_since("4.6", host_until="4.5"),
        vendors=(RHEL_7_HOST,),
        takes_effect="At the next SYN timer.",
        meanings=(
            Span("N retransmissions at 1, 2, 4, ... s: 6 gives up after 127 s and a little.", until="6.4"),
            Span(
                "The first retransmissions come every second (tcp_syn_linear_timeouts), which the count allows for "
                "and the time does not: the time decides.",
                since="6.5",
            ),
        ),
        interplay=("tcp_syn_linear_timeouts sends more SYNs in the same time.",),
        sources=(
            "net/ipv4/tcp_timer.c tcp_write_timeout(): read in 3.10 to 6.19",
            "measured on 6.18 (HZ=250): values 1 to 6 with tcp_syn_linear_timeouts 4 and 0",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_synack_retries",
        unit="retries",
        summary="How often a listener repeats an unanswered SYN-ACK before it forgets the request.",
        decides=("How long a SYN-RECEIVED lives: 0, 1, 2, 3 and 5 gave 1.04, 3.6, 7.7, 15.6 and 65.6 s.",),
        decides_not=("Not connections in the accept queue.",),
        defaults=(Span("5"),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.6", host_until="4.5"),
        vendors=(RHEL_7_HOST,),
        takes_effect="At the next SYN-ACK timer.",
        interplay=(
            "Fewer repeats are sent while the queue is more than half full.",
            (
                "With tcp_abort_on_overflow=0 it is how long the server courts a client that its full accept queue "
                "ignored."
            ),
        ),
        sources=(
            "net/ipv4/inet_connection_sock.c reqsk_timer_handler(): read in 4.4 to 6.19",
            "measured on 6.18 (HZ=250): values 0, 1, 2, 3 and 5",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_syn_linear_timeouts",
        unit="retries",
        summary="How many SYN timeouts stay at one second before the interval begins to double.",
        decides=("The spacing of the first SYNs: 4 gives 1, 1, 1, 1, 1, 2, 4, ... s.",),
        decides_not=("Not how long connect() waits: tcp_syn_retries decides that, within one interval.",),
        defaults=(Span("4", since="6.5"),),
        ranges=(Range(0, 127, since="6.5"),),
        scopes=NETNS,
        since="6.5",
        vendors=(("RHEL 9", "Absent."), ("RHEL 10", "Present.")),
        takes_effect="At the next SYN timer.",
        interplay=("tcp_syn_retries sets the time, this how many SYNs are sent in it.",),
        sources=(
            "net/ipv4/tcp_timer.c tcp_retransmit_timer(): read in 6.5 to 6.19, absent in 6.4",
            "measured on 6.18 (HZ=250): 4 and 0",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_challenge_ack_limit",
        unit="ACKs/s",
        summary="How many challenge ACKs per second TCP sends in answer to segments that might be forged.",
        decides=("The rate of the ACKs that RFC 5961 asks for when a RST, SYN or ACK does not fit exactly.",),
        decides_not=(
            "Not whether such a segment is accepted.",
            "Not the limit for one connection: that is tcp_invalid_ratelimit.",
        ),
        defaults=(
            Span("100", until="4.6", note="Stable 3.10.108, 3.18.140, 4.1.52 and 4.4.178 have 1000."),
            Span("1000", since="4.7", until="5.19", note="100 in 4.6, 1000 in 4.7.4."),
            Span("2147483647", since="6.0", note="No limit."),
        ),
        ranges=ANY_INT,
        scopes=netns_since("4.15", host_until="4.14"),
        vendors=(
            ("RHEL 7", "Default 1000, one value for the whole machine."),
            ("RHEL 8 and 9", "Default 1000."),
            ("RHEL 10", "No limit."),
        ),
        takes_effect="At once.",
        meanings=(
            Span("The count behind the limit is one for the machine.", until="5.19"),
            Span("The count belongs to a namespace, and the default is no limit.", since="6.0"),
        ),
        interplay=(
            (
                "On a full socket, kernels from 4.13 to 6.8 answer a FIN that carries an old ACK number with a "
                "challenge ACK and drop it; the peer must send the FIN again."
            ),
        ),
        dangers=("100 with a machine-wide count let a stranger probe for connections (CVE-2016-5696).",),
        sources=("net/ipv4/tcp_input.c tcp_send_challenge_ack(): read in 3.13 to 6.19", "RFC 5961"),
    ),
    Sysctl(
        name="net.ipv4.tcp_invalid_ratelimit",
        unit="ms",
        summary="The shortest time between two duplicate ACKs that one connection sends for segments that do not fit.",
        decides=(
            (
                "How often out-of-window and out-of-date segments are answered, by full sockets and by the timewait "
                "entries of FIN-WAIT-2 and TIME-WAIT."
            ),
            "Suppressed answers count TcpExt.TCPACKSkippedFinWait2, TcpExt.TCPACKSkippedTimeWait and their kin.",
        ),
        decides_not=("Not segments that carry data without a SYN: those are always answered.",),
        defaults=(Span("500", since="4.0"),),
        ranges=(Range(0, INT_MAX, since="4.0", note="Rounded up to a jiffy: 1 reads back as 4 with HZ=250."),),
        scopes=(Span("host", since="4.0", until="4.14", note=HOST_WIDE), Span("netns", since="4.15", note=PER_NETNS)),
        since="4.0",
        vendors=(("RHEL 7", "Present, one value for the whole machine."),),
        takes_effect="At once.",
        sources=(
            (
                "net/ipv4/tcp_input.c tcp_oow_rate_limited(), net/ipv4/tcp_minisocks.c: read in 4.1 to 6.19, absent "
                "in 3.19"
            ),
            "measured on 6.18 (HZ=250): accepted values",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_pingpong_thresh",
        unit="count",
        summary="How many question-and-answer turns make TCP treat a connection as interactive and delay its ACKs.",
        decides=("When delayed ACKs (40 ms) begin on a connection that alternates between sending and receiving.",),
        decides_not=(
            "No lifetime of any state; at most the ACK of a FIN comes 40 ms later on an interactive connection.",
        ),
        defaults=(Span("1", since="6.7"),),
        ranges=(Range(1, 255, since="6.7"),),
        scopes=NETNS,
        since="6.7",
        vendors=(
            ("RHEL 10", "Present."),
            ("Tencent 5.4 (OpenCloudOS)", "Named net.core.tcp_pingpong_thresh, one for the machine."),
        ),
        takes_effect="At once.",
        sources=(
            (
                "net/ipv4/tcp_output.c, include/net/inet_connection_sock.h: read in 6.8 to 6.19; absent in 6.6, so "
                "6.7 is inferred"
            ),
            "measured on 6.18 (HZ=250): accepted values; FIN-WAIT-1 lasts RTT + 40 ms after an interactive exchange",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_backlog_ack_defer",
        unit="bool",
        summary="Whether TCP sends one ACK after working through a socket's backlog instead of one for each segment.",
        decides=("1: ACKs wait until the backlog of a socket that was locked has been processed.",),
        decides_not=("Nothing about closing.",),
        defaults=(Span("1", since="6.7"),),
        ranges=(Range(0, 1, since="6.7"),),
        scopes=NETNS,
        since="6.7",
        vendors=(("RHEL 10", "Present."),),
        takes_effect="At once.",
        sources=(
            "net/ipv4/tcp_input.c: read in 6.8 to 6.19; absent in 6.6, so 6.7 is inferred",
            "measured on 6.18 (HZ=250): accepted values",
        ),
    ),
)
