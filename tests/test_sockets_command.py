"""`tcptune sockets` on stored trees and snapshots: exit codes, the text, the JSON contract, and foreign text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_cli import tcptune

from tcptune.cli import sockets_work
from tcptune.errors import UsageError
from tcptune.facts.outlook import outlooks
from tcptune.facts.reasons import REASONS
from tcptune.facts.views import VIEWS
from tcptune.kernel.running_timer import Timer
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import Group, Listener, Owner
from tcptune.report import sockets as report

WIDTH = 80
SETTINGS = {
    "tcp_orphan_retries": "0",
    "tcp_retries2": "15",
    "tcp_fin_timeout": "60",
    "tcp_syn_retries": "6",
    "tcp_synack_retries": "5",
    "ip_local_port_range": "32768\t60999",
}
HEADLINE = (
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode               \n"
)
HEX = {f"10.0.0.{number}": f"{number:02X}00000A" for number in range(1, 10)} | {
    "0.0.0.0": "00000000",
    "2001:db8::5": "B80D0120000000000000000005000000",
    "2001:db8::9": "B80D0120000000000000000009000000",
}


def place(text: str) -> str:
    """An address with its port as /proc/net/tcp has it."""
    address, _, port = text.rpartition(":")
    return f"{HEX[address]}:{int(port):04X}"


def line(ends: str, state: int, timer: str = "00:00000000", inode: int = 0, **more: Any) -> str:
    """One socket: `timer` is its code and the hundredths of seconds that it has to go."""
    local, remote = ends.split()
    code, _, left = timer.partition(":")
    rto = f" {more['rto']} 4 30 10 -1" if "rto" in more else ""
    return (
        f"   0: {place(local)} {place(remote)} {state:02X} {more.get('send_q', 0):08X}:{more.get('recv_q', 0):08X}"
        f" {code}:{int(left):08X} {more.get('retransmits', 0):08X}  1000 {more.get('probes', 0):8} {inode} 1"
        f" 0000000000000000{rto}\n"
    )


IPV4 = [
    line("0.0.0.0:8000 0.0.0.0:0", TcpState.LISTEN, inode=5, recv_q=3),
    line("0.0.0.0:22 0.0.0.0:0", TcpState.LISTEN, inode=6),
    line("10.0.0.5:8000 10.0.0.9:40000", TcpState.ESTABLISHED, inode=100, rto=20),
    line("10.0.0.5:8000 10.0.0.9:40001", TcpState.CLOSE_WAIT, inode=101, recv_q=1, rto=20),
    line("10.0.0.5:8000 10.0.0.9:40002", TcpState.CLOSE_WAIT, inode=102, recv_q=513, rto=20),
    line("10.0.0.5:8000 10.0.0.8:40003", TcpState.CLOSE_WAIT, inode=103, rto=20),
    line("10.0.0.5:8000 10.0.0.8:40004", TcpState.CLOSE_WAIT, recv_q=1, rto=20),
    line("10.0.0.5:50000 10.0.0.7:443", TcpState.FIN_WAIT_1, "01:100", send_q=1, retransmits=3, rto=160),
    line("10.0.0.5:50001 10.0.0.7:443", TcpState.FIN_WAIT_1, "01:500", send_q=1, retransmits=5, rto=640),
    line("10.0.0.5:8000 10.0.0.6:40005", TcpState.FIN_WAIT_1, "04:30", send_q=70000, probes=2, rto=20),
    line("10.0.0.5:8000 10.0.0.9:40006", TcpState.FIN_WAIT_2, inode=104, rto=20),
    line("10.0.0.5:50002 10.0.0.7:443", TcpState.FIN_WAIT_2, "03:3000"),
    line("10.0.0.5:50003 10.0.0.7:443", TcpState.TIME_WAIT, "03:1000"),
    line("10.0.0.5:50004 10.0.0.7:443", TcpState.TIME_WAIT, "03:5000"),
    line("10.0.0.5:50005 10.0.0.4:443", TcpState.SYN_SENT, "01:100", inode=105, send_q=1, retransmits=1, rto=200),
    line("10.0.0.5:8000 10.0.0.3:40007", TcpState.SYN_RECEIVED, "01:50"),
]
IPV6 = [line("2001:db8::5:8000 2001:db8::9:40008", TcpState.LAST_ACK, "01:10", send_q=1, rto=20)]


def plant(root: Path, files: dict[str, str]) -> Path:
    """A tree of some files."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A stored tree with a socket of nearly every kind."""
    return plant(
        tmp_path_factory.mktemp("tree"),
        {
            "proc/net/tcp": HEADLINE + "".join(IPV4),
            "proc/net/tcp6": HEADLINE + "".join(IPV6),
            "proc/sys/kernel/osrelease": "6.12.8\n",
            **{f"proc/sys/net/ipv4/{name}": f"{value}\n" for name, value in SETTINGS.items()},
        },
    )


