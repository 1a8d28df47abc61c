"""Time-wait entries: how many, against which limit, at what cost."""

from __future__ import annotations

from tcptune.facts.derived.defaults import EHASH_HALF, EHASH_HALF_AS_SET, EHASH_HALF_BY_MEMORY, MEMORY
from tcptune.facts.derived.shape import Derived, first_known, or_else, ratio

TW = "sockstat.TCP.tw"
ENTRIES = "tw.entries"
TW_LIMIT = "net.ipv4.tcp_max_tw_buckets"
OVERFLOW = "TcpExt.TCPTimeWaitOverflow"

TIMEWAIT_BYTES = 256
"""One time-wait entry (slab tw_sock_TCP, 6.18 x86_64, measured)."""

BIND_BUCKET_BYTES = 256
"""What the local port of an outgoing connection costs besides: inet_bind_bucket and bind2 (6.18, measured)."""

USUAL_TW_LIMIT = 65536
"""The kernel's default of tcp_max_tw_buckets with 16 GiB: the measure where the memory is unknown."""

NEAR_LIMIT = 0.9
"""The share of tcp_max_tw_buckets from which the table counts as full: a busier minute fills it."""

ALL_BUT_SOME, A_FEW_ELSEWHERE = 0.9, 1.01
"""One destination that has used up the ports leaves a few of them to live connections; a few TIME-WAITs go elsewhere.
The incidents that were looked at had 28233 of 28233 and 28241 of 28232."""

SERVER = 0.95
"""The share of connections that others opened from which TIME-WAITs are those of a server, which take no port."""

MEMORY_THAT_MATTERS = 0.05
"""The share of all memory from which time-wait entries are worth capping; the kernel's default allows 0.2 %."""


def entries_within(mem_total_kb: int) -> int:
    """How many entries, each with a port of its own, fit into the share of memory that matters."""
    return int(mem_total_kb * 1024 * MEMORY_THAT_MATTERS) // (TIMEWAIT_BYTES + BIND_BUCKET_BYTES)


def limit_wanted(usual: int, entries: int | None, ceiling: int | None) -> int:
    """A fitting tcp_max_tw_buckets: the default or twice the entries, within what the memory bears."""
    wanted = max(usual, 2 * (entries or 0))
    return wanted if ceiling is None else min(wanted, ceiling)


def harm_seen(
    refused: int | None, share_of_limit: float | None, memory_share: float | None, short: int | None, fills: int | None
) -> int:
    """Whether any number that was read shows time-wait entries doing harm."""
    table_or_memory = (share_of_limit or 0.0) >= NEAR_LIMIT or (memory_share or 0.0) >= MEMORY_THAT_MATTERS
    return int(bool(refused) or table_or_memory or bool(short) or bool(fills))


def fills_port_range(
    entries: int, ports: int, failed_connects: int, passive_share: float | None, counted: int | None
) -> int:
    """Whether so many TIME-WAITs are just what one destination comes to when it has used up the ports.

    Where connect() is known to fail for want of a port, more than one destination's worth will do.
    """
    if counted or entries < ALL_BUT_SOME * ports:
        return 0
    if failed_connects:
        return 1
    return int(entries <= A_FEW_ELSEWHERE * ports and (passive_share or 0.0) < SERVER)


def elsewhere(entries: int, time_waits: int, half_closed: int | None) -> int:
    """The entries that no list of sockets shows."""
    return max(0, entries - time_waits - (half_closed or 0))


