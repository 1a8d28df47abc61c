"""The one key about FIN-WAIT-2: how long an orphan waits for its peer's FIN."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import RHEL_7_HOST, SECONDS_IN_JIFFIES, netns_since
from tcptune.kernel.history import Belief, Span
from tcptune.kernel.sysctl import Sysctl

FIN_WAIT_2: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.ipv4.tcp_fin_timeout",
        unit="s",
        summary="How long a closed socket that no process owns waits in FIN-WAIT-2 for its peer's FIN.",
        decides=(
            (
                "Up to 60: the orphan becomes a timewait entry for that many seconds, though never for less than 3.5 "
                "times the RTO (0.73-0.8 s on a LAN)."
            ),
            (
                "Above 60: it stays a full socket for (value - 60) s and then becomes a timewait entry for (value - "
                "60) s, 2 x (value - 60) in all: 61 gave 2.1 s, 70 gave 20.5 s, 90 gave 61 s, 120 gave 122 s, 200 "
                "gave 294 s."
            ),
            "The end is silent, and no TIME-WAIT follows. Data that arrives while it waits is answered with a RST.",
        ),
        decides_not=(
            "Not TIME-WAIT: that is a constant 60 s, and a FIN that arrives in FIN-WAIT-2 starts a full 60 s.",
            "Not FIN-WAIT-2 of a socket a process still holds (shutdown() without close()): that has no timer at all.",
            "Not FIN-WAIT-1, CLOSING or LAST-ACK, which follow tcp_orphan_retries or tcp_retries2.",
            "Not CLOSE-WAIT, which waits for the application.",
            "Not a socket with TCP_LINGER2, which brings its own value.",
        ),
        defaults=(Span("60"),),
        ranges=SECONDS_IN_JIFFIES,
        scopes=netns_since("4.6", host_until="4.5"),
        vendors=(
            RHEL_7_HOST,
            ("Alibaba Cloud Linux 2 and 3, Tencent 5.4 (OpenCloudOS)", "tcp_tw_timeout takes the place of the 60."),
        ),
        takes_effect="When an orphan enters FIN-WAIT-2, and again when the full-socket half of a value above 60 ends; "
        "a running timewait entry keeps its time.",
        meanings=(
            Span(
                "Timewait entries expire in slots of 7.5 s, so t lasts between t and t + 7.5 s.",
                until="4.0",
                note="Absent in 4.1; RHEL 7 as well.",
            ),
            Span("TCP_LINGER2 above this value means this value.", until="5.7"),
            Span("TCP_LINGER2 is capped at 120 s whatever this value is.", since="5.8", note="5.4.273 as well."),
        ),
        interplay=(
            (
                "As a timewait entry the orphan counts in sockstat.TCP.tw and against tcp_max_tw_buckets; as a full "
                "socket in sockstat.TCP.orphan and against tcp_max_orphans."
            ),
            "Lowered from 90 to 60 or less while a socket is in its full-socket half, that socket ends with a RST.",
        ),
        dangers=(
            "61 to 89 is shorter than 60.",
            "0 and negative values are accepted and mean 3.5 times the RTO: a peer that answers later gets a RST.",
            "A value below the time the peer needs to finish sending turns its late data into a RST.",
        ),
        beliefs=(
            Belief(
                "The kernel caps it at 120 s.",
                "No tree does; the cap of 120 s is for the socket option TCP_LINGER2.",
            ),
        ),
        sources=(
            (
                "include/net/tcp.h tcp_fin_time(), net/ipv4/tcp_input.c tcp_rcv_state_process(), net/ipv4/tcp.c "
                "__tcp_close() (tcp_close() up to 5.9), net/ipv4/tcp_timer.c tcp_keepalive_timer(), "
                "net/ipv4/tcp_minisocks.c tcp_time_wait(): read in 3.10 to 6.19"
            ),
            (
                "measured on 6.18 (HZ=250): values from -1 to 200, changes while a socket waits, TCP_LINGER2, owned "
                "sockets"
            ),
            "RFC 9293 section 3.6",
        ),
    ),
)
