"""What the real programs print, pasted with their prompts, is what /proc says."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from workshop import recipes
from workshop.waiting import until
from workshop.wire import NEAR4, NEAR6, Wire

from tcptune.collect.everything import collect
from tcptune.collect.printed import paste
from tcptune.collect.proc import netstat, sockstat
from tcptune.facts.vocabulary import GAUGES
from tcptune.model.values import Value

pytestmark = pytest.mark.live

COUNT = 3
MADE = (
    recipes.ESTABLISHED,
    recipes.CLOSE_WAIT_OWNED,
    recipes.CLOSE_WAIT_UNACCEPTED,
    recipes.FIN_WAIT_2_OWNED,
    recipes.LAST_ACK,
    recipes.FIN_WAIT_2_MINISOCK,
    recipes.TIME_WAIT,
)
NETSTAT = pytest.mark.skipif(shutil.which("netstat") is None, reason="needs netstat of net-tools")
NSTAT = pytest.mark.skipif(shutil.which("nstat") is None, reason="needs nstat of iproute2")
SYSCTL = pytest.mark.skipif(shutil.which("sysctl") is None, reason="needs sysctl of procps")
TABLES = "cat /proc/net/tcp /proc/net/tcp6"


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    """Some sockets in states that stay for a minute."""
    with Wire({"net.ipv4.tcp_fin_timeout": 60, "net.ipv4.tcp_orphan_retries": 8}) as made:
        for recipe in sorted(MADE, key=lambda recipe: recipe.kind not in (None, "owned", "unaccepted")):
            for host in (NEAR4, NEAR6):
                recipe.make(made, made.door(host), COUNT)
        yield made


@pytest.fixture
def pasted(wire: Wire, tmp_path: Path) -> Callable[..., Mapping[str, Value]]:
    """The values in what some commands print in the namespace, under prompts as a person would paste them."""

    def run(*commands: str) -> Mapping[str, Value]:
        text = ""
        for command in commands:
            done = subprocess.run(
                ["sh", "-c", command],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, "NSTAT_HISTORY": str(tmp_path / "history"), "LC_ALL": "C"},
            )
            text += f"root@near:~# {command}\n{done.stdout}"
        return paste.read(text, "a").readings.values

    return run


def kernel() -> dict[str, Value]:
    """What /proc/net counts in the namespace we are in."""
    text = {name: Path(f"/proc/net/{name}").read_text() for name in ("sockstat", "sockstat6", "snmp", "netstat")}
    parts = [sockstat.parse(name, text[name]) for name in ("sockstat", "sockstat6")]
    parts += [netstat.parse(name, text[name]) for name in ("snmp", "netstat")]
    return {name: value for part in parts for name, value in part.values.items()}


def agree(wire: Wire, look: Callable[[], Mapping[str, Value]]) -> Mapping[str, Value]:
    """What was pasted, once each number of it was the kernel's before or after; a busy machine moves in between."""
    seen: list[Mapping[str, Value]] = []

    def differences() -> dict[str, tuple[Value, ...]]:
        before, told, after = kernel(), look(), kernel()
        seen[:] = [told]
        return {
            name: (before[name], value, after[name])
            for name, value in told.items()
            if name in after and not int(before[name]) <= int(value) <= int(after[name])
        }

    with wire.near:
        assert {} == until(differences, {})
    return seen[0]


def states(values: Mapping[str, Value]) -> dict[str, Value]:
    """The counts by state that are not 0."""
    return {name: value for name, value in values.items() if name.startswith("states.") and value}


def test_the_summary_of_ss_is_sockstat(wire: Wire, pasted: Callable[..., Mapping[str, Value]]) -> None:
    """Every number that it holds, `alloc` too, which it prints as a part of a sum."""
    told = agree(wire, lambda: pasted("ss -s"))

    assert {
        "sockstat.sockets.used",
        *(f"sockstat.TCP.{field}" for field in ("inuse", "orphan", "tw", "alloc")),
        "sockstat6.TCP6.inuse",
        "Tcp.CurrEstab",
    } == told.keys()
    assert int(told["sockstat.TCP.tw"]) >= 4 * COUNT


