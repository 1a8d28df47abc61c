"""Keys about local ports: which ones connect() and bind() may choose, and which need a privilege."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import NETNS, RHEL_7_HOST, RHEL_7_NETNS, netns_since
from tcptune.kernel.history import Belief, Range, Span
from tcptune.kernel.sysctl import Sysctl

PORTS: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.ipv4.ip_local_port_range",
        unit="ports",
        parts=("min", "max"),
        summary="The first and last port the kernel may choose by itself for an outgoing connection.",
        decides=(
            (
                "How many connections one local address can have at a time to one destination address and port: 28232 "
                "by default. TIME-WAIT on the connecting side counts among them, so 28232 / 60 s is 470 new "
                "connections a second to one destination."
            ),
            (
                "Which ports bind() with port 0 may give out. A socket bound before connect() takes its port from all "
                "destinations together, unless IP_BIND_ADDRESS_NO_PORT is set."
            ),
        ),
        decides_not=(
            "Not how many connections a server can accept: they all share its listening port.",
            "Not ports an application names itself.",
        ),
        defaults=(
            Span("32768 61000", until="4.1", note="RHEL 7 as well."),
            Span("32768 60999", since="4.2"),
        ),
        ranges=(
            Range(1, 65535, until="4.10", note="The first must not exceed the second."),
            Range(
                1,
                65535,
                since="4.11",
                note="The first must not exceed the second, nor be below ip_unprivileged_port_start.",
            ),
        ),
        scopes=netns_since("3.13", host_until="3.12"),
        vendors=(RHEL_7_NETNS,),
        takes_effect="At the next connect() or bind() that needs a port.",
        interplay=(
            "ip_local_reserved_ports takes ports out of it.",
            "tcp_tw_reuse lets connect() take ports back from TIME-WAIT early.",
        ),
        dangers=(
            (
                "A range that covers ports of listeners lets an outgoing connection take such a port first: the "
                "service then fails to start with EADDRINUSE. List those ports in ip_local_reserved_ports."
            ),
            (
                "connect() looks at an even number of ports: with a range of 3 the third was never used, with 5 the "
                "last free one was found after 6.8 s or more of retrying. Give both ends different parity."
            ),
        ),
        beliefs=(
            Belief(
                "28000 TIME-WAIT sockets mean that no port is left.",
                "Only if they belong to one local address and one destination. With another destination port, 300 of "
                "300 connects succeeded from the same local ports.",
            ),
        ),
        sources=(
            (
                "net/ipv4/sysctl_net_ipv4.c ipv4_local_port_range(), net/ipv4/inet_hashtables.c "
                "__inet_hash_connect(): read in 3.10 to 6.19"
            ),
            "measured on 6.18 (HZ=250): exhaustion, other destinations, ranges of 3 and 5 ports, accepted values",
        ),
    ),
    Sysctl(
        name="net.ipv4.ip_local_reserved_ports",
        unit="ports",
        text=True,
        summary="Ports that the kernel never chooses by itself, as a list such as 8080,9000-9010.",
        decides=("Which ports of ip_local_port_range connect() and bind() with port 0 leave alone.",),
        decides_not=(
            "Not an explicit bind(): that may still take a reserved port.",
            "Not sockets that already use such a port.",
        ),
        defaults=(Span("", note="Empty: nothing is reserved."),),
        ranges=(Range(0, 65535, note="Each number of the list."),),
        scopes=netns_since("3.16", host_until="3.15"),
        vendors=(RHEL_7_HOST,),
        takes_effect="At once, for ports chosen afterwards.",
        interplay=("Reserved ports inside ip_local_port_range make the range smaller by as many.",),
        beliefs=(Belief("It keeps applications off these ports.", "It only keeps the kernel's own choice off them."),),
        sources=(
            (
                "net/ipv4/inet_connection_sock.c and inet_hashtables.c, the callers of inet_is_local_reserved_port() "
                "(inet_is_reserved_local_port() up to 3.15): read in 3.10 to 6.19"
            ),
            "measured on 6.18 (HZ=250): accepted lists",
        ),
    ),
    Sysctl(
        name="net.ipv4.ip_unprivileged_port_start",
        unit="ports",
        summary="The first port that a process may bind without CAP_NET_BIND_SERVICE.",
        decides=(
            "Ports below it need the capability; 0 means that none does.",
            "ip_local_port_range must not begin below it.",
        ),
        decides_not=("Not which ports the kernel chooses by itself.",),
        defaults=(Span("1024", since="4.11"),),
        ranges=(
            Range(
                0, 65535, since="4.11", note="Above the first port of ip_local_port_range it is refused with EINVAL."
            ),
        ),
        scopes=NETNS,
        since="4.11",
        takes_effect="At the next bind().",
        interplay=("To begin ip_local_port_range below 1024, lower this first.",),
        sources=(
            (
                "net/ipv4/sysctl_net_ipv4.c ipv4_privileged_ports(), ipv4_local_port_range(): the change that made "
                "both, in 4.11, and a later tree"
            ),
            "measured on 6.18 (HZ=250): -1 and 65536 refused, 32768 taken and 32769 refused with the default range",
        ),
    ),
    Sysctl(
        name="net.ipv4.ip_autobind_reuse",
        unit="bool",
        summary="Whether bind() with port 0 and SO_REUSEADDR may give out a port already in use once the range is "
        "exhausted.",
        decides=(
            (
                "1: sockets with SO_REUSEADDR may share a port that bind() chose; their connections then need "
                "different destinations."
            ),
        ),
        decides_not=("Nothing for connect() without bind(): that shares ports between destinations anyway.",),
        defaults=(Span("0", since="5.7"),),
        ranges=(Range(0, 1, since="5.7"),),
        scopes=NETNS,
        since="5.7",
        vendors=(("RHEL 9 and later", "Present."),),
        takes_effect="At the next bind() with port 0.",
        interplay=("IP_BIND_ADDRESS_NO_PORT solves the same problem without this risk.",),
        dangers=("A connect() may then fail with EADDRNOTAVAIL, because its 4-tuple is taken.",),
        sources=(
            "net/ipv4/inet_connection_sock.c inet_csk_find_open_port(): read in 5.7 to 6.19, absent in 5.6",
            "measured on 6.18 (HZ=250): accepted values",
        ),
    ),
)
