"""Groups of sockets caught half-way: when the first and the last are told to go, and when they really do.

All cases run side by side, each in namespaces of its own, in the one minute that TIME-WAIT takes.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf
from pathlib import Path
from typing import NamedTuple

import pytest
from workshop import recipes
from workshop.filters import mute
from workshop.namespace import Namespace
from workshop.recipes import Recipe
from workshop.wire import NEAR4, NEAR6, Wire

from tcptune.collect import deciding
from tcptune.collect.sockets import look, sock_diag
from tcptune.facts.outlook import outlooks
from tcptune.kernel.states import TcpState
from tcptune.kernel.timeouts import Lifetime

pytestmark = pytest.mark.live

COUNT = 12
SPREAD = 1.2
"""Seconds between the first socket of a group and the last."""
INTERVAL = 0.01
PATIENCE = 80.0
EARLY, LATE = 0.15, 0.3
"""Seconds beside the range that is told: for the look, and for a machine that is busy."""
SHARE, LEAST = 0.05, 0.3
"""How far off the expected time may be, of what then happens or in seconds."""

SMALL_TABLE = "net.ipv4.tcp_child_ehash_entries"
"""The socket table of namespaces made inside: with the machine's own, a look walks everybody's sockets."""

RETRIES, RETRIES2 = "net.ipv4.tcp_orphan_retries", "net.ipv4.tcp_retries2"
RTO_MAX, FIN_TIMEOUT = "net.ipv4.tcp_rto_max_ms", "net.ipv4.tcp_fin_timeout"
SYN_RETRIES, SYNACK_RETRIES = "net.ipv4.tcp_syn_retries", "net.ipv4.tcp_synack_retries"

Steps = Sequence[Callable[[], object]]


class Case(NamedTuple):
    """How a group comes to be, step by step; and when it is looked at, in seconds after the last step."""

    name: str
    state: TcpState
    kind: str
    settings: dict[str, int]
    prepare: Callable[[Wire], Steps]
    looks: tuple[float, ...]


def made_by(recipe: Recipe, host: str = NEAR4) -> Callable[[Wire], Steps]:
    """One socket by the recipe at each step."""

    def prepare(wire: Wire) -> Steps:
        door = wire.door(host)
        return [partial(recipe.make, wire, door, 1) for _ in range(COUNT)]

    return prepare


def behind_a_window(wire: Wire, silent: bool = False, owned: bool = False) -> Steps:
    """Fill the buffers of all peers, then close; at a peer that falls silent its window is seen to be closed first."""
    pairs = wire.pairs(wire.door(), COUNT, receive_buffer=recipes.SMALL_BUFFER)
    filling = [partial(fill, ours) for ours, _ in pairs]
    return [*filling, *(partial(close, ours, peer if silent else None, owned) for ours, peer in pairs)]


def fill(ours: socket.socket) -> None:
    """Send until the peer's window is closed."""
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, recipes.SMALL_BUFFER)
    ours.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            ours.send(bytes(recipes.SMALL_BUFFER))


def close(ours: socket.socket, silent: socket.socket | None = None, owned: bool = False) -> None:
    """End our side, towards a peer that has just fallen silent where there is one."""
    if silent is not None:
        mute(silent)
    if owned:
        ours.shutdown(socket.SHUT_WR)
    else:
        ours.close()


def without(command: str) -> Callable[[Wire], Steps]:
    """Nothing can be sent when close() is called."""

    def prepare(wire: Wire) -> Steps:
        pairs = wire.pairs(wire.door(), COUNT)
        with wire.near:
            subprocess.run(["ip", *command.split()], check=True)
        return [ours.close for ours, _ in pairs]

    return prepare


def repeating_data(wire: Wire) -> Steps:
    """The first RTO is over when close() is called."""
    pairs = wire.pairs(wire.door(), COUNT)
    for _, peer in pairs:
        mute(peer)
    return [*(partial(ours.send, b"data") for ours, _ in pairs), *(ours.close for ours, _ in pairs)]


def lingering(wire: Wire) -> Steps:
    """TCP_LINGER2 in the place of tcp_fin_timeout."""
    pairs = wire.pairs(wire.door(), COUNT)
    for ours, _ in pairs:
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 63)
    return [ours.close for ours, _ in pairs]


FIN_1, FIN_2 = TcpState.FIN_WAIT_1, TcpState.FIN_WAIT_2
ORPHAN, OWNED, TO_FIN_2 = recipes.FIN_WAIT_1_ORPHAN, recipes.FIN_WAIT_1_OWNED, recipes.FIN_WAIT_2_MINISOCK
SILENT = partial(behind_a_window, silent=True)

