"""Counters as rates on this kernel: what happens between two looks is seen with its rate, what is past is not."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from workshop.namespace import Namespace
from workshop.waiting import until

from tcptune.collect.everything import collect, glance
from tcptune.facts.rates import between

pytestmark = pytest.mark.live

OVERFLOWS = "TcpExt.ListenOverflows"
CALLERS = 23


@pytest.fixture
def place() -> Iterator[Namespace]:
    """A namespace of its own, whose counters begin at 0."""
    made = Namespace()
    yield made
    made.close()


@pytest.fixture
def full(place: Namespace) -> Iterator[socket.socket]:
    """A listener whose queue is full: listen(1) holds two, and nobody accepts them."""
    with place:
        listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    waiting = [call(place, listener) for _ in range(2)]
    assert [(2, 1)] == until(lambda: queues(place), [(2, 1)])
    yield listener
    for one in (listener, *waiting):
        one.close()


def call(place: Namespace, listener: socket.socket) -> socket.socket:
    """A client whose SYN is on its way; closed before a second has passed it sends no other one."""
    with place:
        client = socket.socket()
    client.setblocking(False)
    client.connect_ex(listener.getsockname())
    return client


def queues(place: Namespace) -> list[tuple[int, int | None]]:
    """How many wait at each listener, and how many may."""
    with place:
        snapshot = collect()
    return [(door.waiting, door.backlog) for door in snapshot.sockets.listeners]


def turn_away(place: Namespace, listener: socket.socket, count: int) -> None:
    """So many clients find the queue full, and give up."""
    for client in [call(place, listener) for _ in range(count)]:
        client.close()


def audit(place: Namespace) -> subprocess.Popen[str]:
    """`tcptune audit --interval 1` of the namespace, under way."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "tcptune", "audit", "--interval", "1", "--format", "json"),
            *("--netns", f"/proc/{os.getpid()}/fd/{place.descriptor}", "--select", "accept-queue-overflow"),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def told(run: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    """The exit code of an audit, and its report."""
    out, err = run.communicate(timeout=60)
    assert not err
    return run.returncode, json.loads(out)


def test_every_event_between_two_looks_is_in_the_rate(place: Namespace, full: socket.socket) -> None:
    """23 clients turned away between the looks are 23, whatever was before; and the seconds are those that passed."""
    turn_away(place, full, 5)
    with place:
        before, began = glance(), time.monotonic()
    time.sleep(0.5)
    turn_away(place, full, CALLERS)
    with place:
        after = glance()
    lasted = time.monotonic() - began
    found = between(before, after)

    assert abs(lasted - found.seconds) < 0.1
    assert CALLERS == round(found.rates[OVERFLOWS] * found.seconds)


def test_what_happens_now_is_sure_and_what_is_over_fails_no_host(place: Namespace, full: socket.socket) -> None:
    """While callers are turned away: medium, high confidence, exit 1. A moment later: low, low confidence, exit 0."""
    turn_away(place, full, CALLERS)
    run = audit(place)
    while run.poll() is None:
        turn_away(place, full, 1)
        time.sleep(0.02)
    code, now = told(run)
    later_code, later = told(audit(place))
    (finding,), (past,) = now["findings"], later["findings"]
    rates = [{one["name"]: one["rate"] for one in found["evidence"]}[OVERFLOWS] for found in (finding, past)]

    assert (1, "medium", "high") == (code, finding["severity"], finding["confidence"])
    assert 1 < rates[0] < 60
    assert finding["history"].endswith("it happens now.")
    assert 1 <= now["interval"] < 1.5
    assert (0, "low", "low") == (later_code, past["severity"], past["confidence"])
    assert 0 == rates[1]
    assert "perhaps long over, and less severe than the medium of the rule" in past["history"]
