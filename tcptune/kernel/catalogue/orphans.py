"""Keys about orphans: closed sockets that no process owns any more but that TCP has not finished with."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import ANY_INT, HOST, INT_THEN_BYTE, RHEL_7_HOST, netns_since
from tcptune.kernel.history import Belief, Span
from tcptune.kernel.sysctl import Sysctl

ORPHANS: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.ipv4.tcp_orphan_retries",
        unit="retries",
        summary="How long the kernel goes on retransmitting for a closed socket that no process owns: written as "
        "retries, applied as a time.",
        decides=(
            "How long an orphan in FIN-WAIT-1, CLOSING or LAST-ACK lives while nothing it sent is acknowledged.",
            (
                "0, the default, is not zero: it counts as 8 (about 107 s) while the socket's RTO is below its "
                "ceiling of 120 s, and as 0 once the RTO has reached that ceiling."
            ),
            (
                "The value N is a time limit: (2^(N+1) - 1) x 200 ms after the first RTO retransmission for N up to "
                "9, then one RTO ceiling more for each further retry. The 200 ms is a constant of the kernel."
            ),
            (
                "The orphan dies at the first RTO expiry at or past the limit, but not at the first expiry of a loss: "
                "silently, without a RST, TcpExt.TCPAbortOnTimeout +1. Its peer learns nothing. A connection that was "
                "retransmitting already when close() was called keeps its clock and can die at the next expiry."
            ),
            (
                "On a LAN (RTO 204 ms) the whole life is 1.67 s for 1, 3.3 s for 2, 6.7 s for 3 and for 4, 13.4 s for "
                "5, 26.6 s for 6, 54 s for 7, 107 s for 8 and for 0, 334 s for 10, 575 s for 12, 938 s for 15. With "
                "an RTT of 150 ms 0 gave 190 s."
            ),
            "How many zero-window probes in a row may stay unanswered while an orphan waits for its peer's window.",
        ),
        decides_not=(
            (
                "Not sockets a process still holds: after shutdown() without close(), FIN-WAIT-1, CLOSING and "
                "LAST-ACK follow tcp_retries2."
            ),
            (
                "Not an orphan whose peer answers zero-window probes: every answer clears the count. It ends only "
                "when the probe interval reaches the RTO ceiling, 334-336 s after close() for every value from 0 to "
                "10."
            ),
            (
                "Not an orphan that makes progress: an ACK for new data restarts the clock, so a slow reader has no "
                "limit."
            ),
            "Not FIN-WAIT-2, TIME-WAIT or CLOSE-WAIT.",
            (
                "Not a socket with TCP_USER_TIMEOUT: that option survives close() and replaces this value in both "
                "directions (1 with 20 s lived 20.7 s, 8 with 1 s died after 1.43 s)."
            ),
        ),
        defaults=(Span("0", note="The kernel's documentation says 8; the file reads 0 in every tree."),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.6", host_until="4.5"),
        vendors=(RHEL_7_HOST, ("RHEL 7 (3.10.0-1160)", "Has the zero-window fix that mainline got in 3.18.")),
        takes_effect="On existing orphans at their next retransmission or probe timer; one that is past the new limit "
        "dies there.",
        meanings=(
            Span("The FIN's own timers: a time limit N as above, 0 standing for 8 while the RTO is below its ceiling."),
            Span(
                "Zero window, probes answered: the orphan never dies.",
                until="3.17",
                note="RHEL 7 (3.10.0-1160) has the fix of 3.18.",
            ),
            Span(
                "Zero window, probes answered: the orphan dies at the first probe timer whose interval has reached "
                "the RTO ceiling and whose back-off exponent is at least N (0 counts as 0 there). Each N from 11 up "
                "to tcp_retries2 adds 120 s: 15 lived 942 s.",
                since="3.18",
            ),
            Span("Zero window, probes unanswered: N+1 probes.", until="4.19", note="RHEL 8 as well."),
            Span(
                "Zero window, probes unanswered: N probes; the back-off reached before close() stretches them.",
                since="4.20",
                note="0 died 110 s after a close at back-off 0, 337 s after one at back-off 3.",
            ),
            Span(
                "The RTO ceiling is the socket's own, from tcp_rto_max_ms or TCP_RTO_MAX_MS; before it was 120 s.",
                since="6.15",
            ),
            Span(
                "The clock starts at the first RTO retransmission even where that could not be sent; up to 5.0 the "
                "time of the oldest segment was taken then.",
                since="5.2",
                note="5.1 was not read.",
            ),
            Span(
                "A negative value makes the limit overflow: FIN-WAIT-1 orphans live for weeks.",
                until="5.12",
                note="Derived from the source, not run.",
            ),
        ),
        interplay=(
            (
                "tcp_retries2 caps the probe interval of orphans: with tcp_retries2 at 9 or below (RTO 204-234 ms), "
                "or below this value, an orphan behind an answered zero window never dies."
            ),
            (
                "Lowering tcp_rto_max_ms while this is 0 cuts orphans short, because N drops from 8 to 0 when the RTO "
                "reaches the lower ceiling: 30000 gave 84.6 s, 5000 gave 11.8 s, 1000 gave 2.7 s. With 8 written out: "
                "84.4 s, 27.2 s and 7.8 s."
            ),
            "tcp_rto_min_us does not change the limit, only how many retransmissions fit into it.",
            "tcp_max_orphans can kill the orphan earlier, with a RST.",
            "An ICMP error remembered by the socket turns any value into 0 once the RTO is at its ceiling.",
        ),
        dangers=(
            "Above tcp_retries2: orphans behind an answered zero window become immortal.",
            (
                "1 gives up after 1.67 s on a LAN: on a lossy or slow path the tail of the data is lost and the peer "
                "waits."
            ),
            "Negative values, accepted up to 5.12, mean almost for ever.",
        ),
        beliefs=(
            Belief(
                "3 means 8 seconds.",
                "The limit for 3 is 3.0 s after the first RTO retransmission and the measured life 6.7 s; 4 gave 6.7 "
                "s as well.",
            ),
            Belief(
                "A large value is merely patient.",
                "Above tcp_retries2 it never ends: 20 against 15 was still in FIN-WAIT-1 after 1100 s.",
            ),
            Belief("It shortens TIME-WAIT.", "TIME-WAIT retransmits nothing and lasts 60 s whatever this is."),
        ),
        sources=(
            (
                "net/ipv4/tcp_timer.c tcp_orphan_retries(), tcp_write_timeout(), retransmits_timed_out(), "
                "tcp_probe_timer(): read in 3.10 to 6.19"
            ),
            (
                "measured on 6.18 (HZ=250): lives and retransmission counts for 0 to 15, answered and unanswered zero "
                "windows, TCP_USER_TIMEOUT, tcp_rto_max_ms"
            ),
            "RFC 9293 section 3.8.3 (R1 and R2), section 3.8.6.1 (zero-window probing)",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_max_orphans",
        unit="sockets",
        summary="How many closed TCP sockets without an owner the whole machine may have before the kernel resets "
        "some.",
        decides=(
            "When an orphan (a full socket that no descriptor refers to) is killed with a RST to save resources.",
            "It is checked in close(), and at every retransmission and probe timer of every orphan.",
            (
                "At those timers an orphan counts double if it sent no data for more than twice the RTO ceiling (240 "
                "s) or has outlived its retries, and double again if an ICMP error is pending: such orphans die at "
                "half or a quarter of the limit."
            ),
            (
                "A kill is RST to the peer, TcpExt.TCPAbortOnMemory +1 and the rate-limited log line 'too many "
                "orphaned sockets'."
            ),
        ),
        decides_not=(
            (
                "Not TIME-WAIT and not a FIN-WAIT-2 kept as a timewait entry (tcp_fin_timeout up to 60): those are "
                "bounded by tcp_max_tw_buckets."
            ),
            "Not sockets a process still holds, in whatever state.",
            "Not one container's share: limit and count are the machine's.",
        ),
        defaults=(
            Span(
                "ehash/2, where ehash is kernel memory / 128 KiB rounded up to a power of two, at most 524288 slots: "
                "4096 with 1 GiB, 32768 with 8 GiB, 131072 with 32 GiB, at most 262144",
                note="Boot option thash_entries= sets the slots and lifts the cap.",
            ),
        ),
        ranges=ANY_INT,
        scopes=HOST,
        vendors=(("Tencent 4.14 and 5.4 kernels (OpenCloudOS)", "Per network namespace."),),
        takes_effect="At the next close() that leaves an orphan and at the next timer of every existing one.",
        meanings=(
            Span("The count compared is the exact sum over all CPUs.", until="5.15"),
            Span(
                "The count compared is a copy refreshed every 100 ms, so bursts overshoot; sockstat.TCP.orphan stays "
                "exact.",
                since="5.16",
                note="Absent in 5.14-rc5, seen in 5.17-rc5; also 5.10.89, 5.15.16 and RHEL 9.2.",
            ),
            Span(
                "0 or negative: every close that leaves an orphan is reset.", note="Derived from the source, not run."
            ),
        ),
        interplay=(
            (
                "FIN-WAIT-1, CLOSING, LAST-ACK and, with tcp_fin_timeout above 60, the first half of FIN-WAIT-2 are "
                "orphans."
            ),
            (
                "tcp_orphan_retries decides how long each stays; an orphan that holds only a FIN costs about 3.5 KB "
                "and one page of tcp_mem, one with data up to tcp_wmem's max."
            ),
        ),
        dangers=(
            (
                "Lowering it resets orderly closes in every container of the machine; the kernel's documentation "
                "forbids it."
            ),
            (
                "A burst is not trimmed but wiped out: 1500 closes in 39 ms over a limit with room for 150 were all "
                "accepted by close() and all 1500 reset 0.4 s later."
            ),
        ),
        beliefs=(
            Belief("The value must be a multiple of 2 or 4.", "Any number works; nothing is rounded."),
            Belief(
                "Lowering it saves memory.",
                "It trades a few KB for each orphan for resets of connections that were closing in order.",
            ),
        ),
        sources=(
            (
                "net/ipv4/tcp.c tcp_check_oom(), tcp_init(), net/ipv4/tcp_timer.c tcp_out_of_resources(): read in "
                "3.10 to 6.19"
            ),
            (
                "measured on 6.18 (HZ=250): what counts, bursts, the penalty for idle orphans, absence in child "
                "namespaces"
            ),
        ),
    ),
)
