"""What people look at or type, and then believe what it does not say."""

from __future__ import annotations

from tcptune.kernel.beliefs.shape import Subject

SUBJECTS = {
    subject.name: subject
    for subject in (
        Subject(
            "ss -s",
            "A summary out of /proc/net/sockstat and snmp, and not a count of sockets. `estab` is Tcp.CurrEstab, with "
            "CLOSE-WAIT in it since 6.10; `timewait` is sockstat's tw, with short FIN-WAIT-2 in it; `orphaned` is the "
            "whole machine's; `closed` is computed.",
            ("ss --summary", "ss summary"),
        ),
        Subject(
            "netstat",
            "It lists sockets from /proc/net/tcp and finds their owners through /proc/PID/fd: `-` means that no "
            "descriptor leads to the socket, or that you are not root.",
            ("netstat -p", "netstat -tanp", "netstat -anp"),
        ),
        Subject(
            "dmesg",
            "Of what this program is about, the kernel logs too many orphans and a full tcp_mem, both rate-limited, "
            "a possible SYN flood, a full conntrack table, and a port range of an odd size. A full time-wait table, a "
            "full accept queue and ports that run out are not logged.",
            ("kernel log", "syslog"),
        ),
        Subject(
            "sysctl -p",
            "It writes the settings of one file into the running kernel. What a boot sets is another question.",
            ("sysctl.conf", "/etc/sysctl.conf", "sysctl.d", "sysctl --system"),
        ),
        Subject(
            "container",
            "A container, or a pod, has a network namespace of its own: its own values of most TCP keys, its own "
            "counters, its own sockets, and the machine's orphan limit and tcp_mem.",
            ("pod", "docker", "kubernetes", "netns", "network namespace"),
        ),
    )
}
"""By their names."""
