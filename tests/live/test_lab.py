"""`tcptune lab` on this kernel: every scenario in its short form, and what an interrupted run leaves behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from workshop.waiting import until

from tcptune.lab.catalogue import SCENARIOS
from tcptune.lab.pcap import FILE_HEADER, PACKET_HEADER
from tcptune.lab.segment import unpack

pytestmark = pytest.mark.live

COMMAND = [sys.executable, "-m", "tcptune", "lab", "run"]

STATES = {
    "fin-wait-1-peer-gone": ["FIN-WAIT-1", "gone"],
    "last-ack-peer-gone": ["CLOSE-WAIT", "LAST-ACK", "gone"],
    "closing-peer-gone": ["FIN-WAIT-1", "CLOSING", "gone"],
    "zero-window-answered": ["FIN-WAIT-1", "gone"],
    "zero-window-unanswered": ["FIN-WAIT-1", "gone"],
    "fin-wait-2-held": ["FIN-WAIT-1", "FIN-WAIT-2"],
    "fin-wait-2-orphan": ["FIN-WAIT-1", "FIN-WAIT-2", "gone"],
    "fin-wait-2-above-60": ["FIN-WAIT-1", "FIN-WAIT-2", "FIN-WAIT-2", "gone"],
    "time-wait": ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"],
    "close-wait-leaked": ["CLOSE-WAIT"],
    "close-wait-unaccepted": ["CLOSE-WAIT"],
    "close-with-unread-data": ["gone"],
    "linger-zero": ["gone"],
    "close-three-way": ["CLOSE-WAIT", "LAST-ACK", "gone"],
    "close-four-way": ["CLOSE-WAIT", "LAST-ACK", "gone"],
    "simultaneous-close-in-order": ["FIN-WAIT-1", "CLOSING", "TIME-WAIT"],
    "simultaneous-close-overtaken-close": ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"],
    "simultaneous-close-overtaken-shutdown": ["FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"],
}
"""After ESTABLISHED, where one connection is looked at."""

COUNTERS = {
    "fin-wait-1-peer-gone": {"TcpExt.TCPAbortOnTimeout": 1, "TcpExt.TCPLossProbes": 1, "Tcp.RetransSegs": 3},
    "last-ack-peer-gone": {"TcpExt.TCPAbortOnTimeout": 1},
    "closing-peer-gone": {"TcpExt.TCPAbortOnTimeout": 1},
    "zero-window-unanswered": {"TcpExt.TCPAbortOnTimeout": 1},
    "fin-wait-2-orphan": {"TcpExt.TCPAbortOnTimeout": 0},
    "time-wait": {"TcpExt.TW": 1},
    "time-wait-reuse": {"TcpExt.TWRecycled": 1},
    "close-with-unread-data": {"TcpExt.TCPAbortOnClose": 1, "Tcp.OutRsts": 1, "Tcp.EstabResets": 1},
    "linger-zero": {"TcpExt.TCPAbortOnData": 1, "Tcp.OutRsts": 1, "Tcp.EstabResets": 1},
    "bucket-overflow": {"TcpExt.TCPTimeWaitOverflow": 15, "Tcp.OutRsts": 15},
    "accept-queue-overflow": {"TcpExt.ListenOverflows": 2, "TcpExt.ListenDrops": 2},
}
OPENING = ("SYN-SENT", "SYN-RECEIVED", "LISTEN", "ESTABLISHED")

MEASURED = {
    "fin-wait-1-peer-gone", "last-ack-peer-gone", "closing-peer-gone", "zero-window-answered",
    "zero-window-unanswered", "fin-wait-2-held", "fin-wait-2-orphan", "fin-wait-2-above-60", "time-wait",
    "time-wait-reuse", "close-wait-leaked", "close-wait-unaccepted", "accept-queue-overflow",
}  # fmt: skip


HELD_UP = 0.05
"""Seconds between two looks: by then other work had the machine, and a peer in user space answers as late."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything side by side, once; again where the machine was too busy to look."""
    packets = tmp_path_factory.mktemp("lab") / "all.pcap"
    first = _play(packets)
    lives = [life for result in first["results"].values() for life in result["lifetimes"]]
    busy = any(not life["inside"] and life["give_or_take"] > HELD_UP for life in lives)
    return _play(packets) if busy else first


