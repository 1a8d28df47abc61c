"""What the kernel itself would have chosen on this machine."""

from __future__ import annotations

from tcptune.facts.derived.shape import Derived

MEMORY = "meminfo.MemTotal"
PAGE = "kernel.page_size"
EHASH_HALF = "defaults.ehash_half"
EHASH_HALF_BY_MEMORY = "defaults.ehash_half_by_memory"
EHASH_HALF_AS_SET = "defaults.ehash_half_as_set"

MAX_EHASH_ENTRIES = 524288
"""The largest established hash without the boot option thash_entries= (net/ipv4/tcp.c tcp_init())."""

EHASH_BYTES_PER_ENTRY = 128 * 1024
"""One hash slot for so much memory (net/ipv4/tcp.c tcp_init())."""

TCP_MEM_DIVISOR = 16
"""The middle number of tcp_mem is memory / 16 (net/ipv4/tcp.c tcp_init_mem(), 4.4 and later)."""


def half_of_ehash(entries: int) -> int:
    """Half of the slots; the sysctl is negative in a namespace that shares the host's table."""
    return abs(entries) // 2


def half_of_ehash_by_memory(mem_total_kb: int) -> int:
    """Half of the hash slots the kernel makes at boot for so much memory (net/ipv4/tcp.c tcp_init())."""
    wanted = max(1, -(-mem_total_kb * 1024 // EHASH_BYTES_PER_ENTRY))
    slots: int = 1 << (wanted - 1).bit_length()
    return min(slots, MAX_EHASH_ENTRIES) // 2


def half_of_ehash_as_set(tw_buckets: int, orphans: int, least: int, middle: int, most: int) -> int | None:
    """Half of the hash slots where nobody has touched what follows from the memory.

    Both limits are then the same power of two, and tcp_mem is L / 4 * 3, L and twice the first (tcp_init_mem()).
    """
    limits_alike = tw_buckets == orphans > 0 and tw_buckets & (tw_buckets - 1) == 0
    untouched = middle > 0 and least == middle // 4 * 3 and most == 2 * least
    return tw_buckets if limits_alike and untouched else None


DEFAULTS: tuple[Derived, ...] = (
    Derived(
        EHASH_HALF, "int", "sockets", "netns", half_of_ehash,
        "Half of the established hash: the kernel's own default of tcp_max_tw_buckets and tcp_max_orphans.",
        needs=("net.ipv4.tcp_ehash_entries",), setting=True,
    ),
    Derived(
        EHASH_HALF_BY_MEMORY, "int", "sockets", "host", half_of_ehash_by_memory,
        "The same default, estimated from the memory where tcp_ehash_entries (6.1) does not exist.",
        needs=(MEMORY,), setting=True,
    ),
    Derived(
        EHASH_HALF_AS_SET, "int", "sockets", "host", half_of_ehash_as_set,
        "The same default, where tcp_max_tw_buckets, tcp_max_orphans and tcp_mem are to each other as the kernel makes "
        "them; absent where somebody has set one of them.",
        needs=(
            "net.ipv4.tcp_max_tw_buckets", "net.ipv4.tcp_max_orphans", "net.ipv4.tcp_mem.min",
            "net.ipv4.tcp_mem.pressure", "net.ipv4.tcp_mem.max",
        ),
        setting=True,
    ),
    Derived(
        "defaults.tcp_mem_pressure", "int", "pages", "host",
        lambda total, page: total * 1024 // page // TCP_MEM_DIVISOR if page > 0 else None,
        "The kernel's own middle number of tcp_mem, estimated from the memory; the others are 3/4 and 6/4 of it.",
        needs=(MEMORY, PAGE), setting=True,
    ),
)  # fmt: skip
