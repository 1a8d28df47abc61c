"""Reading files below a root that nobody vouches for."""

from __future__ import annotations

import errno
import os
import socket
import tempfile
from pathlib import Path

import pytest
from common import nobody

from tcptune.collect.files import LIVE_ROOT, MAX_BYTES, exists, read_lines, read_text, reason


@pytest.fixture
def open_folder():
    """A folder that any user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        for path in folder.rglob("*"):
            path.chmod(0o755)


def put(root: Path, content: bytes, path: str = "proc/some") -> str:
    """A file below a root, with its folders."""
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return path


def why(root: Path, path: str) -> str:
    """The reason that a file cannot be read."""
    with pytest.raises(OSError) as error:  # noqa: PT011 -- which one is what the caller asks
        read_text(root, path)
    return reason(error.value)


def test_text_comes_as_it_stands(tmp_path):
    """A file's text is returned whole, line ends included."""
    path = put(tmp_path, b"60\r\n\n")

    assert "60\r\n\n" == read_text(tmp_path, path)


def test_a_byte_order_mark_is_no_text(tmp_path):
    """The mark that some editors write before the text is dropped; only the first one is a mark."""
    path = put(tmp_path, "\ufeff\ufeff60\n".encode())

    assert "\ufeff60\n" == read_text(tmp_path, path)


def test_bytes_that_are_no_text_are_replaced(tmp_path):
    """Bytes that are not UTF-8 become replacement characters, so that nothing raises later."""
    path = put(tmp_path, b"6\xff0\n")

    assert "6\ufffd0\n" == read_text(tmp_path, path)


def test_the_longest_file_is_read_and_a_longer_one_is_not(tmp_path):
    """A file of the limit is read in full; one byte more is refused."""
    longest = put(tmp_path, b"x" * MAX_BYTES, "longest")
    longer = put(tmp_path, b"x" * (MAX_BYTES + 1), "longer")

    assert MAX_BYTES == len(read_text(tmp_path, longest))
    assert "larger than any such file of Linux" == why(tmp_path, longer)


def test_a_file_that_is_not_there(tmp_path):
    """An absent file, and one below a file, are both told as absent."""
    path = put(tmp_path, b"")

    assert "no such file" == why(tmp_path, "proc/other")
    assert "no such file" == why(tmp_path, f"{path}/below")


def test_a_directory_where_a_file_should_be(tmp_path):
    """A directory is named as such."""
    (tmp_path / "proc").mkdir()

    assert "is a directory, not a file" == why(tmp_path, "proc")


def test_a_pipe_is_not_waited_for(tmp_path):
    """A FIFO that nobody writes to is refused at once."""
    os.mkfifo(tmp_path / "pipe")

    assert "is not a regular file" == why(tmp_path, "pipe")


def test_a_socket_is_no_file(tmp_path):
    """A Unix socket cannot be opened, and that is a reason like any other."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))

        assert os.strerror(errno.ENXIO) == why(tmp_path, "socket")


def test_a_link_inside_the_tree_is_followed(tmp_path):
    """/proc/net is a link in a real machine, so links within the tree are read."""
    put(tmp_path, b"7\n", "proc/self/net/snmp")
    (tmp_path / "proc/net").symlink_to("self/net")

    assert "7\n" == read_text(tmp_path, "proc/net/snmp")


@pytest.mark.parametrize("target", ["/etc/hostname", "../../outside", "/proc/self/environ"])
def test_a_link_out_of_the_tree_is_refused(tmp_path, target):
    """No link makes a stored tree show a file of the machine that reads it."""
    root = tmp_path / "tree"
    root.mkdir()
    (tmp_path / "outside").write_text("secret")
    (root / "link").symlink_to(target)

    assert "a link that leads out of the stored tree" == why(root, "link")
    assert not exists(root, "link")


def test_a_folder_that_is_a_link_out_of_the_tree_is_refused(tmp_path):
    """A link on the way to a file counts like the file itself."""
    root = tmp_path / "tree"
    root.mkdir()
    put(tmp_path, b"secret", "outside/some")
    (root / "proc").symlink_to(tmp_path / "outside")

    assert "a link that leads out of the stored tree" == why(root, "proc/some")


def test_a_root_that_is_a_link_is_read(tmp_path):
    """The root itself may be a link; what lies below it is then inside."""
    put(tmp_path, b"7\n", "tree/proc/some")
    (tmp_path / "link").symlink_to("tree")

    assert "7\n" == read_text(tmp_path / "link", "proc/some")


@pytest.mark.parametrize("links", [{"a": "a"}, {"a": "b", "b": "a"}])
def test_links_in_a_circle_are_a_reason(tmp_path, links):
    """A link that leads to itself is refused with the system's own words."""
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)

    assert os.strerror(errno.ELOOP) == why(tmp_path, "a")
    assert not exists(tmp_path, "a")


def test_a_file_without_permission_is_told_as_such(open_folder):
    """The person who sees the reason also sees what to do."""
    path = put(open_folder, b"60\n")
    (open_folder / path).chmod(0)
    with nobody():
        found = why(open_folder, path)

    assert "permission denied; run as root to see it" == found


def test_a_folder_without_permission_hides_what_is_in_it(open_folder):
    """Nothing exists behind a closed door, and asking raises nothing."""
    path = put(open_folder, b"60\n")
    (open_folder / "proc").chmod(0)
    with nobody():
        found = exists(open_folder, path)

    assert not found


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOENT, "no such file"),
        (errno.ENOTDIR, "no such file"),
        (errno.EACCES, "permission denied; run as root to see it"),
        (errno.EPERM, "permission denied; run as root to see it"),
        (errno.EISDIR, "is a directory, not a file"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_a_reason_is_a_clause(number, expected):
    """Every errno gives a clause that can stand behind the name of a file."""
    assert expected == reason(OSError(number, os.strerror(number)))


def test_an_error_without_words_still_gives_a_reason():
    """An OSError that says nothing is told as unreadable."""
    assert "cannot be read" == reason(OSError())


def test_what_is_there_exists(tmp_path):
    """A file and a folder exist, an absent one and a broken link do not."""
    path = put(tmp_path, b"")
    (tmp_path / "broken").symlink_to("nowhere")

    assert exists(tmp_path, path)
    assert exists(tmp_path, "proc")
    assert not exists(tmp_path, "other")
    assert not exists(tmp_path, "broken")
    assert exists(LIVE_ROOT, "proc/sys")


def test_lines_come_one_at_a_time(tmp_path):
    """Lines keep their ends, and the last one may have none."""
    path = put(tmp_path, b"one\r\ntwo\n\nfour")

    assert ["one\r\n", "two\n", "\n", "four"] == list(read_lines(tmp_path, path))


def test_a_line_without_end_comes_in_pieces(tmp_path):
    """A file of one endless line takes no more memory than a page."""
    path = put(tmp_path, b"x" * 10_000)

    assert [4096, 4096, 1808] == [len(piece) for piece in read_lines(tmp_path, path)]


def test_lines_of_bytes_that_are_no_text_are_replaced(tmp_path):
    """Every byte outside ASCII becomes one replacement character."""
    path = put(tmp_path, b"\xff\xc3\xa9\n")

    assert ["\ufffd\ufffd\ufffd\n"] == list(read_lines(tmp_path, path))


def test_lines_of_a_pipe_are_not_waited_for(tmp_path):
    """Reading by lines refuses what reading whole refuses."""
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(OSError, match="not a regular file"):
        list(read_lines(tmp_path, "pipe"))
