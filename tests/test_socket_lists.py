"""What follows from single sockets: queues, listeners among the ports of connect(), and who has used up ports."""

from __future__ import annotations

from typing import Any

import pytest
from common import LANGUAGE
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.engine.check import check
from tcptune.engine.examples import socket_table
from tcptune.engine.rulebook import load_heads
from tcptune.engine.validate import load_rule
from tcptune.errors import RuleError
from tcptune.facts.derive import derive
from tcptune.facts.listener_facts import LISTENERS, MOST_NAMED, owner_text
from tcptune.facts.port_facts import PORT_USE
from tcptune.facts.socket_lists import LISTS
from tcptune.model.facts import Facts
from tcptune.model.snapshot import Host, Snapshot
from tcptune.model.sockets import Listener, Owner, PortUse, SocketTable

RANGE = {"net.ipv4.ip_local_port_range.min": 50000, "net.ipv4.ip_local_port_range.max": 50999}
DEFAULT = {"net.ipv4.ip_local_port_range.min": 32768, "net.ipv4.ip_local_port_range.max": 60999}
OLD_DEFAULT = DEFAULT | {"net.ipv4.ip_local_port_range.max": 61000}
WIDE = {"net.ipv4.ip_local_port_range.min": 1024, "net.ipv4.ip_local_port_range.max": 65535}
RESERVED, SOMAXCONN = "net.ipv4.ip_local_reserved_ports", "net.core.somaxconn"
NGINX, UNIT = Owner(812, "nginx", unit="nginx.service"), Owner(unit="app.service")


def facts(values: dict[str, Any], table: SocketTable | None = None, gaps: dict[str, str] | None = None) -> Facts:
    """The facts of a machine that says no more than this."""
    return derive(Snapshot(Host(release="6.18.0"), values=values, gaps=gaps or {}, sockets=table))


def listeners(values: dict[str, Any], *doors: Listener) -> Facts:
    """The facts of a machine on which these listen."""
    return facts(values, SocketTable(listeners=doors))


def ports(values: dict[str, Any], *uses: PortUse) -> Facts:
    """The facts of a machine whose ports are used so."""
    return facts(values, SocketTable(ports=uses))


def use(local: str, remote: str | None, sockets: int, time_wait: int = 0, **more: int) -> PortUse:
    """A use of ports, each socket with its own."""
    return PortUse(local, remote, sockets, more.pop("ports", sockets), time_wait, **more)


@pytest.mark.parametrize(
    ("owner", "text"),
    [
        (NGINX, "nginx (pid 812)"),
        (Owner(812), "a process (pid 812)"),
        (UNIT, "app.service"),
        (Owner(), ""),
        (None, ""),
    ],
)
def test_an_owner_in_a_word(owner, text):
    """The process where it is known, else the unit, else nothing."""
    assert text == owner_text(owner)


def test_a_listener_as_a_rule_sees_it():
    """Where it listens and who it is, how many wait, and what the port settings say of its port."""
    found = listeners(
        RANGE | {RESERVED: "50001", SOMAXCONN: 128},
        Listener("0.0.0.0", 80, 2, 128, NGINX),
        Listener("::", 50001, 0, None, UNIT),
    ).values["listeners"]

    assert [
        {"subject": "0.0.0.0:80 (nginx)", "address": "0.0.0.0", "port": 80, "waiting": 2, "owner": "nginx (pid 812)",
         "in_port_range": 0, "reserved": 0, "backlog": 128},
        {"subject": "[::]:50001 (app.service)", "address": "::", "port": 50001, "waiting": 0, "owner": "app.service",
         "in_port_range": 1, "reserved": 1},
    ] == found  # fmt: skip


@pytest.mark.parametrize(
    ("waiting", "backlog", "somaxconn", "judged"),
    [
        (6, 5, 4096, (5, 1, 0)),
        (5, 5, 4096, (5, 0, 0)),
        (5, 5, 5, (5, 0, 1)),
        (5, 5, None, (5, 0, 0)),
        (129, None, 128, (128, 1, 1)),
        (128, None, 128, None),
        (0, None, 128, (128, 0, 0)),
        (0, None, None, None),
    ],
)
def test_a_queue_is_judged_by_what_is_known_of_its_limit(waiting, backlog, somaxconn, judged):
    """The limit is one less than what fits; without it, only empty and longer than any limit can be told."""
    found = listeners({} if somaxconn is None else {SOMAXCONN: somaxconn}, Listener("::", 80, waiting, backlog))

    if judged is None:
        assert "the backlog of the listeners is not known" == found.why_missing("listeners.queues")
    else:
        (queue,) = found.values["listeners.queues"]
        assert judged == (queue["limit"], queue["full"], queue["capped"])
        assert judged[1] == found.values["listeners.full"]


