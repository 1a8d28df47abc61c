"""The other closing states: CLOSING, TIME-WAIT, CLOSE-WAIT and LAST-ACK."""

from __future__ import annotations

from tcptune.kernel.history import Belief
from tcptune.kernel.state_pages.fin_wait import CLOSE, TIMERS
from tcptune.kernel.state_pages.shape import StatePage
from tcptune.kernel.states import TcpState

FIN_SETTINGS = (
    "net.ipv4.tcp_orphan_retries",
    "net.ipv4.tcp_retries2",
    "net.ipv4.tcp_max_orphans",
    "net.ipv4.tcp_rto_max_ms",
    "net.ipv4.tcp_rto_min_us",
    "net.ipv4.tcp_early_retrans",
)
"""What decides over a FIN that nobody acknowledges."""

FIN_COUNTED_IN = (
    "sockstat.TCP.inuse (IPv4; sockstat6.TCP6.inuse for IPv6)",
    "sockstat.TCP.orphan (when nobody owns it)",
    "net.ipv4.tcp_max_orphans (when nobody owns it)",
)

FIN_ENDS = (
    "No owner: net.ipv4.tcp_orphan_retries ends it, the default 0 after 107 s on a LAN (measured on 6.18, HZ=250).",
    (
        "Owner has it open: net.ipv4.tcp_retries2 ends it, by default after 939 s on a LAN, and the process "
        "gets ETIMEDOUT."
    ),
)

CLOSING = StatePage(
    state=TcpState.CLOSING,
    summary="Both sides closed at the same time: each has the other's FIN, and waits for the ACK of its own.",
    means=(
        "A FIN of the peer arrived in FIN-WAIT-1, sent before the peer had seen ours.",
        "The peer's kernel must act next: its ACK of our FIN ends the state, no application has a part in it.",
    ),
    ends=("The ACK of our FIN ends it: on to TIME-WAIT.", *FIN_ENDS),
    kinds=(
        ("orphan", "timer:(on,...), no users:, ino:0 with ss -e; Recv-Q 1 is the peer's FIN."),
        ("owned", "timer:(on,...) and users:(...): both directions were shut down, the descriptor is still open."),
    ),
    counted_in=FIN_COUNTED_IN,
    settings=FIN_SETTINGS,
    timeouts=("CLOSING/orphan", "CLOSING/owned"),
    normal="A handful for one round trip each is normal. Many that stay are not: the peers, or a firewall "
    "before them, drop the last ACKs.",
    who_fixes="The peer or the network between. net.ipv4.tcp_orphan_retries only shortens the wait.",
    see=("ss -tanpo state closing", "ss -tanoi state closing"),
    beliefs=(
        Belief(
            "A simultaneous close always costs a retransmission.",
            "6.9 and later take the crossing FIN at once (measured on 6.18). Kernels 4.13 to 6.8 drop such a "
            "FIN after shutdown(), and it comes again after 200 ms or more.",
        ),
    ),
    sources=(
        TIMERS,
        "net/ipv4/tcp_input.c tcp_fin() and tcp_rcv_state_process(): read in 3.10 to 6.19.",
        "RFC 9293 section 3.6.",
        "Measured on 6.18, both sides closing at once.",
    ),
)