CASES = (
    Case("TIME-WAIT", TcpState.TIME_WAIT, "minisock", {}, made_by(recipes.TIME_WAIT), (10, 20, 29)),
    Case("FIN-WAIT-1", FIN_1, "unanswered", {RETRIES: 3}, made_by(ORPHAN), (0.3, 2, 4)),
    Case("FIN-WAIT-1 short", FIN_1, "unanswered", {RETRIES: 2}, made_by(ORPHAN), (0.5, 1.5)),
    Case("FIN-WAIT-1 ceiling", FIN_1, "unanswered", {RETRIES: 4, RTO_MAX: 1000}, made_by(ORPHAN), (0.5, 1.5, 3)),
    Case("FIN-WAIT-1 0 retries", FIN_1, "unanswered", {RETRIES: 0, RTO_MAX: 1000}, made_by(ORPHAN), (0.3, 1)),
    Case("FIN-WAIT-1 with data", FIN_1, "unanswered", {RETRIES: 3}, repeating_data, (0.3, 2, 4)),
    Case("FIN-WAIT-1 owned", FIN_1, "unanswered", {RETRIES2: 3}, made_by(OWNED), (0.3, 2, 4)),
    Case("LAST-ACK", TcpState.LAST_ACK, "unanswered", {RETRIES: 3}, made_by(recipes.LAST_ACK), (0.3, 2, 4)),
    Case("CLOSING", TcpState.CLOSING, "unanswered", {RETRIES: 3}, made_by(recipes.CLOSING, NEAR6), (0.3, 2, 4)),
    Case("silent window", FIN_1, "zero-window", {RETRIES: 3}, SILENT, (0.5, 1.5, 3)),
    Case("silent window owned", FIN_1, "zero-window", {RETRIES2: 3}, partial(SILENT, owned=True), (0.5, 1.5, 3)),
    Case("answered window", FIN_1, "zero-window", {RETRIES: 6, RTO_MAX: 1000}, behind_a_window, (0.5, 2, 3)),
    Case("no route", FIN_1, "unsent", {RETRIES: 4}, without("route flush dev near"), (0.3, 1, 3)),
    Case("link down", FIN_1, "unsent", {RETRIES: 4}, without("link set near down"), (0.3, 1, 3)),
    Case("FIN-WAIT-2", FIN_2, "minisock", {FIN_TIMEOUT: 8}, made_by(TO_FIN_2), (0.5, 3, 5)),
    Case("FIN-WAIT-2 full", FIN_2, "orphan", {FIN_TIMEOUT: 64}, made_by(TO_FIN_2), (0.2, 1, 2)),
    Case("FIN-WAIT-2 second half", FIN_2, "minisock", {FIN_TIMEOUT: 64}, made_by(TO_FIN_2), (4.5, 5.5)),
    Case("SYN-SENT", TcpState.SYN_SENT, "unanswered", {SYN_RETRIES: 2}, made_by(recipes.SYN_SENT), (1, 4)),
    Case("SYN-RECEIVED", TcpState.SYN_RECEIVED, "minisock", {SYNACK_RETRIES: 2}, made_by(recipes.SYN_RECEIVED), (1, 4)),
)
BY_LINGER2 = Case("FIN-WAIT-2 LINGER2", FIN_2, "orphan", {FIN_TIMEOUT: 60}, lingering, (0.2, 1))
"""How long it asked for is not shown."""
ENDLESS = (
    Case("few retries", FIN_1, "zero-window", {RETRIES2: 3}, behind_a_window, (4, 20, 50)),
    Case("owned", FIN_1, "zero-window", {}, partial(behind_a_window, owned=True), (4, 20, 50)),
)


class Look(NamedTuple):
    """What was told at a moment: of how many sockets and of which kinds, and when the first and last are gone."""

    at: float
    there: int
    kinds: set[str]
    first: Lifetime | None
    last: Lifetime | None


