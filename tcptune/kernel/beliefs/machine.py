"""What is believed of ports, timestamps and memory, and of what the usual commands show and prove."""

from __future__ import annotations

from tcptune.kernel.beliefs.shape import CommonBelief

PORTS = "net/ipv4/inet_hashtables.c __inet_hash_connect(), __inet_check_established(): read in 3.10 to 6.19."

MACHINE = (
    CommonBelief(
        id="65536-ports-limit-a-server",
        claim="65536 ports limit a server to 65536 connections.",
        truth="All connections of a listener share its one port; a connection is told apart by both addresses and "
        "both ports. Ports limit the side that connects, 28232 by default, and for each destination by itself.",
        instead="For a server look at descriptors and memory; for a client count connections by destination.",
        sources=(
            PORTS,
            "Measured on 6.18: with all ports towards one port of a host taken, 300 connects to another one went well.",
        ),
        topics=("net.ipv4.ip_local_port_range", "ESTABLISHED", "TIME-WAIT", "port-range-narrow"),
    ),
    CommonBelief(
        id="a-wide-port-range-is-free",
        claim="An ip_local_port_range of 1024 to 65535 costs nothing.",
        truth="Outgoing connections may take any free port of it, and a service that starts then fails to bind with "
        "EADDRINUSE, with SO_REUSEADDR too. One such change kept a service down for six hours.",
        instead="Name the ports that services listen on in ip_local_reserved_ports first; 16384 to 60999 is mostly "
        "enough.",
        sources=(
            PORTS,
            "Measured on 6.18: bind() to a port that a connection had taken; none was taken that was reserved.",
        ),
        topics=("net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports", "LISTEN", "TIME-WAIT"),
    ),
    CommonBelief(
        id="timestamps-0-is-more-secure",
        claim="tcp_timestamps=0 is more secure, because timestamps tell the uptime.",
        truth="Since 4.10 they start at random, since 4.11 for each pair of hosts. 0 gives up PAWS, and tcp_tw_reuse "
        "does nothing: connect() waited 61.4 s for a port that it gets after 1 s with timestamps.",
        instead="Leave 1; on kernels before 4.10 the uptime is all that is told.",
        sources=("net/core/secure_seq.c: read in 3.10 to 6.19.", "Measured on 6.18 (HZ=250).", "RFC 7323 section 5."),
        topics=("net.ipv4.tcp_timestamps", "TcpExt.PAWSEstab"),
    ),
    CommonBelief(
        id="tcp-mem-is-in-bytes",
        claim="tcp_mem, and mem in sockstat, are in bytes.",
        truth="They are pages, mostly of 4096 bytes: 94500000 there are 360 GiB. tcp_rmem and tcp_wmem are bytes.",
        instead="Delete the line; the kernel sizes tcp_mem by the memory at boot.",
        sources=("net/ipv4/tcp.c tcp_init_mem(), net/ipv4/proc.c sockstat_seq_show(): read in 3.10 to 6.19.",),
        topics=("net.ipv4.tcp_mem", "sockstat.TCP.mem"),
    ),
    CommonBelief(
        id="the-hosts-sysctl-holds-in-the-pod",
        claim="The host's sysctl applies in the pod, or the container.",
        truth="Most keys belong to the network namespace, which starts at the kernel's default and not at the host's "
        "value: keepalive since 4.5, tcp_fin_timeout and the retries since 4.6, tcp_tw_reuse since 4.10, "
        "tcp_max_tw_buckets since 4.11. tcp_max_orphans and tcp_mem are the machine's.",
        instead="Set it in the pod (securityContext.sysctls, docker run --sysctl), and read it there.",
        sources=(
            "net/ipv4/sysctl_net_ipv4.c, net/ipv4/tcp_ipv4.c tcp_sk_init(): read in 3.10 to 6.19.",
            "Measured on 6.18: a new namespace had the defaults, and neither tcp_max_orphans nor tcp_mem.",
        ),
        topics=(
            "container",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_tw_reuse",
            "net.ipv4.tcp_keepalive_time",
            "net.core.somaxconn",
            "FIN-WAIT-2",
            "sysctl-not-in-netns",
        ),
    ),
    CommonBelief(
        id="sysctl-p-proves-the-reboot",
        claim="sysctl -p proves that the value survives a reboot.",
        truth="It writes the file that is named, /etc/sysctl.conf by default, into the running kernel and shows "
        "nothing more. At boot systemd-sysctl reads the *.conf files of the sysctl.d folders in the order of their "
        "names, the last one wins, and /etc/sysctl.conf is read only where a link there leads to it.",
        instead="tcptune drift says for every key what a boot sets, and which line of which file wins.",
        sources=(
            "sysctl(8) and sysctl.conf(5) of procps-ng, sysctl.d(5) of systemd.",
            "procps-ng src/sysctl.c: read in 3.3.15 to 4.0.6; systemd src/basic/conf-files.c: read in 252, 256, 262.",
        ),
        topics=("sysctl -p", "sysctl-file-not-read"),
    ),
    CommonBelief(
        id="closed-in-ss-is-a-leak",
        claim="`closed` in ss -s is a leak of sockets.",
        truth="ss prints alloc + tw - inuse there: time-wait entries and sockets that are not connected are in it. "
        "In a container, where alloc is the whole machine's, it means nothing: one showed 17955.",
        instead="A leak shows as CLOSE-WAIT: ss -tanp state close-wait.",
        sources=("net/ipv4/proc.c sockstat_seq_show(): read in 3.10 to 6.19.", "Measured on 6.18."),
        topics=("sockstat.TCP.alloc", "ss -s"),
    ),
)
