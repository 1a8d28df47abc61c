"""Work done by several processes: the order kept, the dead told, nothing left running."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tcptune.cli import workers
from tcptune.cli.workers import AHEAD, MOST, Died, in_order, usable
from tcptune.errors import TcptuneError

AT_MOST = 20
"""Seconds that a test waits for what takes milliseconds."""


def children() -> set[int]:
    """The processes that this one has started and not yet waited for."""
    me = os.getpid()
    return {int(child) for child in Path(f"/proc/{me}/task/{me}/children").read_text().split()}


def wait_for(happened) -> None:
    """Until something has happened, or for too long."""
    end = time.monotonic() + AT_MOST
    while not happened() and time.monotonic() < end:
        time.sleep(0.01)
    assert happened()


@pytest.mark.parametrize("jobs", [1, 2, 3, 50])
def test_results_come_in_the_order_of_the_tasks(jobs):
    """Though the first take longest; and no process is left behind."""

    def work(task: int) -> int:
        time.sleep(0.02 if task < 3 else 0)
        return task * task

    before = children()

    assert [task * task for task in range(40)] == list(in_order(work, range(40), jobs))
    assert before == children()


def test_one_job_needs_no_other_process():
    """So a debugger and a profiler see the work."""
    assert [os.getpid()] * 3 == list(in_order(lambda _: os.getpid(), range(3), 1))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, 34])
def test_a_process_that_dies_takes_one_task_with_it(end):
    """The one that it had; the others are done by those that are left, and by new ones."""

    def work(task: int) -> int:
        if task % 10 == 4:
            os.kill(os.getpid(), end)
        return task

    found = list(in_order(work, range(30), 2))

    assert [Died(f"was ended by a signal ({signal.strsignal(end)})")] * 3 == [found[4], found[14], found[24]]
    assert [task for task in range(30) if task % 10 != 4] == [one for one in found if not isinstance(one, Died)]


def test_a_process_that_gives_up_says_with_which_code():
    """As an interpreter does that cannot go on."""
    assert [Died("ended with code 9")] == list(in_order(lambda _: os._exit(9), [0], 2))


def test_half_a_result_is_none(tmp_path):
    """A process can be killed while it tells a long one."""

    def work(task: int) -> bytes:
        (tmp_path / str(task)).write_text(str(os.getpid()))
        return b"x" * (5_000_000 if task == 1 else 1)  # more than a pipe holds: it waits until it is read

    results = in_order(work, range(4), 2)
    first = next(results)
    wait_for((tmp_path / "1").exists)
    time.sleep(0.2)
    os.kill(int((tmp_path / "1").read_text()), signal.SIGKILL)

    assert [b"x", Died("was ended by a signal (Killed)"), b"x", b"x"] == [first, *results]


def test_a_process_that_is_killed_while_it_waits_loses_nothing():
    """Where memory runs out, the kernel may choose one that has nothing to do just then."""
    results = in_order(lambda task: (task, os.getpid()), range(6), 2)
    first, pid = next(results)
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)

    assert list(range(6)) == [first, *(task for task, _ in results)]


def test_who_stops_listening_stops_the_work(tmp_path):
    """At once, and not when the task is done."""

    def work(task: int) -> int:
        (tmp_path / str(task)).touch()
        time.sleep(60 if task else 0)
        return task

    before, began = children(), time.monotonic()
    results = in_order(work, range(9), 2)
    next(results)
    wait_for((tmp_path / "1").exists)
    results.close()

    assert before == children()
    assert time.monotonic() - began < AT_MOST


def test_nobody_runs_far_ahead(tmp_path):
    """Results wait in memory for the one whose turn it is."""

    def work(task: int) -> None:
        (tmp_path / str(task)).touch()
        if task == 0:
            time.sleep(0.5)

    next(in_order(work, range(200), 2))

    assert 2 < len(list(tmp_path.iterdir())) <= 2 * AHEAD


def test_where_no_process_can_be_started_a_sentence_says_so(monkeypatch):
    """And what to do then."""

    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(workers.os, "fork", refuse)
    with pytest.raises(TcptuneError, match="Resource temporarily unavailable; judge in this one: --jobs 1"):
        list(in_order(str, range(3), 2))


def test_no_more_processes_than_processors_are_used():
    """Those that this process may use, which in a container are few."""
    assert 1 <= usable() <= min(MOST, len(os.sched_getaffinity(0)))
