"""Keys about retransmission of connections that a process owns, and the timers every connection shares."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import INT_THEN_BYTE, RHEL_7_HOST, netns_since
from tcptune.kernel.history import INT_MIN, Belief, Range, Span
from tcptune.kernel.sysctl import Sysctl

RETRANSMISSION: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.ipv4.tcp_retries1",
        unit="retries",
        summary="After how much unanswered retransmission TCP begins to doubt the route and the packet size.",
        decides=("When black-hole MTU probing starts and the routing layer is told that the path looks bad.",),
        decides_not=("It never ends a connection, in any state.",),
        defaults=(Span("3"),),
        ranges=(
            Range(INT_MIN, 255, until="5.12", note="Only the upper bound is checked; RHEL 7 and RHEL 8 as well."),
            Range(0, 255, since="5.13", note="A byte in 5.14-rc5, an int in 5.12: 5.13 is inferred."),
        ),
        scopes=netns_since("4.6", host_until="4.5"),
        vendors=(RHEL_7_HOST,),
        takes_effect="At the next retransmission timer.",
        interplay=("The value is turned into a time by the same model as tcp_retries2.",),
        beliefs=(
            Belief(
                "Lowering it drops dead connections sooner.",
                "tcp_retries2 does that; this one only asks for another route.",
            ),
        ),
        sources=("net/ipv4/tcp_timer.c tcp_write_timeout(): read in 3.10 to 6.19", "RFC 9293 section 3.8.3 (R1)"),
    ),
    Sysctl(
        name="net.ipv4.tcp_retries2",
        unit="retries",
        summary="How long a connection that a process owns may retransmit without an answer: written as retries, "
        "applied as a time.",
        decides=(
            (
                "How long a socket with an open descriptor retransmits before it dies with ETIMEDOUT, in every state: "
                "ESTABLISHED, CLOSE-WAIT, and after shutdown() FIN-WAIT-1, CLOSING and LAST-ACK."
            ),
            (
                "The value N is a time limit: (2^(N+1) - 1) x 200 ms after the first RTO retransmission for N up to "
                "9, then one RTO ceiling (120 s) more for each further retry. 15 gives 924.6 s, measured 938.9 s with "
                "an RTO of 204 ms."
            ),
            "How far the zero-window probe interval may double, for orphans too.",
        ),
        decides_not=(
            "Not orphans' retransmissions: those follow tcp_orphan_retries.",
            "Not a socket with TCP_USER_TIMEOUT.",
            "Not an owned socket whose zero-window probes are answered: it stays for ever, by design.",
            "Not an idle connection: without unacknowledged data only keepalive notices a dead peer.",
        ),
        defaults=(Span("15"),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.6", host_until="4.5"),
        vendors=(RHEL_7_HOST,),
        takes_effect="On existing sockets at their next retransmission or probe timer.",
        meanings=(
            Span("Zero window, probes unanswered, socket owned: N+1 probes.", until="4.19", note="RHEL 8 as well."),
            Span("Zero window, probes unanswered, socket owned: N probes.", since="4.20"),
            Span("The ceiling in the formula is the socket's own, from tcp_rto_max_ms.", since="6.15"),
        ),
        interplay=(
            (
                "Keep it at or above tcp_orphan_retries and at 10 or more, or closed sockets behind an answered zero "
                "window never die."
            ),
            "A lower tcp_rto_max_ms closes that hole, because the probe interval then reaches its ceiling earlier.",
        ),
        dangers=(
            (
                "At 9 or below (RTO 204-234 ms) the probe interval never reaches the RTO ceiling: an orphan whose "
                "peer keeps answering with a closed window is immortal. With 3 and with 8 it was still in FIN-WAIT-1 "
                "after 1000 s."
            ),
            (
                "Below 8 it is under the 100 s that RFC 1122 asks for; 0 kills a connection at its second RTO expiry "
                "(0.84 s)."
            ),
        ),
        beliefs=(
            Belief(
                "15 means 15 retransmissions, or 15 minutes 24 s sharp.",
                "It is a time limit, checked when a timer expires: 924.6 s became 938.9 s.",
            ),
            Belief(
                "It has nothing to do with closed sockets.",
                "It rules FIN-WAIT-1, CLOSING and LAST-ACK that a process still holds, and caps the probes of orphans.",
            ),
        ),
        sources=(
            (
                "net/ipv4/tcp_timer.c tcp_write_timeout(), retransmits_timed_out(), tcp_probe_timer(), "
                "net/ipv4/tcp_output.c tcp_send_probe0(): read in 3.10 to 6.19"
            ),
            "measured on 6.18 (HZ=250): owned sockets with 0 and 15, answered zero windows with 3, 8 and 15",
            "RFC 1122 section 4.2.3.5, RFC 9293 section 3.8.3 (R2)",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_sack",
        unit="bool",
        summary="Whether a connection may agree on selective acknowledgements, without which there is no tail loss "
        "probe.",
        decides=(
            (
                "0: connections opened from now on have no SACK, so an unanswered FIN gets no tail loss probe and "
                "every life that follows from tcp_orphan_retries or tcp_retries2 is about one RTO shorter."
            ),
        ),
        decides_not=("Not a limit or a retry count: only whether the FIN is repeated once before the first RTO.",),
        defaults=(Span("1"),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.13", host_until="4.12"),
        vendors=(RHEL_7_HOST,),
        takes_effect="On the next handshake, where the peer agrees too.",
        interplay=("tcp_early_retrans decides whether a connection with SACK sends the probe.",),
        dangers=("0 costs every lossy connection more and longer retransmissions.",),
        beliefs=(
            Belief(
                "tcp_sack=0 makes closing faster.",
                "It takes about 0.2 s off the 107 s of an orphan, and slows every connection that loses packets.",
            ),
        ),
        sources=(
            "net/ipv4/tcp_output.c tcp_schedule_loss_probe(): read in 3.10 to 6.19",
            (
                "measured on 6.18 (HZ=250): tcp_orphan_retries=1 lived 1.45 s and sent 3 FINs with tcp_sack=0, "
                "1.67 s and 4 FINs with 1"
            ),
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_early_retrans",
        unit="enum",
        summary="Whether a tail loss probe repeats the last segment, such as a FIN, before the retransmission timer "
        "expires.",
        decides=(
            (
                "3 (the default) or 4: an unanswered FIN is sent again after min(RTO, 2 x RTT + minimum RTO), 204 ms "
                "on a LAN (after 2 x RTT + 8 ms where other data is in flight too), and a full RTO follows before the "
                "first RTO retransmission."
            ),
            (
                "0, 1 or 2: no probe, so every life that follows from tcp_orphan_retries or tcp_retries2 is about one "
                "RTO shorter."
            ),
        ),
        decides_not=("Not how many retries a socket has: the probe does not count as one.",),
        defaults=(Span("3"),),
        ranges=(Range(0, 4),),
        scopes=netns_since("4.15", host_until="4.14"),
        vendors=(RHEL_7_HOST,),
        takes_effect="When a segment is sent, so on the next FIN.",
        meanings=(
            Span("Tail loss probe on for 3 and above.", until="4.10", note="RHEL 7 as well."),
            Span("Tail loss probe on for 3 and 4.", since="4.11"),
            Span(
                "A bare FIN is not repeated; the timer is only armed again.",
                since="3.13",
                until="3.13",
                note="Seen in 3.13 only.",
            ),
        ),
        interplay=("Needs SACK on the connection. The probe counts TcpExt.TCPLossProbes and Tcp.RetransSegs.",),
        beliefs=(
            Belief(
                "The second FIN on the wire is the first retry.",
                "With SACK it is the probe; retries are counted from the RTO after it.",
            ),
        ),
        sources=(
            "net/ipv4/tcp_output.c tcp_schedule_loss_probe(), tcp_send_loss_probe(): read in 3.10 to 6.19",
            "measured on 6.18 (HZ=250): with and without SACK",
            "RFC 8985 section 7",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_frto",
        unit="enum",
        summary="Whether TCP checks after a retransmission timeout if the timeout was a false alarm (F-RTO).",
        decides=(
            "0 off, any other value on: how the congestion window recovers after a timeout that proves needless.",
        ),
        decides_not=("Nothing about closing: no lifetime of any state depends on it.",),
        defaults=(Span("2"),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.15", host_until="4.14"),
        vendors=(RHEL_7_HOST,),
        takes_effect="At the next retransmission timeout.",
        sources=("net/ipv4/tcp_input.c tcp_enter_loss(): read in 3.10 to 6.19", "RFC 5682"),
    ),
    Sysctl(
        name="net.ipv4.tcp_thin_linear_timeouts",
        unit="bool",
        summary="Whether an established connection with few packets in flight repeats at a constant interval for its "
        "first timeouts.",
        decides=("1: thin streams in ESTABLISHED do not double the RTO for the first six timeouts.",),
        decides_not=(
            "Nothing outside ESTABLISHED: FIN-WAIT-1, CLOSING and LAST-ACK double their RTO as always (measured).",
        ),
        defaults=(Span("0"),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.15", host_until="4.14"),
        vendors=(RHEL_7_HOST,),
        takes_effect="At the next retransmission timeout.",
        beliefs=(
            Belief("It makes closing faster.", "The timer tests for ESTABLISHED; a closing socket is never thin."),
        ),
        sources=(
            "net/ipv4/tcp_timer.c tcp_retransmit_timer(): read in 3.10 to 6.19",
            "measured on 6.18 (HZ=250): no difference for FIN-WAIT-1",
        ),
    ),
)
