"""Keys that let a new connection take over a TIME-WAIT, and the timestamps it needs."""

from __future__ import annotations

from tcptune.kernel.catalogue.handlers import HOST_WIDE, INT_THEN_BYTE, NETNS, PER_NETNS, RHEL_7_HOST, netns_since
from tcptune.kernel.history import INT_MAX, INT_MIN, Belief, Range, Span
from tcptune.kernel.sysctl import Sysctl

TW_REUSE: tuple[Sysctl, ...] = (
    Sysctl(
        name="net.ipv4.tcp_tw_reuse",
        unit="enum",
        summary="Whether an outgoing connect() may take over the addresses and ports of a TIME-WAIT socket.",
        decides=(
            "Whether connect(), while it looks for a local port, accepts one whose 4-tuple is in TIME-WAIT.",
            "0 never, 1 always, 2 (the default since 4.18) only when the old connection ran over loopback.",
            "The old connection must have used TCP timestamps and must be old enough, one second by default.",
            (
                "The first such port that the search meets is taken, also while others are free: with 50 of 100 ports "
                "in TIME-WAIT 20 of 20 connects took one over (measured). So their number stops growing."
            ),
            "Each takeover counts TcpExt.TWRecycled.",
        ),
        decides_not=(
            "Not incoming connections: a listening server gains nothing.",
            "Not how long TIME-WAIT lasts or how many there are.",
            (
                "Not a socket that was bound to its port: bind() to a port with SO_REUSEADDR and then connect() takes "
                "over a TIME-WAIT at any age, even with 0, as long as timestamps were used (measured: 9 ms). Without "
                "SO_REUSEADDR such a bind() is EADDRINUSE, and bind() to port 0 gives out no port in TIME-WAIT."
            ),
            (
                "Not whether a new SYN from a client is accepted by a TIME-WAIT on the server: it is, at once, if its "
                "sequence number or timestamp is newer."
            ),
        ),
        defaults=(Span("0", until="4.17"), Span("2", since="4.18")),
        ranges=(
            Range(INT_MIN, INT_MAX, until="4.17", note="Any value other than 0 is on."),
            Range(0, 2, since="4.18"),
        ),
        scopes=netns_since("4.10", host_until="4.9"),
        vendors=(RHEL_7_HOST, ("RHEL 8", "The default is 2."), ("Tencent 4.14", "The default is 0.")),
        takes_effect="At the next connect().",
        meanings=(
            Span("0 off, anything else on.", until="4.17"),
            Span(
                "0 off, 1 on, 2 for loopback only: 127.0.0.0/8, ::1, an IPv4-mapped 127.0.0.0/8, or bound to lo. A "
                "connection to the machine's own other address does not count.",
                since="4.18",
            ),
            Span(
                "Old enough: more than 1 s of wall-clock seconds since the last timestamp received (1-2 s).",
                until="4.18",
            ),
            Span(
                "Old enough: the next full second has begun since the last timestamp received (0-1 s).",
                since="4.19",
                until="6.13",
            ),
            Span("Old enough: tcp_tw_reuse_delay milliseconds in TIME-WAIT.", since="6.14"),
            Span(
                "A FIN-WAIT-2 kept as a timewait entry is never taken over; before it could be.",
                since="6.11",
                note="Absent in 6.10.0, seen in 6.11.11; also late 6.1.y and 6.6.y and RHEL 10.",
            ),
        ),
        interplay=(
            (
                "Needs tcp_timestamps on at both ends: with tcp_timestamps=0 it has no effect (measured: no port "
                "until the TIME-WAIT expired, 61.4 s)."
            ),
            "tcp_tw_reuse_delay is the age from 6.14 on.",
        ),
        dangers=("Without timestamps it looks set but does nothing.",),
        beliefs=(
            Belief(
                "1 is dangerous.",
                "With timestamps the new connection starts beyond the old one's sequence numbers and PAWS drops the "
                "rest; without timestamps nothing is reused.",
            ),
        ),
        sources=(
            (
                "net/ipv4/tcp_ipv4.c tcp_twsk_unique(), net/ipv4/inet_hashtables.c __inet_check_established(), "
                "__inet_hash_connect(): read in 3.10 to 6.19"
            ),
            (
                "measured on 6.18 (HZ=250): values 0, 1 and 2 on loopback and elsewhere, without timestamps, with "
                "bind(), with half of the ports free"
            ),
            "RFC 6191",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_tw_reuse_delay",
        unit="ms",
        summary="How long a TIME-WAIT must have lasted before tcp_tw_reuse lets connect() take it over.",
        decides=("The age in milliseconds, counted from the entry into TIME-WAIT, at which a takeover is allowed.",),
        decides_not=(
            "Nothing while tcp_tw_reuse forbids the takeover.",
            "Not a socket that was bound to its port: that one waits for no age.",
        ),
        defaults=(Span("1000", since="6.14"),),
        ranges=(Range(1, 60000, since="6.14"),),
        scopes=NETNS,
        since="6.14",
        vendors=(("RHEL 10.0", "Absent."),),
        takes_effect="At the next connect().",
        interplay=("tcp_tw_reuse must be 1, or 2 on loopback.",),
        dangers=("Below the tick of the peer's timestamp clock the peer may refuse the new SYN as too old.",),
        beliefs=(
            Belief(
                "0 allows a takeover at once.",
                "0 is refused with EINVAL. Measured: 100 gave 0.105 s, 1000 gave 1.007 s, 60000 gave 60.005 s.",
            ),
        ),
        sources=(
            "net/ipv4/tcp_ipv4.c tcp_twsk_unique(): read in 6.14 to 6.19; the key is absent in 6.13",
            "measured on 6.18 (HZ=250): delays of 100, 1000, 5000 and 60000",
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_tw_recycle",
        unit="bool",
        summary="A fast recycling of TIME-WAIT that dropped clients behind NAT and was removed in 4.12.",
        decides=(
            (
                "On kernels up to 4.11: TIME-WAIT lasts 3.5 times the RTO, and a SYN from a host whose timestamp "
                "looks older than the last one seen from that host is dropped without a word."
            ),
            "The drops count TcpExt.PAWSPassive.",
        ),
        decides_not=("Nothing since 4.12: the file is gone and writing it fails with ENOENT.",),
        defaults=(Span("0", until="4.11"),),
        ranges=(Range(INT_MIN, INT_MAX, until="4.11", note="Any value other than 0 is on."),),
        scopes=(Span("host", until="4.10", note=HOST_WIDE), Span("netns", since="4.11", until="4.11", note=PER_NETNS)),
        removed="4.12",
        vendors=(
            ("RHEL 7", "Still there, one value for the whole machine."),
            ("RHEL 8 and later", "Absent."),
        ),
        takes_effect="At once, where it exists.",
        meanings=(
            Span("Breaks clients that share one address behind NAT.", until="4.9"),
            Span(
                "Breaks ordinary clients as well, because timestamp offsets became random.", since="4.10", until="4.11"
            ),
        ),
        dangers=("Never enable it: connections of honest clients fail at random, with timeouts.",),
        beliefs=(
            Belief("It was removed in 4.10.", "The file is present in the 4.11 tree and absent in 4.12."),
            Belief(
                "It cures a TIME-WAIT overflow or scarce ports.",
                "TIME-WAIT on the accepting side blocks no port, and an overflow calls for a larger "
                "tcp_max_tw_buckets.",
            ),
        ),
        sources=(
            (
                "net/ipv4/tcp_ipv4.c tcp_v4_conn_request() in 3.10, net/core/secure_seq.c in 4.10 and 4.11; the key "
                "is present in 4.11 and absent in 4.12"
            ),
        ),
    ),
    Sysctl(
        name="net.ipv4.tcp_timestamps",
        unit="enum",
        summary="Whether connections carry TCP timestamps, which PAWS, tcp_tw_reuse and a quick reconnect depend on.",
        decides=(
            "0 off, 1 on with an offset that differs from host to host, 2 on without that offset (since 4.10).",
            "Whether old duplicate segments are recognised by their age (PAWS).",
            "Whether a TIME-WAIT can tell a new SYN by its timestamp, and whether tcp_tw_reuse can act at all.",
        ),
        decides_not=("Not how long TIME-WAIT lasts.", "Not connections that exist already."),
        defaults=(Span("1"),),
        ranges=INT_THEN_BYTE,
        scopes=netns_since("4.13", host_until="4.12"),
        vendors=(RHEL_7_HOST,),
        takes_effect="On connections opened afterwards.",
        meanings=(
            Span("0 off, 1 on; no offset.", until="4.9"),
            Span("1 has an offset random for each 4-tuple, 2 has none.", since="4.10", until="4.10"),
            Span("1 has an offset random for each pair of hosts, 2 has none.", since="4.11"),
        ),
        interplay=(
            "0 disables tcp_tw_reuse.",
            "With 0 a TIME-WAIT accepts a new SYN only if its sequence number is higher than the old ones.",
        ),
        dangers=("0 gives up PAWS: on fast links, sequence numbers that wrap can corrupt a connection.",),
        sources=(
            "net/core/secure_seq.c, net/ipv4/tcp_minisocks.c tcp_timewait_state_process(): read in 3.10 to 6.19",
            "measured on 6.18 (HZ=250): tcp_tw_reuse with timestamps off",
            "RFC 7323",
        ),
    ),
)
