"""Archives that mean harm, or met it: none is unpacked, none crashes, none is a healthy machine."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import resource
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_stored import FILES, PLAIN, packed, without_source

from tcptune.collect.everything import collect
from tcptune.collect.source import take
from tcptune.collect.stored import archive, unpack
from tcptune.errors import CollectError, TcptuneError

GOOD = packed(FILES)
PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}


def unended(data: bytes) -> bytes:
    """An archive without the zeros that end it, so that more can follow."""
    used = len(data.rstrip(b"\0"))
    return data[: used + -used % 512]


def members(*made: tuple[str, bytes, bytes, str]) -> bytes:
    """An archive of members, each (name, type, content, where a link leads), before the good machine's files."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, kind, content, link in made:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.size = kind, link, len(content)
            tar.addfile(member, io.BytesIO(content))
    return unended(data.getvalue()) + GOOD


def read(data: bytes):
    """What an archive gives."""
    head, whole = unpack.beginning(io.BytesIO(data), "it")
    assert b"ustar" == head[257:262]
    return archive.stored(whole, "it")


@pytest.mark.parametrize("name", ["../etc/sysctl.conf", "a/../../b", "/proc/net/sockstat", "a/..", ".."])
def test_a_name_that_leads_out_refuses_the_archive(name):
    """Whoever made it meant harm, or packed absolute names; both are told what to do."""
    with pytest.raises(CollectError, match="names a place outside itself"):
        read(members((name, tarfile.REGTYPE, b"60\n", "")))


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        (tarfile.SYMTYPE, "/proc/sys/net/ipv4/tcp_fin_timeout"),
        (tarfile.SYMTYPE, "../../../../etc/passwd"),
        (tarfile.LNKTYPE, "/etc/passwd"),
        (tarfile.CHRTYPE, ""),
        (tarfile.FIFOTYPE, ""),
        (tarfile.DIRTYPE, ""),
        (b"Z", ""),
    ],
)
def test_what_is_no_file_is_passed_over(kind, link):
    """Links, devices and pipes are not followed, opened or waited for."""
    found = read(members(("proc/sys/net/ipv4/tcp_no_such", kind, b"", link)))

    assert PLAIN == without_source(collect(found))


def header(name: str, kind: bytes, size: bytes) -> bytes:
    """A header that claims what it likes, with a right checksum."""
    block = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT))
    block[124 : 124 + len(size)] = size
    block[156:157] = kind
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g", b"X"])
@pytest.mark.parametrize("size", [b"77777777777\0", b"\x80" + b"\0" * 3 + b"\x7f" * 8, b"\xff" * 12])
def test_a_note_that_claims_gigabytes_is_not_read(kind, size):
    """Long names and extended headers are read into memory whole; these are not."""
    with pytest.raises(CollectError, match="claims a size that none has"):
        read(header("note", kind, size) + GOOD)


@pytest.mark.parametrize("size", [b"77777777777\0", b"\x80" + b"\0" * 3 + b"\x7f" * 8])
def test_a_file_that_claims_more_than_there_is_ends_the_archive(size):
    """What came before it is judged; what would come after is unknown."""
    found = read(unended(GOOD) + header("proc/net/snmp", b"0", size))

    assert {"archive"} == set(found.gaps)


@pytest.mark.parametrize("packer", PACKERS)
def test_a_bomb_is_not_waited_for(packer):
    """A gigabyte of zeros, packed; the file is refused once it has grown beyond all measure."""
    zeros = PACKERS[packer](bytes(1 << 28))
    with pytest.raises(CollectError, match="taken for a bomb"):
        unpack.beginning(io.BytesIO(zeros), "it")[1].read()


def test_a_bomb_inside_a_machine_is_met_on_the_way(tmp_path):
    """The whole program, with little memory: one sentence, exit 3."""
    place = tmp_path / "report.tar.gz"
    place.write_bytes(gzip.compress(unended(GOOD) + packed({"var/log/big": bytes(1 << 28)})))
    done = subprocess.run(
        [sys.executable, "-m", "tcptune", "audit", str(place)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)),
        timeout=60,
        check=False,
    )

    assert (3, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
    assert "taken for a bomb" in done.stderr


def test_xz_that_asks_for_gigabytes_of_memory_is_refused():
    """The size of its dictionary stands in the header; unpacking would allocate it."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    with pytest.raises(CollectError, match="cannot be unpacked: damaged: Memory usage limit"):
        unpack.beginning(io.BytesIO(lzma.compress(b"x" * 5000, filters=filters)), "it")


def test_zstandard_is_told_with_its_remedy(tmp_path):
    """Python 3.11 has no decoder for it."""
    place = tmp_path / "report.tar.zst"
    place.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(100))
    with pytest.raises(CollectError, match="zstd -dc FILE"):
        take(str(place))


@pytest.mark.parametrize("packer", PACKERS)
def test_several_packed_parts_are_one_file(packer):
    """`cat a.gz b.gz` unpacks to both, as gzip itself does; zeros after the end are the padding of a tape."""
    pack = PACKERS[packer]
    whole = unpack.beginning(io.BytesIO(pack(b"one ") + pack(b"two") + bytes(512)), "it")[1]

    assert b"one two" == whole.read()


@pytest.mark.parametrize("packer", PACKERS)
@given(st.data())
@settings(max_examples=30, deadline=None)
def test_an_archive_cut_anywhere_is_read_up_to_there(packer, data):
    """What is there is read, and the gap says so; or the one sentence says that it cannot be unpacked."""
    whole = PACKERS[packer](GOOD)
    cut = whole[: data.draw(st.integers(20, len(whole) - 1))]
    try:
        head, rest = unpack.beginning(io.BytesIO(cut), "it")
    except CollectError as error:
        assert "cannot be unpacked" in str(error)  # noqa: PT017
        return
    found = archive.stored(rest, "it") if head[257:262] == b"ustar" else None

    assert found is None or set(found.files) <= set(FILES)
    assert found is None or len(found.files) == len(FILES) or "archive" in found.gaps or "unpacked" in str(found.gaps)


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_a_damaged_archive_is_read_or_refused(damage):
    """Bytes changed anywhere: a machine with gaps, or one sentence."""
    data = bytearray(GOOD)
    for place, byte in damage:
        data[place] = byte
    try:
        collect(archive.stored(io.BytesIO(bytes(data)), "it"))
    except TcptuneError as error:
        assert str(error).startswith("it: ")  # noqa: PT017


def test_nothing_is_written_anywhere(tmp_path):
    """The working folder and the one for temporary files stay empty; standard input is an archive too."""
    there = tmp_path / "there"
    there.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tcptune", "audit", "-"],
        input=lzma.compress(GOOD),
        capture_output=True,
        cwd=there,
        env={**os.environ, "TMPDIR": str(there), "HOME": str(there), "PYTHONPATH": str(Path(__file__).parents[1])},
        timeout=60,
        check=False,
    )

    assert (1, b"") == (done.returncode, done.stderr)
    assert b"close-wait-leak" in done.stdout
    assert [] == list(there.iterdir())
