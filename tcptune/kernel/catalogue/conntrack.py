"""Keys of connection tracking (module nf_conntrack), whose entries and timeouts are not those of sockets."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import NETNS, SECONDS_IN_JIFFIES
from tcptune.kernel.history import INT_MAX, INT_MIN, Belief, Range, Span
from tcptune.kernel.sysctl import Sysctl

NOT_A_SOCKET = "Not any socket: TCP's own states and timers never look at it."
NEXT_PACKET = "On each flow at its next packet; the file exists only while the module nf_conntrack is loaded."
NEGATIVE = "0 and negative values are accepted, although an entry needs a positive time."
SOURCES = (
    "net/netfilter/nf_conntrack_proto_tcp.c tcp_timeouts: read in 3.10 to 6.19",
    "measured on 6.18 (HZ=250): defaults",
)

CONNTRACK: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.netfilter.nf_conntrack_max",
        unit="entries",
        summary="How many flows connection tracking may hold in any one network namespace.",
        decides=(
            (
                "Whether a new flow is tracked or its packet dropped. The kernel compares each namespace's own "
                "nf_conntrack_count with this one value, and first tries to drop an entry that never got an answer."
            ),
        ),
        decides_not=(
            NOT_A_SOCKET,
            "Not the memory of the hash table: that is nf_conntrack_buckets.",
            "Not the sum over all namespaces, which may exceed it.",
        ),
        defaults=(
            Span(
                "buckets x 4: 65536 with more than 1 GiB of memory, 262144 with more than 4 GiB",
                until="5.14",
                note="The step at 4 GiB came with 4.1; before it 65536. RHEL 7 and RHEL 8 as well, RHEL 7 with the "
                "step.",
            ),
            Span(
                "buckets x 1: 65536 with more than 1 GiB of memory, 262144 with more than 4 GiB",
                since="5.15",
                note="RHEL 9 as well.",
            ),
        ),
        ranges=(
            Range(
                INT_MIN,
                INT_MAX,
                until="6.14",
                note="Late 6.1.y (6.1.192) and 6.12.y (6.12.117) refuse negative numbers already.",
            ),
            Range(0, INT_MAX, since="6.15", until="6.18", note="Any int in 6.14, this in 6.17: 6.15 is inferred."),
            Range(1, INT_MAX, since="6.19"),
        ),
        scopes=(
            Span(
                "host",
                note="The file is there in child namespaces, but read-only; net.nf_conntrack_max is absent there.",
            ),
        ),
        takes_effect="At once; existing entries stay.",
        meanings=(
            Span("0 means no limit.", until="6.18"),
            Span("0 is refused with EINVAL.", since="6.19"),
        ),
        interplay=(
            "A closed connection stays in the table for nf_conntrack_tcp_timeout_time_wait, 120 s by default.",
            "The file exists only while the module nf_conntrack is loaded: a setting applied before that is lost.",
        ),
        dangers=(
            (
                "A full table drops new connections ('nf_conntrack: table full, dropping packet'), established ones "
                "go on."
            ),
        ),
        beliefs=(
            Belief(
                "A full table is a tcp_* matter.",
                "No tcp_* key changes it: raise this value or shorten the timeouts of nf_conntrack.",
            ),
            Belief(
                "The count of all containers together must stay below it.",
                "Each namespace's count is compared on its own.",
            ),
        ),
        sources=(
            (
                "net/netfilter/nf_conntrack_core.c __nf_conntrack_alloc(), nf_conntrack_init_start(), "
                "net/netfilter/nf_conntrack_standalone.c: read in 3.10 to 6.19"
            ),
            "measured on 6.18 (HZ=250): mode 0444 in a child namespace",
        ),
    ),
    Sysctl(
        name="net.netfilter.nf_conntrack_count",
        unit="entries",
        summary="How many flows connection tracking holds now in this network namespace: a read-only gauge.",
        decides=("Nothing: it is what the kernel compares with nf_conntrack_max when a new flow begins.",),
        decides_not=(NOT_A_SOCKET, "Not the number of connections: UDP, ICMP and closed TCP flows count as well."),
        defaults=(Span("0", note="A new namespace has no flows."),),
        scopes=(Span("netns", note="Each namespace shows its own flows."),),
        takes_effect="Never: a write is refused with EACCES.",
        interplay=("The file exists only while the module nf_conntrack is loaded.",),
        sources=(
            "net/netfilter/nf_conntrack_standalone.c, net/netfilter/nf_conntrack_core.c __nf_conntrack_alloc()",
            "measured on 6.18 (HZ=250): mode 0444, also in a child namespace",
        ),
    ),
    Sysctl(
        name="net.netfilter.nf_conntrack_tcp_timeout_established",
        unit="s",
        summary="How long connection tracking remembers an idle established TCP connection.",
        decides=("After how much silence the entry, and a NAT mapping with it, is forgotten: five days by default.",),
        decides_not=(NOT_A_SOCKET, "Not keepalive."),
        defaults=(Span("432000"),),
        ranges=SECONDS_IN_JIFFIES,
        scopes=NETNS,
        takes_effect=NEXT_PACKET,
        interplay=(
            "Keep it above tcp_keepalive_time plus the probes' time (7875 s by default) of the connections that pass.",
        ),
        dangers=(
            "Shorter than the silence of a connection, the connection is forgotten and later reset or stuck.",
            NEGATIVE,
        ),
        beliefs=(
            Belief(
                "Lowering it closes idle connections.",
                "It only makes the middle forget them; both ends stay ESTABLISHED.",
            ),
        ),
        sources=SOURCES,
    ),
    Sysctl(
        name="net.netfilter.nf_conntrack_tcp_timeout_fin_wait",
        unit="s",
        summary="How long connection tracking remembers a TCP connection after the first FIN.",
        decides=("The life of the entry from the first FIN until that FIN is acknowledged.",),
        decides_not=(NOT_A_SOCKET, "Not FIN-WAIT-1 or FIN-WAIT-2."),
        defaults=(Span("120"),),
        ranges=SECONDS_IN_JIFFIES,
        scopes=NETNS,
        takes_effect=NEXT_PACKET,
        dangers=(NEGATIVE,),
        sources=SOURCES,
    ),
    Sysctl(
        name="net.netfilter.nf_conntrack_tcp_timeout_time_wait",
        unit="s",
        summary="How long connection tracking remembers a TCP connection after both FINs are acknowledged.",
        decides=(
            (
                "The life of the entry of a connection that closed in order: 120 s by default, twice the socket's "
                "TIME-WAIT."
            ),
        ),
        decides_not=(NOT_A_SOCKET, "Not TIME-WAIT: the socket's 60 s are a constant."),
        defaults=(Span("120"),),
        ranges=SECONDS_IN_JIFFIES,
        scopes=NETNS,
        takes_effect=NEXT_PACKET,
        interplay=("On a NAT a port can stay taken by the entry after the socket's TIME-WAIT is over.",),
        dangers=(
            "Below 60 on a NAT, a port may be given to another connection while the old socket is in TIME-WAIT.",
            NEGATIVE,
        ),
        beliefs=(
            Belief("It shortens TIME-WAIT.", "It is another table. The socket waits 60 s whatever this value is."),
        ),
        sources=SOURCES,
    ),
    Sysctl(
        name="net.netfilter.nf_conntrack_tcp_timeout_close_wait",
        unit="s",
        summary="How long connection tracking remembers a TCP connection whose first FIN is acknowledged and whose "
        "second is awaited.",
        decides=("The life of the entry of a half-closed connection: past it a NAT forgets the mapping.",),
        decides_not=(NOT_A_SOCKET, "Not CLOSE-WAIT sockets: those wait for the application's close()."),
        defaults=(Span("60"),),
        ranges=SECONDS_IN_JIFFIES,
        scopes=NETNS,
        vendors=(("Kubernetes nodes", "kube-proxy sets 3600 on purpose, so that half-closed connections survive."),),
        takes_effect=NEXT_PACKET,
        dangers=(
            "Shorter than the time a half-closed connection goes on sending, its later data is dropped or reset.",
            NEGATIVE,
        ),
        beliefs=(
            Belief("Lowering it clears CLOSE-WAIT sockets.", "It clears entries of the tracking table and no socket."),
        ),
        sources=SOURCES,
    ),
    Sysctl(
        name="net.netfilter.nf_conntrack_tcp_timeout_last_ack",
        unit="s",
        summary="How long connection tracking remembers a TCP connection whose second FIN is not acknowledged yet.",
        decides=("The life of the entry from the second FIN until its ACK.",),
        decides_not=(
            NOT_A_SOCKET,
            "Not LAST-ACK: tcp_orphan_retries or tcp_retries2 decides that, often for longer than 30 s.",
        ),
        defaults=(Span("30"),),
        ranges=SECONDS_IN_JIFFIES,
        scopes=NETNS,
        takes_effect=NEXT_PACKET,
        dangers=(NEGATIVE,),
        sources=SOURCES,
    ),
    Sysctl(
        name="net.netfilter.nf_conntrack_tcp_timeout_close",
        unit="s",
        summary="How long connection tracking remembers a TCP connection after a RST.",
        decides=("The life of the entry of a connection that was reset.",),
        decides_not=(NOT_A_SOCKET, "Not the CLOSED state of a socket, which has no timer."),
        defaults=(Span("10"),),
        ranges=SECONDS_IN_JIFFIES,
        scopes=NETNS,
        takes_effect=NEXT_PACKET,
        dangers=(NEGATIVE,),
        sources=SOURCES,
    ),
)
