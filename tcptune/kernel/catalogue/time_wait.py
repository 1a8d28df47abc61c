"""Keys about TIME-WAIT itself: how many timewait entries there may be, how long they last, what ends them."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import ANY_INT, INT_THEN_BYTE, NETNS, RHEL_7_HOST, netns_since
from tcptune.kernel.history import Belief, Range, Span
from tcptune.kernel.sysctl import Sysctl

TIME_WAIT: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.ipv4.tcp_max_tw_buckets",
        unit="sockets",
        summary="How many timewait entries, TIME-WAIT and short FIN-WAIT-2 together, a network namespace may hold.",
        decides=(
            (
                "Whether a connection that closes gets a timewait entry, the small object the kernel keeps in place "
                "of a full socket for TIME-WAIT and for an orphan's FIN-WAIT-2 of up to 60 s."
            ),
            (
                "At the limit the closing socket is destroyed at once, mostly already when its FIN is acknowledged: "
                "no FIN-WAIT-2, no TIME-WAIT, nothing sent, TcpExt.TCPTimeWaitOverflow +1. The peer's FIN is then "
                "answered with a RST."
            ),
            "0 means that no timewait entry is ever made.",
        ),
        decides_not=(
            "Not how long TIME-WAIT lasts.",
            "Not how many ports connect() can use: that is ip_local_port_range for each destination.",
            "Not FIN-WAIT-2 sockets that a process holds, and not orphans in FIN-WAIT-1, CLOSING or LAST-ACK.",
        ),
        defaults=(
            Span(
                "ehash/2, where ehash is kernel memory / 128 KiB rounded up to a power of two, at most 524288 slots: "
                "4096 with 1 GiB, 32768 with 8 GiB, 131072 with 32 GiB, at most 262144",
                note="Boot option thash_entries= sets the slots and lifts the cap.",
            ),
            Span(
                "N/2 in a namespace made while its parent had tcp_child_ehash_entries=N above 0",
                since="6.1",
            ),
        ),
        ranges=ANY_INT,
        scopes=netns_since("4.11", host_until="4.10"),
        vendors=(
            RHEL_7_HOST,
            ("RHEL 9.6", "A negative value still means no timewait entry at all."),
            ("RHEL 10", "A negative value means no limit."),
        ),
        takes_effect="At the next socket that would become a timewait entry; existing entries live out their time.",
        meanings=(
            Span("One limit for all namespaces together.", until="4.10"),
            Span(
                "Each namespace has its own limit of full size; the host's value does not bound containers.",
                since="4.11",
            ),
            Span(
                "A negative value means no timewait entry at all.",
                until="5.17",
                note="Derived from the source, not run.",
            ),
            Span(
                "A negative value means no limit.",
                since="5.18",
                note="Measured on 6.18; 5.17-rc5 still compares the old way, 5.18 the new one.",
            ),
        ),
        interplay=(
            (
                "tcp_fin_timeout above 60 keeps the first half of an orphan's FIN-WAIT-2 a full socket, under "
                "tcp_max_orphans."
            ),
            "A failed allocation raises TcpExt.TCPTimeWaitOverflow as well.",
            "One entry costs 256 bytes, and 256 more when it has a local port of its own (measured on 6.18).",
        ),
        dangers=(
            (
                "Lowering it turns orderly closes into a RST for the peer and drops the protection against stray "
                "segments; the kernel's documentation says that one must not lower it."
            ),
            (
                "A peer that has not closed yet stays in CLOSE-WAIT and learns of it when its own FIN gets a RST. A "
                "peer whose last ACK was lost is not kept waiting: its repeated FIN gets a RST (measured)."
            ),
            "A negative value means opposite things on old and new kernels.",
        ),
        beliefs=(
            Belief(
                "It counts TIME-WAIT only.", "FIN-WAIT-2 of orphans counts too, while tcp_fin_timeout is 60 or less."
            ),
        ),
        sources=(
            (
                "net/ipv4/inet_timewait_sock.c inet_twsk_alloc(), net/ipv4/tcp_minisocks.c tcp_time_wait(), "
                "net/ipv4/tcp_ipv4.c tcp_sk_init() (tcp.c tcp_init() up to 4.10; tcp_set_hashinfo() since 6.1): read "
                "in 3.10 to 6.19"
            ),
            (
                "measured on 6.18 (HZ=250): limits of 5, 2, 0 and -1, lowering under existing entries, memory of "
                "20000 entries"
            ),
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_tw_timeout",
        unit="s",
        summary="How long TIME-WAIT lasts on some vendors' kernels: mainline Linux never had this key and always "
        "waits 60 s.",
        decides=(
            (
                "The length of TIME-WAIT on Alibaba Cloud Linux 2 and 3 and on Tencent's 5.4 kernel (OpenCloudOS), in "
                "place of the constant 60 s."
            ),
            "On those kernels it also takes the place of 60 where tcp_fin_timeout is split in two.",
        ),
        decides_not=("Nothing on a mainline, Debian, Ubuntu, SUSE or RHEL kernel: the file is not there.",),
        defaults=(Span("60", note="The vendors' kernels."),),
        ranges=(
            Range(1, 600, note="Alibaba Cloud Linux 2 and 3."),
            Range(10, 60, note="Tencent 5.4.119 (OpenCloudOS)."),
        ),
        scopes=NETNS,
        vendors=(
            ("Alibaba Cloud Linux 2 (4.19.43-13.al7 and later) and 3", "Present, 1 to 600 s."),
            ("Alibaba Cloud Linux 4", "Deprecated by the vendor."),
            ("Tencent 5.4.119 (OpenCloudOS)", "Present, 10 to 60 s."),
            ("Tencent 4.14", "Absent."),
        ),
        vendor_only=True,
        takes_effect="When a timewait entry is made or its timer restarted.",
        meanings=(
            Span(
                "An orphan's FIN-WAIT-2 lives 2 x (tcp_fin_timeout - tcp_tw_timeout) when tcp_fin_timeout is the "
                "larger one.",
                note="Derived from Tencent's source, not run.",
            ),
        ),
        interplay=("tcp_fin_timeout should not exceed it.",),
        dangers=("Below twice the lifetime of a stray segment, old segments may reach a new connection.",),
        beliefs=(
            Belief(
                "Every Linux has it, or it can be added with sysctl.",
                "Only kernels patched by those vendors have it; elsewhere writing it fails with ENOENT and TIME-WAIT "
                "is the constant TCP_TIMEWAIT_LEN.",
            ),
        ),
        sources=(
            (
                "net/ipv4/tcp.c, tcp_input.c, tcp_timer.c, tcp_minisocks.c and sysctl_net_ipv4.c of Tencent 5.4.119 "
                "and of Alibaba's 4.19 kernel"
            ),
            "include/net/tcp.h TCP_TIMEWAIT_LEN: read in 3.10 to 6.19",
            "Alibaba Cloud's help page on the TCP TIME-WAIT timeout",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_rfc1337",
        unit="bool",
        summary="Whether a RST that hits a TIME-WAIT socket is ignored instead of ending it.",
        decides=(
            "0: a RST inside the window ends TIME-WAIT at once.",
            "1: such a RST is ignored and TIME-WAIT runs on.",
        ),
        decides_not=(
            "Not how long TIME-WAIT lasts when no RST comes.",
            "Not RST in any other state.",
        ),
        defaults=(Span("0"),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.15", host_until="4.14"),
        vendors=(RHEL_7_HOST,),
        takes_effect="At once, for existing entries too.",
        sources=("net/ipv4/tcp_minisocks.c tcp_timewait_state_process(): read in 3.10 to 6.19", "RFC 1337"),
    ),
)
