"""Keys that bound the retransmission timeout (RTO) of a socket from above and from below."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import NETNS
from tcptune.kernel.history import INT_MAX, Belief, Range, Span
from tcptune.kernel.sysctl import Sysctl

RTO: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.ipv4.tcp_rto_max_ms",
        unit="ms",
        summary="The ceiling to which a socket's retransmission timeout and zero-window probe interval may double.",
        decides=(
            "How far the RTO backs off, and with it every life that tcp_orphan_retries and tcp_retries2 decide.",
            (
                "When an orphan behind an answered zero window may die: as soon as its probe interval reaches the "
                "ceiling. 2000 ended it after 4.9-5.1 s, the default 120000 after 334-336 s."
            ),
            "At which RTO tcp_orphan_retries=0 stops meaning 8 and starts meaning 0.",
        ),
        decides_not=(
            "Not FIN-WAIT-2 or TIME-WAIT.",
            "Not sockets that exist already, nor connections accepted by listeners that exist already.",
        ),
        defaults=(Span("120000", since="6.15"),),
        ranges=(Range(1000, 120000, since="6.15", note="Absent in 6.14, seen in 6.17: 6.15 is inferred."),),
        scopes=NETNS,
        since="6.15",
        takes_effect="On sockets created afterwards. Accepted connections copy their listener's value, so listeners "
        "must be made anew; the socket option TCP_RTO_MAX_MS sets one socket.",
        interplay=(
            (
                "With tcp_orphan_retries=0 orphans die early: 30000 gave 84.6 s, 5000 gave 11.8 s, 1000 gave 2.7 s in "
                "place of 107 s. With 8 written out: 84.4 s, 27.2 s and 7.8 s."
            ),
            "It closes the hole of a low tcp_retries2, because the probe interval reaches the lower ceiling sooner.",
        ),
        dangers=("Lowering it shortens the patience of every connection unless tcp_retries2 rises as well.",),
        beliefs=(
            Belief(
                "A running service takes the new value.",
                "A connection accepted after the change still had 120000, because its listener was older; a new "
                "client socket had the new value.",
            ),
            Belief(
                "It cuts orphans in proportion.",
                "While tcp_orphan_retries is 0 it switches N from 8 to 0: 1000 gives 2.7 s and not the 7.8 s of N = 8.",
            ),
        ),
        sources=(
            (
                "net/ipv4/tcp.c tcp_init_sock(), include/net/tcp.h tcp_rto_max(), net/ipv4/tcp_timer.c: read in 6.17 "
                "to 6.19"
            ),
            (
                "measured on 6.18 (HZ=250): 1000 to 30000 with tcp_orphan_retries 0 and 8, answered zero windows, "
                "listeners"
            ),
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_rto_min_us",
        unit="us",
        summary="The floor of the variance term in a socket's retransmission timeout, and so of the RTO itself.",
        decides=(
            (
                "How soon the first retransmission can happen: RTT plus this value, 204 ms on a LAN by default with "
                "HZ=250."
            ),
            (
                "How many retransmissions fit into the time that tcp_orphan_retries or tcp_retries2 allows: with "
                "tcp_orphan_retries=3, 5 ms made 8 in 3.2 to 3.8 s."
            ),
            "1 gives an RTO of 8 ms on a LAN, two jiffies at HZ=250 (measured).",
        ),
        decides_not=(
            "Not that time itself: the model behind both keys uses a fixed 200 ms, whatever this value is.",
            "Not sockets that exist already, nor connections accepted by listeners that exist already.",
        ),
        defaults=(Span("200000", since="6.11"),),
        ranges=(Range(1, INT_MAX, since="6.11"),),
        scopes=NETNS,
        since="6.11",
        vendors=(("RHEL 10", "Present."),),
        takes_effect="On sockets created afterwards; accepted connections copy their listener's value.",
        interplay=(
            "The route attribute rto_min overrides it.",
            "Above tcp_rto_max_ms the RTO is tcp_rto_max_ms.",
        ),
        dangers=("A low value repeats segments needlessly when a peer delays its ACK (40 ms is usual).",),
        beliefs=(
            Belief(
                "It scales the life of an orphan.",
                "With tcp_orphan_retries=3: 50 ms gave 3.7 s, 200 ms gave 6.7 s with 5 retransmissions, 1 s gave 8.3 "
                "s with 3.",
            ),
        ),
        sources=(
            "net/ipv4/tcp.c tcp_init_sock(), include/net/tcp.h tcp_rto_min(): read in 6.11 to 6.19, absent in 6.10",
            "measured on 6.18 (HZ=250): values from 1 to 5000000",
            "RFC 6298",
        ),
    ),
)