def _play(packets: Path) -> dict[str, Any]:
    done = subprocess.run(
        [*COMMAND, "--all", "--format", "json", "--pcap", packets], capture_output=True, text=True, check=False
    )
    return {
        "code": done.returncode,
        "stderr": done.stderr,
        "packets": packets.read_bytes(),
        "results": {result["scenario"]: result for result in json.loads(done.stdout)["results"]},
    }


def test_everything_is_played_in_the_order_asked(run: dict[str, Any]) -> None:
    """Exit 0, nothing on stderr where that is no terminal, every scenario in the order of the list."""
    problems = {name: result["problem"] for name, result in run["results"].items() if result["problem"]}
    outside = [life for result in run["results"].values() for life in result["lifetimes"] if not life["inside"]]

    assert ({}, []) == (problems, outside)
    assert (0, "") == (run["code"], run["stderr"])
    assert list(SCENARIOS) == list(run["results"])


@pytest.mark.parametrize("name", STATES)
def test_the_states_follow_each_other(name: str, run: dict[str, Any]) -> None:
    """Each state was seen, in its order, and no other one."""
    seen = [state["state"] for state in run["results"][name]["states"] if state["state"] not in OPENING]

    assert STATES[name] == seen


@pytest.mark.parametrize("name", COUNTERS)
def test_the_counters_move(name: str, run: dict[str, Any]) -> None:
    """The counters that tell the case moved by so much."""
    moved = run["results"][name]["counters"]

    assert COUNTERS[name] == {counter: moved.get(counter, 0) for counter in COUNTERS[name]}


@pytest.mark.parametrize("name", sorted(MEASURED))
def test_a_lifetime_is_held_against_the_model(name: str, run: dict[str, Any]) -> None:
    """One lifetime was measured, it lies inside, and as many segments were sent as predicted."""
    (life,) = run["results"][name]["lifetimes"]
    counts = life["transmissions"] or {"predicted": 0, "measured": 0}

    assert life["inside"]
    assert counts["predicted"] == counts["measured"]


def test_a_held_socket_has_no_timer(run: dict[str, Any]) -> None:
    """FIN-WAIT-2 with an owner and CLOSE-WAIT: no timer; without accept() no owner either."""
    last = {name: run["results"][name]["states"][-1] for name in STATES}

    assert ("owned", None) == (last["fin-wait-2-held"]["kind"], last["fin-wait-2-held"]["timer"])
    assert ("owned", None) == (last["close-wait-leaked"]["kind"], last["close-wait-leaked"]["timer"])
    assert "unaccepted" == last["close-wait-unaccepted"]["kind"]


def test_61_s_have_two_halves(run: dict[str, Any]) -> None:
    """First a full socket with a keepalive timer, then a minisock, 1 s each."""
    halves = [s for s in run["results"]["fin-wait-2-above-60"]["states"] if s["state"] == "FIN-WAIT-2"]

    assert [("orphan", "keepalive"), ("minisock", "timewait")] == [(half["kind"], half["timer"]) for half in halves]
    assert halves[1]["at"] - halves[0]["at"] == pytest.approx(1.0, abs=0.2)


def test_time_wait_is_armed_for_60_s(run: dict[str, Any]) -> None:
    """The timer of the entry says so."""
    (entry,) = (s for s in run["results"]["time-wait"]["states"] if s["state"] == "TIME-WAIT")

    assert "timewait" == entry["timer"]
    assert entry["left"] == pytest.approx(60.0, abs=0.1)


def test_a_close_takes_three_segments_or_four(run: dict[str, Any]) -> None:
    """Whether the ACK travels alone."""

    def flags(name: str) -> list[str]:
        return [packet["flags"] for packet in run["results"][name]["packets"] if packet["at"] >= 0]

    assert ["FIN ACK", "FIN ACK", "ACK"] == flags("close-three-way")
    assert ["FIN ACK", "ACK", "FIN ACK", "ACK"] == flags("close-four-way")


