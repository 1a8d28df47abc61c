"""Whole processes measured from outside: how long they take, and how much memory they need at most."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from statistics import median
from typing import Any, NamedTuple

FOUND_SOMETHING = 1
"""The exit code of an audit with findings; everything above is a failure."""

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
"""Ours, but compiled modules may be kept: an installed program has them too."""

PEAK = """
import os, resource, sys
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""
"""A small process between us and the command: a process begins with the peak of the one that spawned it."""


class BenchError(Exception):
    """The benchmark could not be run; the message says why."""


def output(command: list[str]) -> Any:
    """The JSON that a command prints."""
    done = subprocess.run(command, capture_output=True, env=ENVIRONMENT, check=False)
    _check(command, done.returncode)
    return json.loads(done.stdout)


class Cost(NamedTuple):
    """Seconds from the start of a command to its end, and of all processors that it and its processes were busy for."""

    wall: float
    cpu: float


def wall(command: list[str]) -> float:
    """Seconds from the start of a command to its end, its output thrown away."""
    return cost(command).wall


def cost(command: list[str]) -> Cost:
    """What a command costs, its output thrown away."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    started = time.perf_counter()
    try:
        pid = os.posix_spawnp(command[0], command, ENVIRONMENT, file_actions=quiet, setsid=True)
    except OSError as error:
        raise BenchError(f"{command[0]}: {error.strerror}; run the benchmark with `make bench`") from None
    _, status, used = os.wait4(pid, 0)
    seconds = time.perf_counter() - started
    _check(command, os.waitstatus_to_exitcode(status))
    return Cost(seconds, used.ru_utime + used.ru_stime)


def interleaved(commands: Mapping[str, list[str]], runs: int) -> dict[str, float]:
    """The median milliseconds of each command, run in turn (A B A B) so that a slow moment hits all alike.

    The first turn is lost: it fills the caches and compiles what was edited.
    """
    turns = [{name: wall(command) for name, command in commands.items()} for _ in range(runs + 1)]
    return {name: median(turn[name] for turn in turns[1:]) * 1e3 for name in commands}


def peak(command: list[str], runs: int) -> float:
    """The largest resident memory of a command in MB, the median of some runs."""
    found = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-S", "-c", PEAK, *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=ENVIRONMENT,
            start_new_session=True,
            check=True,
        )
        code, kilobytes = map(int, done.stderr.split()[-2:])
        _check(command, code)
        found.append(kilobytes / 1024)
    return median(found)


def _check(command: list[str], code: int) -> None:
    if not 0 <= code <= FOUND_SOMETHING:
        raise BenchError(f"{' '.join(command)[:200]}: exit code {code}")
