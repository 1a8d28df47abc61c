"""Listeners with a full queue: found as long as the queue is full, and cured by listen() with a longer one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from workshop.namespace import Namespace
from workshop.waiting import until

from tcptune.collect.everything import collect
from tcptune.engine.check import check
from tcptune.engine.language import Language
from tcptune.engine.rulebook import load_heads
from tcptune.facts.derive import derive
from tcptune.facts.vocabulary import vocabulary
from tcptune.model.report import Finding

pytestmark = pytest.mark.live

SOMAXCONN = 8


@pytest.fixture
def place() -> Iterator[Namespace]:
    """A namespace in which queues are short."""
    made = Namespace({"net.core.somaxconn": SOMAXCONN})
    yield made
    made.close()


@pytest.fixture
def kept() -> Iterator[list[socket.socket]]:
    """Sockets that are closed when the test ends."""
    sockets: list[socket.socket] = []
    yield sockets
    for one in sockets:
        one.close()


def listen(place: Namespace, kept: list[socket.socket], backlog: int) -> socket.socket:
    """A listener that nobody accepts from."""
    with place:
        listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(backlog)
    kept.append(listener)
    return listener


def call(place: Namespace, kept: list[socket.socket], listener: socket.socket, count: int) -> None:
    """So many clients; those that find no room wait in SYN-SENT."""
    for _ in range(count):
        with place:
            client = socket.socket()
        client.setblocking(False)
        client.connect_ex(listener.getsockname())
        kept.append(client)


def findings(place: Namespace, rule: str) -> list[Finding]:
    """What one rule says of the namespace now, with the process named that holds the listener."""
    with place:
        snapshot = collect(naming="where needed")
    report = check(snapshot, derive(snapshot), load_heads(), Language(vocabulary()))
    return [finding for finding in report.findings if finding.rule == rule]


def waiting(place: Namespace) -> list[tuple[int, int | None]]:
    """How many wait at each listener, and how many may."""
    with place:
        snapshot = collect()
    return [(door.waiting, door.backlog) for door in snapshot.sockets.listeners]


def test_a_full_queue_is_found_with_its_program(place: Namespace, kept: list[socket.socket]) -> None:
    """listen(1) holds two; the third caller is turned away, and the finding names listener and process."""
    listener = listen(place, kept, 1)
    call(place, kept, listener, 3)

    assert [(2, 1)] == until(lambda: waiting(place), [(2, 1)])

    (finding,) = findings(place, "accept-queue-full")
    port = listener.getsockname()[1]

    assert finding.subject.startswith(f"127.0.0.1:{port} (")
    assert finding.message.startswith(
        f"{finding.subject}: 2 connections wait to be accepted, and the queue's limit is 1"
    )
    assert f"(pid {os.getpid()})" in finding.advice[0].action


def test_one_that_has_room_is_not(place: Namespace, kept: list[socket.socket]) -> None:
    """Two wait where two may and a third fits: nothing is turned away."""
    call(place, kept, listen(place, kept, 2), 2)

    assert [(2, 2)] == until(lambda: waiting(place), [(2, 2)])
    assert [] == findings(place, "accept-queue-full")


def test_accepting_ends_it(place: Namespace, kept: list[socket.socket]) -> None:
    """The cure is accept()."""
    listener = listen(place, kept, 1)
    call(place, kept, listener, 2)
    until(lambda: waiting(place), [(2, 1)])
    kept.append(listener.accept()[0])

    assert [] == findings(place, "accept-queue-full")


def test_a_backlog_is_cut_to_somaxconn(place: Namespace, kept: list[socket.socket]) -> None:
    """listen(1000) has a limit of 8 until somaxconn is raised as advised and listen() is called again."""
    listener = listen(place, kept, 1000)
    call(place, kept, listener, SOMAXCONN + 2)

    assert [(SOMAXCONN + 1, SOMAXCONN)] == until(lambda: waiting(place), [(SOMAXCONN + 1, SOMAXCONN)])

    (finding,) = findings(place, "backlog-capped-by-somaxconn")
    (advice,) = (advice for advice in finding.advice if advice.kind == "sysctl")
    place.set({advice.key: advice.value})

    assert ("net.core.somaxconn", "4096") == (advice.key, advice.value)
    assert SOMAXCONN == waiting(place)[0][1]

    listener.listen(1000)

    assert [(SOMAXCONN + 2, 1000)] == until(lambda: waiting(place), [(SOMAXCONN + 2, 1000)])
    assert [] == findings(place, "accept-queue-full") + findings(place, "backlog-capped-by-somaxconn")


def test_the_command_sees_it_from_outside(place: Namespace, kept: list[socket.socket]) -> None:
    """`tcptune audit --netns` tells what `audit` inside would."""
    call(place, kept, listen(place, kept, 1), 2)
    until(lambda: waiting(place), [(2, 1)])
    namespace = f"/proc/{os.getpid()}/fd/{place.descriptor}"
    run = subprocess.run(
        [sys.executable, "-m", "tcptune", "audit", "--netns", namespace, "--format", "json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "accept-queue-full" in {finding["rule"] for finding in json.loads(run.stdout)["findings"]}
