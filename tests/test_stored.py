"""Other people's machines: folders and archives of every shape give the snapshot that the plain tree gives."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcptune.collect.everything import collect
from tcptune.collect.source import take
from tcptune.collect.stored import archive, folder, names
from tcptune.errors import CollectError
from tcptune.model.snapshot import Snapshot

HOST = Path(__file__).parent / "hosts" / "close-wait-leak-6.12"
FILES = {str(path.relative_to(HOST)): path.read_bytes() for path in (HOST / "proc").rglob("*") if path.is_file()}
NET, SYS = "proc/net/", "proc/sys/"


def laid(root: Path, files: dict[str, bytes]) -> Path:
    """Files below a folder."""
    for name, content in files.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return root


def packed(files: dict[str, bytes], mode: str = "w") -> bytes:
    """An archive of files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return data.getvalue()


def without_source(snapshot: Snapshot) -> Snapshot:
    """A snapshot, wherever it came from."""
    return replace(snapshot, host=snapshot.host._replace(source=""))


PLAIN = without_source(collect(HOST))


def of_archive(files: dict[str, bytes]) -> Snapshot:
    """The snapshot of an archive of files."""
    return without_source(collect(archive.stored(io.BytesIO(packed(files)), "it")))


def renamed(old: str, new: str, files: dict[str, bytes] = FILES) -> dict[str, bytes]:
    """The same files, with the beginning of some names changed."""
    return {new + name.removeprefix(old) if name.startswith(old) else name: data for name, data in files.items()}


