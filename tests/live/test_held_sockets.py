"""`tcptune sockets` as a user runs it, over sockets in every state and of every kind that there is."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from workshop import recipes
from workshop.recipes import Recipe
from workshop.waiting import until
from workshop.wire import BACKLOG, FAR4, FAR6, NEAR4, NEAR6, Wire

from tcptune.printable import printable

pytestmark = pytest.mark.live

COUNT = 3
HELD = 5
HELLO = b"hello"
WIDTH = 80


class Told(NamedTuple):
    """What is told of a group: its kind, whether it ends by itself, the rule, and the queues of each socket.

    Where a window is closed, `send_q` is the least that waits.
    """

    kind: str
    ends: bool
    rule: str | None
    recv_q: int = 0
    send_q: int = 0


FIN = 1
"""A FIN counts as a byte."""

TOLD = {
    recipes.SYN_SENT: Told("unanswered", True, None, send_q=1),
    recipes.SYN_RECEIVED: Told("minisock", True, None),
    recipes.FIN_WAIT_1_ORPHAN: Told("unanswered", True, "fin-wait-1-piling-up", send_q=FIN),
    recipes.FIN_WAIT_1_OWNED: Told("unanswered", True, "fin-wait-1-piling-up", send_q=FIN),
    recipes.FIN_WAIT_1_ZERO_WINDOW: Told("zero-window", True, "fin-wait-1-zero-window", send_q=1000),
    recipes.FIN_WAIT_2_MINISOCK: Told("minisock", True, "fin-wait-2-piling-up"),
    recipes.FIN_WAIT_2_OWNED: Told("owned", False, "fin-wait-2-held"),
    recipes.FIN_WAIT_2_ORPHAN: Told("orphan", True, "fin-wait-2-piling-up"),
    recipes.TIME_WAIT: Told("minisock", True, "time-wait-normal"),
    recipes.CLOSE_WAIT_OWNED: Told("owned", False, "close-wait-leak", recv_q=FIN),
    recipes.CLOSE_WAIT_UNACCEPTED: Told("unaccepted", False, "close-wait-unaccepted", recv_q=FIN),
    recipes.LAST_ACK: Told("unanswered", True, "last-ack-piling-up", send_q=FIN),
    recipes.CLOSING: Told("unanswered", True, "closing-piling-up", recv_q=FIN, send_q=FIN),
}
OWNED = {recipes.FIN_WAIT_1_OWNED, recipes.FIN_WAIT_2_OWNED, recipes.CLOSE_WAIT_OWNED}
RESTING = {recipes.FIN_WAIT_2_OWNED, recipes.CLOSE_WAIT_OWNED}
"""Of these the holder has some too."""
ENDS = {NEAR4: FAR4, NEAR6: FAR6}


class Place(NamedTuple):
    """The workload: doors by recipe and host, and a process that holds HELD sockets in each of two states."""

    wire: Wire
    doors: dict[tuple[Recipe, str], int]
    holder: subprocess.Popen[bytes]
    held: int

    def run(self, *arguments: object) -> str:
        """What the command prints inside the namespace, having nothing to complain of."""
        with self.wire.near:
            return tcptune(*arguments)

    def groups(self, *arguments: object) -> list[dict[str, Any]]:
        """The groups as JSON tells them."""
        found: list[dict[str, Any]] = json.loads(self.run("--all", "--format", "json", *arguments))["groups"]
        return found


def tcptune(*arguments: object) -> str:
    """What `tcptune sockets` prints."""
    command = [sys.executable, "-m", "tcptune", "sockets", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def nature(group: dict[str, Any]) -> tuple[str, str, str | None, str | None, int]:
    """State, kind, both ends and number; the port of a muted listener that was called is nobody's business."""
    remote = group["remote"].rpartition(":")[0].strip("[]") if group["state"] == "SYN-SENT" else group["remote"]
    return group["state"], group["kind"], group["local"], remote, group["count"]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Some of every recipe but ESTABLISHED, IPv4 and IPv6, and a process with sockets of its own."""
    with Wire({"net.ipv4.tcp_fin_timeout": 60, "net.ipv4.tcp_orphan_retries": 8}) as wire:
        doors = {}
        for recipe in TOLD:
            for host in ENDS:
                door = wire.door(host)
                recipe.make(wire, door, COUNT)
                doors[recipe, host] = door.port
        recipes.ESTABLISHED.make(wire, wire.door(), COUNT)
        door = wire.dual_door()
        waiting, resting = wire.pairs(door, HELD), wire.pairs(door, HELD)
        inherited = [ours.fileno() for ours, _ in (*waiting, *resting)]
        with wire.near:
            holder = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=inherited)
        for ours, peer in waiting:
            ours.close()
            peer.sendall(HELLO)
            peer.close()
        for ours, _ in resting:
            ours.shutdown(socket.SHUT_WR)
            ours.close()
        with holder:
            yield Place(wire, doors, holder, door.port)
            assert holder.stdin is not None
            holder.stdin.close()


@pytest.fixture(scope="module")
def expected(place: Place) -> set[tuple[str, str, str | None, str | None, int]]:
    """The groups by what can be known of them from how they were made."""
    made = {
        (recipe.state.rfc, told.kind, address(host, place.doors[recipe, host]), ENDS[host], COUNT)
        for recipe, told in TOLD.items()
        for host in ENDS
        if recipe is not recipes.SYN_SENT
    }
    called = {("SYN-SENT", "unanswered", host, far, COUNT) for host, far in ENDS.items()}
    held = {(state, "owned", address(NEAR4, place.held), FAR4, HELD) for state in ("CLOSE-WAIT", "FIN-WAIT-2")}
    return made | called | held


def test_every_recipe_is_a_group(place: Place, expected: set[tuple[Any, ...]]) -> None:
    """State, kind, both ends and number are those that were made; nothing else is listed, ESTABLISHED neither."""
    assert expected == until(lambda: set(map(nature, place.groups())), expected)
    total = json.loads(place.run("--all", "--format", "json"))["total"]
    assert "ESTABLISHED" not in total
    assert {state: sum(group[-1] for group in expected if group[0] == state) for state in total} == total


def test_through_netns_it_is_the_same(place: Place, expected: set[tuple[Any, ...]]) -> None:
    """`--netns PID` of a process inside shows what the command shows inside."""
    found = json.loads(tcptune("--all", "--format", "json", "--netns", place.holder.pid))

    assert expected == set(map(nature, found["groups"]))
    assert {} == found["gaps"]


@pytest.mark.parametrize("recipe", TOLD, ids=[f"{recipe.state.rfc} {told.kind}" for recipe, told in TOLD.items()])
def test_what_is_told_of_each(recipe: Recipe, place: Place, groups: list[dict[str, Any]]) -> None:
    """Queues, the end or that there is none, the rule, and no owner where nobody looked for one."""
    told = TOLD[recipe]
    locals_ = {address(host, place.doors[recipe, host]) for host in ENDS}
    found = [
        group
        for group in groups
        if (group["local"] in locals_ if recipe is not recipes.SYN_SENT else group["state"] == "SYN-SENT")
    ]

    assert len(ENDS) == len(found)
    for group in found:
        assert (told.rule, told.recv_q * COUNT) == (group["rule"], group["recv_q"])
        assert COUNT * bool(told.recv_q) == group["unread"]
        waiting = min(group["send_q"], told.send_q * COUNT) if told.kind == "zero-window" else group["send_q"]
        assert told.send_q * COUNT == waiting
        assert told.ends == (group["gone_in"] is not None) == (group["first_gone_in"] is not None)
        assert told.ends == (group["ends"] != "never")
        assert group["owner"] is None or group["owner"]["pid"] is None
        assert group["why"]


@pytest.fixture(scope="module")
def groups(place: Place) -> list[dict[str, Any]]:
    """One look at everything."""
    return place.groups()


def test_the_holder_is_named(place: Place) -> None:
    """`--owners` tells pid, command and number of descriptors of whoever holds them, and nobody for orphans."""
    by_nature = {nature(group): group for group in place.groups("--owners")}
    descriptors = len(list(Path(f"/proc/{place.holder.pid}/fd").iterdir()))
    held = address(NEAR4, place.held)

    for state, recv_q in (("CLOSE-WAIT", len(HELLO) + FIN), ("FIN-WAIT-2", 0)):
        group = by_nature[state, "owned", held, FAR4, HELD]
        owner = group["owner"]
        assert (place.holder.pid, "cat", descriptors, 1) == tuple(
            owner[name] for name in ("pid", "command", "fds", "processes")
        )
        assert HELD * recv_q == group["recv_q"]
    for (recipe, host), port in place.doors.items():
        if recipe is not recipes.SYN_SENT:
            key = (recipe.state.rfc, TOLD[recipe].kind, address(host, port), ENDS[host], COUNT)
            owner = by_nature[key]["owner"] or {"pid": None}
            assert (os.getpid() if recipe in OWNED else None) == owner["pid"]


def test_by_owner(place: Place) -> None:
    """`--by owner` puts together what one program holds, whatever the listener."""
    command = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    held = {
        (group["owner"]["command"], group["state"]): (group["count"], group["owner"]["pid"], group["local"])
        for group in place.groups("--by", "owner")
        if group["owner"] and group["kind"] == "owned"
    }
    ours = (len(ENDS) * COUNT, os.getpid(), None)
    theirs = (HELD, place.holder.pid, address(NEAR4, place.held))

    assert {
        (name, state): count
        for name, count in ((command, ours), ("cat", theirs))
        for state in ("CLOSE-WAIT", "FIN-WAIT-2")
    } == held


def test_listeners_with_a_queue_are_listed(place: Place) -> None:
    """The listener of what was never accepted: how many wait, how many may, whose it is; no other listener."""
    found = json.loads(place.run("--format", "json", "--owners"))["listeners"]

    assert {(host, place.doors[recipes.CLOSE_WAIT_UNACCEPTED, host], COUNT, BACKLOG, os.getpid()) for host in ENDS} == {
        (door["address"], door["port"], door["waiting"], door["backlog"], door["owner"]["pid"]) for door in found
    }


def test_one_state_alone(place: Place) -> None:
    """`--state` takes the names of ss too, and shows nothing else."""
    found = json.loads(place.run("--state", "fin-wait2", "--format", "json"))

    assert {"FIN-WAIT-2": 3 * len(ENDS) * COUNT + HELD} == found["total"]
    assert {"FIN-WAIT-2"} == {group["state"] for group in found["groups"]}


@pytest.mark.parametrize("options", [(), ("--all", "--owners"), ("--by", "peer"), ("--by", "listener")])
def test_the_text_fits_a_terminal(options: tuple[str, ...], place: Place) -> None:
    """Under 80 columns, and no character that a terminal obeys."""
    lines = place.run(*options).splitlines()

    assert [] == [line for line in lines if len(line) >= WIDTH or printable(line) != line]


def test_the_text_tells_all(place: Place) -> None:
    """A headline for each state and kind, the holder, the listeners; without `--all`, how much was left out."""
    everything = " ".join(place.run("--all", "--owners").split())
    doors = [address(host, place.doors[recipes.CLOSE_WAIT_UNACCEPTED, host]) for host in ENDS]
    counts: Counter[str] = Counter()
    for recipe, told in TOLD.items():
        counts[f"{recipe.state.rfc} {told.kind}"] += len(ENDS) * COUNT + HELD * (recipe in RESTING)

    assert [] == [kind for kind, count in counts.items() if f"{kind}: {count} " not in everything]
    assert f"held by cat (pid {place.holder.pid}," in everything
    assert [] == [door for door in doors if f"listener {door}: {COUNT} of {BACKLOG + 1} places" not in everything]
    assert "left out (--all shows them)" in place.run()
