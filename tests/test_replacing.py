"""A file that is written whole or not at all, and what lies where it should be."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from common import nobody
from hypothesis import HealthCheck, given, settings
from reports_common import texts

from tcptune.cli.replacing import write_replacing
from tcptune.errors import TcptuneError


def left_in(folder: Path) -> list[str]:
    """What lies in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("before", [None, "old"])
def test_the_text_is_there_with_its_permissions_whatever_the_mask(tmp_path, before):
    """A collector of another user has to read it."""
    target = tmp_path / "tcptune.prom"
    if before is not None:
        target.write_text(before)
        target.chmod(0o600)
    mask = os.umask(0o077)
    try:
        write_replacing("new\n", target)
    finally:
        os.umask(mask)

    assert "new\n" == target.read_text()
    assert 0o644 == stat.S_IMODE(target.stat().st_mode)
    assert ["tcptune.prom"] == left_in(tmp_path)


def test_permissions_can_be_said(tmp_path):
    """As for a fragment with addresses in it."""
    write_replacing("a", tmp_path / "a", 0o600)

    assert 0o600 == stat.S_IMODE((tmp_path / "a").stat().st_mode)


def test_it_is_renamed_and_not_rewritten(tmp_path):
    """Whoever has the old file open goes on reading the old text."""
    target = tmp_path / "a"
    target.write_text("old")
    with target.open() as reader:
        write_replacing("new", target)

        assert ("old", "new") == (reader.read(), target.read_text())


def test_a_link_is_replaced_and_not_followed(tmp_path):
    """Otherwise whoever may write to the directory chooses which file of root is lost."""
    precious, link, dangling = (tmp_path / name for name in ("precious", "link", "dangling"))
    precious.write_text("precious")
    link.symlink_to(precious)
    dangling.symlink_to(tmp_path / "nowhere")
    for each in (link, dangling):
        write_replacing("new", each)

    assert "precious" == precious.read_text()
    assert ["new", "new"] == [each.read_text() for each in (link, dangling)]
    assert [False, False] == [each.is_symlink() for each in (link, dangling)]
    assert ["dangling", "link", "precious"] == left_in(tmp_path)


def test_a_link_to_a_directory_is_replaced_too(tmp_path):
    """The directory stays."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    write_replacing("new", tmp_path / "link")

    assert "new" == (tmp_path / "link").read_text()
    assert [] == left_in(tmp_path / "folder")


def test_a_device_stays_one(tmp_path):
    """A file in the place of /dev/null would break the machine."""
    device = tmp_path / "null"
    device.symlink_to("/dev/null")
    write_replacing("lost", device)

    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert device.is_symlink()
    assert ["null"] == left_in(tmp_path)


def test_a_pipe_takes_the_text(tmp_path):
    """A reader waits at it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_replacing("x" * 100_000, pipe)
    reader.join()

    assert ["x" * 100_000] == read
    assert pipe.is_fifo()


def test_standard_output_by_its_name():
    """`-o /dev/stdout` into a pipe."""
    script = "from tcptune.cli.replacing import write_replacing; write_replacing('text', '/dev/stdout')"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)

    assert ("text", "", 0) == (run.stdout, run.stderr, run.returncode)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "is a directory"),
        ("nowhere/a", "No such file or directory"),
        ("file/a", "Not a directory"),
        ("nul\0nul", "null byte"),
        ("x" * 300, "File name too long"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_sentence(tmp_path, name, words):
    """And nothing is left behind."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(TcptuneError, match=f"cannot be written: .*{words}"):
        write_replacing("new", f"{tmp_path}/{name}")

    assert ["file"] == left_in(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming nobody takes root")
def test_a_directory_of_somebody_else():
    """The old file stays as it was."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "a").write_text("old")
        with nobody(), pytest.raises(TcptuneError, match="cannot be written: Permission denied"):
            write_replacing("new", folder / "a")

        assert ("old", ["a"]) == ((folder / "a").read_text(), left_in(folder))


@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, call):
    """Whatever step it is that fails."""
    target = tmp_path / "a"
    target.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(TcptuneError, match="No space left on device"):
        write_replacing("new", target)

    assert ("old", ["a"]) == (target.read_text(), left_in(tmp_path))


def test_a_rename_that_fails_leaves_nothing(tmp_path, monkeypatch):
    """As where the name has become a directory in the meantime."""

    def busy(*_):
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    with pytest.raises(TcptuneError, match="Device or resource busy"):
        write_replacing("new", tmp_path / "a")

    assert [] == left_in(tmp_path)


def test_a_reader_never_sees_half_of_it(tmp_path):
    """While one text takes the place of another a hundred times."""
    target = tmp_path / "a"
    write_replacing("a" * 10_000, target)
    stop, seen = threading.Event(), set()

    def read() -> None:
        while not stop.is_set():
            seen.add(target.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(100):
        write_replacing("ab"[number % 2] * 10_000, target)
    stop.set()
    reader.join()

    assert seen <= {"a" * 10_000, "b" * 10_000}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts)
def test_any_text_can_be_written(tmp_path, text):
    """Half characters come out as escapes."""
    write_replacing(text, tmp_path / "a")

    assert text.encode("utf-8", "backslashreplace") == (tmp_path / "a").read_bytes()
