"""Numbers that are possible and hard to believe: a digit too many, another system, a kernel of the future."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tcptune.kernel.release import Release
from tcptune.kernel.release_dates import RELEASED, month_before, never_existed
from tcptune.model.snapshot import Snapshot
from tcptune.model.values import Item, Value

LARGEST_DEFAULT = 262144
"""The largest tcp_max_tw_buckets and tcp_max_orphans that the kernel chooses by itself (net/ipv4/tcp.c tcp_init())."""

FASTEST = 1_000_000
"""Closes a second that no machine has kept up since its boot."""

MOST_PORTS = 64512
"""Ports from 1024 on: the most that connect() can give to one address towards one destination."""

OF_OTHER_SYSTEMS = (49152, 65535)
"""The range of macOS, BSD and Windows, and of RFC 6335."""

LIMITS = (
    ("states.TIME_WAIT", "net.ipv4.tcp_max_tw_buckets"),
    ("sockstat.TCP.tw", "net.ipv4.tcp_max_tw_buckets"),
    ("sockstat.TCP.orphan", "net.ipv4.tcp_max_orphans"),
)


def doubts(snapshot: Snapshot, release: Release | None) -> list[Item]:
    """One item for each thing that is hard to believe: subject, and why."""
    values = snapshot.values
    found = [
        *_beyond_any_default(values),
        *_too_fast(values),
        *_too_many_for_one_destination(snapshot),
        *_another_system(values),
        *_release(release, snapshot.taken_at),
        *_line_of_an_old_kernel(values, release),
    ]
    return [{"subject": subject, "why": why} for subject, why in found]


def _beyond_any_default(values: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    for count, limit in LIMITS:
        number = values.get(count)
        if isinstance(number, int) and number > LARGEST_DEFAULT and limit not in values:
            key = limit.rpartition(".")[2]
            why = (
                f"the kernel itself allows no more than {LARGEST_DEFAULT} on any machine; somebody has raised {key}, "
                "which was not read, or the number has a digit too many"
            )
            yield f"{count} is {number}", why


def _too_fast(values: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    closes, uptime = values.get("TcpExt.TW"), values.get("uptime")
    if isinstance(closes, int) and isinstance(uptime, int | float) and closes > FASTEST * max(float(uptime), 1.0):
        yield (
            f"TcpExt.TW is {closes} after {uptime:.0f} s",
            f"that is more than {FASTEST} closes a second since boot, which no machine does",
        )


def _too_many_for_one_destination(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    for use in (snapshot.sockets.ports if snapshot.sockets else None) or ():
        if use.remote is not None and use.sockets > MOST_PORTS:
            why = (
                f"one address can have no more than {MOST_PORTS} connections to one destination; several addresses, or "
                "both sides on one machine, are counted together"
            )
            yield f"{use.sockets} sockets from {use.local} to {use.remote}", why


def _another_system(values: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    ends = tuple(values.get(f"net.ipv4.ip_local_port_range.{end}") for end in ("min", "max"))
    if ends == OF_OTHER_SYSTEMS:
        why = (
            "macOS, BSD and Windows have this range and Linux has 32768 to 60999; unless somebody has set it, the "
            "numbers are of another system, for which nothing here holds"
        )
        yield "ip_local_port_range is 49152 to 65535", why


def _release(release: Release | None, taken_at: str | None) -> Iterator[tuple[str, str]]:
    if release is None:
        return
    name = ".".join(map(str, release.version))
    if never_existed(release.version):
        yield f"the kernel is {release.text}", f"there was no Linux {name}"
    earliest = month_before(release.version)
    if taken_at is not None and earliest is not None and taken_at[:7] < earliest:
        yield (
            f"the kernel is {release.text}, on {taken_at[:10]}",
            f"Linux {name} came out in {RELEASED[release.version]}",
        )


def _line_of_an_old_kernel(values: Mapping[str, Value], release: Release | None) -> Iterator[tuple[str, str]]:
    if values.get("log.time_wait_bucket_table_overflow") and release is not None and release.version >= (3, 10):
        yield (
            "the log says: time wait bucket table overflow",
            f"no kernel from 3.10 on prints that; the log is of another one than {release.text}",
        )
