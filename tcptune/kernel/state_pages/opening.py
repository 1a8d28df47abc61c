"""The states before a close begins: ESTABLISHED, LISTEN, SYN-SENT and SYN-RECEIVED."""

from __future__ import annotations

from tcptune.kernel.state_pages.shape import StatePage
from tcptune.kernel.states import TcpState

INUSE = "sockstat.TCP.inuse (IPv4; sockstat6.TCP6.inuse for IPv6)"

ESTABLISHED = StatePage(
    state=TcpState.ESTABLISHED,
    summary="The connection is open and neither side has closed.",
    means=(
        (
            "The handshake is complete. On the server that happens before accept(): the application need not "
            "know of it yet."
        ),
        "Nobody must act; an idle connection sends nothing and can last for ever.",
    ),
    ends=(
        "close() or shutdown(SHUT_WR) ends it: on to FIN-WAIT-1. The peer's FIN ends it: on to CLOSE-WAIT.",
        "close() with unread data, or SO_LINGER 0, sends a RST and ends it without any closing state.",
        (
            "shutdown(SHUT_RD) sends nothing: data that comes afterwards is still acknowledged, and unread data it is "
            "at close()."
        ),
        "Data that nobody acknowledges: net.ipv4.tcp_retries2 ends it, by default after 939 s on a LAN.",
        (
            "Idle with a dead peer: only keepalive ends it, and only if the application set SO_KEEPALIVE; by "
            "default 7200 s pass, then 9 probes at 75 s."
        ),
    ),
    kinds=(
        ("owned", "users:(...) is shown."),
        ("unaccepted", "No users:, ino:0 with ss -e: it waits in the accept queue of the listener on its local port."),
        ("peer silent", "timer:(on,...) with a growing count and Send-Q above 0."),
        ("zero window", "timer:(persist,...) and Send-Q above 0: the peer's application does not read."),
    ),
    counted_in=(INUSE, "Tcp.CurrEstab"),
    settings=(
        "net.ipv4.tcp_retries2",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    ),
    timeouts=(),
    normal="Any number is normal that the application is meant to hold. An idle one costs about 3.6 kB (6.18) and no "
    "page of tcp_mem.",
    who_fixes="The application, if they should not be there: its idle timeout or its pool.",
    see=("ss -tanpo state established", "ss -s"),
    sources=(
        (
            "net/ipv4/tcp.c tcp_close(), net/ipv4/tcp_timer.c tcp_write_timeout() and tcp_keepalive_timer(): "
            "read in 3.10 to 6.19."
        ),
        "RFC 9293 sections 3.3.2 and 3.8.4.",
        "Measured on 6.18.",
    ),
)

LISTEN = StatePage(
    state=TcpState.LISTEN,
    summary="A process waits for connections on this port.",
    means=(
        "The process called listen(). The kernel completes handshakes and keeps connections in the accept queue.",
        "The application must take them out with accept(), which waits where the queue is empty; listen() never waits.",
        "ss shows the queue's limit in Send-Q; /proc/net/tcp and netstat do not know it.",
    ),
    ends=(
        (
            "close() ends it; connections still in its queue get a RST, unless net.ipv4.tcp_migrate_req hands "
            "them to another listener on the port."
        ),
        "No timer runs.",
    ),
    kinds=(
        ("healthy", "Recv-Q 0 or near it: the number of connections that wait for accept()."),
        ("queue full", "Recv-Q above Send-Q: it holds one more than its limit, and newcomers are dropped."),
    ),
    counted_in=(INUSE,),
    settings=(
        "net.core.somaxconn",
        "net.ipv4.tcp_max_syn_backlog",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_abort_on_overflow",
        "net.ipv4.tcp_migrate_req",
        "net.ipv4.ip_local_reserved_ports",
    ),
    timeouts=(),
    normal="One or a few for each service are normal.",
    who_fixes="The application: a faster accept loop and a larger backlog in listen(). net.core.somaxconn only "
    "caps what the application asks for, and is read at listen().",
    see=("ss -ltnp", "nstat -asz TcpExtListenOverflows TcpExtListenDrops TcpExtTCPReqQFullDoCookies"),
    sources=(
        "net/socket.c __sys_listen() and net/ipv4/inet_connection_sock.c inet_csk_listen_stop(): read in 6.18.",
        "include/net/sock.h sk_acceptq_is_full(): read in 6.18.",
        "Measured on 6.18: listen(N) holds N+1 connections.",
    ),
)

