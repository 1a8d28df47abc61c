"""The settings that the kernel chooses by the memory of the machine: whether a value is what it chose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tcptune.facts.derived.defaults import EHASH_HALF, EHASH_HALF_BY_MEMORY, MEMORY, PAGE, TCP_MEM_DIVISOR
from tcptune.facts.derived.memory import USUAL_PAGE
from tcptune.kernel.release import Release, holds

Values = Mapping[str, Any]

ESTIMATE = 0.1
"""The kernel counts the pages that are free at boot, MemTotal those that are left then: they differ by so much at
most (stored hosts: 2 %)."""

LAST_RELEASE_WITH_MORE = "4.1"
"""The last in which the middle number of tcp_mem is memory / 8 (net/ipv4/tcp.c tcp_init_mem())."""

LEAST_BACKLOG = 128

BUFFER_SHARE = 128
"""The last number of tcp_rmem and tcp_wmem is memory / 128 (net/ipv4/tcp.c tcp_init())."""
SEND = (4096, 16384)
RECEIVE = ((4096, 87380), (4096, 131072))
"""The first two numbers; that of tcp_rmem changed in 5.0."""
MOST_TO_SEND = (4 << 20,)
MOST_TO_RECEIVE = (6 << 20, 32 << 20)
"""Where the last number ends to grow; that of tcp_rmem changed in 6.16."""

GIB = 1 << 20
"""kB."""
ENTRIES = ((4 * GIB, 262144), (GIB, 65536))
"""nf_conntrack_max with more memory than so much (nf_conntrack_core.c nf_conntrack_init_start())."""
ENTRIES_IN_A_BUCKET = (1, 4)
"""Since 5.15, and before."""


def is_chosen_by_memory(key: str, numbers: Sequence[int], values: Values, release: Release | None) -> bool:
    """Whether the numbers of a key are those that the kernel chose for the memory of the machine with these facts."""
    return key in CHOSEN and CHOSEN[key](numbers, values, release)


def _half_of_ehash(numbers: Sequence[int], values: Values, _: Release | None) -> bool:
    return numbers[0] in _halves(values)


def _backlog(numbers: Sequence[int], values: Values, _: Release | None) -> bool:
    """max(128, slots / 256) up to 5.3, max(128, slots / 128) since."""
    return any(
        numbers[0] in (max(LEAST_BACKLOG, half // 128), max(LEAST_BACKLOG, half // 64)) for half in _halves(values)
    )


def _halves(values: Values) -> Iterator[int]:
    yield from (values[name] for name in (EHASH_HALF, EHASH_HALF_BY_MEMORY) if name in values)


def _pages(numbers: Sequence[int], values: Values, release: Release | None) -> bool:
    """L / 4 * 3, L and twice the first."""
    if MEMORY not in values:
        return False
    least, middle, most = numbers
    old = release is not None and holds("", LAST_RELEASE_WITH_MORE, release)
    page = max(1, values.get(PAGE, USUAL_PAGE))
    wanted = values[MEMORY] * 1024 / page / (TCP_MEM_DIVISOR / 2 if old else TCP_MEM_DIVISOR)
    return least == middle // 4 * 3 and most == 2 * least and _about(middle, wanted)


def _send(numbers: Sequence[int], values: Values, _: Release | None) -> bool:
    return tuple(numbers[:2]) == SEND and _buffer(numbers[2], 64 << 10, MOST_TO_SEND, values)


def _receive(numbers: Sequence[int], values: Values, _: Release | None) -> bool:
    return tuple(numbers[:2]) in RECEIVE and _buffer(numbers[2], numbers[1], MOST_TO_RECEIVE, values)


def _buffer(most: int, least: int, ceilings: Sequence[int], values: Values) -> bool:
    """The share of the memory, within its bounds; where the memory is unknown, only a bound is known to be chosen."""
    if MEMORY not in values:
        return most in ceilings
    share = values[MEMORY] * 1024 / BUFFER_SHARE
    return any(_about(most, min(max(share, least), ceiling)) for ceiling in ceilings)


def _entries(numbers: Sequence[int], values: Values, _: Release | None) -> bool:
    buckets = next((size for more, size in ENTRIES if values.get(MEMORY, 0) > more), 0)
    return numbers[0] in (buckets * each for each in ENTRIES_IN_A_BUCKET)


def _about(number: int, estimate: float) -> bool:
    return abs(number - estimate) <= ESTIMATE * estimate


CHOSEN: dict[str, Callable[[Sequence[int], Values, Release | None], bool]] = {
    "net.ipv4.tcp_max_tw_buckets": _half_of_ehash,
    "net.ipv4.tcp_max_orphans": _half_of_ehash,
    "net.ipv4.tcp_max_syn_backlog": _backlog,
    "net.ipv4.tcp_mem": _pages,
    "net.ipv4.tcp_rmem": _receive,
    "net.ipv4.tcp_wmem": _send,
    "net.netfilter.nf_conntrack_max": _entries,
}
