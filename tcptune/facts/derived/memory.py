"""The memory that TCP buffers use and may use."""

from __future__ import annotations

from tcptune.facts.derived.defaults import EHASH_HALF_AS_SET, MEMORY, PAGE, TCP_MEM_DIVISOR
from tcptune.facts.derived.shape import Derived, ratio

MEM = "sockstat.TCP.mem"
MEM_MAX = "net.ipv4.tcp_mem.max"

USUAL_MEMORY_KB = 64 * 1024 * 1024
"""Few machines have more: the measure where the memory is unknown."""

LARGEST_PAGE = 65536
"""The largest page in use (arm64, ppc64): the smallest number of pages that a memory can have."""

USUAL_TCP_MEM = 786432
"""The last number of tcp_mem that the kernel chooses with 32 GiB and pages of 4 KiB."""

USUAL_PAGE = 4096
"""The page size of x86 and of most others."""


def tcp_mem_excess(pages: int, share: float | None, mem_total_kb: int | None) -> float | None:
    """What tcp_mem allows against the memory, with the usual page and memory where those are unknown."""
    return ratio(pages * USUAL_PAGE / 1024, mem_total_kb or USUAL_MEMORY_KB) if share is None else share


def tcp_mem_against_default(
    pages: int, middle: int | None, mem_total_kb: int | None, untouched: int | None, in_use: int | None
) -> float | None:
    """The last number of tcp_mem against the kernel's own, which is one and a half times the middle one.

    A file is for any machine, and gets the measure of a usual one; a machine that was looked at has its own.
    """
    if middle:
        return ratio(pages, middle * 1.5)
    if mem_total_kb is not None:
        return ratio(pages, mem_total_kb * 1024 / LARGEST_PAGE / TCP_MEM_DIVISOR * 1.5)
    if untouched is not None:
        return 1.0
    return pages / USUAL_TCP_MEM if in_use is None else None


MEMORY_FACTS: tuple[Derived, ...] = (
    Derived(
        "memory.share_of_pressure", "double", "ratio", "host", ratio,
        "Pages that TCP buffers use against the middle number of tcp_mem.",
        needs=(MEM, "net.ipv4.tcp_mem.pressure"),
    ),
    Derived(
        "memory.share_of_max", "double", "ratio", "host", ratio,
        "Pages that TCP buffers use against the last number of tcp_mem.",
        needs=(MEM, MEM_MAX),
    ),
    Derived(
        "memory.exhausted", "int", "bool", "host", lambda share: int((share or 0.0) >= 1),
        "1 where TCP buffers have reached the last number of tcp_mem; 0 where they have not or were not read.",
        maybe=("memory.share_of_max",),
    ),
    Derived(
        "memory.limit_known", "int", "bool", "host", lambda limit: int(limit is not None),
        "1 where tcp_mem was read, 0 where not, as in a container.",
        maybe=(MEM_MAX,), setting=True,
    ),
    Derived(
        "alloc.elsewhere", "int", "sockets", "host",
        lambda alloc, inuse, inuse6: max(0, alloc - inuse - (inuse6 or 0)),
        "TCP sockets that are allocated on the machine and not in use in this network namespace, as far as sockstat "
        "and sockstat6 were read.",
        needs=("sockstat.TCP.alloc", "sockstat.TCP.inuse"), maybe=("sockstat6.TCP6.inuse",),
    ),
    Derived(
        "memory.tcp_mem_share", "double", "ratio", "host", lambda pages, page, total: ratio(pages * page / 1024, total),
        "The memory that tcp_mem allows, as pages, against all of the machine's.",
        needs=(MEM_MAX, PAGE, MEMORY), setting=True,
    ),
    Derived(
        "memory.tcp_mem_excess", "double", "ratio", "host", tcp_mem_excess,
        "The memory that tcp_mem allows, as pages, against all of the machine's; against 64 GiB where that is unknown.",
        needs=(MEM_MAX,), maybe=("memory.tcp_mem_share", MEMORY), setting=True,
    ),
    Derived(
        "memory.tcp_mem_against_default", "double", "ratio", "host", tcp_mem_against_default,
        "The last number of tcp_mem against the kernel's own for this memory, with the largest pages where their "
        "size is unknown; for a settings file against that of a machine of 32 GiB where the memory is unknown.",
        needs=(MEM_MAX,), maybe=("defaults.tcp_mem_pressure", MEMORY, EHASH_HALF_AS_SET, MEM),
        setting=True,
    ),
)  # fmt: skip
"""In order: a row may need a row above it."""
