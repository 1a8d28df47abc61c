"""Keys about a listener's two queues: half-open connections and connections not accepted yet."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import ANY_INT, INT_THEN_BYTE, NETNS, RHEL_7_HOST, netns_since
from tcptune.kernel.history import INT_MAX, Belief, Range, Span
from tcptune.kernel.sysctl import Sysctl

BACKLOG: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.core.somaxconn",
        unit="connections",
        summary="The largest backlog that listen() grants, and so the longest accept queue a listener can have.",
        decides=(
            (
                "The accept queue's limit is the smaller of the application's backlog and this value, fixed when "
                "listen() is called. The queue holds one more than the limit."
            ),
            "A full queue drops new SYNs and final ACKs: TcpExt.ListenOverflows and TcpExt.ListenDrops rise.",
        ),
        decides_not=(
            "Not the queue of an application that asks for a smaller backlog.",
            "Not a listener that already listens.",
            "Not how fast the application accepts, which is what fills the queue.",
        ),
        defaults=(Span("128", until="5.3"), Span("4096", since="5.4")),
        ranges=(
            Range(0, 65535, until="4.0", note="RHEL 7 and Tencent 4.14 as well."),
            Range(0, INT_MAX, since="4.1"),
        ),
        scopes=NETNS,
        vendors=(
            ("RHEL 7", "Default 128, at most 65535."),
            ("RHEL 8", "Default 128, in 8.10 as well."),
            ("RHEL 9 and later", "Default 4096."),
        ),
        takes_effect="At the next listen(); calling listen() again on the live socket is enough.",
        interplay=(
            "sock_diag shows the granted limit as the LISTEN socket's Send-Q, the queue's length as its Recv-Q.",
        ),
        dangers=(
            (
                "A long queue in front of a slow application only adds waiting: clients give up and leave CLOSE-WAIT "
                "behind."
            ),
        ),
        sources=(
            (
                "net/socket.c __sys_listen() (sys_listen() up to 4.16), include/net/sock.h sk_acceptq_is_full(): read "
                "in 3.10 to 6.19"
            ),
            "measured on 6.18 (HZ=250): listen(0) held 1 connection, listen(3) held 4; listen() on a live listener",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_max_syn_backlog",
        unit="requests",
        summary="How many half-open connections count as too many, though since 4.4 only while tcp_syncookies is 0.",
        decides=(
            "Up to 4.3: how many SYN-RECEIVED requests a listener keeps, together with its backlog.",
            (
                "Since 4.4: with tcp_syncookies=0, SYNs from peers not known to be good are dropped once the queue is "
                "fuller than three quarters of this value."
            ),
        ),
        decides_not=(
            "Since 4.4, not the length of the SYN queue: the listen backlog is its limit.",
            "Nothing since 4.4 while tcp_syncookies is 1 or 2.",
        ),
        defaults=(
            Span(
                "max(128, ehash/256), where ehash is the number of slots of the established hash",
                until="5.3",
                note="RHEL 7 and RHEL 8 as well.",
            ),
            Span("max(128, ehash/128), where ehash is the number of slots of the established hash", since="5.4"),
        ),
        ranges=ANY_INT,
        scopes=netns_since("4.11", host_until="4.10"),
        vendors=(
            RHEL_7_HOST,
            ("RHEL 8", "Default max(128, ehash/256)."),
            ("RHEL 9 and later", "Default max(128, ehash/128)."),
        ),
        takes_effect="Up to 4.3 at the next listen(), later at once.",
        meanings=(
            Span(
                "The SYN table of a listener is min(backlog, this), at least 8, rounded up to a power of two.",
                until="4.3",
                note="Read in 4.1 and before; 4.4 no longer has it. RHEL 7 as well.",
            ),
            Span(
                "The queue's limit is the listen backlog; this value matters only with tcp_syncookies=0.", since="4.4"
            ),
        ),
        interplay=(
            "With tcp_syncookies at 1 or 2 it is not looked at.",
            "A namespace with a hash of its own (tcp_child_ehash_entries=N) has max(128, N/128).",
        ),
        sources=(
            (
                "net/core/request_sock.c reqsk_queue_alloc() in 3.10, net/ipv4/tcp_input.c tcp_conn_request() "
                "(tcp_ipv4.c tcp_v4_conn_request() up to 3.16): read in 3.16 to 6.19"
            ),
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_syncookies",
        unit="enum",
        summary="Whether a listener whose SYN queue is full answers with cookies instead of dropping SYNs.",
        decides=(
            "0 never, 1 when the SYN queue is full, 2 always, which is meant for testing.",
            "Cookies sent count TcpExt.SyncookiesSent and TcpExt.TCPReqQFullDoCookies.",
        ),
        decides_not=(
            (
                "Not the accept queue: a client that returns a valid cookie to a full accept queue has a connection, "
                "the server has none (TcpExt.ListenOverflows +1, and no RST even with tcp_abort_on_overflow=1)."
            ),
        ),
        defaults=(Span("1"),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.6", host_until="4.5"),
        vendors=(RHEL_7_HOST,),
        takes_effect="At once.",
        interplay=(
            "The file exists only in kernels built with CONFIG_SYN_COOKIES.",
            "Without TCP timestamps a cookie cannot carry window scaling or SACK.",
        ),
        dangers=(
            "2 gives up what does not fit into a cookie for every connection.",
            "0 makes a SYN flood shut the listener.",
        ),
        beliefs=(Belief("It helps against TIME-WAIT or CLOSE-WAIT.", "It is about SYN-RECEIVED only."),),
        sources=(
            (
                "net/ipv4/tcp_input.c tcp_syn_flood_action(), tcp_conn_request() (in tcp_ipv4.c up to 3.16): read in "
                "3.16 to 6.19"
            ),
            "measured on 6.18 (HZ=250): more SYNs at once than the backlog",
            "RFC 4987",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_abort_on_overflow",
        unit="bool",
        summary="Whether a client whose final ACK meets a full accept queue gets a RST instead of silence.",
        decides=(
            (
                "0: the ACK is dropped, the client believes in ESTABLISHED, the server repeats its SYN-ACK until "
                "tcp_synack_retries runs out and then forgets the connection."
            ),
            "1: the client gets a RST at once and TcpExt.EmbryonicRsts rises.",
        ),
        decides_not=(
            "Not a SYN that meets a full accept queue: that one is dropped either way.",
            "Not a client that came in by SYN cookie: it gets no RST.",
        ),
        defaults=(Span("0"),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.15", host_until="4.14"),
        vendors=(RHEL_7_HOST,),
        takes_effect="At once.",
        interplay=("net.core.somaxconn and the application's backlog decide when the queue is full.",),
        dangers=("1 turns a short burst, which a repeated ACK would survive, into errors at the clients.",),
        sources=(
            "net/ipv4/tcp_minisocks.c tcp_check_req(): read in 3.10 to 6.19",
            (
                "measured on 6.18 (HZ=250): the three overflows with 0 and 1; with 0 the server forgot after 65 s and "
                "the client stayed ESTABLISHED"
            ),
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_migrate_req",
        unit="bool",
        summary="Whether closing one of several SO_REUSEPORT listeners hands its waiting connections to another.",
        decides=(
            "1: half-open and unaccepted connections move to a listener on the same port instead of being reset.",
        ),
        decides_not=(
            "Nothing for a listener that is alone on its port: its unaccepted connections are reset.",
            "Not accepted connections.",
        ),
        defaults=(Span("0", since="5.14"),),
        ranges=(Range(0, 1, since="5.14"),),
        scopes=NETNS,
        since="5.14",
        vendors=(("RHEL 9 and later", "Present."), ("RHEL 8", "Absent.")),
        takes_effect="At once.",
        interplay=("Successes and failures count TcpExt.TCPMigrateReqSuccess and TcpExt.TCPMigrateReqFailure.",),
        sources=(
            "net/ipv4/inet_connection_sock.c inet_csk_listen_stop(): read in 5.14 to 6.19, absent in 5.12",
            "measured on 6.18 (HZ=250): close() of a lone listener with 5 unaccepted connections sent 5 RST",
        ),
    ),
)