class Watch:
    """One group: made step by step, looked at, counted until it is gone.

    `interval` is the longest time between two counts: a machine too busy to count runs its timers late too.
    """

    def __init__(self, case: Case, wire: Wire) -> None:
        self.case, self.wire = case, wire
        self.steps = list(case.prepare(wire))
        self.pause = SPREAD / len(self.steps)
        self.waiting_looks = list(case.looks)
        self.looks: list[Look] = []
        self.gone: list[float] = []
        self.due = self.made = self.counted = self.interval = 0.0

    def turn(self) -> bool:
        """Do what is due; true once all sockets have come and gone."""
        now = time.monotonic()
        if self.steps:
            if now >= self.due:
                self.due = max(self.due, now - self.pause) + self.pause
                self.steps.pop(0)()
                self.made = self.counted = time.monotonic()
        elif self.waiting_looks and now >= self.made + self.waiting_looks[0]:
            self.waiting_looks.pop(0)
            self.looks.append(self.look())
        else:
            self.count()
        return len(self.gone) == COUNT

    def count(self) -> None:
        """See how many went since the last count: half-way between the two."""
        before = time.monotonic()
        self.interval = max(self.interval, before - self.counted)
        with self.wire.near:
            there = sock_diag.count({self.case.state}).total()
        self.gone += [(self.counted + before) / 2] * (COUNT - there - len(self.gone))
        self.counted = before

    def look(self) -> Look:
        """What the tool tells of the group now."""
        before = time.monotonic()
        with self.wire.near:
            groups = look.live({self.case.state}, "never").table.groups
            found = outlooks(groups, *deciding.read())
        return Look(
            (before + time.monotonic()) / 2,
            sum(one.group.sockets for one in found),
            {one.group.kind for one in found},
            min((one.first for one in found), key=_expected, default=None),
            max((one.last for one in found), key=_expected, default=None),
        )


def _expected(lifetime: Lifetime | None) -> float:
    assert lifetime is not None
    return inf if lifetime.expected is None else lifetime.expected


@pytest.fixture(scope="module")
def watches() -> Iterator[dict[str, Watch]]:
    """All groups made at once, and watched until the last of those that end is gone."""
    small = Path("/proc/sys", *SMALL_TABLE.split(".")).exists()
    with contextlib.ExitStack() as stack:
        around = Namespace({SMALL_TABLE: 1024} if small else {})
        stack.callback(around.close)
        with around:
            made = [
                Watch(case, stack.enter_context(Wire(case.settings)))
                for case in (*CASES, BY_LINGER2, *ENDLESS)
                if all(Path("/proc/sys", *name.split(".")).exists() for name in case.settings)
            ]
        ending = [watch for watch in made if watch.case not in ENDLESS]
        deadline = time.monotonic() + PATIENCE
        while ending and time.monotonic() < deadline:
            gone = [watch for watch in made if watch.turn()]
            ending = [watch for watch in ending if watch not in gone]
            time.sleep(INTERVAL)
        yield {watch.case.name: watch for watch in made}


def watched(watches: dict[str, Watch], case: Case) -> Watch:
    """The group of a case; a setting that this kernel does not have skips it."""
    if case.name not in watches:
        pytest.skip(f"this kernel has not all of {', '.join(case.settings)}")
    found = watches[case.name]
    assert len(case.looks) == len(found.looks)
    assert {case.kind} == found.looks[-1].kinds
    assert {COUNT} == {seen.there for seen in found.looks}
    return found


def told_and_real(watches: dict[str, Watch], case: Case) -> Iterator[tuple[Lifetime, float]]:
    """What was told at each look of the first and the last socket, and how long they really had; in the range."""
    found = watched(watches, case)
    assert COUNT == len(found.gone), f"{case.name}: {COUNT - len(found.gone)} are still there"
    for seen in found.looks:
        for told, gone in ((seen.first, found.gone[0]), (seen.last, found.gone[-1])):
            assert told is not None
            assert told.expected is not None
            assert told.min - EARLY <= gone - seen.at <= told.max + LATE + found.interval
            yield told, gone - seen.at


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_first_and_the_last_are_gone_when_told(case: Case, watches: dict[str, Watch]) -> None:
    """At every look the time is told to 5 % or 0.3 s, and lies in the range that is told."""
    for told, real in told_and_real(watches, case):
        assert abs(told.expected - real) <= max(SHARE * real, LEAST)


def test_what_linger2_asked_for_lies_in_the_range(watches: dict[str, Watch]) -> None:
    """TCP_LINGER2 is not shown, so the range is wide: as long again at least, and a minute at most."""
    assert 2 * len(BY_LINGER2.looks) == len(list(told_and_real(watches, BY_LINGER2)))


@pytest.mark.parametrize("case", ENDLESS, ids=[case.name for case in ENDLESS])
def test_what_nothing_ends_is_told_and_stays(case: Case, watches: dict[str, Watch]) -> None:
    """A window that stays closed and answers keeps an owned socket, and where tcp_retries2 is low an orphan too."""
    found = watched(watches, case)

    assert {("never", "never")} == {(seen.first.ends, seen.last.ends) for seen in found.looks}
    assert [] == found.gone
