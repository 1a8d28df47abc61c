"""Very many sockets in a network namespace of the benchmark's own; they end with it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from types import TracebackType
from typing import NamedTuple, Self

from bench.measure import BenchError, output
from bench.programs import COLLECT
from tests.live.workshop.look import ss_states
from tests.live.workshop.namespace import Namespace
from tests.live.workshop.waiting import until

HOLDERS = 8
"""Processes that hold 100,000 sockets, 70,000 of them with a descriptor: one process may have 20,000 here."""

SYSCTLS = {
    "net.ipv4.ip_local_port_range": "1024 65535",
    "net.ipv4.tcp_max_tw_buckets": 1_000_000,
    "net.ipv4.tcp_tw_reuse": 0,
}
"""Room for the connections, and no TIME-WAIT reused before its time."""


class Mix(NamedTuple):
    """Connections to make. Both ends are here: one half closed gives a FIN-WAIT-2 and a CLOSE-WAIT."""

    established: int
    half_closed: int
    time_wait: int

    def states(self) -> dict[str, int]:
        """The sockets that come of it."""
        return {
            "ESTABLISHED": 2 * self.established,
            "TIME-WAIT": self.time_wait,
            "CLOSE-WAIT": self.half_closed,
            "FIN-WAIT-2": self.half_closed,
        }


class Crowd:
    """The sockets, and the processes that hold them. Whatever ends the benchmark ends them: their input closes."""

    def __init__(self, holders: int = HOLDERS) -> None:
        self.namespace = Namespace(SYSCTLS)
        self.holders = holders
        self.made: Counter[str] = Counter({"LISTEN": holders})
        self._holders: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        with self.namespace:
            for number in range(1, self.holders + 1):
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
            share = count // self.holders + (place < count % self.holders)
            holder.stdin.write(f"{what} {share}\n")
            holder.stdin.flush()
        for holder in self._holders:
            assert holder.stdout is not None
            answer = holder.stdout.readline().strip()
            if answer != "done":
                raise BenchError(
                    f"a process could not make {count // self.holders} connections: {answer or 'it ended'}"
                )

    def make(self, mix: Mix) -> str:
        """Add a mix, and say in words what is there then. What rests for a minute is made last."""
        for what, count in mix._asdict().items():
            self.add(what, count)
        self.made.update(mix.states())
        return self.check()

    def check(self) -> str:
        """What is there, in words; BenchError where ss or tcptune finds anything else than what was made."""
        made = dict(self.made)
        if (found := until(self.mix, made)) != made:
            raise BenchError(f"some sockets came or went while they were counted: of {made} there are {found}")
        values = output(COLLECT)["values"]
        if (ours := {state: values["states." + state.replace("-", "_")] for state in made}) != made:
            raise BenchError(f"tcptune counts otherwise than ss: {ours} instead of {made}")
        return f"{sum(found.values()):,} sockets: " + ", ".join(f"{count:,} {state}" for state, count in found.items())

    def mix(self) -> dict[str, int]:
        """What is really there, counted by ss: sockets by RFC name of their state, the most common first."""
        with self.namespace:
            return {state.rfc: count for state, count in ss_states().most_common()}
