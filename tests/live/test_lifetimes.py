"""Predicted against measured: each lifetime of `tcptune.kernel.lifetimes`, and a stopwatch, on this kernel."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from workshop import recipes
from workshop.look import ss
from workshop.recipes import Recipe
from workshop.wire import FAR4, NEAR4, Wire

from tcptune.collect.everything import collect
from tcptune.collect.sockets import sock_diag
from tcptune.kernel.lifetimes import lifetimes, path_of
from tcptune.kernel.timeouts import Lifetime

pytestmark = pytest.mark.live

INTERVAL = 0.02
PATIENCE = 20.0
ROUND_TRIP = re.compile(r"\brtt:([0-9.]+)/")


class Run(NamedTuple):
    """One socket to be watched: the settings it dies by, and the case it is predicted by."""

    case: str
    settings: dict[str, int]
    recipe: Recipe

    @property
    def id(self) -> str:
        """`FIN-WAIT-2/orphan tcp_fin_timeout=61`."""
        return " ".join([self.case, *(f"{name.rpartition('.')[2]}={value}" for name, value in self.settings.items())])


RUNS = (
    Run("FIN-WAIT-2/orphan", {"net.ipv4.tcp_fin_timeout": 2}, recipes.FIN_WAIT_2_MINISOCK),
    Run("FIN-WAIT-2/orphan", {"net.ipv4.tcp_fin_timeout": 61}, recipes.FIN_WAIT_2_MINISOCK),
    Run("FIN-WAIT-1/orphan", {"net.ipv4.tcp_orphan_retries": 1}, recipes.FIN_WAIT_1_ORPHAN),
    Run("FIN-WAIT-1/orphan", {"net.ipv4.tcp_orphan_retries": 3}, recipes.FIN_WAIT_1_ORPHAN),
    Run("FIN-WAIT-1/owned", {"net.ipv4.tcp_retries2": 1}, recipes.FIN_WAIT_1_OWNED),
    Run("LAST-ACK/orphan", {"net.ipv4.tcp_orphan_retries": 1}, recipes.LAST_ACK),
    Run("CLOSING/orphan", {"net.ipv4.tcp_orphan_retries": 1}, recipes.CLOSING),
    Run("SYN-SENT", {"net.ipv4.tcp_syn_retries": 1}, recipes.SYN_SENT),
    Run("SYN-RECEIVED", {"net.ipv4.tcp_synack_retries": 1}, recipes.SYN_RECEIVED),
    Run("FIN-WAIT-2/orphan", {"net.ipv4.tcp_fin_timeout": 0}, recipes.FIN_WAIT_2_MINISOCK),
)
"""The shortest last, so that it is looked at in time."""


class Life(NamedTuple):
    """A lifetime as the watch saw it, and as the model predicts it; all in seconds.

    `interval` is the longest time between two looks: a machine too busy to look runs its timers late too.
    """

    at_least: float
    at_most: float
    interval: float
    predicted: Lifetime


class Watch:
    """One run under observation: born between two moments, seen alive at one, not seen from another on."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.wire = Wire(run.settings)
        self.seen_alive: float | None = None
        self.gone: float | None = None
        self.interval = INTERVAL

    def begin(self) -> None:
        """Make the socket, and predict its end from what this machine says and from its round trip."""
        door = self.wire.door(FAR4 if self.run.case == "SYN-SENT" else NEAR4)
        self.begun = time.monotonic()
        self.run.recipe.make(self.wire, door, 1)
        self.born = self.looked = time.monotonic()
        self.look()
        with self.wire.near:
            known = {name: value for name, value in collect().values.items() if isinstance(value, int)}
            self.predicted = lifetimes(known, path_of(known, round_trip()))[self.run.case]

    def look(self) -> bool:
        """Look for the socket; true once it has come and gone."""
        before = time.monotonic()
        self.interval = max(self.interval, before - self.looked)
        self.looked = before
        with self.wire.near:
            alive = bool(sock_diag.count({self.run.recipe.state}))
        if alive:
            self.seen_alive = before
        elif self.seen_alive is not None:
            self.gone = time.monotonic()
        return self.gone is not None

    def life(self) -> Life:
        """The result, once the socket is gone."""
        assert self.seen_alive is not None, f"{self.run.id}: never seen in its state"
        assert self.gone is not None, f"{self.run.id}: still there after {PATIENCE} s"
        return Life(self.seen_alive - self.born, self.gone - self.begun, self.interval, self.predicted)


def round_trip() -> float:
    """The smoothed round trip that a dying socket's RTO is made of; minisocks and SYNs have none."""
    found = ROUND_TRIP.search(" ".join(ss("-i", "state", "closing", "state", "last-ack", "state", "fin-wait-1")))
    return float(found[1]) / 1e3 if found else 0.0001


@pytest.fixture(scope="module")
def lives() -> Iterator[dict[str, Watch]]:
    """All runs at once, each in namespaces of its own, looked at in turn until all are gone."""
    with contextlib.ExitStack() as stack:
        watches = []
        for run in RUNS:
            watches.append(Watch(run))
            stack.callback(watches[-1].wire.close)
        for watch in watches:
            watch.begin()
        waiting, deadline = watches, time.monotonic() + PATIENCE
        while waiting and time.monotonic() < deadline:
            waiting = [watch for watch in waiting if not watch.look()]
            time.sleep(INTERVAL)
        yield {watch.run.id: watch for watch in watches}


@pytest.mark.parametrize("run", RUNS, ids=[run.id for run in RUNS])
def test_it_lasts_as_predicted(run: Run, lives: dict[str, Watch]) -> None:
    """The measured lifetime meets the predicted range; no timer is early, and none later than we could look."""
    life = lives[run.id].life()

    assert life.predicted.min is not None
    assert life.predicted.max is not None
    assert life.at_most >= life.predicted.min
    assert life.at_least <= life.predicted.max + life.interval


def test_61_s_end_with_2_s(lives: dict[str, Watch]) -> None:
    """Above 60 tcp_fin_timeout counts twice what is above: 61 is as short as 2."""
    assert lives["FIN-WAIT-2/orphan tcp_fin_timeout=61"].life().at_least < 3
