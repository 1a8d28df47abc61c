"""Keys about the memory of TCP: pages for all sockets, buffers for one, and the size of the hash table."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import HOST_WIDE, NETNS, RHEL_7_HOST
from tcptune.kernel.history import INT_MAX, Belief, Range, Span
from tcptune.kernel.sysctl import Sysctl

BUFFER_SCOPES = (
    Span("host", until="4.14", note=HOST_WIDE),
    Span("netns", since="4.15", note="A new namespace copies the initial namespace's values."),
)
FEWER_NUMBERS = "Writing fewer than three numbers changes only the first ones (measured)."

MEMORY: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.ipv4.tcp_mem",
        unit="pages",
        parts=("min", "pressure", "max"),
        summary="How many pages of buffer memory all TCP sockets of the machine may use, with the marks where saving "
        "begins.",
        decides=(
            (
                "Below min nothing is saved; above pressure buffers stop growing until use falls below min; above max "
                "allocations fail."
            ),
            (
                "Above max an orphan with more than 4608 bytes queued is reset at its next timer: "
                "TcpExt.TCPAbortOnMemory and the log line 'out of memory -- consider tuning tcp_mem'."
            ),
        ),
        decides_not=(
            "Not orphans that hold only a FIN: they are never killed by it.",
            "Not TIME-WAIT, which costs none of this memory.",
            "Not the message 'too many orphaned sockets': that is tcp_max_orphans.",
        ),
        defaults=(
            Span(
                "L/4*3, L, L/4*6 with L = free buffer pages / 8, at least 128: 9.4, 12.5 and 18.8 % of buffer memory",
                until="4.1",
                note="RHEL 7 as well.",
            ),
            Span(
                "L/4*3, L, L/4*6 with L = free buffer pages / 16, at least 128: 4.7, 6.2 and 9.4 % of buffer memory",
                since="4.2",
            ),
        ),
        ranges=(
            Range(
                0,
                2**64 - 1,
                note="Unsigned longs, here on 64 bits. A negative number is EINVAL in 5.17 and later and in RHEL 8.10 "
                "and 9.6; before it is ignored without an error.",
            ),
        ),
        scopes=(
            Span("netns", until="3.12"),
            Span("host", since="3.13", note=HOST_WIDE),
        ),
        vendors=(("RHEL 7", "One value for each network namespace, as in 3.10."),),
        takes_effect="At once.",
        interplay=(
            "sockstat.TCP.mem is the use in the same unit, for the whole machine.",
            "An orphan that holds only a FIN costs one page of it (3000 orphans: 3072 pages).",
        ),
        dangers=("The unit is pages of mostly 4096 bytes: a value meant as bytes is no limit at all.",),
        beliefs=(
            Belief(
                "'Out of socket memory' calls for a larger tcp_mem.",
                "Compare sockstat.TCP.mem with its max first: often the orphans are too many and memory use is a few "
                "per cent.",
            ),
        ),
        sources=(
            (
                "net/ipv4/tcp.c tcp_init_mem(), tcp_check_oom(), tcp_out_of_memory() (include/net/tcp.h up to 6.9): "
                "read in 3.10 to 6.19"
            ),
            "measured on 6.18 (HZ=250): pages charged to orphans, absence in child namespaces",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_rmem",
        unit="bytes",
        parts=("min", "default", "max"),
        summary="How large one TCP socket's receive buffer is at least, at first and at most.",
        decides=(
            "The buffer a new socket starts with and how far it may grow by itself.",
            "How much data can lie unread when an application calls close(), which answers unread data with a RST.",
        ),
        decides_not=("Not the sum over all sockets: that is tcp_mem.", "Not how long any state lasts."),
        defaults=(
            Span(
                "min 4096, default 87380, max grows with memory up to 6291456",
                until="4.19",
                note="RHEL 7 and RHEL 8 as well.",
            ),
            Span("min 4096, default 131072, max grows with memory up to 6291456", since="4.20", until="6.15"),
            Span(
                "min 4096, default 131072, max grows with memory up to 33554432",
                since="6.16",
                note="6 MiB in 6.14, 32 MiB in 6.17; the change was posted for net-next in May 2025, after 6.15's "
                "merge window.",
            ),
        ),
        ranges=(Range(1, INT_MAX, note="Each number; 6.1.192 and 6.12.117 ask for a little more than 1."),),
        scopes=BUFFER_SCOPES,
        vendors=(RHEL_7_HOST,),
        takes_effect="On new sockets; max at once.",
        interplay=("SO_RCVBUF, limited by net.core.rmem_max, turns the automatic growth off for one socket.",),
        dangers=(FEWER_NUMBERS,),
        sources=(
            "net/ipv4/tcp.c tcp_init(), net/ipv4/tcp_ipv4.c tcp_sk_init(): read in 3.10 to 6.19",
            "measured on 6.18 (HZ=250): accepted values",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_wmem",
        unit="bytes",
        parts=("min", "default", "max"),
        summary="How large one TCP socket's send buffer is at least, at first and at most.",
        decides=(
            (
                "How much unsent and unacknowledged data one socket may hold, so also how much one orphan can keep: 4 "
                "MiB by default."
            ),
        ),
        decides_not=("Not the sum over all sockets: that is tcp_mem.", "Not how long an orphan lives."),
        defaults=(Span("min 4096, default 16384, max 65536 to 4194304, growing with memory (memory / 128)"),),
        ranges=(Range(1, INT_MAX, note="Each number."),),
        scopes=BUFFER_SCOPES,
        vendors=(RHEL_7_HOST,),
        takes_effect="On new sockets; max at once.",
        interplay=(
            "tcp_max_orphans times max is the worst case for orphans' memory, a ceiling that is hardly ever met.",
            "SO_SNDBUF, limited by net.core.wmem_max, turns the automatic growth off for one socket.",
        ),
        dangers=(FEWER_NUMBERS,),
        sources=(
            "net/ipv4/tcp.c tcp_init(), net/ipv4/tcp_ipv4.c tcp_sk_init(): read in 3.10 to 6.19",
            "measured on 6.18 (HZ=250): accepted values",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_ehash_entries",
        unit="slots",
        summary="The size of the hash table of connections, read-only and negative in a namespace that shares the "
        "parent's table.",
        decides=(
            (
                "Nothing by itself: it reports what tcp_max_tw_buckets, tcp_max_orphans and tcp_max_syn_backlog were "
                "derived from."
            ),
        ),
        defaults=(Span("the boot-time table's slots; negative in a namespace that shares it", since="6.1"),),
        scopes=(Span("netns"),),
        since="6.1",
        vendors=(("RHEL 9", "Absent."), ("RHEL 10", "Present.")),
        takes_effect="Never: a write is refused with EACCES.",
        interplay=(
            "Boot option thash_entries= sets it for the machine, tcp_child_ehash_entries for namespaces made later.",
        ),
        sources=(
            "net/ipv4/sysctl_net_ipv4.c proc_tcp_ehash_entries(): read in 6.1 to 6.19, absent in 6.0",
            "measured on 6.18 (HZ=250): -262144 in a child namespace, mode 0444",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_child_ehash_entries",
        unit="slots",
        summary="How many hash slots of their own the namespaces made afterwards get, 0 meaning that they share the "
        "parent's.",
        decides=(
            (
                "N above 0: a child namespace gets a table of N slots rounded up to a power of two, "
                "tcp_max_tw_buckets = N/2 and tcp_max_syn_backlog = max(128, N/128)."
            ),
        ),
        decides_not=("Not namespaces that exist already, and not this one.",),
        defaults=(Span("0", since="6.1"),),
        ranges=(Range(0, 16777216, since="6.1"),),
        scopes=NETNS,
        since="6.1",
        vendors=(("RHEL 9", "Absent."), ("RHEL 10", "Present.")),
        takes_effect="On namespaces made afterwards.",
        dangers=("A small table in a busy namespace makes every lookup slow, and its timewait limit small.",),
        sources=(
            "net/ipv4/tcp_ipv4.c tcp_set_hashinfo(): read in 6.1 to 6.19, absent in 6.0",
            "measured on 6.18 (HZ=250): accepted values",
        ),
    ),
)
