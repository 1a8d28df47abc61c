"""What is believed of CLOSE-WAIT, of keepalive, and of the queues of a listener."""

from __future__ import annotations

from tcptune.kernel.beliefs.shape import CommonBelief

KEEPALIVE = "net/ipv4/tcp_timer.c tcp_keepalive_timer(): read in 3.10 to 6.19."
OVERFLOWS = "Measured on 6.18 (HZ=250): the three ways to overflow, with 0 and 1."

LISTENERS = (
    CommonBelief(
        id="a-sysctl-ends-close-wait",
        claim="CLOSE-WAIT goes away with a sysctl.",
        truth="None acts on it: neither tcp_fin_timeout nor tcp_keepalive_time nor tcp_tw_reuse. The state has no "
        "timer and was unchanged after 320 s; it waits for close() of the program here.",
        instead="Make the program close() when read() returns 0: tcptune sockets --state close-wait --by owner.",
        sources=(
            "net/ipv4/tcp_input.c tcp_fin(): read in 3.10 to 6.19.",
            "Measured on 6.18 (HZ=250).",
        ),
        topics=("CLOSE-WAIT", "net.ipv4.tcp_fin_timeout"),
    ),
    CommonBelief(
        id="keepalive-ends-close-wait",
        claim="A lower tcp_keepalive_time clears CLOSE-WAIT, or TIME-WAIT.",
        truth="Only sockets that asked for SO_KEEPALIVE are probed. One whose peer was gone lost its TCP state after "
        "6.05 s of 2 s probes, but its descriptor stays with the program; TIME-WAIT has no keepalive at all.",
        instead="Look for the program that does not close: ss -tanp state close-wait, and ls /proc/PID/fd.",
        sources=(KEEPALIVE, "Measured on 6.18 (HZ=250)."),
        topics=("CLOSE-WAIT", "net.ipv4.tcp_keepalive_time"),
    ),
    CommonBelief(
        id="keepalive-covers-every-connection",
        claim="tcp_keepalive_time makes dead connections go away.",
        truth="Only those whose program set SO_KEEPALIVE; the key alone switches nothing on, and where "
        "TcpExt.TCPKeepAlive stays still it changes nothing.",
        instead="Switch keepalive on in the program, with TCP_KEEPIDLE for its own sockets.",
        sources=(KEEPALIVE, "RFC 9293 section 3.8.4."),
        topics=("net.ipv4.tcp_keepalive_time", "ESTABLISHED", "TcpExt.TCPKeepAlive"),
    ),
    CommonBelief(
        id="no-owner-is-time-wait-only",
        claim="netstat's `-` in place of an owner is seen in TIME-WAIT only, or is a leak.",
        truth="Orphans have it too, and a CLOSE-WAIT with `-`, read as root, is a connection that no process has "
        "accepted yet: inode 0, in the accept queue, given up by its client. It was unchanged after 320 s.",
        instead="Look at Recv-Q of the listener, ss -ltnp, and at why its program does not accept.",
        sources=(
            "net/ipv4/inet_connection_sock.c inet_csk_accept(): read in 3.10 to 6.19.",
            "Measured on 6.18 (HZ=250): connections that were never accepted.",
        ),
        topics=("CLOSE-WAIT", "net.core.somaxconn", "netstat"),
    ),
    CommonBelief(
        id="conntrack-close-wait-is-a-leak",
        claim="CLOSE_WAIT in conntrack means that an application leaks sockets.",
        truth="Conntrack keeps states and timeouts of its own: an entry stays 60 s by default, 3600 s where kube-proxy "
        "sets it, socket or not. Only ss shows sockets.",
        instead="Count sockets with ss -tan state close-wait; without any, the timeout or the size of the table is it.",
        sources=("net/netfilter/nf_conntrack_proto_tcp.c tcp_timeouts: read in 3.10 to 6.19.",),
        topics=("CLOSE-WAIT", "net.netfilter.nf_conntrack_tcp_timeout_close_wait"),
    ),
    CommonBelief(
        id="raising-somaxconn-is-enough",
        claim="Raising net.core.somaxconn makes the accept queue longer at once.",
        truth="The limit is fixed at listen(): the smaller of its backlog and somaxconn. listen(3) holds 4 connections "
        "under any somaxconn, and a slow accept loop fills any queue.",
        instead="Have the program ask for a larger backlog too, and listen() again or restart.",
        sources=("net/socket.c __sys_listen(): read in 3.10 to 6.19.", "Measured on 6.18."),
        topics=("net.core.somaxconn", "LISTEN", "TcpExt.ListenOverflows"),
    ),
    CommonBelief(
        id="abort-on-overflow-answers-all",
        claim="tcp_abort_on_overflow=1 answers every client of a full queue with a RST.",
        truth="It acts in one of three cases: room when the SYN came, none when the last ACK came. A SYN that finds "
        "the queue full is dropped in silence all the same, and a client with a SYN cookie gets no RST.",
        instead="Leave it at 0, and have the program accept faster.",
        sources=("net/ipv4/tcp_minisocks.c tcp_check_req(): read in 3.10 to 6.19.", OVERFLOWS),
        topics=("net.ipv4.tcp_abort_on_overflow", "SYN-RECEIVED", "TcpExt.ListenOverflows"),
    ),
    CommonBelief(
        id="syn-backlog-is-the-syn-queue",
        claim="tcp_max_syn_backlog sets the length of the SYN queue.",
        truth="Only up to 4.3 and on RHEL 7. Since 4.4 the queue is as long as the backlog of listen(), and the key "
        "matters only with tcp_syncookies=0.",
        instead="Raise the backlog of the program.",
        sources=("net/ipv4/tcp_input.c tcp_conn_request(): read in 3.16 to 6.19.",),
        topics=("net.ipv4.tcp_max_syn_backlog", "TcpExt.TCPReqQFullDoCookies"),
    ),
    CommonBelief(
        id="syn-retries-counts-syns",
        claim="tcp_syn_retries is the number of SYNs.",
        truth="Since 6.5 it is a limit in time: with the default 6 eleven SYNs leave in 133 s.",
        instead="Choose by the time: tcptune timeouts --set tcp_syn_retries=3 shows it.",
        sources=(
            "net/ipv4/tcp_timer.c tcp_write_timeout(), tcp_retransmit_timer(): read in 6.4 and 6.5.",
            "Measured on 6.18 (HZ=250).",
        ),
        topics=("net.ipv4.tcp_syn_retries", "SYN-SENT"),
    ),
)
