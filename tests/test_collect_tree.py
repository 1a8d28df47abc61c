"""collect() on stored trees: what is there is read, what is not has a reason, and nothing else happens."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from common import nobody
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.everything import collect
from tcptune.errors import CollectError
from tcptune.facts.derive import derive
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.model.snapshot import Host, Snapshot

HEADLINE = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LISTENER = "   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 812 1 0 100\n"
LEAK = "   1: 0100007F:0050 0100007F:9C40 08 00000000:00000001 00:00000000 00000000     0        0 813 1 0 100\n"

NET = {
    "sockstat": "sockets: used 312\nTCP: inuse 23 orphan 5 tw 31000 alloc 41 mem 7\nUDP: inuse 6 mem 2\n",
    "sockstat6": "TCP6: inuse 3\nUDP6: inuse 4\n",
    "snmp": "Tcp: MaxConn ActiveOpens PassiveOpens CurrEstab\nTcp: -1 7 9 2\nUdp: InDatagrams\nUdp: 5\n",
    "netstat": "TcpExt: TW TCPTimeWaitOverflow\nTcpExt: 31000 15\nIpExt: InNoRoutes\nIpExt: 0\n",
    "tcp": HEADLINE + LISTENER + LEAK,
    "tcp6": HEADLINE,
}
FILES = {
    **{f"proc/net/{name}": text for name, text in NET.items()},
    **{key.path: "\n" if key.text else "\t".join(["7"] * len(key.facts())) + "\n" for key in SYSCTLS.values()},
    "proc/sys/kernel/hostname": "web-3\n",
    "proc/sys/kernel/osrelease": "6.12.8-generic\n",
    "proc/meminfo": "MemTotal: 16384000 kB\nMemAvailable: 8192000 kB\n",
    "proc/uptime": "350735.47 234388.90\n",
}
"""A whole machine, as far as collect() looks at one."""

UNTOLD = {"taken_at", "kernel.hz", "kernel.page_size"}
"""What no stored tree tells."""

SOME = [path for path in FILES if not path.startswith("proc/sys/net/")] + [
    SYSCTLS[name].path
    for name in (
        "net.ipv4.tcp_max_orphans",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_mem",
        "net.ipv4.ip_local_reserved_ports",
    )
]
"""One of each kind of file: the settings differ only in name."""


def plant(root: Path, files: dict[str, str | bytes]) -> Path:
    """The files below a root."""
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


@pytest.fixture
def tree(tmp_path):
    """A whole machine in a folder."""
    return plant(tmp_path / "tree", FILES)


def reason_for(gaps: dict[str, str], name: str) -> str | None:
    """The gap of a name, or of the file or vector that holds it."""
    while name and name not in gaps:
        name = name.rpartition(".")[0]
    return gaps.get(name)


def unaccounted(snapshot: Snapshot) -> set[str]:
    """Names that have neither a value nor a reason, or that have both."""
    asked = {fact for key in SYSCTLS.values() for fact in key.facts()} | {
        *(f"sockstat.TCP.{name}" for name in ("inuse", "orphan", "tw", "alloc", "mem")),
        *("sockstat6.TCP6.inuse", "Tcp.CurrEstab", "TcpExt.TW", "uptime"),
        *("meminfo.MemTotal", "meminfo.MemAvailable", "states.LISTEN", "kinds.CLOSE_WAIT.owned"),
    }
    silent = {name for name in asked if name not in snapshot.values and reason_for(snapshot.gaps, name) is None}
    return silent | (snapshot.values.keys() & snapshot.gaps.keys())


def test_a_whole_tree_is_read_whole(tree):
    """Every file gives its values; only what no tree can tell is a gap."""
    found = collect(tree)

    assert Host("web-3", "6.12.8-generic", str(tree), "initial") == found.host
    assert found.taken_at is None
    assert set(found.gaps) == UNTOLD
    assert (1, 1, 0) == tuple(found.values[f"states.{name}"] for name in ("LISTEN", "CLOSE_WAIT", "TIME_WAIT"))
    assert (31000, 15, 7, -1) == tuple(
        found.values[name]
        for name in ("sockstat.TCP.tw", "TcpExt.TCPTimeWaitOverflow", "net.ipv4.tcp_mem.max", "Tcp.MaxConn")
    )
    assert 350735.47 == found.values["uptime"]


def test_nothing_at_all_is_an_error(tmp_path):
    """An empty folder, a file and an absent folder are no machines, and each is told so."""
    (tmp_path / "file").write_text("x")
    for root in (tmp_path, tmp_path / "file", tmp_path / "absent"):
        with pytest.raises(CollectError, match="nothing of Linux TCP is readable here") as error:
            collect(root)
        assert str(error.value).startswith(f"{root}: ")


def test_what_is_no_tcp_is_not_enough(tmp_path):
    """Memory and uptime alone are no machine to judge."""
    plant(tmp_path, {path: FILES[path] for path in ("proc/meminfo", "proc/uptime", "proc/sys/kernel/osrelease")})

    with pytest.raises(CollectError):
        collect(tmp_path)


@pytest.mark.parametrize("path", SOME)
def test_a_file_that_is_missing_is_a_gap(tree, path):
    """Without one file, the values of that file and no others are gone, and a reason stands for them."""
    whole = collect(tree)
    (tree / path).unlink()
    found = collect(tree)

    assert set() == unaccounted(found)
    assert found.values.keys() <= whole.values.keys()
    if path != "proc/net/tcp6":
        assert (whole.values.keys() - found.values.keys()) or path.startswith("proc/sys/kernel/")
    assert set(found.gaps) > UNTOLD


@pytest.mark.parametrize("path", SOME)
@pytest.mark.parametrize("damage", ["directory", "pipe", "outside", "circle", "empty"])
def test_a_file_that_is_none_is_a_gap_and_never_zero(tree, path, damage):
    """Whatever stands in the place of a file, none of its facts gets a value, and nobody waits for it."""
    whole = collect(tree)
    place = tree / path
    place.unlink()
    match damage:
        case "directory":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)
        case "outside":
            (tree.parent / "outside").write_text(FILES[path])
            place.symlink_to(tree.parent / "outside")
        case "circle":
            place.symlink_to(place.name)
        case _:
            place.touch()
    found = collect(tree)

    assert set() == unaccounted(found)
    assert found.values.items() <= whole.values.items()
    assert set(found.gaps) > UNTOLD


@pytest.mark.parametrize("path", SOME)
def test_a_file_without_permission_is_a_gap(path):
    """A file that may not be read is told as such, and the rest of the machine is read."""
    with tempfile.TemporaryDirectory() as name:
        root = plant(Path(name), FILES)
        root.chmod(0o755)
        (root / path).chmod(0)
        with nobody():
            found = collect(root)

    assert set() == unaccounted(found)
    assert "permission denied; run as root to see it" in "".join(found.gaps.values())


def test_a_folder_without_permission_is_gaps():
    """A closed folder is as good as many closed files."""
    with tempfile.TemporaryDirectory() as name:
        root = plant(Path(name), FILES)
        root.chmod(0o755)
        (root / "proc/sys/net/ipv4").chmod(0)
        with nobody():
            found = collect(root)
        (root / "proc/sys/net/ipv4").chmod(0o755)

    assert found.host.netns is None
    assert "permission denied; run as root to see it" == found.gaps["net.ipv4.tcp_fin_timeout"]
    assert set() == unaccounted(found)


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_line_ends_and_marks_of_other_systems_change_nothing(tree, prefix, end):
    """A tree that went through an editor elsewhere reads the same."""
    whole = collect(tree)
    plant(tree, {path: prefix + text.encode().replace(b"\n", end) for path, text in FILES.items()})

    assert whole == collect(tree)


def test_a_tree_of_empty_files_is_no_machine(tmp_path):
    """Archives of /proc often hold empty files, because the files there have no size; that is not a quiet machine."""
    with pytest.raises(CollectError):
        collect(plant(tmp_path, dict.fromkeys(FILES, b"")))


@pytest.mark.parametrize("garbage", [b"\0" * 4096, bytes(range(256)) * 16, b"\xff\xfe" * 2048, b"7" * (5 << 20)])
def test_garbage_everywhere_is_no_machine(tmp_path, garbage):
    """Binary files and one number of five megabytes give no value, and are soon done with."""
    net = {path: garbage for path in FILES if "hostname" not in path}
    started = time.perf_counter()
    with pytest.raises(CollectError):
        collect(plant(tmp_path, net | {RESERVED: b"\0" * (2 << 20)}))

    assert time.perf_counter() - started < 5


RESERVED = SYSCTLS["net.ipv4.ip_local_reserved_ports"].path


def test_a_huge_table_is_read_line_by_line(tree):
    """Fifty thousand sockets are no more trouble than fifty."""
    plant(tree, {"proc/net/tcp": HEADLINE + LEAK * 50_000})

    assert 50_000 == collect(tree).values["states.CLOSE_WAIT"]


def test_a_file_cut_off_in_a_number_does_not_give_half_of_it(tree):
    """31000 time-wait entries cut to 310 would look healthy; a line without its end is left out."""
    for path, name in (("proc/net/sockstat", "sockstat.TCP.tw"), ("proc/net/netstat", "TcpExt.TW")):
        text = FILES[path]
        plant(tree, {path: text[: text.index("31000") + 3]})
        found = collect(tree)

        assert name not in found.values
        assert reason_for(found.gaps, name)


def test_a_table_cut_off_in_a_line_tells_of_it(tree):
    """The sockets before the cut are counted, and no state is told to be empty."""
    plant(tree, {"proc/net/tcp": HEADLINE + LISTENER + LEAK[:30]})
    found = collect(tree)

    assert {"states.LISTEN": 1, "kinds": 0, "others": 0} == {
        "states.LISTEN": found.values["states.LISTEN"],
        "kinds": len([name for name in found.values if name.startswith("kinds.")]),
        "others": len([name for name in found.values if name.startswith("states.") and name != "states.LISTEN"]),
    }
    assert "1 lines of /proc/net/tcp are not sockets and were left out" == reason_for(found.gaps, "states.CLOSE_WAIT")


@pytest.mark.parametrize(
    ("path", "old", "new", "gone"),
    [
        ("proc/net/netstat", "TW TCPTime", "TCPTime", "TcpExt.TW"),
        ("proc/net/netstat", "31000 15", "15", "TcpExt.TW"),
        ("proc/net/netstat", "TcpExt: TW TCPTimeWaitOverflow\nTcpExt: 31000 15", "TcpExt: 31000 15", "TcpExt.TW"),
        ("proc/net/netstat", "31000 15", "15 -31000", "TcpExt.TCPTimeWaitOverflow"),
        ("proc/net/snmp", "Tcp: -1 7 9 2", "Tcp: x y z -2", "Tcp.CurrEstab"),
        ("proc/net/sockstat", "orphan 5 tw", "orphan tw", "sockstat.TCP.orphan"),
        ("proc/net/sockstat", "orphan 5", "orphan -5", "sockstat.TCP.orphan"),
        ("proc/net/sockstat", "orphan 5", f"orphan {10**30}", "sockstat.TCP.orphan"),
        ("proc/meminfo", "16384000", "-1", "meminfo.MemTotal"),
        ("proc/uptime", "350735.47", "-3", "uptime"),
        ("proc/sys/net/ipv4/tcp_mem", "7\t7\t7", "7\t7", "net.ipv4.tcp_mem.max"),
        ("proc/sys/net/ipv4/tcp_fin_timeout", "7", "seven", "net.ipv4.tcp_fin_timeout"),
        ("proc/sys/net/ipv4/tcp_fin_timeout", "7", "9" * 30, "net.ipv4.tcp_fin_timeout"),
    ],
)
def test_a_number_that_cannot_be_has_a_reason_and_no_value(tree, path, old, new, gone):
    """Shifted columns, negative counts and absurd numbers are gaps."""
    assert old in FILES[path]
    plant(tree, {path: FILES[path].replace(old, new)})
    found = collect(tree)

    assert gone not in found.values
    assert reason_for(found.gaps, gone)


def test_an_absurd_name_is_a_gap(tree):
    """A host name of a megabyte is not carried along."""
    plant(tree, {"proc/sys/kernel/hostname": "x" * (1 << 20), "proc/sys/kernel/osrelease": "\n"})
    found = collect(tree)

    assert (None, None) == (found.host.name, found.host.release)
    assert {"kernel.hostname", "kernel.osrelease"} <= set(found.gaps)


def test_the_machine_that_reads_does_not_leak_into_what_it_reads(tmp_path):
    """A tree of links to this machine's /proc is no tree."""
    (tmp_path / "proc").symlink_to("/proc")

    with pytest.raises(CollectError):
        collect(tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(FILES)), st.binary(max_size=200), min_size=1, max_size=12))
def test_any_bytes_in_any_file_give_values_or_gaps(replaced):
    """No content crashes collect() or derive(), and each key has a value or a reason."""
    with tempfile.TemporaryDirectory() as name:
        found = collect(plant(Path(name), FILES | replaced))
    facts = derive(found)

    assert set() == unaccounted(found)
    assert set() == facts.values.keys() & facts.missing.keys()


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([f"proc/net/{name}" for name in NET]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40), st.binary(max_size=8)), min_size=1, max_size=4),
)
def test_any_damage_to_a_real_file_gives_values_or_gaps(path, cuts):
    """Pieces cut out and put in never crash a reader, and never give a negative count."""
    text = FILES[path].encode()
    for start, length, patch in cuts:
        text = text[:start] + patch + text[start + length :]
    with tempfile.TemporaryDirectory() as name:
        found = collect(plant(Path(name), FILES | {path: text}))
    counts = {name: value for name, value in found.values.items() if name.startswith(("sockstat", "Tcp", "states"))}

    assert set() == unaccounted(found) - {"Tcp.CurrEstab", "TcpExt.TW"}
    assert {name for name, value in counts.items() if value < 0} <= {"Tcp.MaxConn"}
