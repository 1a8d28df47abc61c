"""What is believed of TIME-WAIT, of its limit, and of the keys that are said to be rid of it."""

from __future__ import annotations

from tcptune.kernel.beliefs.shape import CommonBelief

CONSTANT = "include/net/tcp.h TCP_TIMEWAIT_LEN, net/ipv4/tcp_minisocks.c tcp_time_wait(): read in 3.10 to 6.19."
LIMIT = (
    "net/ipv4/inet_timewait_sock.c inet_twsk_alloc(), net/ipv4/tcp_minisocks.c tcp_time_wait(): read in 3.10 to 6.19."
)
REUSE = (
    "net/ipv4/tcp_ipv4.c tcp_twsk_unique(), net/ipv4/inet_hashtables.c __inet_check_established(): read in 3.10 to "
    "6.19."
)

TIME_WAIT = (
    CommonBelief(
        id="fin-timeout-shortens-time-wait",
        claim="A lower tcp_fin_timeout shortens TIME-WAIT, or frees ports sooner.",
        truth="TIME-WAIT is a constant of the kernel: 60.0 s to 62.05 s were measured whatever the key was. The key "
        "bounds FIN-WAIT-2 that no process owns, and nothing else.",
        instead="Keep connections open and use them again. Where connect() runs out of ports towards one destination, "
        "tcp_tw_reuse=1 or more addresses help.",
        sources=(
            CONSTANT,
            "Measured on 6.18 (HZ=250): a FIN that came 3 s into a FIN-WAIT-2 of 5 s still started a full TIME-WAIT.",
        ),
        topics=("net.ipv4.tcp_fin_timeout", "TIME-WAIT"),
    ),
    CommonBelief(
        id="linux-time-wait-is-120-s",
        claim="TIME-WAIT lasts 120 s, or 4 minutes, on Linux.",
        truth="It lasts 60 s in every mainline kernel from 3.10 to 6.19, plus up to 2.05 s because timers fire late. "
        "4 minutes are twice the segment lifetime of the RFC; 120 s is how long conntrack remembers.",
        instead="Compute with 60 s: entries divided by 60 are the closes a second, ports divided by 60 the new "
        "connections a second to one destination.",
        sources=(CONSTANT, "RFC 9293 section 3.4.2.", "Measured on 6.18 (HZ=250)."),
        topics=(
            "TIME-WAIT",
            "net.ipv4.tcp_tw_timeout",
            "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
            "time-wait-normal",
        ),
    ),
    CommonBelief(
        id="tw-reuse-helps-servers",
        claim="tcp_tw_reuse helps a server that is full of incoming TIME-WAIT.",
        truth="It is read in connect() alone. A server needs no help: a client's new SYN was accepted in TIME-WAIT "
        "after 0.1 ms, with and without timestamps, and an entry costs it 256 bytes and no port.",
        instead="Leave the entries; where there shall be fewer, let the clients close first.",
        sources=(REUSE, "Measured on 6.18 (HZ=250): a SYN on the 4-tuple of a server's TIME-WAIT."),
        topics=("net.ipv4.tcp_tw_reuse", "TIME-WAIT", "TcpExt.TWRecycled"),
    ),
    CommonBelief(
        id="tw-reuse-removes-time-wait",
        claim="tcp_tw_reuse shortens or removes TIME-WAIT.",
        truth="Every entry lasts its 60 s, unless a connect() to the same destination takes it over: after 1.007 s by "
        "default, and only where the old connection had timestamps.",
        instead="Count on it for outgoing connections alone; for fewer entries, close less often.",
        sources=(REUSE, "Measured on 6.18 (HZ=250): delays of 100, 1000, 5000 and 60000 ms."),
        topics=("net.ipv4.tcp_tw_reuse",),
    ),
    CommonBelief(
        id="fewer-tw-buckets-free-ports",
        claim="A lower tcp_max_tw_buckets frees ports, or cures TIME-WAIT.",
        truth="It makes closes skip TIME-WAIT: with a limit of 5, 20 closes left 5 entries and gave 15 peers a RST for "
        "their FIN. Entries that exist keep their port for their 60 s.",
        instead="Leave the kernel's own limit, and raise it where TcpExt.TCPTimeWaitOverflow rises. Ports are saved by "
        "connections that are kept open.",
        sources=(LIMIT, "Measured on 6.18 (HZ=250): limits of 5, 2 and 0."),
        topics=("net.ipv4.tcp_max_tw_buckets", "TIME-WAIT", "TcpExt.TCPTimeWaitOverflow"),
    ),
    CommonBelief(
        id="more-tw-buckets-stop-dos",
        claim="A higher tcp_max_tw_buckets protects against denial of service.",
        truth="The limit is the guard, and raising it weakens the guard: each further entry may take 512 bytes, "
        "32 MiB for 65536.",
        instead="Raise it where TcpExt.TCPTimeWaitOverflow rises in ordinary traffic; stop a flood at the firewall.",
        sources=(
            "Documentation/networking/ip-sysctl.rst: the limit exists only to prevent simple DoS attacks.",
            "Measured on 6.18: 20000 entries with ports of their own took 10.2 MB.",
        ),
        topics=("net.ipv4.tcp_max_tw_buckets",),
    ),
    CommonBelief(
        id="tw-buckets-default-is-180000",
        claim="The default of tcp_max_tw_buckets is 180000, so that a few thousand are a measured cut.",
        truth="That number is of 2.6. From 3.10 on the default follows from the memory: 4096 with 1 GiB, 65536 with "
        "16 GiB, at most 262144.",
        instead="Delete the line, and the kernel computes the limit at boot.",
        sources=("net/ipv4/tcp.c tcp_init(), net/ipv4/tcp_ipv4.c tcp_sk_init(): read in 3.10 to 6.19.",),
        topics=("net.ipv4.tcp_max_tw_buckets",),
    ),
    CommonBelief(
        id="log-tells-of-bucket-overflow",
        claim="The kernel log tells when the time-wait table is full.",
        truth="No kernel from 3.10 on prints 'time wait bucket table overflow', though the documentation still "
        "promises a warning. Only TcpExt.TCPTimeWaitOverflow moves.",
        instead="Watch the counter: nstat -asz TcpExtTCPTimeWaitOverflow.",
        sources=(LIMIT, "Measured on 6.18: 15 refused entries raised the counter by 15 and left no line in the log."),
        topics=("net.ipv4.tcp_max_tw_buckets", "TIME-WAIT", "TcpExt.TCPTimeWaitOverflow", "dmesg"),
    ),
    CommonBelief(
        id="many-time-waits-eat-the-memory",
        claim="A hundred thousand TIME-WAIT sockets eat the memory, or the CPU.",
        truth="They take 25 to 50 MB of kernel memory, no descriptor, no process and no tcp_mem. What runs out first "
        "is the ports towards one destination, 28232 by default.",
        instead="Count them by destination before anything is changed: ss -Htan state time-wait.",
        sources=("Measured on 6.18: 256 bytes for each, and 256 more for a local port of its own.",),
        topics=("net.ipv4.tcp_max_tw_buckets", "sockstat.TCP.tw"),
    ),
    CommonBelief(
        id="tw-recycle-is-fine-without-nat",
        claim="tcp_tw_recycle is fine where no client is behind NAT.",
        truth="Up to 4.9 it drops clients that share an address, in 4.10 and 4.11 it can drop any client, because "
        "timestamps start at random there, and from 4.12 on it does not exist.",
        instead="Delete the line. On a kernel that has the key the value is 0.",
        sources=(
            "net/ipv4/sysctl_net_ipv4.c: read in 4.11, which has the key, and in 4.12, which has not.",
            "net/ipv4/tcp_ipv4.c tcp_v4_conn_request(), net/ipv4/tcp_input.c tcp_conn_request(): read in 3.10 to 4.11.",
        ),
        topics=("net.ipv4.tcp_tw_recycle", "TIME-WAIT", "TcpExt.PAWSPassive"),
    ),
    CommonBelief(
        id="rfc1337-protects-against-time-wait",
        claim="tcp_rfc1337=1 protects against TIME-WAIT, or shortens it.",
        truth="It makes a TIME-WAIT ignore a RST, which would otherwise end it. It changes nothing about how many "
        "there are, and can only make one last longer, up to its 60 s.",
        instead="Leave the default 0; 1 does no harm and is worth something only where stray RSTs arrive.",
        sources=(
            "RFC 1337.",
            "net/ipv4/tcp_minisocks.c tcp_timewait_state_process(): read in 3.10 to 6.19.",
        ),
        topics=("net.ipv4.tcp_rfc1337",),
    ),
)
