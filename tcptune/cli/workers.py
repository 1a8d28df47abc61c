"""The same work for many tasks, in processes that judge one at a time; what comes of them is told in their order.

A process that dies takes one task with it, and the others never notice: each has a pipe of its own. The processes are
forks of this one, which runs no thread, so what was loaded and compiled is there already.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, NamedTuple, TypeVar

from tcptune.errors import TcptuneError

Task = TypeVar("Task")
Result = TypeVar("Result")

MOST = 16
"""Processes; more of them wait for the one that writes."""
AHEAD = 8
"""Results a process may be ahead of the one whose turn it is; they are kept in memory until then."""


class Died(NamedTuple):
    """What is told instead of a result: how the process ended that had the task."""

    how: str


class _Worker(NamedTuple):
    pid: int
    connection: Connection[Any, Any]


def usable() -> int:
    """The processors that this process may use, as far as that many processes help."""
    return min(len(os.sched_getaffinity(0)), MOST)


def in_order(work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[Result | Died]:
    """What `work` makes of each task, in the order of the tasks, by so many processes; by this one if that is 1."""
    if jobs == 1:
        yield from map(work, tasks)
        return
    gc.freeze()  # a collection would touch, and so copy, all that the processes share
    idle: list[_Worker] = []
    busy: dict[_Worker, int] = {}
    early: dict[int, Result | Died] = {}
    given = 0
    try:
        for turn in range(len(tasks)):
            while turn not in early:
                while given < min(len(tasks), turn + AHEAD * jobs) and len(busy) < jobs:
                    worker = _alive(idle) or _start(work, tasks, busy)
                    busy[worker] = given
                    with suppress(BrokenPipeError):  # it has just died: told as if it had begun
                        worker.connection.send(given)
                    given += 1
                ready = wait([worker.connection for worker in busy])
                for worker in [worker for worker in busy if worker.connection in ready]:
                    place = busy.pop(worker)
                    try:
                        early[place] = worker.connection.recv()
                        idle.append(worker)
                    except (EOFError, OSError):
                        early[place] = Died(_end(worker))
            yield early.pop(turn)
    finally:
        for worker in busy:
            os.kill(worker.pid, signal.SIGTERM)
        for worker in (*idle, *busy):
            _end(worker)


def _alive(idle: list[_Worker]) -> _Worker | None:
    """One that waits for a task; those that were killed while they waited are buried."""
    while idle:
        worker = idle.pop()
        if not worker.connection.poll():
            return worker
        _end(worker)
    return None


def _start(work: Callable[[Task], Result], tasks: Sequence[Task], others: Iterable[_Worker]) -> _Worker:
    try:
        ours, theirs = Pipe()
        pid = os.fork()
    except OSError as error:
        raise TcptuneError(f"no process can be started: {error.strerror}; judge in this one: --jobs 1") from None
    if pid:
        theirs.close()
        return _Worker(pid, ours)
    try:
        for connection in (ours, *(other.connection for other in others)):
            connection.close()  # an end that stayed open here would hide from another process that we are gone
        with suppress(EOFError, BrokenPipeError, ConnectionResetError):
            while True:
                theirs.send(work(tasks[theirs.recv()]))
        os._exit(0)
    finally:
        os._exit(1)


def _end(worker: _Worker) -> str:
    """Wait until a process is gone, which it is soon when its pipe is closed; how it ended."""
    worker.connection.close()
    code = os.waitstatus_to_exitcode(os.waitpid(worker.pid, 0)[1])
    return f"was ended by a signal ({signal.strsignal(-code)})" if code < 0 else f"ended with code {code}"