@pytest.fixture(scope="module")
def snapshot(tree) -> str:
    """The same as a snapshot."""
    return tcptune("collect", "--root", tree).stdout


TEXT = """\
sockets: 4 CLOSE-WAIT, 3 FIN-WAIT-1, 2 FIN-WAIT-2, 1 SYN-SENT, 1 SYN-RECEIVED,
  1 LAST-ACK

CLOSE-WAIT owned: 3
  the application has not closed them (tcptune explain close-wait-leak)
       3  never  10.0.0.5:8000 called by 2 peers, 2 of them not read to the end

CLOSE-WAIT unaccepted: 1
  the application has not accepted them; they wait in a listener's queue
  (tcptune explain close-wait-unaccepted)
       1  never  10.0.0.5:8000 called by 10.0.0.8

FIN-WAIT-2 owned: 1
  shutdown() without close(): the application has to close them (tcptune
  explain fin-wait-2-held)
       1  never  10.0.0.5:8000 called by 10.0.0.9

FIN-WAIT-1 unanswered: 2
  the peer does not acknowledge the FIN (tcptune explain fin-wait-1-piling-up)
       2  in 98.2 s .. 104.0 s  10.0.0.5 to 10.0.0.7:443

FIN-WAIT-1 zero-window: 1
  the peer's window is closed, and the FIN waits behind it (tcptune explain
  fin-wait-1-zero-window)
       1  in 104.9 s  10.0.0.5:8000 called by 10.0.0.6

SYN-SENT unanswered: 1
  the peer does not answer the SYN
       1  in 2 min 8 s  10.0.0.5 to 10.0.0.4:443

FIN-WAIT-2 minisock: 1
  the peer has not closed its side yet (tcptune explain fin-wait-2-piling-up)
       1  in 31.0 s  10.0.0.5 to 10.0.0.7:443

SYN-RECEIVED minisock: 1
  the client's last ACK of the handshake has not come
       1  in 64.2 s  10.0.0.5:8000 called by 10.0.0.3

LAST-ACK orphan: 1
  the FIN is on its way, or data before it (tcptune explain last-ack-piling-up)
       1  in 106.3 s  [2001:db8::5]:8000 called by 2001:db8::9

listener 0.0.0.0:8000: 3 places taken by connections that wait

owners: this source does not say which process holds a socket
"""


def printed(capsys, *source: object, **options: Any) -> str:
    """What the command prints, run in this process."""
    sockets_work.show(*map(str, source), **options)
    return capsys.readouterr().out


def plain(capsys, *source: object, **options: Any) -> dict[str, Any]:
    """Its JSON."""
    return json.loads(printed(capsys, *source, format_="json", **options))


def test_the_text(capsys, tree):
    """The worst first; who called whom, why they are there, until when; and what the tree does not tell."""
    assert TEXT == printed(capsys, tree)


def test_a_tree_is_read_the_same_in_every_way(tree, snapshot):
    """As SOURCE, by --root, as a snapshot in a file, and from standard input: 0, one text, and silence on stderr."""
    runs = [tcptune("sockets", tree), tcptune("sockets", "--root", tree), tcptune("sockets", "-", stdin=snapshot)]

    assert [(0, "")] * 3 == [(run.returncode, run.stderr) for run in runs]
    assert {TEXT} == {run.stdout for run in runs}