@pytest.mark.parametrize(
    ("settings_", "reserved", "listening", "inside", "wanted"),
    [
        (WIDE, "", [22, 7000, 9100, 50051], "7000,9100", "7000,9100"),
        (WIDE, "8080,9000-9200", [7000, 9100], "7000", "8080,9000-9200,7000"),
        (WIDE, "", [], "", ""),
        (DEFAULT, "", [41007, 8080], "", ""),
        ({"net.ipv4.ip_local_port_range.min": 10000, "net.ipv4.ip_local_port_range.max": 20000}, "\n",
         [9999, 10000, 20000, 20001], "10000,20000", "10000,20000"),
    ],
)  # fmt: skip
def test_listeners_inside_a_widened_range_are_named(settings_, reserved, listening, inside, wanted):
    """From what was reserved and what listens follows what to reserve."""
    found = listeners(settings_ | {RESERVED: reserved}, *(Listener("::", port, 0, 128) for port in listening)).values

    assert (inside, wanted) == (found["listeners.widened_ports"], found["listeners.reserve"])
    assert len(inside.split(",")) * bool(inside) == found["listeners.in_widened_range"]


def test_a_port_counts_once_and_a_long_list_is_cut():
    """IPv4 and IPv6 of one service are one port; more than a hundred are no help to read."""
    doors = [Listener(host, port, 0, 128) for port in range(2000, 2200) for host in ("::", "0.0.0.0")]
    found = listeners(WIDE | {RESERVED: ""}, *doors).values

    assert 200 == found["listeners.in_widened_range"]
    assert MOST_NAMED == len(str(found["listeners.ports"]).split(","))


@pytest.mark.parametrize(
    ("values", "gaps", "name", "why"),
    [
        ({}, {}, "listeners", "there is no list of sockets"),
        ({}, {"sockets.listeners": "not a list; left out"}, "listeners.full", "not a list; left out"),
        ({}, {"sockets": "not an object"}, "ports.tuples", "not an object"),
        (DEFAULT, {"sockets.ports": "sock_diag: refused"}, "ports.busiest_share", "sock_diag: refused"),
    ],
)
def test_what_nobody_saw_is_missing_with_the_reason(values, gaps, name, why):
    """No list, and no list of these, are told apart."""
    assert why == facts(values, None, gaps).why_missing(name)


def test_without_settings_the_lists_say_what_they_can():
    """What is inside the port range needs the range; a queue does not."""
    found = listeners({}, Listener("::", 8080, 1, 5))

    assert "needs net.ipv4.ip_local_port_range.min: not read" == found.why_missing("listeners.in_widened_range")
    assert "needs net.core.somaxconn: not read" == found.why_missing("listeners.capped")
    assert 0 == found.values["listeners.full"]


def test_every_fact_of_the_lists_is_there_or_has_a_reason():
    """With everything known none is missing."""
    known = DEFAULT | {RESERVED: "", SOMAXCONN: 4096}
    table = SocketTable(listeners=(Listener("::", 80, 0, 5),), ports=(use("10.0.0.1", "10.0.0.9:80", 20000),))

    assert LISTS.keys() == LISTENERS.keys() | PORT_USE.keys()
    assert LISTS.keys() <= facts(known, table).values.keys()
    assert LISTS.keys() <= facts({}).values.keys() | facts({}).missing.keys()


