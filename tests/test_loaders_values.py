"""Values as the kernel reads them: numbers, vectors, refusals."""

from __future__ import annotations

import pytest

from tcptune.kernel.release import Release
from tcptune.loaders.values import alike, numbers, refusal, same

RELEASE = Release.parse("6.18.2")
RESERVED = "net.ipv4.ip_local_reserved_ports"


@pytest.mark.parametrize(
    ("found", "text", "count"),
    [
        ((30,), "30", 1),
        ((30,), "  30 # seconds", 1),
        ((), "30# seconds", 1),
        ((), "30s", 1),
        ((30,), "0x1e", 1),
        ((8,), "010", 1),
        ((), "08", 1),
        ((), "0x", 1),
        ((-1,), "-1", 1),
        ((), "+5", 1),
        ((), "", 1),
        ((), "1" * 21, 1),
        ((1,), "1 2", 1),
        ((1024, 65000), "1024\t 65000", 2),
        ((1024,), "1024", 2),
        ((), "1024,65000", 2),
        ((4096,), "4096 x 5", 3),
    ],
)
def test_numbers_are_read_as_the_kernel_reads_them(found, text, count):
    """One after the other: a wrong one ends the write, those before it are set."""
    assert found == numbers(text, count)


@pytest.mark.parametrize(
    ("equal", "running", "written"),
    [
        (True, "1024\t65000", "1024  65000"),
        (False, "1024\t65000", "1024 65001"),
        (True, "4096\t131072\t6291456", "4096 131072"),
        (True, "30", "0x1e"),
        (True, "30", "30 # seconds"),
        (False, "30", "30s"),
        (True, "cubic", "cubic"),
        (True, "fq_codel  bbr", "fq_codel bbr"),
        (False, "cubic", "bbr"),
        (True, "", ""),
        (False, "60", ""),
    ],
)
def test_a_vector_is_compared_as_numbers(equal, running, written):
    """Blanks, bases and what stands behind the last number do not count."""
    assert equal == same(running, written)


def test_a_list_of_ports_is_compared_as_ports():
    """The kernel prints it sorted and merged."""
    assert same("8080-8082,9000", "9000, 8082,8080-8081", RESERVED)
    assert not same("8080", "8080,8081", RESERVED)
    assert alike("8081,8080", "8080-8081", RESERVED)


@pytest.mark.parametrize(
    ("equal", "one", "other", "key"),
    [
        (True, "30", "0x1e", ""),
        (True, "30 # a", "30", "net.ipv4.tcp_fin_timeout"),
        (False, "4096 131072", "4096 131072 6291456", "net.ipv4.tcp_rmem"),
        (True, "a  b", "a b", ""),
        (False, "a", "30", ""),
    ],
)
def test_two_written_values_come_to_the_same(equal, one, other, key):
    """A vector that is set in part only is another value than the whole one."""
    assert equal == alike(one, other, key)
    assert equal == alike(other, one, key)


@pytest.mark.parametrize(
    ("why", "key", "text"),
    [
        ("", "net.ipv4.tcp_fin_timeout", "30"),
        ("refused: not a number", "net.ipv4.tcp_fin_timeout", "30s"),
        ("refused: not a number", "net.ipv4.tcp_fin_timeout", ""),
        ("refused: not within 0 to 255", "net.ipv4.tcp_retries2", "300"),
        ("refused: not within 0 to 255", "net.ipv4.tcp_retries2", "-1"),
        ("", "net.ipv4.tcp_rmem", "4096 x"),
        ("refused: not numbers", "net.ipv4.ip_local_port_range", "1024 x"),
        ("refused: not within 1 to 65535", "net.ipv4.ip_local_port_range", "1024 70000"),
        ("", "net.ipv4.ip_local_port_range", "1024 65000 # all"),
        ("refused: not a number", "net.ipv4.conf.eth0/5.rp_filter", "yes"),
        ("", "net.ipv6.conf.eth0.stable_secret", "::1"),
        ("", RESERVED, "8080,8081"),
        ("", "kernel.core_pattern", "|/bin/x"),
        ("", "net.ipv4.tcp_tw_timeout", "99999"),
    ],
)
def test_a_refusal_is_told_where_it_is_certain(why, key, text):
    """Of keys we do not know nothing is said, nor of a vendor's."""
    assert why == refusal(key, text, RELEASE)


def test_without_a_release_only_the_syntax_is_judged():
    """The bounds of tcp_retries2 changed in 5.13."""
    assert "" == refusal("net.ipv4.tcp_retries2", "300", None)
    assert "" == refusal("net.ipv4.tcp_retries2", "300", Release.parse("4.18.0"))
    assert "refused: not a number" == refusal("net.ipv4.tcp_retries2", "x", None)