def test_the_json_has_the_fields_of_its_schema(capsys, tree):
    """Names, units and what null means are a contract."""
    found = plain(capsys, tree, everything=True)

    assert "tcptune/sockets/1" == found["schema"]
    assert {
        "CLOSE-WAIT": 4, "FIN-WAIT-1": 3, "FIN-WAIT-2": 2, "TIME-WAIT": 2, "LAST-ACK": 1, "SYN-SENT": 1,
        "SYN-RECEIVED": 1, "CLOSING": 0,
    } == found["total"]  # fmt: skip
    for group in found["groups"]:
        assert {
            "state", "kind", "count", "local", "remote", "owner", "recv_q", "send_q", "gone_in", "why", "rule",
        } <= set(group)  # fmt: skip
        assert (group["state"], group["kind"]) in REASONS
        assert (group["gone_in"] is None) == (group["ends"] in ("never", "unknown"))
        for span in (group["gone_in"], group["first_gone_in"]):
            assert span is None or ["min", "expected", "max"] == list(span)
            assert span is None or 0 <= span["min"] <= span["expected"] <= span["max"]
    assert [{"address": "0.0.0.0", "port": 8000, "waiting": 3, "backlog": None, "owner": None}] == found["listeners"]


def test_a_group_of_the_json_says_what_the_sockets_are(capsys, tree):
    """Never is null with a word beside it; bytes are those of all sockets."""
    leak, queue = plain(capsys, tree, states=["close-wait"])["groups"]

    assert {
        "state": "CLOSE-WAIT", "kind": "owned", "count": 3, "local": "10.0.0.5:8000", "remote": None, "peers": 2,
        "owner": None, "recv_q": 514, "send_q": 0, "unread": 2, "first_gone_in": None, "gone_in": None,
        "ends": "never", "why": "the application has not closed them", "rule": "close-wait-leak",
    } == leak  # fmt: skip
    assert ("unaccepted", 1, "10.0.0.8", "never") == tuple(queue[name] for name in ("kind", "count", "remote", "ends"))


def test_who_holds_the_sockets_of_a_snapshot_is_told(capsys, tmp_path):
    """The process with its descriptors and its unit, in the JSON and in the text."""
    owner = {"pid": 812, "command": "app", "fds": 4900, "unit": "app.service", "processes": 3}
    source = stored(tmp_path, groups=[leaking(owner=owner)])
    [group] = plain(capsys, source)["groups"]

    assert owner == group["owner"]
    assert "held by app (pid 812 and 2 more, app.service, 4900 descriptors)" in " ".join(
        printed(capsys, source).split()
    )


def leaking(**changed: Any) -> dict[str, Any]:
    """A group of a snapshot."""
    return {"state": "CLOSE-WAIT", "kind": "owned", "sockets": 5, "owned": True, "local": "10.0.0.5:8000"} | changed


def stored(folder: Path, **sockets: Any) -> Path:
    """A snapshot with these sockets in it."""
    document = {"schema": "tcptune/snapshot/1", "values": {"sockstat.TCP.tw": 5}, "sockets": sockets}
    (folder / "snapshot.json").write_text(json.dumps(document))
    return folder / "snapshot.json"


@pytest.mark.parametrize(
    ("spelling", "state"),
    [
        *[(text, "TIME-WAIT") for text in ("TIME-WAIT", "time-wait", "Time-Wait", "time_wait", " time-wait ")],
        *[(text, "SYN-RECEIVED") for text in ("SYN-RECEIVED", "syn-recv", "SYN_RECV", "syn_received")],
        *[(text, "FIN-WAIT-1") for text in ("FIN-WAIT-1", "fin-wait-1", "FIN_WAIT1", "fin_wait_1", "fin-wait1")],
        *[(text, "FIN-WAIT-2") for text in ("FIN-WAIT-2", "FIN_WAIT2")],
        *[(text, "CLOSE-WAIT") for text in ("close-wait", "CLOSE_WAIT")],
        *[(text, text.upper().replace("_", "-")) for text in ("last_ack", "closing", "SYN-SENT", "syn_sent")],
    ],
)
def test_a_state_may_be_spelt_as_the_rfc_ss_or_netstat_do(capsys, tree, spelling, state):
    """In any case, with bars or underscores."""
    found = plain(capsys, tree, states=[spelling])

    assert [state] == list(found["total"])
    assert {state} >= {group["state"] for group in found["groups"]}


