"""Lines of a log that speak of closing, ports or full tables: the fact that counts each kind, and what it says."""

from __future__ import annotations

LOG_LINES = {
    "log.too_many_orphaned_sockets": "Lines of the kernel log that say: too many orphaned sockets.",
    "log.tcp_out_of_memory": "Lines of the kernel log that say: out of memory -- consider tuning tcp_mem.",
    "log.out_of_socket_memory": (
        "Lines of the kernel log that say: Out of socket memory. Kernels of the time of 2.6 print it both for too many "
        "orphans and for a full tcp_mem."
    ),
    "log.time_wait_bucket_table_overflow": (
        "Lines of the kernel log that say: time wait bucket table overflow. No kernel from 3.10 on prints it."
    ),
    "log.conntrack_table_full": "Lines of the kernel log that say: nf_conntrack: table full, dropping packet.",
    "log.possible_syn_flooding": "Lines of the kernel log that say: Possible SYN flooding on port N.",
    "log.EADDRNOTAVAIL": (
        "Lines in which a program says: Cannot assign requested address (EADDRNOTAVAIL), as connect() does when no "
        "local port is left."
    ),
    "log.EADDRINUSE": "Lines in which a program says: Address already in use (EADDRINUSE), as bind() does.",
}
"""The kernel's are from net/ipv4/tcp.c tcp_check_oom(), tcp_input.c tcp_syn_flood_action() and
netfilter/nf_conntrack_core.c, and from logs of 2.6; the others are errno(3)."""
