"""The two states of the side that closes first, before the peer's FIN: FIN-WAIT-1 and FIN-WAIT-2."""

from __future__ import annotations

from tcptune.kernel.history import Belief
from tcptune.kernel.state_pages.shape import StatePage
from tcptune.kernel.states import TcpState

TIMERS = "net/ipv4/tcp_timer.c tcp_write_timeout(), tcp_orphan_retries() and tcp_probe_timer(): read in 3.10 to 6.19."
CLOSE = "net/ipv4/tcp.c tcp_close() (__tcp_close() since 5.10): read in 3.10 to 6.19."

FIN_WAIT_1 = StatePage(
    state=TcpState.FIN_WAIT_1,
    summary="This side has closed and waits for the peer to acknowledge its FIN.",
    means=(
        (
            "The process called close() or shutdown(SHUT_WR), or ended, while the connection was in "
            "ESTABLISHED. The state changes at that moment, even if data and the FIN have yet to leave."
        ),
        "The peer's kernel must act next: its ACK of the FIN is enough, the peer's application need do nothing.",
        (
            "It normally lasts one round trip, or 40 ms more where the peer delays its ACK. A socket that is "
            "here for seconds has a silent peer or a closed window."
        ),
        (
            "With SO_LINGER above 0 close() itself waits here for so many seconds at most, still as an owner; the "
            "end of a process does not wait."
        ),
    ),
    ends=(
        "The ACK of the FIN ends it: on to FIN-WAIT-2. If the peer's FIN comes before that ACK, on to CLOSING.",
        (
            "No owner, peer silent: net.ipv4.tcp_orphan_retries ends it. It is a limit in time and not a count: "
            "on a LAN 1 lasts 1.7 s, 3 lasts 6.7 s, and the default 0 means 8 and lasts 107 s (measured on "
            "6.18, HZ=250). The end is silent: no RST is sent."
        ),
        (
            "Owner has it open (shutdown() without close()): net.ipv4.tcp_retries2 ends it, by default after "
            "939 s on a LAN, and the process gets ETIMEDOUT."
        ),
        "TCP_USER_TIMEOUT, where the application set it, replaces both settings and survives close().",
        (
            "Each ICMP host unreachable takes one step of the back-off back: 73 FINs left in 103 s instead of 10 in "
            "107 s (measured). ICMP port unreachable changes nothing."
        ),
        (
            "No owner, window closed, peer answers the probes: it ends only once the probe interval has grown "
            "to its ceiling of 120 s, after some 336 s whether net.ipv4.tcp_orphan_retries is 0 or 10. Where "
            "net.ipv4.tcp_retries2 is 9 or less it never grows that far on a LAN, and the socket never ends; "
            "nor where net.ipv4.tcp_orphan_retries is above net.ipv4.tcp_retries2. Kernels before 3.18 never "
            "end it at all; RHEL 7 has the fix."
        ),
        (
            "No owner, window closed, peer silent: net.ipv4.tcp_orphan_retries ends it; the default takes 110 s "
            "to 337 s, the longer the further the probe interval had grown before close()."
        ),
        "Owner has it open, window closed, peer answers: nothing ends it.",
        "A window that closes while segments are in flight leaves it to the retransmission timer, as above.",
        (
            "Too many orphans on the machine: above net.ipv4.tcp_max_orphans an orphan is reset at close() or "
            "at its next timer."
        ),
        "net.ipv4.tcp_fin_timeout plays no part here.",
    ),
    kinds=(
        (
            "orphan, peer silent",
            "timer:(on,...) with a growing count, no users:, ino:0 with ss -e; so too where nobody answers ARP.",
        ),
        ("owned", "users:(...) is shown: the process called shutdown() and kept the descriptor."),
        ("zero window", "timer:(persist,...), Send-Q is what the peer does not take, ss -i shows rwnd_limited."),
        ("no way out", "timer:(persist,...), Send-Q 1, no `unacked` in ss -i: the FIN never left, as without a route."),
    ),
    counted_in=(
        "sockstat.TCP.inuse (IPv4; sockstat6.TCP6.inuse for IPv6)",
        "sockstat.TCP.orphan (when nobody owns it)",
        "net.ipv4.tcp_max_orphans (when nobody owns it)",
    ),
    settings=(
        "net.ipv4.tcp_orphan_retries",
        "net.ipv4.tcp_retries2",
        "net.ipv4.tcp_max_orphans",
        "net.ipv4.tcp_rto_max_ms",
        "net.ipv4.tcp_rto_min_us",
        "net.ipv4.tcp_early_retrans",
    ),
    timeouts=(
        "FIN-WAIT-1/orphan",
        "FIN-WAIT-1/owned",
        "FIN-WAIT-1/zero-window-answered",
        "FIN-WAIT-1/zero-window-unanswered",
    ),
    normal="Many are normal only as a stream: each one gone after a round trip, others in its place. The same "
    "sockets still there ten seconds later are not normal.",
    who_fixes="The peer or the network between: find the peer that most of them share. The kernel setting, "
    "net.ipv4.tcp_orphan_retries, only shortens the wait of those that have no owner.",
    see=(
        "ss -tanpo state fin-wait-1",
        "ss -tanoi state fin-wait-1",
        "nstat -asz TcpExtTCPAbortOnTimeout TcpExtTCPAbortOnMemory",
    ),
    beliefs=(
        Belief(
            "A lower tcp_fin_timeout clears FIN-WAIT-1.",
            "It is used only in FIN-WAIT-2.",
        ),
        Belief(
            "Restarting the application clears its orphans.",
            "Nobody owns them; the restart adds those that it closes.",
        ),
    ),
    sources=(
        TIMERS,
        CLOSE,
        "net/ipv4/tcp_input.c tcp_rcv_state_process(): read in 3.10 to 6.19.",
        "RFC 9293 section 3.6; RFC 1122 section 4.2.2.17.",
        "Measured on 6.18 (HZ=250) against a silent peer, a closed window and a missing route.",
    ),
)