SHAPES = {
    "a tree": FILES,
    "below a folder": renamed("", "sosreport-app-1-2026-11-20/"),
    "with a dot before it": renamed("", "./"),
    "proc itself": renamed("proc/", ""),
    "proc of another name": renamed("proc/", "copy/"),
    "/proc/net of the process that looked": renamed(NET, "proc/4711/net/"),
    "of self": renamed(NET, "proc/self/net/"),
    "with another process's beside it": FILES | {"proc/9/net/sockstat": b"TCP: inuse 1 orphan 1 tw 1 alloc 1 mem 1\n"},
    "with sysfs beside it": FILES | {"sys/class/net/eth0/mtu": b"1500\n", "sys/kernel/mm/hugepages": b"0\n"},
    "with a container's inside it": FILES | renamed("", "var/lib/containers/overlay/x/merged/"),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", ["folder", "archive"])
def test_every_shape_gives_the_same_machine(shape, form, tmp_path):
    """However a machine was copied, its numbers are the same."""
    files = SHAPES[shape]
    found = of_archive(files) if form == "archive" else without_source(collect(laid(tmp_path, files)))

    assert PLAIN == found


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_every_packing_gives_the_same_machine(mode, tmp_path):
    """tar, tar.gz, tar.bz2 and tar.xz, told by their content and not by their name."""
    place = tmp_path / "report"
    place.write_bytes(packed(renamed("", "sosreport/"), mode))

    assert PLAIN == without_source(take(str(place)))


def test_single_files_in_one_folder_are_a_machine(tmp_path):
    """`cp /proc/sys/net/ipv4/tcp_fin_timeout /proc/net/sockstat there/` is enough to judge by."""
    files = {
        "tcp_fin_timeout": b"45\n",
        "net.ipv4.tcp_max_tw_buckets": b"4096\n",
        "net/sockstat": FILES["proc/net/sockstat"],
    }
    values = collect(laid(tmp_path, files)).values

    assert (45, 4096) == (values["net.ipv4.tcp_fin_timeout"], values["net.ipv4.tcp_max_tw_buckets"])
    assert PLAIN.values["sockstat.TCP.orphan"] == values["sockstat.TCP.orphan"]


REPORT = {
    "sos_commands/kernel/uname_-a": b"Linux web-7 5.14.0-362.el9.x86_64 #1 SMP PREEMPT_DYNAMIC x86_64 GNU/Linux\n",
    "sos_commands/kernel/sysctl_-a": b"net.ipv4.tcp_fin_timeout = 45\nnet.ipv4.tcp_max_orphans = 65536\n",
    "sos_commands/networking/nstat_-zas": b"#kernel\nTcpActiveOpens 7 0.0\nTcpExtTCPTimeWaitOverflow 12 0.0\n",
    "sos_commands/networking/netstat_-s": b"TcpExt:\n    TCPTimeWaitOverflow: 11\n    9 delayed acks sent\n",
    "sos_commands/networking/ss_-peaonmi": (
        b"Netid State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
        b'tcp CLOSE-WAIT 1 0 10.0.0.5:8000 10.0.0.9:40000 users:(("app",pid=812,fd=9)) ino:4711 sk:1\n'
    ),
    "sos_commands/networking/namespaces/red/ip_netns_exec_red_sysctl_-a": b"net.ipv4.tcp_fin_timeout = 7\n",
    "proc/4711/net/sockstat": FILES["proc/net/sockstat"],
    "uptime": b"sos_commands/host/uptime",
}


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_a_report_of_sos_is_proc_and_what_was_printed(form, tmp_path):
    """/proc first; what it lacks from the commands, and of two commands the one that says it more exactly."""
    files = renamed("", "sosreport-web-7/", REPORT)
    found = of_archive(files) if form == "archive" else without_source(collect(laid(tmp_path, files)))
    told = {
        "net.ipv4.tcp_fin_timeout": 45,
        "TcpExt.TCPTimeWaitOverflow": 12,
        "Tcp.ActiveOpens": 7,
        "states.CLOSE_WAIT": 1,
        "sockstat.TCP.orphan": PLAIN.values["sockstat.TCP.orphan"],
    }

    assert ("web-7", "5.14.0-362.el9.x86_64") == found.host[:2]
    assert told == {name: found.values.get(name) for name in told}
    assert ["app"] == [group.owner.command for group in found.sockets.groups]
    assert not {"kernel.hostname", "kernel.osrelease", "samples"} & set(found.gaps)


def test_counts_of_sockets_are_of_one_look():
    """Where /proc/net/tcp is there, what ss saw a moment later is left out whole."""
    found = of_archive(FILES | {"ss-tan.txt": b"State Recv-Q Send-Q Local Peer\nLAST-ACK 0 0 1.2.3.4:5 1.2.3.5:6\n"})

    assert PLAIN.sockets == found.sockets
    assert {n: v for n, v in PLAIN.values.items() if n.startswith("states.")} == {
        name: value for name, value in found.values.items() if name.startswith("states.")
    }


def test_outputs_in_a_folder_are_a_machine(tmp_path):
    """What somebody saved of each command; a file that is none of them is told."""
    files = {
        "limits.txt": b"net.ipv4.tcp_max_tw_buckets = 5000\n",
        "netstat.txt": b"TIME_WAIT 4900\nESTABLISHED 12\nLISTEN 3\n",
        "README.md": b"CLOSE_WAIT 77\n",
    }
    values = collect(laid(tmp_path, files)).values

    assert (5000, 4900) == (values["net.ipv4.tcp_max_tw_buckets"], values["states.TIME_WAIT"])
    assert "states.CLOSE_WAIT" not in values or values["states.CLOSE_WAIT"] == 0


def test_the_first_process_speaks_for_the_machine():
    """Of several processes' /proc/PID/net the lowest is read: that of init is the machine's own."""
    files = {f"proc/{pid}/net/sockstat": b"TCP: inuse %d orphan 0 tw 0 alloc 9 mem 1\n" % pid for pid in (77, 1, 9)}

    assert 1 == of_archive(files).values["sockstat.TCP.inuse"]


@pytest.mark.parametrize("form", ["folder", "archive"])
def test_two_machines_are_not_mixed(form, tmp_path):
    """A folder of two machines says how to give them."""
    files = renamed("", "web-1/") | renamed("", "web-2/")
    with pytest.raises(CollectError, match=r"holds 2 machines \(web-1, web-2"):
        of_archive(files) if form == "archive" else collect(laid(tmp_path, files))


def test_a_link_in_a_folder_is_not_followed_out_of_it(tmp_path):
    """A stored tree cannot make us read this machine."""
    root = laid(tmp_path / "tree", FILES)
    (root / "proc/sys/net/ipv4/tcp_fin_timeout").unlink()
    (root / "proc/sys/net/ipv4/tcp_fin_timeout").symlink_to("/proc/sys/net/ipv4/tcp_fin_timeout")

    assert "a link that leads out of the stored tree" in collect(root).gaps["net.ipv4.tcp_fin_timeout"]


def test_a_folder_that_holds_nothing_says_what_was_expected(tmp_path):
    """The remedy is in the sentence."""
    laid(tmp_path, {"notes/readme.md": b"nothing"})
    with pytest.raises(CollectError, match="nothing of Linux TCP is readable here; expected proc/sys/net/ipv4"):
        collect(tmp_path)


def test_files_that_tar_left_empty_say_how_to_copy_them():
    """A file of /proc says that its size is 0, and tar believes it."""
    with pytest.raises(CollectError, match="its files are empty: tar copies no content out of /proc; copy them"):
        of_archive(dict.fromkeys(FILES, b""))


def test_a_huge_folder_is_not_searched_for_ever(tmp_path):
    """Only the way to what is read is gone; a report of sos has a hundred thousand files elsewhere."""
    laid(tmp_path, FILES | {f"sys/devices/{n}/{m}/value": b"" for n in range(30) for m in range(30)})
    seen = [name for name in folder._files(tmp_path) if name.startswith("sys/")]

    assert [] == seen


@given(st.text(max_size=60), st.integers(0, 3))
def test_any_name_is_told_in_no_time(name, times):
    """Names are hostile too; a known one leads to a path that somebody reads."""
    found = names.known("/".join([name] * times))

    assert found is None or found.path is None or found.path in names.READ


@pytest.mark.timeout(5)
@pytest.mark.parametrize("part", ["net/", "proc/", "sos_commands/", "ss-", "sys/net/", "9/net/"])
def test_a_long_name_is_told_in_no_time(part):
    """No pattern runs away on a name that repeats its parts."""
    assert names.known(part * 500 + "x") is None
    assert isinstance(names.is_output(part * 500), bool)
