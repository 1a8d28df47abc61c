"""How many there are now: /proc/net/sockstat and sockstat6, and what the machine has to offer."""

from __future__ import annotations

from tcptune.kernel.counters.shape import HOST, NETNS, Counter
from tcptune.kernel.history import Belief, Span

SOCKSTAT = "net/ipv4/proc.c sockstat_seq_show(): read in 3.10 to 6.19."
WHO_COUNTS_WHAT = "Measured on 6.18 with 1000 sockets in each state."

GAUGES = (
    Counter(
        name="sockstat.sockets.used",
        unit="sockets",
        kind="gauge",
        scopes=(Span("host", until="4.15"), Span("netns", since="4.16")),
        meaning="Sockets of every family that exist now: TCP, UDP, Unix, netlink and the rest. Time-wait "
        "entries are no sockets and are not in it.",
        notes=(
            "Up to 4.15 it counts sockets that a file stands for, on the whole machine: orphans are not in it.",
            (
                "Since 4.16 it counts the kernel's own structures of one network namespace: orphans and "
                "connections that nobody has accepted yet are in it."
            ),
        ),
        sources=(
            "net/socket.c socket_seq_show(): read in 3.10, 4.15, 5.0 and 6.18.",
            "net/core/sock.c sk_alloc(), sk_clone_lock() and __sk_free(): read in 5.0 and 6.18.",
        ),
    ),
    Counter(
        name="sockstat.TCP.inuse",
        unit="sockets",
        kind="gauge",
        scopes=NETNS,
        meaning="Full IPv4 TCP sockets that listen, connect or have a connection, orphans included. Time-wait "
        "entries, SYN-RECEIVED, unconnected sockets and everything on an IPv6 socket are not in it.",
        notes=(
            "An IPv4 client of a dual-stack listener is counted in sockstat6.TCP6.inuse.",
            "An orphan's FIN-WAIT-2 of at most 60 s is a time-wait entry and is counted in tw instead.",
            "inuse above alloc contradicts itself, for alloc covers every namespace: suspect the reading.",
        ),
        beliefs=(
            Belief(
                "inuse is the number of connections.",
                "It has the listeners in it, and has neither TIME-WAIT nor IPv6 sockets in it.",
            ),
        ),
        sources=(
            SOCKSTAT,
            "net/ipv4/inet_hashtables.c inet_ehash_nolisten() and inet_unhash(): read in 6.18.",
            WHO_COUNTS_WHAT,
        ),
    ),
    Counter(
        name="sockstat.TCP.orphan",
        unit="sockets",
        kind="gauge",
        scopes=HOST,
        meaning="Full TCP sockets that no process owns any more, IPv4 and IPv6, over all network namespaces: "
        "FIN-WAIT-1, LAST-ACK, CLOSING, and FIN-WAIT-2 set to last more than 60 s. It is what "
        "net.ipv4.tcp_max_orphans limits.",
        notes=(
            (
                "The number here is exact; since 5.16 (also 5.10.89, 5.15.16 and RHEL 9.2) the kernel compares "
                "the limit with a copy that is up to 100 ms old, so a burst can stand above the limit for a "
                "moment."
            ),
            (
                "At a timeout an orphan that has sent nothing for long counts twice, one that has had an ICMP "
                "error too, and both together four times: such sockets die at one half or one quarter of the "
                "limit."
            ),
        ),
        beliefs=(
            Belief(
                "Leaked CLOSE-WAIT sockets are orphans.",
                "A leaked socket has an owner, and one in an accept queue has a listener; orphans have neither.",
            ),
        ),
        sources=(
            SOCKSTAT,
            (
                "net/ipv4/tcp.c tcp_close(), tcp_check_oom() and net/ipv4/tcp_timer.c tcp_out_of_resources(): "
                "read in 3.10 to 6.19."
            ),
            WHO_COUNTS_WHAT,
        ),
    ),
    Counter(
        name="sockstat.TCP.tw",
        unit="sockets",
        kind="gauge",
        scopes=(Span("host", until="4.10", note="RHEL 7 (3.10.0-1160) too."), Span("netns", since="4.11")),
        meaning="Time-wait entries, IPv4 and IPv6: TIME-WAIT, and an orphan's FIN-WAIT-2 of at most 60 s. It is "
        "what net.ipv4.tcp_max_tw_buckets limits.",
        notes=(
            "Divided by 60 s it gives the closes a second that this side begins.",
            "An entry costs 256 bytes on 6.18 (x86-64), and 256 more where it holds a local port of its own.",
            "On 4.10 and older, and on RHEL 7, a container sees the entries of the whole machine.",
        ),
        beliefs=(
            Belief(
                "tw is what ss lists as TIME-WAIT.",
                "It is TIME-WAIT and FIN-WAIT-2 with timer:(timewait) together, and on old kernels those of all "
                "namespaces: 6068 in sockstat stood against 853 in netstat on a RHEL 7 Docker host.",
            ),
        ),
        sources=(
            SOCKSTAT,
            (
                "net/ipv4/inet_timewait_sock.c inet_twsk_alloc(): read in 4.11 to 6.19; tcp_minisocks.c "
                "tcp_time_wait(): read in 3.10 to 6.19."
            ),
            WHO_COUNTS_WHAT,
        ),
    ),
    Counter(
        name="sockstat.TCP.alloc",
        unit="sockets",
        kind="gauge",
        scopes=HOST,
        meaning="TCP sockets allocated on the whole machine, IPv4 and IPv6: connected, listening, orphaned, and "
        "those that are unconnected or closed while a descriptor still holds them. Time-wait entries and "
        "SYN-RECEIVED are not in it.",
        sources=(
            SOCKSTAT,
            (
                "net/ipv4/tcp.c tcp_init_sock(), net/core/sock.c sk_clone_lock() and net/ipv4/tcp_ipv4.c "
                "tcp_v4_destroy_sock(): read in 6.18."
            ),
            WHO_COUNTS_WHAT,
        ),
    ),
    Counter(
        name="sockstat.TCP.mem",
        unit="pages",
        kind="gauge",
        scopes=HOST,
        meaning="Pages of memory in TCP's send and receive buffers on the whole machine, as net.ipv4.tcp_mem "
        "judges them. The socket structures, about 2.4 kB each, and time-wait entries are not in it.",
        notes=(
            "The unit is the machine's page (getconf PAGESIZE): 4096 bytes on x86-64.",
            "An orphan with only its FIN to send holds one page: 3000 of them raised it by 3072 (measured on 6.18).",
        ),
        sources=(SOCKSTAT, "net/ipv4/tcp.c tcp_out_of_memory() and tcp_check_oom(): read in 3.10 to 6.19."),
    ),
    Counter(
        name="sockstat6.TCP6.inuse",
        unit="sockets",
        kind="gauge",
        scopes=NETNS,
        meaning="Full TCP sockets made as IPv6 sockets that listen, connect or have a connection, orphans "
        "included. IPv4 clients of a dual-stack listener are in it; time-wait entries are not, they are all in "
        "sockstat's tw.",
        notes=("The file does not exist where IPv6 is not compiled in or switched off at boot.",),
        sources=("net/ipv6/proc.c sockstat6_seq_show(): read in 6.18.", WHO_COUNTS_WHAT),
    ),
    Counter(
        name="meminfo.MemTotal",
        unit="kB",
        kind="gauge",
        scopes=HOST,
        meaning="Memory the kernel has to give out: what is installed, less what the firmware and the kernel's "
        "image keep for themselves.",
        notes=(
            (
                "The defaults of tcp_max_orphans, tcp_max_tw_buckets and tcp_mem are computed from memory at "
                "boot and do not follow a later change."
            ),
            "A container sees the machine's number, unless its runtime puts another file in place (LXCFS does).",
        ),
        sources=("fs/proc/meminfo.c meminfo_proc_show(): read in 6.18.",),
    ),
    Counter(
        name="meminfo.MemAvailable",
        unit="kB",
        kind="gauge",
        scopes=HOST,
        since="3.14",
        meaning="The kernel's estimate of what programs could still take without swapping: free memory and the "
        "caches that can be given up.",
        sources=("fs/proc/meminfo.c meminfo_proc_show(): read in 6.18; absent from 3.10.",),
    ),
    Counter(
        name="uptime",
        unit="s",
        kind="gauge",
        scopes=HOST,
        meaning="Seconds since the machine was started, the time asleep included. It bounds how long the "
        "counters of the initial network namespace have been rising.",
        notes=(
            "A container's counters began with its namespace and not with the machine.",
            "Inside a time namespace, known since 5.6, the number is shifted by the namespace's offset.",
        ),
        sources=("fs/proc/uptime.c uptime_proc_show(): read in 6.18.",),
    ),
)