def test_a_reset_is_sent_instead_of_a_fin(run: dict[str, Any]) -> None:
    """close() with unread data, or with SO_LINGER 0, sends one RST and nothing else."""
    for name in ("close-with-unread-data", "linger-zero"):
        flags = [p["flags"] for p in run["results"][name]["packets"] if p["at"] >= 0 and p["sent_by"] == "kernel"]

        assert ["RST ACK"] == flags


def test_the_capture_holds_every_packet(run: dict[str, Any]) -> None:
    """As many as the results tell, all of them whole, each scenario on a network of its own."""
    data, at, segments = run["packets"], FILE_HEADER.size, []
    while at < len(data):
        kept = PACKET_HEADER.unpack_from(data, at)[2]
        at += PACKET_HEADER.size
        segments.append(unpack(data[at : at + kept]))
        at += kept
    networks = {segment.source.rpartition(".")[0] for segment in segments if segment}

    assert sum(len(result["packets"]) for result in run["results"].values()) == len(segments)
    assert None not in segments
    assert len(SCENARIOS) == len(networks)


@pytest.mark.parametrize(
    ("setting", "code", "words"),
    [
        ("net.ipv4.tcp_fin_timeout=8589935000", 2, "the kernel refuses it: Invalid argument"),
        ("tcp_max_orphans=5", 2, "a network namespace of this kernel has no such setting"),
        ("kernel.panic=0", 2, "belong to a namespace"),
    ],
)
def test_a_setting_that_is_refused_is_told(setting: str, code: int, words: str) -> None:
    """One sentence, and nothing is played."""
    done = subprocess.run([*COMMAND, "linger-zero", "--set", setting], capture_output=True, text=True, check=False)

    assert (code, "") == (done.returncode, done.stdout)
    assert words in done.stderr
    assert 1 == len(done.stderr.splitlines())


def test_a_setting_reaches_the_namespace_and_not_the_host() -> None:
    """The retries that were asked for decide, and the host's own stay."""
    ours = Path("/proc/sys/net/ipv4/tcp_orphan_retries")
    before = ours.read_text()
    done = subprocess.run(
        [*COMMAND, "fin-wait-1-peer-gone", "--set", "tcp_orphan_retries=2", "--format", "json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    (result,) = json.loads(done.stdout)["results"]

    assert 0 == done.returncode
    assert {"net.ipv4.tcp_orphan_retries": "2"} == result["settings"]
    assert result["lifetimes"][0]["measured"]["at_least"] > 3
    assert before == ours.read_text()


def test_a_pcap_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Exit 3 with a sentence."""
    done = subprocess.run(
        [*COMMAND, "linger-zero", "--pcap", tmp_path / "no" / "file"], capture_output=True, text=True, check=False
    )

    assert 3 == done.returncode
    assert "cannot be written: No such file" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_an_interrupted_run_leaves_nothing(number: signal.Signals) -> None:
    """No process, no namespace, no link and no name is left, whatever ended the run."""
    before = host()
    running = subprocess.Popen([*COMMAND, "--all"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: len(namespaces(children(running.pid))) >= 10, True)
        played = children(running.pid)
        made = namespaces(played)
        running.send_signal(number)
        running.wait(timeout=10)
    finally:
        running.kill()
        running.wait()

    assert until(lambda: [pid for pid in played if alive(pid)], []) == []
    assert set() == made & namespaces([int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()])
    assert before == host()


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def namespaces(pids: list[int]) -> set[str]:
    """The network namespaces of these processes, other than our own."""
    found = set()
    for pid in pids:
        try:
            found.add(str(Path(f"/proc/{pid}/ns/net").readlink()))
        except OSError:
            continue
    return found - {str(Path("/proc/self/ns/net").readlink())}


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie of somebody else's."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def host() -> tuple[list[str], list[str]]:
    """The links of this namespace, and the namespaces that have a name."""
    links = sorted(line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:])
    named = Path("/run/netns")
    return links, sorted(path.name for path in named.iterdir()) if named.is_dir() else []
