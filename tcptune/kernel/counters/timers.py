"""Counters of retransmissions, probes and challenge ACKs, from /proc/net/netstat."""

from __future__ import annotations

from tcptune.kernel.counters.shape import NETNS, Counter

OUT_OF_WINDOW = (
    "net/ipv4/tcp_input.c __tcp_oow_rate_limited() (tcp_oow_rate_limited() up to 4.3): read in 4.0 to 6.19; absent "
    "from 3.19."
)
TIME_WAIT_INPUT = "net/ipv4/tcp_minisocks.c tcp_timewait_state_process(): read in 6.18."
RHEL_7_HAS_IT = "RHEL 7 (3.10.0-1160) has it."

TIMERS = (
    Counter(
        name="TcpExt.TCPTimeouts",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="the segment again",
        meaning="A retransmission timer ran out: data, FIN, SYN or SYN-ACK was not acknowledged in time. Tail "
        "loss probes and window probes are not in it.",
        notes=(
            (
                "Up to 4.19, on RHEL 7 and on RHEL 8 only the first timeout of a loss counts; since 4.20 and on "
                "RHEL 9 every one does, so the number jumps with such an upgrade."
            ),
            "TcpTimeoutRehash, written so and there since 5.6, counts those after which another path is tried.",
        ),
        sources=(
            "net/ipv4/tcp_timer.c tcp_retransmit_timer() and tcp_syn_ack_timeout(): read in 3.10 to 6.19.",
            "Measured on 6.18.",
        ),
    ),
    Counter(
        name="TcpExt.TCPLossProbes",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="the last segment again",
        meaning="A tail loss probe was sent: the last segment, repeated before its first timeout. A FIN that "
        "nobody acknowledges is repeated this way once, after 204 ms on a LAN at HZ=250.",
        notes=(
            "There are none without SACK, or where tcp_early_retrans is below 3.",
            "TCPLossProbeRecovery counts those that made a loss good.",
        ),
        sources=(
            "net/ipv4/tcp_output.c tcp_send_loss_probe(): read in 3.10 to 6.19.",
            "Measured on 6.18 (HZ=250).",
        ),
    ),
    Counter(
        name="TcpExt.TCPWinProbe",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="4.2",
        packet="empty ACK with an old sequence number",
        meaning="An empty probe was sent to a peer whose receive window is closed. A probe that could carry "
        "data, because the window had opened a little, is not in it.",
        notes=("An orphan that the peer keeps answering with a closed window goes on adding to it.",),
        sources=(
            "net/ipv4/tcp_output.c tcp_write_wakeup(): read in 4.2 and 6.18; the name is absent from 4.0 and 4.1.",
        ),
    ),
    Counter(
        name="TcpExt.TCPKeepAlive",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="4.2",
        packet="empty ACK with an old sequence number",
        meaning="A keepalive probe was sent, for a socket whose application set SO_KEEPALIVE. Sockets that did "
        "not ask for it are never probed.",
        sources=(
            "net/ipv4/tcp_timer.c tcp_keepalive_timer(): read in 4.2 and 6.18; the name is absent from 4.0 and 4.1.",
        ),
    ),
    Counter(
        name="TcpExt.TCPChallengeACK",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="ACK",
        meaning="A doubtful segment (a RST or SYN in the window, an ACK out of range) was answered with a "
        "challenge ACK. Those that a rate limit held back are not in it.",
        notes=(
            (
                "Kernels 4.13 to 6.8 drop and challenge a FIN that its own ACK overtook, after shutdown(); 6.9 "
                "accepts it. Stable trees and RHEL differ: 4.4.178 and 6.6.87 drop it, 6.1.192, RHEL 8.10 and "
                "9.6 accept it."
            ),
        ),
        sources=("net/ipv4/tcp_input.c tcp_send_challenge_ack(): read in 3.10 to 6.19.", "RFC 5961 sections 3 to 5."),
    ),
    Counter(
        name="TcpExt.TCPSYNChallenge",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="ACK",
        meaning="A SYN came for a connection that already exists; a challenge ACK is due. It counts the SYN, "
        "also where a rate limit then held the ACK back.",
        notes=(
            (
                "A client that reuses its port while the server still holds the old connection raises it, and "
                "loses about 1 s."
            ),
        ),
        sources=("net/ipv4/tcp_input.c tcp_validate_incoming(): read in 3.10 and 6.18.", "RFC 5961 section 4."),
    ),
    Counter(
        name="TcpExt.TCPACKSkippedFinWait2",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="4.0",
        packet="nothing",
        meaning="A segment out of the window reached a FIN-WAIT-2 time-wait entry, and the ACK due for it was "
        "held back by tcp_invalid_ratelimit.",
        notes=(RHEL_7_HAS_IT,),
        sources=(OUT_OF_WINDOW, TIME_WAIT_INPUT),
    ),
    Counter(
        name="TcpExt.TCPACKSkippedTimeWait",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="4.0",
        packet="nothing",
        meaning="A segment out of the window reached a TIME-WAIT, and the ACK due for it was held back by "
        "tcp_invalid_ratelimit. The 60 s of that TIME-WAIT may start again all the same.",
        notes=(RHEL_7_HAS_IT,),
        sources=(OUT_OF_WINDOW, TIME_WAIT_INPUT),
    ),
    Counter(
        name="TcpExt.TCPACKSkippedChallenge",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="4.0",
        packet="nothing",
        meaning="A challenge ACK was held back by tcp_invalid_ratelimit, because that socket had sent one just "
        "before. What tcp_challenge_ack_limit holds back is not in it.",
        notes=(RHEL_7_HAS_IT,),
        sources=(OUT_OF_WINDOW, "net/ipv4/tcp_input.c tcp_send_challenge_ack(): read in 6.18."),
    ),
)
