"""Very many sockets in a network namespace of the benchmark's own; they end with it."""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import Self

from bench.measure import BenchError
from tests.live.workshop.look import ss_states
from tests.live.workshop.namespace import Namespace

HOLDERS = 8
"""Processes that hold the sockets: one may have 20,000 descriptors here."""

SYSCTLS = {
    "net.ipv4.ip_local_port_range": "1024 65535",
    "net.ipv4.tcp_max_tw_buckets": 1_000_000,
    "net.ipv4.tcp_tw_reuse": 0,
}
"""Room for the connections, and no TIME-WAIT reused before its time."""


class Crowd:
    """The sockets, and the processes that hold them. Whatever ends the benchmark ends them: their input closes."""

    def __init__(self) -> None:
        self.namespace = Namespace(SYSCTLS)
        self._holders: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        with self.namespace:
            for number in range(1, HOLDERS + 1):
                self._holders.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "bench.holder", f"127.0.0.{number}"],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                        start_new_session=True,
                    )
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for holder in self._holders:
            holder.kill()
        for holder in self._holders:
            with holder:
                holder.wait()
        self.namespace.close()

    def add(self, what: str, count: int) -> None:
        """Make so many connections end as `what` (bench/holder.py), the work shared by all holders."""
        for place, holder in enumerate(self._holders):
            assert holder.stdin is not None
            share = count // HOLDERS + (place < count % HOLDERS)
            holder.stdin.write(f"{what} {share}\n")
            holder.stdin.flush()
        for holder in self._holders:
            assert holder.stdout is not None
            answer = holder.stdout.readline().strip()
            if answer != "done":
                raise BenchError(f"a process could not make {count // HOLDERS} connections: {answer or 'it ended'}")

    def mix(self) -> dict[str, int]:
        """What is really there, counted by ss: sockets by RFC name of their state, the most common first."""
        with self.namespace:
            return {state.rfc: count for state, count in ss_states().most_common()}
