"""Counters of listeners and of memory that ran short, from /proc/net/netstat."""

from __future__ import annotations

from tcptune.kernel.counters.shape import NETNS, Counter

CONN_REQUEST = "net/ipv4/tcp_input.c tcp_conn_request(): read in 6.18."
SYN_FLOOD = "net/ipv4/tcp_input.c tcp_syn_flood_action(): read in 4.15 and 6.18; tcp_ipv4.c: read in 3.10."
PRESSURE = "net/ipv4/tcp.c tcp_enter_memory_pressure() and tcp_leave_memory_pressure(): read in 6.18."
MIGRATE = "net/ipv4/inet_connection_sock.c inet_csk_listen_stop() and reqsk_timer_handler(): read in 6.18."
DATA_QUEUE = "net/ipv4/tcp_input.c tcp_data_queue(): read in 6.18; the name is absent from 4.17, present in 5.0."

LISTEN = (
    Counter(
        name="TcpExt.ListenOverflows",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="nothing (a RST for the last ACK where tcp_abort_on_overflow=1)",
        meaning="A SYN, or the last ACK of a handshake, was dropped because the accept queue of its listener "
        "was full. It counts packets: a client that tries again counts again.",
        notes=(
            "The queue is full when it holds one more than the smaller of listen()'s backlog and somaxconn.",
            "With the last ACK dropped the client believes it is connected, while the server has only SYN-RECEIVED.",
            "ss -ltn shows the queue: Recv-Q waits, Send-Q is the limit.",
        ),
        sources=(
            CONN_REQUEST,
            "net/ipv4/tcp_ipv4.c tcp_v4_syn_recv_sock(): read in 3.10 and 6.18.",
            "Measured on 6.18.",
        ),
    ),
    Counter(
        name="TcpExt.ListenDrops",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="nothing",
        meaning="A listener dropped a SYN or the last ACK of a handshake, for whatever reason. Every "
        "ListenOverflows is in it; the rest is a full request queue without cookies, lack of memory or of a "
        "route.",
        sources=(CONN_REQUEST, "include/net/tcp.h tcp_listendrop(): read in 6.18.", "Measured on 6.18."),
    ),
    Counter(
        name="TcpExt.TCPReqQFullDrop",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="nothing",
        meaning="A SYN was dropped because the listener's queue of half-open connections was full and "
        "tcp_syncookies is 0. With cookies on it stays still.",
        sources=(SYN_FLOOD,),
    ),
    Counter(
        name="TcpExt.TCPReqQFullDoCookies",
        unit="events",
        kind="counter",
        scopes=NETNS,
        packet="SYN-ACK with a cookie",
        meaning="A SYN found the queue of half-open connections full and was to be answered with a cookie: the "
        "server keeps no SYN-RECEIVED for it.",
        notes=(
            "A burst of honest clients larger than the listen() backlog does this too; it need not be an attack.",
            "With tcp_syncookies=2 every SYN is in it.",
        ),
        sources=(SYN_FLOOD, "Measured on 6.18."),
    ),
    Counter(
        name="TcpExt.EmbryonicRsts",
        unit="events",
        kind="counter",
        scopes=NETNS,
        meaning="A connection in SYN-RECEIVED ended by a RST: one the client sent, or one sent to it because "
        "its last ACK found the accept queue full and tcp_abort_on_overflow is 1.",
        notes=("A client that closes while it connects answers the SYN-ACK with such a RST.",),
        sources=("net/ipv4/tcp_minisocks.c tcp_check_req(): read in 3.10 and 6.18.", "Measured on 6.18."),
    ),
    Counter(
        name="TcpExt.TCPMigrateReqSuccess",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="5.14",
        meaning="A listener was closed, and a connection waiting in it moved to another listener on the same "
        "port (SO_REUSEPORT), because tcp_migrate_req is 1.",
        sources=(MIGRATE,),
    ),
    Counter(
        name="TcpExt.TCPMigrateReqFailure",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="5.14",
        meaning="A connection that was to move from a closed listener to another one could not: no memory, or "
        "no room in the other's accept queue. A listener without a partner does not count here.",
        sources=(MIGRATE,),
    ),
    Counter(
        name="TcpExt.TCPMemoryPressures",
        unit="events",
        kind="counter",
        scopes=NETNS,
        meaning="TCP's memory rose above the middle number of tcp_mem and TCP began to save. It counts "
        "beginnings, not how long the pressure lasts.",
        notes=(
            (
                "Pressure is a state of the whole machine; it is counted in the namespace of the socket that "
                "crossed the line."
            ),
        ),
        sources=(PRESSURE,),
    ),
    Counter(
        name="TcpExt.TCPMemoryPressuresChrono",
        unit="ms",
        kind="counter",
        scopes=NETNS,
        since="4.13",
        meaning="How long TCP was under memory pressure, added up each time it ends. Pressure that still lasts "
        "is not in it.",
        notes=("It is counted in the namespace of the socket that saw the pressure end.",),
        sources=(PRESSURE,),
    ),
    Counter(
        name="TcpExt.TCPRcvQDrop",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="4.19",
        packet="ACK",
        meaning="Data in order was dropped because the receive buffer, or TCP's memory, had no room for it. The "
        "peer sends it again.",
        sources=(DATA_QUEUE,),
    ),
    Counter(
        name="TcpExt.TCPZeroWindowDrop",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="4.19",
        packet="ACK with window 0",
        meaning="A peer sent data although our receive window was closed, and it was dropped. The application "
        "here does not read; the peer's FIN-WAIT-1 may hang on it.",
        sources=(DATA_QUEUE,),
    ),
    Counter(
        name="TcpExt.TCPWqueueTooBig",
        unit="events",
        kind="counter",
        scopes=NETNS,
        since="5.2",
        packet="nothing",
        meaning="A queued segment was not split for sending, because the socket's send queue was already far "
        "above its buffer size.",
        notes=("Older stable trees (4.19.79) and RHEL 8 took it over with the fix of 2019 that made it.",),
        sources=("net/ipv4/tcp_output.c tcp_fragment(): read in 6.18; the name is absent from 5.0, present in 5.2.",),
    ),
)
