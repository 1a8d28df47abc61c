"""A thousand snapshots audited and summarised in one run: time, processors and memory."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.measure import cost, peak
from bench.programs import TCPTUNE
from bench.ratio import Ratio, shown
from bench.snapshots import make

MANY, FEW = 1000, 100
RUNS = 3

MOST_MS = 20.0
"""Milliseconds of all processors together for one snapshot, beyond what a run costs anyway."""
NO_SLOWER = 1.05
"""On one processor several processes may cost what two measurements of the same differ by."""
FASTER = 0.8
"""On two or more they have to be worth it."""
FLAT = 1.1
"""How much the memory may grow with ten times as many snapshots."""


def fleet() -> list[Ratio]:
    """The cost of `audit` of many snapshots: each, by all processors instead of one, and as they become more."""
    with TemporaryDirectory() as folder:
        paths = make(Path(folder), MANY)
        size = sum(os.path.getsize(path) for path in paths) // MANY  # noqa: PTH202 -- a thousand strings
        print(f"{MANY:,} snapshots of {size:,} bytes each")
        return [*_time(paths), *_memory(paths)]


def _time(paths: list[str]) -> list[Ratio]:
    commands = {"one": _audit(paths[:1]), "alone": _audit(paths, "--jobs", "1"), "all": _audit(paths)}
    turns = [{name: cost(command) for name, command in commands.items()} for _ in range(RUNS)]
    cpu = {name: median(turn[name].cpu for turn in turns) for name in commands}
    wall = {name: min(turn[name].wall for turn in turns) for name in commands}
    bar = FASTER if len(os.sched_getaffinity(0)) > 1 else NO_SLOWER
    return [
        *(
            shown(
                Ratio(
                    f"audit of each, {how}", (cpu[name] - cpu["one"]) / (MANY - 1) * 1e3,
                    "the most CPU allowed", MOST_MS, "ms", 1.0,
                )
            )
            for name, how in (("alone", "--jobs 1"), ("all", "all CPUs"))
        ),
        shown(Ratio("audit by all CPUs", wall["all"], "--jobs 1", wall["alone"], "s", bar)),
    ]  # fmt: skip


def _memory(paths: list[str]) -> list[Ratio]:
    return [
        shown(
            Ratio(
                f"{MANY:,} in {name}, --jobs {jobs}", peak(_audit(paths, "--format", name, "--jobs", jobs), 1),
                f"{FEW} of them", peak(_audit(paths[:FEW], "--format", name, "--jobs", jobs), 1), "MB", FLAT,
            )
        )
        for name, jobs in (("text", "1"), ("text", "2"), ("json", "1"), ("ndjson", "1"))
    ]  # fmt: skip


def _audit(paths: list[str], *options: str) -> list[str]:
    return [TCPTUNE, "audit", "--fail-on", "never", *options, *paths]