@NSTAT
def test_nstat_is_proc_net_netstat(wire: Wire, pasted: Callable[..., Mapping[str, Value]]) -> None:
    """With -z every counter, as a table and as JSON; without it those above 0, and no wrong zero."""
    for command in ("nstat -az", "nstat -az --json", "nstat -a"):
        told = agree(wire, lambda command=command: pasted(command))
        assert int(told["TcpExt.TW"]) >= 0
        assert {"Tcp.PassiveOpens", "TcpExt.TCPTimeWaitOverflow"} <= told.keys() or command == "nstat -a"


@NETSTAT
def test_netstats_sentences_are_counters(wire: Wire, pasted: Callable[..., Mapping[str, Value]]) -> None:
    """Every sentence we know, every counter by its name, and no wrong zero."""
    told = agree(wire, lambda: pasted("netstat -s"))

    assert {"Tcp.ActiveOpens", "Tcp.PassiveOpens", "Tcp.CurrEstab", "Tcp.RetransSegs", "Tcp.OutRsts"} <= told.keys()


@SYSCTL
def test_a_full_listing_of_sysctl_is_proc_sys(wire: Wire, pasted: Callable[..., Mapping[str, Value]]) -> None:
    """In a namespace other than the first: the same values, the same namespace, the same reasons."""
    with wire.near:
        live = collect()
        text = subprocess.run(["sysctl", "-a"], capture_output=True, text=True, check=False).stdout
    found = paste.read(text, "a")
    expected = {name: value for name, value in live.values.items() if name.startswith("net.") and name not in GAUGES}

    assert expected == {name: value for name, value in found.readings.values.items() if name not in GAUGES}
    assert (live.host.name, live.host.release, live.host.netns) == found.host[:2] + found.host[3:]
    assert {name: why for name, why in live.gaps.items() if name.startswith("net.")} == {
        name: why for name, why in found.readings.gaps.items() if name.startswith("net.")
    }


def test_every_way_to_count_sockets_counts_the_same(wire: Wire, pasted: Callable[..., Mapping[str, Value]]) -> None:
    """The kernel's own list, ss, and ss counted by awk and by wc."""
    awk = "awk 'NR>1 {++S[$1]} END {for (state in S) print state, S[state]}'"

    def ways() -> list[dict[str, Value]]:
        one = pasted("ss -Htan state time-wait | wc -l", "ss -tan state close-wait | wc -l")
        listed = states(pasted(TABLES))
        assert one == {name: listed[name] for name in one}
        return [listed, states(pasted("ss -tan")), states(pasted(f"ss -tan | {awk}"))]

    with wire.near:
        assert until(lambda: len({tuple(sorted(way.items())) for way in ways()}), 1) == 1
        counted = ways()[0]
    assert {"states.CLOSE_WAIT": 4 * COUNT, "states.LAST_ACK": 2 * COUNT, "states.TIME_WAIT": 2 * COUNT} == {
        name: counted[name] for name in ("states.CLOSE_WAIT", "states.LAST_ACK", "states.TIME_WAIT")
    }


@NETSTAT
def test_netstat_counts_the_same(wire: Wire, pasted: Callable[..., Mapping[str, Value]]) -> None:
    """As a list, and counted in the two ways that everybody knows."""
    ways = (
        "netstat -ant",
        "netstat -nat | awk '/^tcp/ {++S[$NF]} END {for (a in S) print a, S[a]}'",
        "netstat -ant | awk '{print $6}' | sort | uniq -c",
    )
    with wire.near:
        seen = until(
            lambda: [states(pasted(way)) for way in (*ways, TABLES)].count(states(pasted(TABLES))), len(ways) + 1
        )
    assert len(ways) + 1 == seen


def test_the_kernels_own_list_tells_what_a_stored_tree_tells(wire: Wire) -> None:
    """Counts by state and by kind, zeros too."""
    with wire.near:
        text = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
        told = paste.read(text, "a").readings.values
        live = collect().values

    assert {name: value for name, value in live.items() if name.startswith(("states.", "kinds."))} == {
        name: value for name, value in told.items() if name.startswith(("states.", "kinds."))
    }