TIME_WAIT: tuple[Derived, ...] = (
    Derived(
        "tw.count", "int", "sockets", "netns", first_known,
        "Sockets in TIME-WAIT by the list of sockets; else sockstat's entries, which include FIN-WAIT-2 minisocks.",
        maybe=("states.TIME_WAIT", TW),
    ),
    Derived(
        ENTRIES, "int", "sockets", "netns",
        lambda counted, time_waits, minisocks: (
            counted if counted is not None or time_waits is None else time_waits + (minisocks or 0)
        ),
        "Time-wait entries, FIN-WAIT-2 minisocks included: sockstat's tw; where that is not known, those of the list "
        "of sockets.",
        maybe=(TW, "states.TIME_WAIT", "kinds.FIN_WAIT_2.minisock"),
    ),
    Derived(
        "tw.elsewhere", "int", "sockets", "host", elsewhere,
        "Time-wait entries that sockstat counts and that are neither TIME-WAIT nor FIN-WAIT-2 in the list of sockets.",
        needs=(TW, "states.TIME_WAIT"), maybe=("states.FIN_WAIT_2",),
    ),
    Derived(
        "tw.closes_per_second", "double", "1/s", "netns", lambda n: n / 60,
        "How many connections a second this side closes first: TIME-WAITs over their 60 s.",
        needs=("tw.count",),
    ),
    Derived(
        "tw.share_of_limit", "double", "ratio", "netns", ratio,
        "Time-wait entries, FIN-WAIT-2 minisocks included, against tcp_max_tw_buckets.",
        needs=(ENTRIES, TW_LIMIT),
    ),
    Derived(
        "tw.limit_closes_per_second", "double", "1/s", "netns", lambda n: max(n, 0) / 60,
        "How many closes a second tcp_max_tw_buckets has room for, at 60 s each.",
        needs=(TW_LIMIT,), setting=True,
    ),
    Derived(
        "tw.memory", "int", "kB", "netns", lambda n: n * (TIMEWAIT_BYTES + BIND_BUCKET_BYTES) // 1024,
        "What the time-wait entries cost at most, each with a local port of its own.",
        needs=(ENTRIES,),
    ),
    Derived(
        "tw.memory_share", "double", "ratio", "netns", ratio,
        "The memory of the time-wait entries against all of the machine's.",
        needs=("tw.memory", MEMORY),
    ),
    Derived(
        "tw.limit_memory_share", "double", "ratio", "netns",
        lambda n, total: ratio(max(n, 0) * (TIMEWAIT_BYTES + BIND_BUCKET_BYTES) / 1024, total),
        "The memory that tcp_max_tw_buckets allows time-wait entries to take, against all of it.",
        needs=(TW_LIMIT, MEMORY), setting=True,
    ),
    Derived(
        "tw.limit_known", "int", "bool", "netns", lambda limit: int(limit is not None),
        "1 where tcp_max_tw_buckets was read, 0 where not.",
        maybe=(TW_LIMIT,), setting=True,
    ),
    Derived(
        "tw.limit_reference", "int", "sockets", "netns", or_else(USUAL_TW_LIMIT),
        "What tcp_max_tw_buckets is held against: the kernel's own default, by its hash or else by the memory; "
        "where neither is known, the 65536 of a machine of 16 GiB.",
        maybe=(EHASH_HALF, EHASH_HALF_BY_MEMORY, EHASH_HALF_AS_SET), setting=True,
    ),
    Derived(
        "tw.limit_ceiling", "int", "sockets", "netns", lambda usual, total: max(usual, entries_within(total)),
        "How many time-wait entries fit into 5 % of the memory, each with a port of its own; never less than the "
        "kernel's default.",
        needs=("tw.limit_reference", MEMORY), setting=True,
    ),
    Derived(
        "tw.limit_wanted", "int", "sockets", "netns", limit_wanted,
        "A fitting tcp_max_tw_buckets: the kernel's own default, or twice the entries there are, but not more than "
        "5 % of the memory holds.",
        needs=("tw.limit_reference",), maybe=(ENTRIES, "tw.limit_ceiling"),
    ),
    Derived(
        "tw.towards_one", "int", "sockets", "netns", lambda entries, most: first_known(most, entries),
        "TIME-WAITs that may go to one destination: those of the busiest where destinations were seen, else all.",
        maybe=("tw.count", "ports.most_time_waits"),
    ),
    Derived(
        "tw.share_of_ports", "double", "ratio", "netns", ratio,
        "Those TIME-WAITs against the ports of ip_local_port_range (where that is not known, of the default).",
        needs=("tw.towards_one", "ports.size_or_default"),
    ),
    Derived(
        "tw.fills_port_range", "int", "bool", "netns", fills_port_range,
        "1 where destinations or ports are not known and those TIME-WAITs are 90 to 101 % of the ports, as they are "
        "when one destination has used them up; 0 where 95 % of the connections since boot were opened by others. With "
        "EADDRNOTAVAIL in a log, from 90 % on.",
        needs=("tw.towards_one", "ports.size_or_default", "log.EADDRNOTAVAIL"),
        maybe=("opens.passive_share", "ports.counted"),
    ),
    Derived(
        "tw.harm_seen", "int", "bool", "netns", harm_seen,
        "1 where a number shows time-wait entries doing harm: refused closes, 90 % of the limit, 5 % of the memory, "
        "ports that run short; 0 where none of those that were read does.",
        maybe=(OVERFLOW, "tw.share_of_limit", "tw.memory_share", "ports.short", "tw.fills_port_range"),
    ),
    Derived(
        "tw.overflow_share", "double", "ratio", "netns", ratio,
        "Closes that found the time-wait table full, against all connections opened.",
        needs=(OVERFLOW, "opens.total"),
    ),
)  # fmt: skip
"""In order: a row may need a row above it."""
