"""How the ports of outgoing connections are used: whether a destination or an address has nearly all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tcptune.kernel.states import TcpState
from tcptune.model.sockets import PortUse
from tcptune.model.values import FactInfo, Item, Value

TW_REUSE, TIMESTAMPS = "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_timestamps"

NEARLY_ALL = 0.85
"""The share of the ports from which they count as used up: a sixth more connections a second take the rest."""
ROOM = 0.5
"""Where all sockets are fewer than this share of the ports, nobody can be short of them."""
ONE_EACH = 1.05
"""Up to so many sockets for each port of an address its ports are not shared, as bind() before connect() has it."""

PORT_USE: dict[str, FactInfo] = {
    "ports.tuples": FactInfo(
        "list", "", "netns",
        "Destinations (address and port) that hold much of the ports of one local address: subject, local, remote, "
        "sockets, ports, time_wait, close_wait, others, usable, share, percent, connections_per_second, loopback, "
        "reusable (1 where tcp_tw_reuse lets connect() take over their TIME-WAITs). Empty where none can be short.",
    ),
    "ports.addresses": FactInfo(
        "list", "", "netns",
        "Local addresses that use much of the ports, towards all destinations: as ports.tuples, and destinations, "
        "largest (sockets to the busiest of them), one_each (1 where hardly two sockets share a port).",
    ),
    "ports.addresses_of_default": FactInfo(
        "list", "", "netns",
        "The same, held against the kernel's own range of 28232 ports; empty where ip_local_port_range was read.",
    ),
    "ports.counted": FactInfo(
        "int", "bool", "netns", "1 where the use of ports is known for each destination, 0 where nobody looked."
    ),
    "ports.busiest_share": FactInfo(
        "double", "ratio", "netns", "The largest share of the ports that one address uses towards one destination."
    ),
    "ports.busiest_loopback": FactInfo("int", "bool", "netns", "1 where that destination is reached over loopback."),
    "ports.unrelieved_share": FactInfo(
        "double", "ratio", "netns",
        "The largest share of the ports that TIME-WAITs hold towards one destination which connect() may not take "
        "over, by tcp_tw_reuse and tcp_timestamps as they are.",
    ),
    "ports.most_time_waits": FactInfo(
        "int", "sockets", "netns",
        "The most TIME-WAITs that one address has towards one destination; known without the port range too.",
    ),
    "ports.short": FactInfo(
        "int", "bool", "netns",
        "1 where an address has 85 % of the ports in use towards one destination, or towards all without sharing, and "
        "tcp_tw_reuse does not relieve it; 0 where nobody looked.",
    ),
}  # fmt: skip


def port_facts(uses: Sequence[PortUse], usable: int, settings: Mapping[str, object]) -> dict[str, Value | list[Item]]:
    """The facts of `PORT_USE`; `usable` ports is what there is to be used."""
    tuples = [_tuple(use, usable, settings) for use in uses if use.remote is not None]
    addresses = [_address(use, usable, uses) for use in uses if use.remote is None]
    busiest: Item = max(tuples, key=lambda item: float(item["share"]), default={"share": 0.0, "loopback": 0})
    waiting = [int(item["time_wait"]) / usable for item in tuples if not item["reusable"]]
    return {
        "ports.tuples": tuples,
        "ports.addresses": addresses,
        "ports.addresses_of_default": [],
        "ports.counted": 1,
        "ports.busiest_share": busiest["share"],
        "ports.busiest_loopback": busiest["loopback"],
        "ports.unrelieved_share": max(waiting, default=0.0),
        "ports.most_time_waits": most_time_waits(uses),
        "ports.short": int(any(map(_short, tuples)) or any(map(_short_for_all, addresses))),
    }


def of_default_range(uses: Sequence[PortUse], usable: int) -> list[Item]:
    """The addresses, held against the ports of the kernel's own range."""
    return [_address(use, usable, uses) for use in uses if use.remote is None]


def most_time_waits(uses: Sequence[PortUse]) -> int:
    """The TIME-WAITs of the destination that has most of them."""
    return max((use.time_wait for use in uses if use.remote is not None), default=0)


def too_few(counts: Mapping[str, object], usable: int) -> bool:
    """Whether there are, by the plain counts, too few sockets for anybody to be short of ports."""
    known = {state: counts.get(f"states.{state.name}") for state in TcpState}
    if known[TcpState.ESTABLISHED] is None or known[TcpState.TIME_WAIT] is None:
        return False
    called = (TcpState.LISTEN, TcpState.SYN_RECEIVED)
    return sum(n for state, n in known.items() if isinstance(n, int) and state not in called) < ROOM * usable


def _tuple(use: PortUse, usable: int, values: Mapping[str, object]) -> Item:
    loopback = any(_is_loopback(end) for end in (use.local, use.remote or ""))
    reuse, timestamps = values.get(TW_REUSE), values.get(TIMESTAMPS)
    reusable = (reuse == 1 or (reuse == 2 and loopback)) and timestamps != 0
    return {
        "subject": f"{use.local} to {use.remote}",
        "remote": use.remote or "",
        **_use(use, usable),
        "loopback": int(loopback),
        "reusable": int(reusable),
    }


def _address(use: PortUse, usable: int, uses: Sequence[PortUse]) -> Item:
    towards = [one.sockets for one in uses if one.local == use.local and one.remote is not None]
    return {
        "subject": use.local,
        **_use(use, usable),
        "destinations": use.destinations,
        "largest": max(towards, default=0),
        "one_each": int(use.sockets <= ONE_EACH * use.ports),
    }


def _use(use: PortUse, usable: int) -> Item:
    share = use.ports / usable
    return {
        "local": use.local,
        "sockets": use.sockets,
        "ports": use.ports,
        "time_wait": use.time_wait,
        "close_wait": use.close_wait,
        "others": max(0, use.sockets - use.time_wait - use.close_wait),
        "usable": usable,
        "share": share,
        "percent": int(100 * share),
        "connections_per_second": usable / 60,
    }


def _short(item: Item) -> bool:
    """Whether a destination has nearly all ports, and not in TIME-WAITs that connect() may take over."""
    relieved = item["reusable"] and 2 * int(item["time_wait"]) >= int(item["sockets"])
    return float(item["share"]) >= NEARLY_ALL and not relieved


def _short_for_all(item: Item) -> bool:
    """Whether an address has nearly all ports in use, each for one of several destinations."""
    shared = not item["one_each"] or 2 * int(item["largest"]) > int(item["sockets"])
    return float(item["share"]) >= NEARLY_ALL and not shared


def _is_loopback(end: str) -> bool:
    return end.startswith(("127.", "[::1]:")) or end == "::1"