@pytest.mark.parametrize(
    ("reuse", "timestamps", "local", "remote", "reusable"),
    [
        (1, 1, "10.0.0.1", "10.0.0.9:80", 1),
        (1, 2, "10.0.0.1", "10.0.0.9:80", 1),
        (1, 0, "10.0.0.1", "10.0.0.9:80", 0),
        (1, None, "10.0.0.1", "10.0.0.9:80", 1),
        (2, 1, "10.0.0.1", "10.0.0.9:80", 0),
        (2, 1, "10.0.0.1", "10.0.0.1:80", 0),
        (2, 1, "127.0.0.1", "127.0.0.1:80", 1),
        (2, 1, "127.8.9.1", "127.0.0.1:80", 1),
        (2, 1, "::1", "[::1]:80", 1),
        (2, 1, "::1234", "[::1234]:80", 0),
        (2, 0, "127.0.0.1", "127.0.0.1:80", 0),
        (0, 1, "127.0.0.1", "127.0.0.1:80", 0),
        (None, 1, "10.0.0.1", "10.0.0.9:80", 0),
    ],
)
def test_which_time_waits_connect_may_take_over(reuse, timestamps, local, remote, reusable):
    """tcp_tw_reuse 1, or 2 over loopback, and timestamps; an address of the machine's own is not loopback."""
    given = {"net.ipv4.tcp_tw_reuse": reuse, "net.ipv4.tcp_timestamps": timestamps}
    found = ports(RANGE | {k: v for k, v in given.items() if v is not None}, use(local, remote, 900, 900)).values

    assert reusable == found["ports.tuples"][0]["reusable"]
    assert 1 - reusable == found["ports.short"]
    assert (0.0 if reusable else 0.9) == found["ports.unrelieved_share"]


def test_the_share_is_of_what_can_be_used():
    """Reserved ports are none, and 60 s of rest make ports a second."""
    (item,) = ports(RANGE | {RESERVED: "50000-50399"}, use("10.0.0.1", "10.0.0.9:80", 300, 200, close_wait=60)).values[
        "ports.tuples"
    ]

    assert (600, 0.5, 50, 10.0) == tuple(item[k] for k in ("usable", "share", "percent", "connections_per_second"))
    assert (200, 60, 40) == tuple(item[k] for k in ("time_wait", "close_wait", "others"))
    assert "10.0.0.1 to 10.0.0.9:80" == item["subject"]


def test_an_address_knows_its_largest_destination():
    """So that one destination with all the ports is not taken for bind() before connect()."""
    (address,) = ports(
        RANGE,
        use("10.0.0.1", "10.0.0.9:80", 700),
        use("10.0.0.2", "10.0.0.9:80", 900),
        use("10.0.0.1", None, 960, ports=900, destinations=9),
    ).values["ports.addresses"]

    assert ("10.0.0.1", 700, 9, 0) == tuple(address[k] for k in ("subject", "largest", "destinations", "one_each"))


@pytest.mark.parametrize("values", [{}, RANGE, RANGE | {RESERVED: "50000-50999"}, RANGE | {RESERVED: "junk"}])
def test_a_look_that_found_nothing_is_an_answer(values):
    """Nobody uses much: the lists are empty, and the rules about them stay quiet."""
    found = ports(values).values

    assert ([], [], 1, 0.0) == tuple(
        found[name] for name in ("ports.tuples", "ports.addresses", "ports.counted", "ports.busiest_share")
    )


@pytest.mark.parametrize(
    ("counts", "counted"),
    [
        ({"states.ESTABLISHED": 1600, "states.TIME_WAIT": 400}, 1),
        ({"states.ESTABLISHED": 14000, "states.TIME_WAIT": 115}, 1),
        ({"states.ESTABLISHED": 14000, "states.TIME_WAIT": 116}, 0),
        ({"states.ESTABLISHED": 100, "states.TIME_WAIT": 400, "states.CLOSE_WAIT": 14000}, 0),
        ({"states.ESTABLISHED": 100, "states.TIME_WAIT": 400, "states.SYN_RECEIVED": 14000, "states.LISTEN": 9000}, 1),
        ({"states.TIME_WAIT": 400}, 0),
    ],
)
def test_plain_counts_can_rule_a_shortage_out(counts, counted):
    """Two thousand sockets cannot have used up 28232 ports, whatever the error message says."""
    assert counted == facts(DEFAULT | counts).values["ports.counted"]
    assert 0 == facts(counts).values["ports.counted"]


