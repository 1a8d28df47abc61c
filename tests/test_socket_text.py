"""What ss or netstat printed as a source: no more is believed than the text says."""

from __future__ import annotations

import pytest

from tcptune.collect.printed.socket_text import format_of, of_report, snapshot

HEADLINE = "State      Recv-Q Send-Q Local Address:Port  Peer Address:Port"
PLAIN = [
    HEADLINE,
    "CLOSE-WAIT 1      0      10.0.0.5:8000       10.0.0.9:50000",
    "CLOSE-WAIT 1      0      10.0.0.5:8000       10.0.0.9:50001",
    "TIME-WAIT  0      0      10.0.0.5:40000      10.0.0.7:6379",
]
FULL = [
    HEADLINE,
    'LISTEN     3      2      0.0.0.0:8000        0.0.0.0:*  users:(("app",pid=812,fd=3)) uid:33 ino:90 sk:1',
    "CLOSE-WAIT 7      0      10.0.0.5:8000       10.0.0.9:50000  ino:0 sk:2",
    'CLOSE-WAIT 1      0      10.0.0.5:8000       10.0.0.8:50001  users:(("app",pid=812,fd=9)) uid:33 ino:91 sk:3',
    "FIN-WAIT-2 0      0      10.0.0.5:8000       10.0.0.8:50002  timer:(timewait,48sec,0) ino:0 sk:4",
]


def of(lines):
    """The snapshot of some lines."""
    printed = format_of("\n".join(lines))
    assert printed is not None
    return snapshot(lines, printed, "a.txt")


def kinds(found):
    """(state, kind, sockets) of each group."""
    return {(group.state, group.kind, group.sockets) for group in found.sockets.groups}


def test_a_text_without_owners_does_not_say_who_holds_a_socket():
    """CLOSE-WAIT without -e or -p may be leaked or never accepted."""
    found = of(PLAIN)

    assert {("CLOSE-WAIT", "unknown", 2), ("TIME-WAIT", "minisock", 1)} == kinds(found)
    assert {"states.CLOSE_WAIT": 2, "states.TIME_WAIT": 1} == found.values
    assert "owners or the timers" in found.gaps["kinds"]


def test_a_state_that_is_not_in_the_text_is_unknown():
    """Nobody knows what ss was asked for, so nothing is 0."""
    found = of(PLAIN)

    assert "states.ESTABLISHED" not in found.values
    assert "unknown" in found.gaps["states"]


def test_a_text_with_owners_and_timers_tells_kinds():
    """-oe shows inodes and timers: leaked, never accepted and minisocks are told apart."""
    found = of(FULL)

    assert {
        ("CLOSE-WAIT", "unaccepted", 1),
        ("CLOSE-WAIT", "owned", 1),
        ("FIN-WAIT-2", "minisock", 1),
    } == kinds(found)
    assert (1, 1) == (found.values["kinds.CLOSE_WAIT.unaccepted"], found.values["kinds.CLOSE_WAIT.owned"])
    (owned,) = (group for group in found.sockets.groups if group.kind == "owned")
    assert ("app", 812) == (owned.owner.command, owned.owner.pid)
    (door,) = found.sockets.listeners
    assert (8000, 3, 2, "app") == (door.port, door.waiting, door.backlog, door.owner.command)


def test_the_ports_of_outgoing_connections_are_counted():
    """TIME-WAITs to one destination use its ports."""
    lines = [HEADLINE, *(f"TIME-WAIT 0 0 10.0.0.5:{40000 + n} 10.0.0.7:6379" for n in range(900))]
    towards = next(use for use in of(lines).sockets.ports if use.remote == "10.0.0.7:6379")

    assert (900, 900) == (towards.sockets, towards.time_wait)


@pytest.mark.parametrize("head", ["", "{}", "net.ipv4.tcp_fin_timeout = 60\n", "garbage"])
def test_other_texts_are_not_taken_for_sockets(head):
    """JSON, sysctl -a and nonsense are somebody else's."""
    assert format_of(head) is None


def test_netstat_is_known_by_its_underscores():
    """The older program prints the same sockets."""
    found = of(
        ["Proto Recv-Q Send-Q Local Address  Foreign Address  State", "tcp 1 0 10.0.0.5:80 10.0.0.9:4000 CLOSE_WAIT"]
    )

    assert {("CLOSE-WAIT", "unknown", 1)} == kinds(found)


def test_a_report_of_sos_keeps_what_ss_printed(tmp_path):
    """Where /proc/net/tcp is not in a report, the output of ss may be."""
    place = tmp_path / "sos_commands/networking"
    place.mkdir(parents=True)
    (place / "ss_-peaonmi").write_text("\n".join(FULL) + "\n")

    assert ("CLOSE-WAIT", "owned", 1) in kinds(of_report(tmp_path))
    (place / "ss_-peaonmi").write_text("permission denied\n")
    assert of_report(tmp_path) is None
