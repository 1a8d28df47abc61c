"""Orphans: how many, against which limit, how long they are tried."""

from __future__ import annotations

from tcptune.facts.derived.defaults import EHASH_HALF, EHASH_HALF_AS_SET, EHASH_HALF_BY_MEMORY, MEMORY
from tcptune.facts.derived.memory import USUAL_MEMORY_KB
from tcptune.facts.derived.shape import Derived, first_known, or_else, ratio
from tcptune.kernel.timeouts import ORPHAN_RETRIES_OF_ZERO

ORPHANS = "sockstat.TCP.orphan"
ORPHAN_LIMIT = "net.ipv4.tcp_max_orphans"

FIN_ONLY_ORPHAN_BYTES = 3456
"""The least an orphan costs: tcp_sock, sk_buff and head of a queued FIN (6.18 x86_64, measured)."""

USUAL_ORPHAN_LIMIT = 32768
"""The kernel's default of tcp_max_orphans with 8 GiB: the measure where the memory is unknown."""

ORPHAN_PENALTY = 4
"""An orphan that is both idle and in trouble counts four times (net/ipv4/tcp_timer.c tcp_out_of_resources())."""

MEMORY_THAT_MATTERS = 0.15
"""The share of all memory that orphans may take at most; the kernel's own limit allows 1.3 to 2.6 %."""

RETRIES_UNDER_LOAD = 3
"""About 6.7 s on a LAN (6.18, HZ=250, measured): long enough for a lost FIN, short for a vanished peer."""


def limit_wanted(
    reference: int, half: int | None, half_by_memory: int | None, quadrupled: int | None, mem_total_kb: int | None
) -> int | None:
    """A fitting tcp_max_orphans: the default or four times the orphans, within what the memory bears.

    None where neither this machine's default nor its orphans are known: any number would be a guess.
    """
    wanted = max(reference, quadrupled) if quadrupled is not None else first_known(half, half_by_memory)
    if wanted is None or mem_total_kb is None:
        return wanted
    bearable = int(mem_total_kb * 1024 * MEMORY_THAT_MATTERS / FIN_ONLY_ORPHAN_BYTES)
    return min(wanted, max(reference, bearable))


ORPHAN_FACTS: tuple[Derived, ...] = (
    Derived(
        "orphans.share_of_limit", "double", "ratio", "host", ratio,
        "Orphans against tcp_max_orphans; both count the whole machine.",
        needs=(ORPHANS, ORPHAN_LIMIT),
    ),
    Derived(
        "orphans.doubled", "int", "sockets", "host", lambda n: 2 * n,
        "The orphans as the kernel counts them at the timer of one that is idle for long, or in trouble.",
        needs=(ORPHANS,),
    ),
    Derived(
        "orphans.quadrupled", "int", "sockets", "host", lambda n: ORPHAN_PENALTY * n,
        "The orphans as the kernel counts them at the timer of one that is both idle and in trouble.",
        needs=(ORPHANS,),
    ),
    Derived(
        "orphans.limit_known", "int", "bool", "host", lambda limit: int(limit is not None),
        "1 where tcp_max_orphans was read, 0 where not, as in a container.",
        maybe=(ORPHAN_LIMIT,), setting=True,
    ),
    Derived(
        "orphans.logged", "int", "lines", "host", lambda lines, leak: 0 if leak else lines,
        "Lines of a log that say: too many orphaned sockets; 0 where a heap of CLOSE-WAIT that a program holds "
        "explains them.",
        needs=("log.too_many_orphaned_sockets",), maybe=("close_wait.leak",),
    ),
    Derived(
        "orphans.limit_reference", "int", "sockets", "host", or_else(USUAL_ORPHAN_LIMIT),
        "What tcp_max_orphans is held against: the kernel's own default, by its hash or else by the memory; where "
        "neither is known, the 32768 of a machine of 8 GiB.",
        maybe=(EHASH_HALF, EHASH_HALF_BY_MEMORY, EHASH_HALF_AS_SET), setting=True,
    ),
    Derived(
        "orphans.limit_wanted", "int", "sockets", "host", limit_wanted,
        "A fitting tcp_max_orphans: the kernel's own default, or four times the orphans there are, but not more "
        "than 15 % of the memory holds.",
        needs=("orphans.limit_reference",), maybe=(EHASH_HALF, EHASH_HALF_BY_MEMORY, "orphans.quadrupled", MEMORY),
    ),
    Derived(
        "orphans.limit_memory", "int", "kB", "host", lambda n: max(n, 0) * FIN_ONLY_ORPHAN_BYTES // 1024,
        "The least memory that tcp_max_orphans orphans take, each with nothing but its FIN queued.",
        needs=(ORPHAN_LIMIT,), setting=True,
    ),
    Derived(
        "orphans.limit_memory_share", "double", "ratio", "host",
        lambda n, total: ratio(max(n, 0) * FIN_ONLY_ORPHAN_BYTES / 1024, total),
        "That memory against all of the machine's.",
        needs=(ORPHAN_LIMIT, MEMORY), setting=True,
    ),
    Derived(
        "orphans.limit_memory_excess", "double", "ratio", "host",
        lambda memory, share: memory / USUAL_MEMORY_KB if share is None else share,
        "That memory against all of the machine's; against 64 GiB where that is unknown.",
        needs=("orphans.limit_memory",), maybe=("orphans.limit_memory_share",), setting=True,
    ),
    Derived(
        "orphan_retries.effective", "int", "retries", "netns", lambda setting: setting or ORPHAN_RETRIES_OF_ZERO,
        "The retry count an orphan gets while its RTO is below the ceiling: 0 means 8.",
        needs=("net.ipv4.tcp_orphan_retries",), setting=True,
    ),
    Derived(
        "orphan_retries.wanted", "int", "retries", "netns",
        lambda pile: RETRIES_UNDER_LOAD if pile else ORPHAN_RETRIES_OF_ZERO,
        "A fitting tcp_orphan_retries: 8, which is what the default 0 stands for; 3 while peers vanish in number.",
        needs=("closing.pile",),
    ),
)  # fmt: skip
"""In order: a row may need a row above it."""