TIME_WAIT = StatePage(
    state=TcpState.TIME_WAIT,
    summary="The connection is over on both sides; this side, which closed first, keeps its addresses and ports "
    "for 60 s.",
    means=(
        (
            "Our FIN was acknowledged and the peer's FIN has arrived: from FIN-WAIT-2, or from CLOSING after a "
            "close from both sides."
        ),
        (
            "Nobody must act. The entry repeats the last ACK if the peer's FIN comes again, and keeps stray "
            "segments out of the next connection between the same two ports."
        ),
        (
            "The side that closes first has it, both sides after a simultaneous close, and nobody after a RST. "
            "Tracepoints and eBPF programs never show it: it is an entry and no socket."
        ),
    ),
    ends=(
        (
            "Its timer ends it after 60 s, a constant of the kernel (60.0 s to 62.05 s at HZ=250), owner or "
            "not. No mainline sysctl changes it; some vendor kernels have net.ipv4.tcp_tw_timeout."
        ),
        "A FIN that the peer sends again starts the 60 s anew, and so does a stray ACK or an old segment.",
        "A RST that fits ends it early, unless net.ipv4.tcp_rfc1337 is 1.",
        (
            "A new SYN from the same peer and port, with a higher sequence number or newer timestamp, ends it "
            "at once where a listener waits, whatever net.ipv4.tcp_tw_reuse is; without one it is answered with an "
            "ACK."
        ),
        (
            "A connect() to the same destination may take it over: net.ipv4.tcp_tw_reuse 1, or 2 on loopback, "
            "both with timestamps and after about 1 s; or at once from a socket bound to that port."
        ),
        "The end of its network namespace ends it too.",
        "net.ipv4.tcp_fin_timeout has nothing to do with it.",
    ),
    kinds=(
        ("outgoing", "The local port is an ephemeral one: it is taken towards that one destination for 60 s."),
        ("incoming", "The local port is the listener's: it takes no port and hinders no client."),
    ),
    counted_in=(
        "sockstat.TCP.tw",
        "net.ipv4.tcp_max_tw_buckets",
        "TcpExt.TW (once, when the entry is made)",
    ),
    settings=(
        "net.ipv4.tcp_max_tw_buckets",
        "net.ipv4.tcp_tw_reuse",
        "net.ipv4.tcp_tw_reuse_delay",
        "net.ipv4.tcp_timestamps",
        "net.ipv4.tcp_rfc1337",
        "net.ipv4.ip_local_port_range",
    ),
    timeouts=("TIME-WAIT",),
    normal="Many are normal: closes a second times 60, at 256 to 512 bytes each. 30000 mean 500 closes a second "
    "and nothing else. They harm only when one destination's ports or tcp_max_tw_buckets run out.",
    who_fixes="As a rule there is nothing to fix. Where ports run out, the application must keep connections "
    "instead of making one for each request; net.ipv4.tcp_tw_reuse=1 helps the side that connects.",
    see=(
        "ss -tan state time-wait",
        "ss -tanH state time-wait '( dport = :443 )'",
        "nstat -asz TcpExtTCPTimeWaitOverflow TcpExtTWRecycled",
    ),
    sources=(
        "net/ipv4/tcp_minisocks.c tcp_time_wait() and tcp_timewait_state_process(): read in 3.10 to 6.19.",
        "net/ipv4/tcp_ipv4.c tcp_twsk_unique(): read in 3.10 to 6.19.",
        "include/net/tcp.h TCP_TIMEWAIT_LEN: 60 s in 3.10 to 6.19.",
        "RFC 9293 section 3.6; RFC 6191; RFC 1337.",
        "Measured on 6.18 (HZ=250).",
    ),
)