FILLS, NORMAL = {"time-wait-fills-port-range"}, {"time-wait-normal"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"states.TIME_WAIT": 28241, "states.ESTABLISHED": 62}, FILLS),
        (OLD_DEFAULT | {"states.TIME_WAIT": 28233}, FILLS),
        ({"states.TIME_WAIT": 481947, "states.FIN_WAIT_2": 40}, NORMAL),
        (OLD_DEFAULT | {"states.TIME_WAIT": 60000, "net.ipv4.tcp_tw_reuse": 1}, NORMAL),
        (OLD_DEFAULT | {"states.TIME_WAIT": 15990}, NORMAL),
        ({"sockstat.TCP.tw": 200000}, NORMAL),
        ({"states.ESTABLISHED": 92, "states.TIME_WAIT": 7979}, NORMAL),
        (DEFAULT | {"states.ESTABLISHED": 1500, "states.TIME_WAIT": 500}, set()),
    ],
)
def test_counts_without_destinations_are_told_apart(values, expected):
    """A count that just fills the range is suspicious; one that is below or above it is not (from incidents)."""
    snapshot = Snapshot(Host(release="5.15.0"), values=values)
    report = check(snapshot, derive(snapshot), load_heads(), LANGUAGE)

    assert expected == {finding.rule for finding in report.findings} & (FILLS | NORMAL)


counts = st.integers(0, 2**53)
texts = st.text(max_size=20)
owners = st.none() | st.builds(Owner, st.none() | counts, st.none() | texts, st.none() | counts, st.none() | texts)
doors = st.builds(Listener, texts, st.integers(0, 65535), counts, st.none() | counts, owners)
uses = st.builds(PortUse, texts, st.none() | texts, counts, counts, counts, counts, counts)
tables = st.builds(
    SocketTable,
    st.just(()),
    st.none() | st.lists(doors, max_size=5).map(tuple),
    st.none() | st.lists(uses, max_size=5).map(tuple),
)
settings_values = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys((*DEFAULT, SOMAXCONN, "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_timestamps"), st.integers()),
        RESERVED: texts | st.just("1-65535"),
    },
)


@settings(max_examples=200, deadline=None)
@given(settings_values, tables)
def test_no_table_is_too_strange_for_the_rules(values, table):
    """Foreign snapshots hold anything of the right shape: each rule fires, is quiet, or says what it lacks."""
    snapshot = Snapshot(Host(release="6.18.0"), values=values, sockets=table)
    found = derive(snapshot)
    report = check(snapshot, found, load_heads(), LANGUAGE)

    assert LISTS.keys() <= found.values.keys() | found.missing.keys()
    assert report.quiet


@pytest.mark.parametrize(
    ("sockets", "cause"),
    [
        ("{port: []}", "sockets.port: no such field"),
        ("{ports: [{locale: 10.0.0.1}]}", "sockets.ports.0.locale: no such field"),
        ("{listeners: [{address: 0.0.0.0, port: 80, waiting: many, backlog: 5}]}",
         "sockets.listeners.0.waiting: Input should be a valid integer"),
        ("{listeners: [{address: 0.0.0.0, port: 80, waiting: 1}]}", "sockets.listeners.0.backlog: Field required"),
        ("{ports: [7]}", "Input should be a valid dictionary"),
        ("{groups: 7}", "Input should be a valid list"),
    ],
)  # fmt: skip
def test_wrong_sockets_of_an_example_are_told_with_their_place(sockets, cause, tmp_path):
    """Whoever writes a rule learns which field of which example is wrong."""
    path = tmp_path / "queue.yaml"
    path.write_text(
        "id: queue\ntitle: T\nseverity: low\nstatus: stable\nfor_each: listeners\nwhen: item.waiting > 5\n"
        "message: M.\nevidence: []\nrationale: R\nrecommend: []\nsources: [{says: S, measured: M}]\nexamples:\n"
        f"  fires:\n    - given: {{}}\n      sockets: {sockets}\n  quiet:\n    - given: {{}}\n"
    )

    with pytest.raises(RuleError) as error:
        load_rule(path, LANGUAGE)

    assert cause in error.value.cause
    assert "examples.fires.0" in error.value.field
    assert str(error.value).startswith(f"{path}:1")


def test_the_sockets_of_an_example_become_a_table():
    """Owners and lists included."""
    table = socket_table(
        {
            "listeners": [{"address": "::", "port": 80, "waiting": 3, "backlog": None, "owner": {"pid": 7}}],
            "ports": [{"local": "10.0.0.1", "remote": None, "sockets": 9, "ports": 9, "time_wait": 0}],
        }
    )

    assert (SocketTable((), (Listener("::", 80, 3, None, Owner(7)),), (PortUse("10.0.0.1", None, 9, 9, 0),))) == table
