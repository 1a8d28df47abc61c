"""What ss or netstat printed as a source: no more is believed than the text says."""

from __future__ import annotations

import pytest

from tcptune.collect.printed import paste
from tcptune.errors import CollectError

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
    return paste.snapshot("\n".join(lines).encode(), "a.txt")


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


@pytest.mark.parametrize("text", ["", "{}", "garbage", "TIME-WAIT is normal\n"])
def test_other_texts_are_not_taken_for_sockets(text):
    """Nonsense is refused with what is expected instead."""
    with pytest.raises(CollectError, match="expected what sysctl -a, ss, "):
        of([text])


def test_netstat_is_known_by_its_underscores():
    """The older program prints the same sockets."""
    found = of(
        ["Proto Recv-Q Send-Q Local Address  Foreign Address  State", "tcp 1 0 10.0.0.5:80 10.0.0.9:4000 CLOSE_WAIT"]
    )

    assert {("CLOSE-WAIT", "unknown", 1)} == kinds(found)


def test_two_lists_of_different_states_are_one():
    """`ss -tn` and then `ss -tln`: the second says nothing of connections, the first nothing of listeners."""
    found = of(["$ ss -tn", *PLAIN[:3], "$ ss -tln", HEADLINE, "LISTEN 0 128 0.0.0.0:8000 0.0.0.0:*"])

    assert {"states.CLOSE_WAIT": 2, "states.LISTEN": 1} == found.values
    assert [128] == [door.backlog for door in found.sockets.listeners]


def test_owners_of_two_lists_stay_apart():
    """-p without -e gives no inodes; the sockets of both lists are numbered by themselves."""
    door = [HEADLINE, 'LISTEN 0 128 0.0.0.0:8000 0.0.0.0:* users:(("nginx",pid=7,fd=3))']
    held = [HEADLINE, 'CLOSE-WAIT 1 0 10.0.0.5:8000 10.0.0.9:50000 users:(("app",pid=812,fd=9))']
    found = of(["$ ss -tlnp", *door, "$ ss -tnp", *held])

    assert ["nginx"] == [door.owner.command for door in found.sockets.listeners]
    assert ["app"] == [group.owner.command for group in found.sockets.groups]


def test_of_two_lists_of_the_same_states_the_last_is_taken():
    """Two looks at a machine are not twice as many sockets."""
    found = of([*PLAIN, HEADLINE, PLAIN[1]])

    assert {"states.CLOSE_WAIT": 1} == found.values
    assert "the last list is taken" in found.gaps["samples"]


def test_a_list_of_one_state_has_its_name_from_the_command():
    """Asked for one state, ss leaves its column out."""
    rows = ["Recv-Q Send-Q Local Address:Port Peer Address:Port", "0 0 10.0.0.5:40000 10.0.0.7:6379"]

    assert {"states.TIME_WAIT": 1} == of(["$ ss -tan state time-wait", *rows]).values
    with pytest.raises(CollectError, match="the column State is missing"):
        of(rows)


def test_a_command_that_asks_for_timers_and_inodes_shows_those_that_are_there():
    """A listener has no timer, and that is known of it."""
    rows = [
        HEADLINE,
        "LISTEN 0 128 0.0.0.0:8000 0.0.0.0:* ino:90 sk:1",
        "CLOSE-WAIT 1 0 10.0.0.5:80 10.0.0.9:5000 ino:9 sk:2",
    ]

    assert "kinds" in of(rows).gaps
    assert 1 == of(["# ss -tanoe", *rows]).values["kinds.CLOSE_WAIT.owned"]


def test_a_count_is_believed_more_than_a_part_of_a_list():
    """People count all sockets and show some of them."""
    found = of(["28241 TIME_WAIT", "62 ESTABLISHED", *PLAIN])

    assert (28241, 62) == (found.values["states.TIME_WAIT"], found.values["states.ESTABLISHED"])
    assert "the list shows 1 sockets where states.TIME_WAIT counts 28241" == found.gaps["sockets"]


def test_a_list_that_a_program_saved_shows_every_state_it_was_asked_for():
    """Nobody has cut it, so a state without a socket has none."""
    text = "\n".join(PLAIN)

    whole, asked_less = (paste.read(text, "a", command).readings.values for command in ("ss -tan", "ss -tn"))
    assert 0 == whole["states.LAST_ACK"]
    assert 0 == asked_less["states.LAST_ACK"]
    assert "states.LISTEN" in whole
    assert "states.LISTEN" not in asked_less
    assert "states.LAST_ACK" not in paste.read(text, "a").readings.values


ROW = "   0: 0100007F:1F40 0200007F:C350 08 00000000:00000001 00:00000000 00000000 33 0 812 1 00000000 20 4 30 10 -1"
IPV4 = ["  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", ROW]
IPV6 = ["  sl  local_address                         remote_address                        st tx_queue rx_queue tr"]


def test_both_files_of_the_kernel_are_one_whole_list():
    """/proc/net/tcp and tcp6 together tell of every state and every owner."""
    found = of(["$ cat /proc/net/tcp", *IPV4, "$ cat /proc/net/tcp6", *IPV6])

    assert (1, 0) == (found.values["states.CLOSE_WAIT"], found.values["states.FIN_WAIT_2"])
    assert (1, 0) == (found.values["kinds.CLOSE_WAIT.owned"], found.values["kinds.CLOSE_WAIT.unaccepted"])


def test_one_file_of_the_kernel_is_half_a_list():
    """IPv6 may have sockets in other states."""
    found = of(IPV4)

    assert 1 == found.values["states.CLOSE_WAIT"]
    assert "states.FIN_WAIT_2" not in found.values
    assert "/proc/net/tcp6 is not in the text" in found.gaps["states"]


def test_a_port_range_that_is_told_is_used():
    """Sockets with a port of the range, by which nobody listens, called somebody."""
    rows = [f"TIME-WAIT 0 0 10.0.0.5:{2000 + n} 10.0.0.7:6379" for n in range(900)]
    found = of(["net.ipv4.ip_local_port_range = 2000 2999", HEADLINE, *rows])

    assert ["10.0.0.7:6379"] == [use.remote for use in found.sockets.ports if use.remote]