CLOSE_WAIT = StatePage(
    state=TcpState.CLOSE_WAIT,
    summary="The peer has closed; this side's application has not.",
    means=(
        "The peer's FIN arrived and the kernel acknowledged it. The application sees end of file when it reads.",
        "The application on this machine must act next: it has to call close(). Nobody else can.",
        (
            "An application that closes at once is here for microseconds: where the ACK is being delayed the FIN "
            "carries it, and three segments close the connection instead of four."
        ),
    ),
    ends=(
        "close() or shutdown(SHUT_WR) ends it: on to LAST-ACK. The end of the process does the same.",
        (
            "With nothing left to send no timer runs, and no sysctl ends it (watched for 320 s on 6.18). "
            "tcp_fin_timeout is for another state."
        ),
        "Data of ours that the peer does not acknowledge runs into net.ipv4.tcp_retries2, as in ESTABLISHED.",
        (
            "SO_KEEPALIVE, where the application set it, ends the TCP state once the peer has forgotten the "
            "connection and answers a probe with a RST; the descriptor stays open until close()."
        ),
    ),
    kinds=(
        (
            "leaked or slow",
            "users:(...) is shown: that process read the end of file, or never looked, and did not close.",
        ),
        ("unaccepted", "No users:, ino:0 with ss -e: it waits in the accept queue of the listener on its local port."),
        (
            "owner not found",
            (
                "An inode, and no users: as root: the descriptor is on its way through a Unix socket, in io_uring or "
                "in the kernel's own hands, or its process is in another PID namespace."
            ),
        ),
        ("data unread", "Recv-Q above 1: bytes lie there unread. Recv-Q 1 is the FIN itself."),
    ),
    counted_in=(
        "sockstat.TCP.inuse (IPv4; sockstat6.TCP6.inuse for IPv6)",
        "Tcp.CurrEstab (since 6.10, and in some stable and RHEL kernels)",
    ),
    settings=(),
    timeouts=("CLOSE-WAIT",),
    normal="A few that come and go are normal. A number that only grows is never normal and never a matter of tuning.",
    who_fixes="The application: the one shown in users:(...) must close(); without users: the listener's must "
    "accept() faster. No kernel setting shortens this state.",
    see=(
        "ss -tanp state close-wait",
        "ss -tane state close-wait",
        "ss -ltnp",
    ),
    sources=(
        CLOSE,
        (
            "net/ipv4/tcp_input.c tcp_fin() and __tcp_ack_snd_check(), net/ipv4/tcp_timer.c tcp_keepalive_timer(): "
            "read in 3.10 to 6.19."
        ),
        "RFC 9293 section 3.6.",
        "Measured on 6.18: leaked and unaccepted sockets, closes in three and in four segments.",
    ),
)

LAST_ACK = StatePage(
    state=TcpState.LAST_ACK,
    summary="The peer closed first, this side has closed too, and waits for the ACK of its FIN.",
    means=(
        "The application called close() or shutdown(SHUT_WR) in CLOSE-WAIT, or ended.",
        (
            "The peer's kernel must act next, with one ACK. The peer stands in FIN-WAIT-2 or TIME-WAIT, or has "
            "forgotten the connection."
        ),
    ),
    ends=(
        "The ACK of our FIN ends it: the socket is gone, no TIME-WAIT follows on this side.",
        "A RST ends it at once; it comes from a peer that has forgotten the connection.",
        *FIN_ENDS,
        "TCP_USER_TIMEOUT, where the application set it, replaces both settings.",
    ),
    kinds=(
        ("orphan", "timer:(on,...), no users:, ino:0 with ss -e; Send-Q 1 is the FIN."),
        ("owned", "timer:(on,...) and users:(...): shutdown() without close()."),
        ("zero window", "timer:(persist,...) and Send-Q above 1: data before the FIN is not taken by the peer."),
    ),
    counted_in=FIN_COUNTED_IN,
    settings=FIN_SETTINGS,
    timeouts=("LAST-ACK/orphan", "LAST-ACK/owned"),
    normal="A few for one round trip each are normal. Many that stay are not: their peers vanished after their "
    "own FIN, or something between drops the last ACK.",
    who_fixes="The peer or the network between, often a firewall that forgot the connection. "
    "net.ipv4.tcp_orphan_retries only shortens the wait of those that have no owner.",
    see=("ss -tanpo state last-ack", "ss -tanoi state last-ack"),
    beliefs=(Belief("LAST-ACK becomes TIME-WAIT.", "Only the side that closes first gets a TIME-WAIT."),),
    sources=(
        TIMERS,
        "net/ipv4/tcp_input.c tcp_rcv_state_process(): read in 3.10 to 6.19.",
        "RFC 9293 section 3.6.",
        "Measured on 6.18 (HZ=250): the same lifetimes as FIN-WAIT-1.",
    ),
)