SYN_SENT = StatePage(
    state=TcpState.SYN_SENT,
    summary="This side has called connect() and waits for the SYN-ACK.",
    means=(
        "connect() has chosen a local port and sent a SYN.",
        "The server must act next; one that is up but refuses answers with a RST and the state is over.",
    ),
    ends=(
        "The SYN-ACK ends it: on to ESTABLISHED. A RST ends it with ECONNREFUSED.",
        (
            "Silence: net.ipv4.tcp_syn_retries ends it with ETIMEDOUT. The default 6 takes 133 s and 11 SYNs "
            "since 6.5, 127 s to 129 s and 7 SYNs before: net.ipv4.tcp_syn_linear_timeouts makes the first ones "
            "closer."
        ),
        "The application may give up sooner: close() ends it at once.",
    ),
    kinds=(
        (
            "unanswered",
            "timer:(on,...) with a growing count: a firewall drops, the host is gone, or its queue is full.",
        ),
    ),
    counted_in=(INUSE,),
    settings=(
        "net.ipv4.tcp_syn_retries",
        "net.ipv4.tcp_syn_linear_timeouts",
        "net.ipv4.ip_local_port_range",
    ),
    timeouts=("SYN-SENT",),
    normal="A few for one round trip each are normal; many to one destination are not.",
    who_fixes="The server or the network before it; the application here by a timeout of its own on connect().",
    see=("ss -tanpo state syn-sent", "nstat -asz TcpExtTCPSynRetrans TcpAttemptFails"),
    sources=(
        "net/ipv4/tcp_output.c tcp_connect() and net/ipv4/tcp_timer.c tcp_write_timeout(): read in 3.10 to 6.19.",
        "Measured on 6.18.",
    ),
)

SYN_RECEIVED = StatePage(
    state=TcpState.SYN_RECEIVED,
    summary="A SYN came and was answered; the last ACK of the handshake is missing.",
    means=(
        "A listener answered a SYN with a SYN-ACK and keeps a request of 320 bytes for it (6.18), not yet a socket.",
        "The client must act next, with its ACK.",
        "Where that ACK came while the accept queue was full, it was dropped: the client believes it is connected.",
    ),
    ends=(
        "The ACK ends it: on to ESTABLISHED and into the accept queue. A RST from the client ends it too.",
        (
            "Silence: net.ipv4.tcp_synack_retries ends it, the default 5 after 65 s; sooner when the queue is "
            "more than half full."
        ),
        "Accept queue full and net.ipv4.tcp_abort_on_overflow 1: a RST to the client.",
    ),
    kinds=(
        ("client silent", "SYN-RECV with timer:(on,...), and the listener's Recv-Q is low."),
        ("accept queue full", "SYN-RECV while the listener's Recv-Q stands above its Send-Q; ss -ltn shows it."),
        ("by cookie", "Nothing is shown: with SYN cookies the server keeps no request."),
    ),
    counted_in=("TcpExt.EmbryonicRsts (when a RST ends it)",),
    settings=(
        "net.ipv4.tcp_synack_retries",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_max_syn_backlog",
        "net.ipv4.tcp_abort_on_overflow",
        "net.core.somaxconn",
    ),
    timeouts=("SYN-RECEIVED",),
    normal="A few for one round trip each are normal; hundreds that stay are a SYN flood or a full accept queue.",
    who_fixes="The application, when its accept queue is full. Against a flood SYN cookies, on by default, are "
    "the cure.",
    see=("ss -tano state syn-recv", "ss -ltn"),
    sources=(
        "net/ipv4/inet_connection_sock.c reqsk_timer_handler(): read in 6.18.",
        "net/ipv4/tcp_minisocks.c tcp_check_req(): read in 3.10 and 6.18.",
        "Measured on 6.18.",
    ),
)
