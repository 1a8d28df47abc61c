"""What we say the kernel makes of a text, against what this one makes of it, in a network namespace of its own."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest
from workshop.namespace import Namespace

from tcptune.collect.everything import collect
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.names import FOLDERS, KNOWN, existence_of
from tcptune.kernel.release import Release
from tcptune.kernel.writing import write

pytestmark = pytest.mark.live

FIN_TIMEOUT = "net.ipv4.tcp_fin_timeout"
PORTS = "net.ipv4.ip_local_port_range"
RESERVED = "net.ipv4.ip_local_reserved_ports"
KEEPALIVE = "net.ipv4.tcp_keepalive_time"

CASES = [
    *((FIN_TIMEOUT, text) for text in ("30", " 30 ", "\t30", "0x1e", "0X1E", "036", "08", "0", "-5", "+5", "--5", "-")),
    *((FIN_TIMEOUT, text) for text in ("30 # c", "30 ; c", "30#c", "30;c", "30s", "30 s", "300 400", "abc", "", " ")),
    *((FIN_TIMEOUT, text) for text in ("'30'", '"30"', "3.5", "1e3", "0x", "30,40", "30\t#", "8589934", "8589935")),
    *(
        (FIN_TIMEOUT, text)
        for text in ("-8589934", "-8589935", "2147483648", "9" * 19, "9" * 20, "9" * 30, "\u0663", "\uff13")
    ),
    *(("net.ipv4.tcp_tw_reuse", text) for text in ("0", "1", "2", "3", "-1", "2 3", "01", "00", "0x3")),
    *(("net.ipv4.tcp_orphan_retries", text) for text in ("0", "255", "256", "-1", "8 # eight")),
    *(("net.ipv4.tcp_syn_retries", text) for text in ("0", "1", "127", "128")),
    *(("net.ipv4.tcp_max_tw_buckets", text) for text in ("-1", "2147483647", "2147483648", "4294967295", "1_000")),
    *((PORTS, text) for text in ("1024 65000", "1024\t65000", "1024  65000 ", "1024", "65000 1024", "1000065000")),
    *((PORTS, text) for text in ("1024 65000 # x", "1024 65000 7", "0 65000", "1 65535", "1 65536", "1024 x", "x 9")),
    *((PORTS, text) for text in ("1024-65000", "1024,65000", "40000 40000", "2000 #", "")),
    *(
        ("net.ipv4.tcp_rmem", text)
        for text in ("4096 87380 6291456", "4096", "4096 87380", "0 1 2", "40968738067108864")
    ),
    *((KEEPALIVE, text) for text in ("7200", "0", "8589934", "8589935", "-1")),
    *(("net.core.somaxconn", text) for text in ("4096", "65536", "3240000", "-1", "2147483648")),
    *((RESERVED, text) for text in ("8080,9000-9010", "8080", "", "8080, 9000", "8080 9000", "70000", "9-8", "a")),
]
"""Keys and texts; what is common in files first, then what is odd."""


@pytest.fixture(scope="module")
def place() -> Iterator[Namespace]:
    """A namespace with nothing in it."""
    made = Namespace()
    yield made
    made.close()


@pytest.fixture(scope="module")
def release() -> Release | None:
    """This machine's kernel."""
    return Release.parse(collect().host.release or "")


def file_of(key: str) -> Path:
    """Where the kernel shows a key."""
    return Path("/", SYSCTLS[key].path)


def accepts(file: Path, text: str) -> bool:
    """Whether the kernel takes a text; any other failure than EINVAL is ours."""
    try:
        file.write_bytes(f"{text}\n".encode())
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return False
    return True


@pytest.mark.parametrize(("key", "text"), CASES)
def test_the_kernel_does_with_a_text_what_we_say(place, release, key, text):
    """It refuses what we call refused and keeps the old value; else it holds the numbers that we name."""
    said = write(SYSCTLS[key], text, release)
    with place:
        before = file_of(key).read_text()
        refused = not accepts(file_of(key), text)
        after = file_of(key).read_text()
        if after != before:
            file_of(key).write_text(before)

    assert (said.outcome == "refused") == refused, said
    if refused:
        assert before == after
    elif not SYSCTLS[key].text:
        numbers = [int(word) for word in after.split()]
        assert [*said.numbers] == numbers[: len(said.numbers)]
        assert numbers[len(said.numbers) :] == [int(word) for word in before.split()][len(said.numbers) :]


def test_every_file_of_the_listed_directories_is_a_known_key(place):
    """A key that this kernel has is never called unknown."""
    with place:
        found = {
            f"{folder}.{path.name}"
            for folder in FOLDERS
            for path in Path("/proc/sys", *folder.split(".")).glob("*")
            if path.is_file()
        }

    assert found
    assert [] == sorted(key for key in found - KNOWN if existence_of(key).status not in ("known", "vendor"))