def test_several_states_are_asked_for_with_commas_or_again(capsys, tree):
    """And nothing else is shown."""
    found = plain(capsys, tree, states=["time-wait,LAST_ACK", "closing"])

    assert {"TIME-WAIT": 2, "LAST-ACK": 1, "CLOSING": 0} == found["total"]
    assert {"TIME-WAIT", "LAST-ACK"} == {group["state"] for group in found["groups"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--state", "TIME-WIAT"], "--state: 'TIME-WIAT' is not known; did you mean 'TIME-WAIT'?"),
        (["--state", "closewait"], "did you mean 'CLOSE-WAIT'?"),
        (["--state=time-wait,FIN-WAIT"], "did you mean 'FIN-WAIT-"),
        (["--state", "xyzzy"], "choose from "),
        (["--state", "LISTEN"], "--state: 'LISTEN' is not known"),
        (["--state", "established"], "--state: 'ESTABLISHED' is not known"),
        (["--by", "peers"], "--by: 'peers' is not known; did you mean 'peer'?"),
        (["--format", "yaml"], "--format: 'yaml' is not known; choose from text, json"),
        (["--format", "json", "--by", "x"], "--by: 'x' is not known"),
        (["--no-such-option"], "No such option"),
        (["--by"], "requires an argument"),
        (["a", "b"], "unexpected extra argument"),
        (["--netns", "x", "--root", "/tmp"], "--netns names a namespace of this machine"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_sentence(arguments, words):
    """The nearest name is told where there is one; stdout stays empty, in every format."""
    run = tcptune("sockets", *arguments)

    assert (2, "") == (run.returncode, run.stdout)
    assert words in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("by", sorted(VIEWS))
def test_every_view_shows_every_socket(capsys, tree, by):
    """In lines of less than 80 columns, as text and as JSON."""
    found = plain(capsys, tree, by=by, everything=True)
    text = printed(capsys, tree, by=by, everything=True)

    assert 14 == sum(group["count"] for group in found["groups"]) == sum(found["total"].values())
    assert [] == [line for line in text.splitlines() if len(line) >= WIDTH]


def test_by_peer_and_by_listener(capsys, tree):
    """What the other view holds apart is one group in this."""
    of_peer, of_door = (
        {
            one["remote"]: one["count"]
            for one in plain(capsys, tree, by="peer", states=["time-wait", "fin_wait1"])["groups"]
        },
        {one["local"]: one["count"] for one in plain(capsys, tree, by="listener", states=["close-wait"])["groups"][:1]},
    )

    assert {"10.0.0.7": 2, "10.0.0.6": 1} == of_peer
    assert {"10.0.0.5:8000": 3} == of_door


def test_all_shows_time_wait_and_every_group(capsys, tmp_path):
    """Otherwise twenty groups are shown, and how many are left out is said."""
    many = [leaking(remote=f"10.1.0.{number}", sockets=100 - number) for number in range(30)]
    resting = {"state": "TIME-WAIT", "kind": "minisock", "sockets": 7, "timers": [{"name": "timewait", "left": 5}]}
    source = stored(tmp_path, groups=[*many, resting])
    usual, everything = printed(capsys, source, by="peer"), printed(capsys, source, by="peer", everything=True)

    assert 20 == usual.count(" called by ")
    assert "10 more groups with 755 sockets are left out (--all shows them)" in usual
    assert "TIME-WAIT" not in usual
    assert 30 == everything.count(" called by ")
    assert "left out" not in everything
    assert "TIME-WAIT minisock: 7" in everything


def test_redact_leaves_no_address(capsys, tree):
    """Neither in the text nor in the JSON; "any" stays, and one address has one mask."""
    text = printed(capsys, tree, redact=True, everything=True)
    told = json.dumps(plain(capsys, tree, redact=True, everything=True))

    for address in set(HEX) - {"0.0.0.0"}:
        assert address not in text
        assert address not in told
    assert "0.0.0.0:8000" in text
    assert "host-1:8000 called by host-2" in printed(capsys, tree, redact=True, by="peer")


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        ('{"schema": "tcptune/snapshot/1", "values": {"sockstat.TCP.tw": 5}}', "it holds counts, and no list of"),
        ('{"schema": "tcptune/snapshot/1", "values": {"sockstat.TCP.tw": 5}, "sockets": null}', "no list of sockets"),
        ('{"schema": "tcptune/snapshot/1", "values": {"sockstat.TCP.tw": 5}, "sockets": []}', "no list of sockets"),
        ('{"schema": "tcptune/snapshot/9", "values": {}}', "newer tcptune"),
        ("{", "is not JSON"),
        ("", "standard input"),
    ],
)
def test_what_has_no_sockets_exits_with_3_and_says_so(stdin, words):
    """It is not a machine without sockets."""
    run = tcptune("sockets", "-", "--format", "json", stdin=stdin)

    assert (3, "") == (run.returncode, run.stdout)
    assert words in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("source", ["/nonexistent", "/proc/1/fd"])
def test_a_source_that_is_none_exits_with_3(source):
    """One sentence names it."""
    run = tcptune("sockets", source)

    assert (3, "") == (run.returncode, run.stdout)
    assert source in run.stderr


def test_a_tree_without_a_table_of_sockets_exits_with_3(tmp_path):
    """Settings alone are no sockets."""
    run = tcptune("sockets", plant(tmp_path, {"proc/sys/net/ipv4/tcp_fin_timeout": "60\n"}))

    assert (3, "") == (run.returncode, run.stdout)
    assert "/proc/net/tcp" in run.stderr


def test_no_sockets_are_said(capsys, tmp_path):
    """A quiet machine has a table with a headline."""
    tree = plant(tmp_path, {"proc/net/tcp": HEADLINE, "proc/sys/net/ipv4/tcp_fin_timeout": "60\n"})

    assert printed(capsys, tree).startswith("sockets: none in these states\n")
    assert {0} == set(plain(capsys, tree)["total"].values())


def test_output_goes_to_a_file(tree, tmp_path):
    """stdout stays empty; a file that cannot be written is an error."""
    file = tmp_path / "sockets.json"
    run, refused = (
        tcptune("sockets", "--root", tree, "--format", "json", "-o", path) for path in (file, tmp_path / "no" / "file")
    )

    assert (0, "", "") == (run.returncode, run.stdout, run.stderr)
    assert "tcptune/sockets/1" == json.loads(file.read_text())["schema"]
    assert (3, "") == (refused.returncode, refused.stdout)
    assert "cannot be written" in refused.stderr


def test_a_closed_pipe_is_quiet(tree):
    """`tcptune sockets | head -1` leaves no traceback and no complaint."""
    run = subprocess.run(
        f"{sys.executable} -m tcptune sockets {tree} --format json | head -c 1", shell=True, capture_output=True
    )

    assert (b"{", b"") == (run.stdout, run.stderr)


def test_a_full_disk_behind_stdout_is_said(tree):
    """What was not written was not told."""
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run([sys.executable, "-m", "tcptune", "sockets", tree], stdout=full, stderr=subprocess.PIPE)

    assert 3 == run.returncode
    assert b"standard output cannot be written" in run.stderr


def test_this_machine_can_be_looked_at():
    """Live, by sock_diag or else by /proc/net/tcp; the sockets are those of the states that were asked for."""
    run = tcptune("sockets", "--all", "--format", "json")
    found = json.loads(run.stdout)

    assert (0, "") == (run.returncode, run.stderr)
    assert sum(found["total"].values()) == sum(group["count"] for group in found["groups"])


EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\u2028\r\n\x00x"
UNSAFE = set("\x1b\x07\x9b\u202e\u2028\r\x00")


def test_hostile_text_of_a_snapshot_reaches_no_terminal(tmp_path):
    """Whatever stands where text may stand: names, addresses, kinds, gaps."""
    owner = {"pid": 5, "command": EVIL, "unit": EVIL * 20}
    groups = [leaking(owner=owner, remote=EVIL, local=EVIL), leaking(kind=EVIL), leaking(owner={"unit": EVIL})]
    doors = [{"address": EVIL, "port": 80, "waiting": 9, "backlog": 5, "owner": owner}]
    document = json.loads(stored(tmp_path, groups=groups, listeners=doors).read_text())
    document |= {"gaps": {"sockets.x": EVIL, f"owners{EVIL}": EVIL}, "host": {"name": EVIL, "source": EVIL}}
    for arguments in ([], ["--by", "owner"], ["--redact"], ["--format", "json"], ["--all"]):
        run = tcptune("sockets", "-", *arguments, stdin=json.dumps(document))

        assert (0, "") == (run.returncode, run.stderr)
        assert not UNSAFE & set(run.stdout)
        assert "json" in arguments or [] == [line for line in run.stdout.splitlines() if len(line) >= WIDTH]


def test_hostile_numbers_of_a_tree_end_in_a_table(capsys, tmp_path):
    """Counters that no kernel has, in every state and with every timer: an answer, and soon."""
    rows = [
        line(
            "10.0.0.5:50000 10.0.0.7:443", state, timer, retransmits=2**32 - 1, probes=2**32 - 1, rto=rto
        )
        for state in (*set(TcpState) - {TcpState.CLOSE}, 12)
        for timer in ("01:100", "04:100", f"04:{2**32 - 1}", "02:100", "03:100", "01:0")
        for rto in (0, 20, 12_000, 10**30)
    ]  # fmt: skip
    tree = plant(tmp_path, {"proc/net/tcp": HEADLINE + "".join(rows)})
    found = plain(capsys, tree, everything=True)

    assert [] == [line for line in printed(capsys, tree, everything=True).splitlines() if len(line) >= WIDTH]
    assert 24 * 9 == sum(found["total"].values()) == sum(group["count"] for group in found["groups"])


def test_unknown_choices_are_refused_before_anything_is_read():
    """A typing error costs no look at a machine."""
    for options in ({"by": "x"}, {"format_": "x"}, {"states": ["x"]}):
        with pytest.raises(UsageError):
            sockets_work.show("/nonexistent", **options)


words = st.one_of(st.text(max_size=60), st.sampled_from(["x" * 100, "2001:db8:1111:2222:3333:4444:5555:6666"]))
maybe = st.one_of(st.none(), words)
counts = st.integers(0, 2**53)
owners = st.one_of(
    st.none(), st.builds(Owner, st.one_of(st.none(), counts), maybe, st.one_of(st.none(), counts), maybe)
)
timers = st.builds(
    Timer, st.sampled_from(["on", "persist", "timewait"]), st.floats(0, 10**7), st.just(0.204), *[st.integers(0, 9)] * 2
)
groups = st.builds(
    Group,
    st.sampled_from([state.rfc for state in TcpState]),
    words,
    counts,
    maybe,
    maybe,
    owners,
    unread=counts,
    timers=st.lists(timers, max_size=2).map(tuple),
    owned=st.booleans(),
)
doors = st.builds(Listener, words, st.integers(0, 65535), counts, st.one_of(st.none(), counts), owners)


@settings(deadline=None, max_examples=60)
@given(st.lists(groups, max_size=3), st.lists(doors, max_size=2), st.dictionaries(words, words, max_size=2))
def test_any_table_fits_a_terminal(some, listeners, gaps):
    """No line has 80 columns, and no character in it is one that a terminal obeys."""
    found = report.Sockets(outlooks(some, {}, None), {one.state: one.sockets for one in some}, listeners, gaps)
    text = report.text(found, everything=True)

    assert [] == [line for line in text.split("\n") if len(line) >= WIDTH]
    assert text.replace("\n", "").isprintable()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    json.dumps(report.document(found), allow_nan=False)
