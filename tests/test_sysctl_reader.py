"""/proc/sys as tcptune reads it: each key of the catalogue has a value or a reason."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.proc.sysctl import HOST_ONLY, absence, namespace, parse, read
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.release import Release

FIN_TIMEOUT = SYSCTLS["net.ipv4.tcp_fin_timeout"]
TCP_MEM = SYSCTLS["net.ipv4.tcp_mem"]
RESERVED = SYSCTLS["net.ipv4.ip_local_reserved_ports"]


def put(root, name, text):
    """A key below a root, as /proc/sys shows it."""
    place = root / SYSCTLS[name].path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


@pytest.mark.parametrize("text", ["60\n", "60", " 60 \r\n", "+60\n", "060\n"])
def test_a_number_is_read_whatever_stands_around_it(text):
    """Blanks, line ends of any system and a sign do not matter."""
    assert {"net.ipv4.tcp_fin_timeout": 60} == parse(FIN_TIMEOUT, text)


def test_the_extremes_of_the_kernel_are_numbers():
    """Every 64-bit number is taken as it is, negative ones too."""
    assert {"net.ipv4.tcp_fin_timeout": -(2**63)} == parse(FIN_TIMEOUT, f"{-(2**63)}\n")
    assert {"net.ipv4.tcp_fin_timeout": 2**63 - 1} == parse(FIN_TIMEOUT, f"{2**63 - 1}\n")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "the file is empty; the kernel always writes a line"),
        ("\n", "'' is not 1 number"),
        ("60 61\n", "'60 61' is not 1 number"),
        ("sixty\n", "'sixty' is not a whole number"),
        ("6_0\n", "'6_0' is not a whole number"),
        ("٦٠\n", "'٦٠' is not a whole number"),
        ("0x3c\n", "'0x3c' is not a whole number"),
        ("60.0\n", "'60.0' is not a whole number"),
        ("9223372036854775808\n", "'9223372036854775808' is larger than any number of the kernel"),
        ("9" * 5000, "'" + "9" * 40 + "...' is not a whole number"),
        ("\x1b[2J", "'\\x1b[2J' is not a whole number"),
    ],
)
def test_what_is_no_number_is_quoted_in_the_reason(text, cause):
    """The reason shows what stands there, short and without control characters."""
    with pytest.raises(ValueError, match=r"^") as error:
        parse(FIN_TIMEOUT, text)

    assert cause == str(error.value)


def test_a_vector_gives_one_value_for_each_part():
    """tcp_mem has three numbers, parted by tabs as the kernel writes them."""
    assert {"net.ipv4.tcp_mem.min": 1, "net.ipv4.tcp_mem.pressure": 2, "net.ipv4.tcp_mem.max": 3} == parse(
        TCP_MEM, "1\t2\t3\n"
    )


@pytest.mark.parametrize("text", ["1\t2\n", "1 2 3 4\n", "\n"])
def test_a_vector_of_another_length_is_none(text):
    """Two or four numbers are not tcp_mem, whichever of them might be right."""
    with pytest.raises(ValueError, match="is not 3 numbers"):
        parse(TCP_MEM, text)


def test_a_text_may_be_empty_but_its_file_may_not():
    """No reserved port is an empty line; a file without a byte was not copied properly."""
    assert {"net.ipv4.ip_local_reserved_ports": ""} == parse(RESERVED, "\n")
    assert {"net.ipv4.ip_local_reserved_ports": "8080,9000-9010"} == parse(RESERVED, "8080,9000-9010\r\n")
    with pytest.raises(ValueError, match="the file is empty"):
        parse(RESERVED, "")


@settings(deadline=None)
@given(st.sampled_from(list(SYSCTLS.values())), st.text(max_size=60))
def test_no_text_makes_anything_but_values_or_a_reason(key, text):
    """Whatever a file holds, the key has all its values or none."""
    with suppress(ValueError):
        assert key.facts() == tuple(parse(key, text))


def test_every_key_has_values_or_a_gap(tmp_path):
    """A key that is not there is named in the gaps, and nothing has the value 0 for it."""
    put(tmp_path, "net.ipv4.tcp_fin_timeout", "15\n")
    put(tmp_path, "net.ipv4.tcp_mem", "1 2\n")
    found = read(tmp_path, None, None)

    assert {"net.ipv4.tcp_fin_timeout": 15} == found.values
    assert set(SYSCTLS) - {"net.ipv4.tcp_fin_timeout"} == set(found.gaps)
    assert "'1 2' is not 3 numbers" == found.gaps["net.ipv4.tcp_mem"]


def test_a_directory_in_place_of_a_key_is_a_gap(tmp_path):
    """Only a regular file is a key."""
    (tmp_path / FIN_TIMEOUT.path).mkdir(parents=True)

    assert "is a directory, not a file" == read(tmp_path, None, None).gaps[FIN_TIMEOUT.name]


@pytest.mark.parametrize(
    ("name", "release", "netns", "expected"),
    [
        ("net.ipv4.tcp_tw_recycle", "5.10.0", None, "removed in 4.12"),
        ("net.ipv4.tcp_tw_recycle", "4.11.0", "initial", "no such file"),
        ("net.ipv4.tcp_tw_recycle", None, None, "no such file"),
        ("net.ipv4.tcp_rto_max_ms", "6.1.0", None, "this kernel is older than 6.15, which brought it"),
        ("net.ipv4.tcp_rto_max_ms", "6.15.0", None, "no such file"),
        ("net.ipv4.tcp_tw_timeout", "6.1.0", None, "only vendor kernels have it"),
        ("net.netfilter.nf_conntrack_max", None, None, "the conntrack module is not loaded, or not shown here"),
        (HOST_ONLY, "6.1.0", "child", "not shown in this network namespace: it belongs to the whole machine"),
        (HOST_ONLY, "6.1.0", None, "no such file"),
        ("net.ipv4.tcp_fin_timeout", "6.1.0", "child", "no such file"),
        (
            "net.ipv4.tcp_fin_timeout",
            "3.10.0",
            "child",
            "not shown in this network namespace: it belongs to the whole machine",
        ),
    ],
)
def test_an_absent_key_says_why(name, release, netns, expected):
    """The release and the namespace explain most absences."""
    assert expected == absence(SYSCTLS[name], Release.parse(release or ""), netns)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), None),
        (("net.ipv4.tcp_max_orphans",), "initial"),
        (("net.ipv4.tcp_max_orphans", "net.ipv4.tcp_fin_timeout"), "initial"),
        (("net.ipv4.tcp_fin_timeout",), "child"),
        (("net.ipv4.tcp_keepalive_time",), "child"),
        (("net.ipv4.tcp_retries2",), None),
    ],
)
def test_the_namespace_is_known_by_what_it_shows(tmp_path, names, expected):
    """tcp_max_orphans is shown in the first namespace only, and nothing of TCP means that nobody can tell."""
    for name in names:
        put(tmp_path, name, "1\n")

    assert expected == namespace(tmp_path)


def test_a_link_to_the_reader_s_own_proc_does_not_tell_the_namespace(tmp_path):
    """A stored tree that links to /proc/sys says nothing about the machine it came from."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/sys").symlink_to("/proc/sys")

    assert namespace(tmp_path) is None
