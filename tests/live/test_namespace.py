"""tcptune inside a network namespace: what it cannot see there it says, what happens there it counts."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from workshop import recipes
from workshop.child import become_nobody, in_child
from workshop.namespace import Namespace
from workshop.waiting import until
from workshop.wire import Wire

from tcptune.collect.everything import collect

pytestmark = pytest.mark.live

BUCKETS, CLOSES = 5, 20
CHURNERS, COUNTS = 2, 50


@contextlib.contextmanager
def churning(place: Namespace, threads: int) -> Iterator[list[int]]:
    """Connections over loopback, opened and closed by threads as fast as they can; how many each has made."""
    stop = threading.Event()
    made: list[int] = []

    def churn(listener: socket.socket) -> None:
        connections = 0
        with listener:
            while not stop.is_set():
                with socket.create_connection(listener.getsockname()), listener.accept()[0]:
                    connections += 1
        made.append(connections)

    with place:
        workers = [
            threading.Thread(target=churn, args=(socket.create_server(("127.0.0.1", 0)),)) for _ in range(threads)
        ]
        for worker in workers:
            worker.start()
    try:
        yield made
    finally:
        stop.set()
        for worker in workers:
            worker.join()


@pytest.fixture
def place() -> Iterator[Namespace]:
    """A namespace with nothing in it."""
    made = Namespace()
    yield made
    made.close()


def test_an_audit_knows_that_it_is_in_a_child_namespace(place: Namespace) -> None:
    """The report says `child`, and that tcp_max_orphans belongs to the whole machine."""
    with place:
        done = subprocess.run(
            [sys.executable, "-m", "tcptune", "audit", "--format", "json"], capture_output=True, text=True, check=False
        )
    report = json.loads(done.stdout)

    assert (done.returncode in (0, 1), "") == (True, done.stderr)
    assert "child" == report["host"]["netns"]
    assert "whole machine" in report["gaps"]["net.ipv4.tcp_max_orphans"]


def test_a_namespace_is_left_as_it_was_entered(place: Namespace) -> None:
    """Entering and leaving a namespace changes what `collect` says of it, and nothing else."""
    outside = collect().host.netns
    with place:
        inside = collect().host.netns

    assert "child" == inside
    assert outside == collect().host.netns


def test_an_empty_namespace_has_no_sockets(place: Namespace) -> None:
    """Sockets of other namespaces are not counted: every state is 0, which is not a gap."""
    with place:
        found = collect()

    assert {0} == {value for name, value in found.values.items() if name.startswith(("states.", "kinds."))}


def test_time_wait_overflows_are_counted() -> None:
    """20 closes over 5 buckets: 15 overflows, 5 minisocks, as measured (ground truth, section 6)."""
    with Wire({"net.ipv4.tcp_max_tw_buckets": BUCKETS}) as wire:
        with wire.near:
            before = collect().values
        recipes.time_wait(wire, wire.door(), CLOSES)
        with wire.near:
            expected = before["TcpExt.TCPTimeWaitOverflow"] + CLOSES - BUCKETS
            assert expected == until(lambda: collect().values["TcpExt.TCPTimeWaitOverflow"], expected)
            after = collect().values

    assert (0, BUCKETS) == (before["states.TIME_WAIT"], after["states.TIME_WAIT"])
    assert BUCKETS == after["net.ipv4.tcp_max_tw_buckets"]
    assert BUCKETS == after["sockstat.TCP.tw"]


def test_counting_survives_churn(place: Namespace) -> None:
    """While two threads open and close connections, 50 counts neither fail nor go below zero."""
    with churning(place, CHURNERS) as made:
        for _ in range(COUNTS):
            with place:
                found = collect()
            counted = {name: value for name, value in found.values.items() if name.startswith(("states.", "kinds."))}

            assert [] == [name for name, value in counted.items() if value < 0]
            assert {"states.ESTABLISHED", "states.TIME_WAIT"} <= set(counted)
            assert CHURNERS == counted["states.LISTEN"]
            assert "sock_diag" not in found.gaps

    assert CHURNERS == len(made)
    assert all(made)


def test_an_unprivileged_user_is_told_what_root_would_see(place: Namespace) -> None:
    """What only root may read is a gap that says so, not a failure."""

    def as_nobody() -> tuple[dict[str, object], dict[str, str]]:
        become_nobody()
        found = collect()
        return dict(found.values), found.gaps

    with place:
        as_root = collect()
        values, gaps = in_child(as_nobody)
    hidden = set(as_root.values) - set(values)

    assert {"permission denied; run as root to see it"} >= {gaps[name] for name in hidden}
    assert set(values) <= set(as_root.values)
