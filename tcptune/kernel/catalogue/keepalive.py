"""Keys about keepalive: probes on idle connections that asked for them."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import INT_THEN_BYTE, RHEL_7_NETNS, SECONDS_IN_JIFFIES, netns_since
from tcptune.kernel.history import Span
from tcptune.kernel.sysctl import Sysctl

SOURCES = (
    "net/ipv4/tcp_timer.c tcp_keepalive_timer(): read in 3.10 to 6.19",
    "measured on 6.18 (HZ=250): accepted values, keepalive on a CLOSE-WAIT socket",
    "RFC 9293 section 3.8.4",
)
ONLY_WITH_SO_KEEPALIVE = "Not sockets that did not set SO_KEEPALIVE: the key alone switches nothing on."
NO_LEAK = "Not a leaked CLOSE-WAIT: the descriptor stays with the process until it calls close()."

KEEPALIVE: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.ipv4.tcp_keepalive_time",
        unit="s",
        summary="How long a connection with SO_KEEPALIVE must be idle before the first keepalive probe is sent.",
        decides=(
            (
                "The idle time before the first probe. A dead peer is noticed after this plus tcp_keepalive_probes "
                "times tcp_keepalive_intvl: 7875 s by default."
            ),
            (
                "It runs in every state but CLOSED, LISTEN and SYN-SENT, so also in CLOSE-WAIT and in a FIN-WAIT-2 "
                "that a process holds."
            ),
        ),
        decides_not=(
            ONLY_WITH_SO_KEEPALIVE,
            NO_LEAK,
            "Not a connection with data in flight: retransmission (tcp_retries2) rules that one.",
        ),
        defaults=(Span("7200"),),
        ranges=SECONDS_IN_JIFFIES,
        scopes=netns_since("4.5", host_until="4.4"),
        vendors=(RHEL_7_NETNS,),
        takes_effect="When the keepalive timer fires: an armed timer is not shortened.",
        interplay=("TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT override the three keys for one socket.",),
        dangers=(
            "0 and negative values are accepted.",
            "Longer than a NAT's or a load balancer's idle timeout, it comes too late to keep the path open.",
        ),
        sources=SOURCES,
    ),
    Sysctl(
        name="net.ipv4.tcp_keepalive_intvl",
        unit="s",
        summary="How long TCP waits between two unanswered keepalive probes.",
        decides=("The gap between probes once the first one went unanswered.",),
        decides_not=(ONLY_WITH_SO_KEEPALIVE, NO_LEAK),
        defaults=(Span("75"),),
        ranges=SECONDS_IN_JIFFIES,
        scopes=netns_since("4.5", host_until="4.4"),
        vendors=(RHEL_7_NETNS,),
        takes_effect="When the keepalive timer fires: an armed timer is not shortened.",
        interplay=("TCP_KEEPINTVL overrides it for one socket.",),
        dangers=("0 and negative values are accepted.",),
        sources=SOURCES,
    ),
    Sysctl(
        name="net.ipv4.tcp_keepalive_probes",
        unit="probes",
        summary="How many keepalive probes may stay unanswered before the connection is dropped.",
        decides=(
            (
                "The number of unanswered probes after which the connection ends with a RST and "
                "TcpExt.TCPAbortOnTimeout +1."
            ),
        ),
        decides_not=(ONLY_WITH_SO_KEEPALIVE, NO_LEAK),
        defaults=(Span("9"),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.5", host_until="4.4"),
        vendors=(RHEL_7_NETNS,),
        takes_effect="When the keepalive timer fires.",
        interplay=(
            "TCP_KEEPCNT overrides it for one socket.",
            "TCP_USER_TIMEOUT, if set, decides instead of the count.",
        ),
        sources=SOURCES,
    ),
)