FIN_WAIT_2 = StatePage(
    state=TcpState.FIN_WAIT_2,
    summary="The peer has acknowledged our FIN; this side waits for the peer's FIN.",
    means=(
        "The ACK of our FIN came. Half of the connection is closed, the peer may still send.",
        (
            "The peer's application must act next: it has to call close(). On the peer's machine this "
            "connection stands in CLOSE-WAIT until then."
        ),
        (
            "After close() the kernel keeps a small time-wait entry in the socket's place. It is no TIME-WAIT yet: ss "
            "shows FIN-WAIT-2, and it still waits for the peer's FIN. Tracepoints and eBPF programs see the socket go "
            "from FIN-WAIT-2 to CLOSE, and nothing of the entry."
        ),
    ),
    ends=(
        "The peer's FIN ends it: on to TIME-WAIT for a full 60 s, whatever net.ipv4.tcp_fin_timeout is.",
        (
            "No owner: net.ipv4.tcp_fin_timeout ends it (60 s by default), or TCP_LINGER2 where the application "
            "set it. The end is silent and no TIME-WAIT follows."
        ),
        (
            "Up to 60 s that value is the lifetime. Above 60 s the lifetime is twice the excess: 61 lasts 2.1 "
            "s, 90 lasts 61 s, 120 lasts 122 s (measured on 6.18); every value from 61 to 89 lasts less than 60 "
            "does."
        ),
        "0 and negative values are accepted and mean 3.5 times the RTO, about 0.75 s on a LAN.",
        (
            "TCP_LINGER2 takes the same road: 61 lasts 2.1 s, more than 120 counts as 120, and 0 means the setting. "
            "Below 0 there is no FIN-WAIT-2 after close(): the peer gets a RST once our FIN is acknowledged."
        ),
        (
            "An orphan whose ACK brings the peer's FIN along, or whose socket is locked at that moment, stays a full "
            "socket; if the FIN is lost all the same, it ends with a RST."
        ),
        (
            "Owner has it open (shutdown() without close()): there is no timer and nothing ends it, unless the "
            "application set SO_KEEPALIVE and the peer is gone."
        ),
        "Data from the peer after close(): answered with a RST, and the socket is gone.",
        "Over net.ipv4.tcp_max_tw_buckets an orphan does not enter this state at all: it vanishes.",
    ),
    kinds=(
        ("minisock: orphan, at most 60 s", "timer:(timewait,...), no users:, nothing under ss -i."),
        (
            "full orphan: tcp_fin_timeout above 60 s",
            "timer:(keepalive,...), no users:; it becomes a minisock half way.",
        ),
        ("owned", "users:(...) and no timer at all; ss -e shows `<--`, open for reading only."),
    ),
    counted_in=(
        "sockstat.TCP.tw (as a minisock)",
        "net.ipv4.tcp_max_tw_buckets (as a minisock)",
        "sockstat.TCP.inuse (owned, or orphan above 60 s; IPv4)",
        "sockstat.TCP.orphan (orphan above 60 s only)",
        "net.ipv4.tcp_max_orphans (orphan above 60 s only)",
        "TcpExt.TW (once, when the minisock is made)",
    ),
    settings=("net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_max_tw_buckets", "net.ipv4.tcp_max_orphans"),
    timeouts=("FIN-WAIT-2/orphan", "FIN-WAIT-2/owned"),
    normal="Many minisocks are normal on a server that closes first while its clients are slow to close: each "
    "is gone within the timeout and costs 256 bytes. Owned ones that grow in number are a leak.",
    who_fixes="Owned: the application here must close(); no kernel setting reaches them. Orphans: the peer's "
    "application is slow to close(), and net.ipv4.tcp_fin_timeout bounds what that costs here.",
    see=("ss -tanpo state fin-wait-2", "ss -tanei state fin-wait-2", "nstat -asz TcpExtTW TcpExtTCPTimeWaitOverflow"),
    sources=(
        CLOSE,
        (
            "net/ipv4/tcp_input.c tcp_rcv_state_process(), tcp_timer.c tcp_keepalive_timer() and "
            "tcp_minisocks.c tcp_time_wait(): read in 3.10 to 6.19."
        ),
        "RFC 9293 section 3.6; RFC 1122 section 4.2.2.13.",
        "Measured on 6.18: lifetimes for 14 values of tcp_fin_timeout, an owned socket watched for 420 s.",
    ),
)
