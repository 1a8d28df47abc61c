"""What each loader makes of one line, of the order of lines, of patterns and exclusions."""

from __future__ import annotations

import pytest

from tcptune.loaders import procps, systemd
from tcptune.loaders.lines import Keys, dotted, target_of, with_slashes

CONF = ("net/ipv4/conf/all/x", "net/ipv4/conf/eth0.5/x")
KEYS = Keys(lambda pattern: CONF if pattern.endswith("/x") else (), lambda path: path != "net/nowhere/../a")


def booted(text, release=systemd.NEW):
    return {write.target: write.line.value for write in systemd.writes(list(systemd.parse("f", text, release)), KEYS)}


def reloaded(text, release=procps.NEW):
    lines = list(procps.parse("f", text, release))
    return {write.target: write.line.value for write in procps.writes(lines, KEYS, release)}


@pytest.mark.parametrize(
    ("boot", "reload", "line"),
    [
        ({"a/b": "1"}, {"a/b": "1"}, "a.b=1"),
        ({"a/b": "1"}, {"a/b": "1"}, " \ta/b\t = 1 \r"),
        ({"a/b": "1 # x"}, {"a/b": "1 # x"}, "a.b = 1 # x"),
        ({"a/b": "=1"}, {"a/b": "=1"}, "a.b==1"),
        ({"a/b": ""}, {"a/b": ""}, "a.b="),
        ({"a/b.c/d": "1"}, {"a/b.c/d": "1"}, "a.b/c.d=1"),
        ({"a/b.c/d": "1"}, {"a/b.c/d": "1"}, "a/b.c/d=1"),
        ({"a/b": "1"}, {"a/b": "1"}, "-a.b=1"),
        ({}, {}, "# a.b=1"),
        ({}, {}, "  ; a.b=1"),
        ({}, {}, "a.b 1"),
        ({}, {}, "-a.b"),
        ({}, {}, "=1"),
        ({}, {}, "-"),
        ({"a/b": "1"}, {"a//b": "1"}, "a..b=1"),
        ({"a/b": "1"}, {}, "a.b.=1"),
        ({"a/b": "1"}, {" a/b": "1"}, "- a.b=1"),
        ({"-a/b": "1"}, {"a/b": "1"}, "--a.b=1"),
        ({"\fa/b": "1\v"}, {"a/b": "1"}, "\fa.b=1\v"),
        ({"a/b": "1", "c/d": "2"}, {"a/b": "1\rc.d=2"}, "a.b=1\rc.d=2"),
        ({"a/b": "1", "c/d": "2"}, {"a/b": "1"}, "a.b=1\0c.d=2"),
        ({"\ufeffa/b": "1"}, {"\ufeffa/b": "1"}, "\ufeffa.b=1"),
        ({}, {"a/b": "1"}, "a/c/../b=1"),
        ({}, {}, "net/nowhere/../a=1"),
        ({}, {}, "/../../etc/passwd=1"),
        ({"proc/sys/a/b": "1"}, {"proc/sys/a/b": "1"}, "/proc/sys/a/b=1"),
    ],
)
def test_both_loaders_read_a_line(boot, reload, line):
    """Where they differ, each is as its source says; the live test holds both against the real ones."""
    assert boot == booted(line)
    assert {target_of(path): value for path, value in reload.items()} == reloaded(line)


@pytest.mark.parametrize(
    ("boot", "reload", "text"),
    [
        # The last of two wins.
        ({"a/b": "2"}, {"a/b": "2"}, "a.b=1\na/b=2"),
        # A line with the key goes before a pattern, wherever it stands.
        ({CONF[0]: "1", CONF[1]: "2"}, {CONF[0]: "1", CONF[1]: "2"}, "net.ipv4.conf.all.x=1\nnet.ipv4.conf.*.x=2"),
        # So does an exclusion, which sets nothing.
        ({CONF[1]: "2"}, {CONF[1]: "2"}, "net.ipv4.conf.*.x=2\n-net.ipv4.conf.all.x"),
        # The key in another spelling is another text for sysctl: it does not keep the pattern off.
        ({CONF[0]: "1", CONF[1]: "2"}, {CONF[0]: "2", CONF[1]: "2"}, "net.ipv4.conf..all.x=1\nnet.ipv4.conf.*.x=2"),
        # An exclusion takes an assignment back at boot; for sysctl it is about patterns only.
        ({}, {"a/b": "1"}, "a.b=1\n-a.b"),
        ({"a/b": "1"}, {"a/b": "1"}, "-a.b\na.b=1"),
        ({}, {}, "net.ipv4.conf.*.x=2\n-net.ipv4.conf.*.x"),
        # An exclusion by pattern.
        ({CONF[0]: "2", CONF[1]: "2"}, {CONF[0]: "2"}, "net.ipv4.conf.*.x=2\n-net.ipv4.conf.e*"),
        # Two patterns: the later one is written later.
        ({CONF[0]: "3", CONF[1]: "3"}, {CONF[0]: "3", CONF[1]: "3"}, "net.ipv4.conf.*.x=2\nnet.*.conf.*.x=3"),
        # A pattern that is set again to the same value keeps its place at boot.
        (
            {CONF[0]: "3", CONF[1]: "3"},
            {CONF[0]: "2", CONF[1]: "2"},
            "net.ipv4.conf.*.x=2\nnet.*.conf.*.x=3\nnet.ipv4.conf.*.x=2",
        ),
    ],
)
def test_both_loaders_order_lines(boot, reload, text):
    """One table with one entry a key at boot, one write a line at reload."""
    assert boot == booted(text)
    assert reload == reloaded(text)


def test_sysctl_before_4_0_5_takes_no_pattern_for_an_exclusion():
    """Debian 12 and 13, Ubuntu 24.04."""
    text = "net.ipv4.conf.*.x=2\n-net.ipv4.conf.e*\n-net.ipv4.conf.all.x"

    assert {CONF[1]: "2"} == reloaded(text, procps.V4_0_0)
    assert {} == reloaded(text)


@pytest.mark.parametrize(
    ("reload", "line"),
    [
        ({"net/ipv4/conf/*/x": "2"}, "net.ipv4.conf.*.x = 2"),
        ({}, "-net.ipv4.conf.all.x"),
        ({}, "a.b ="),
        ({"a/b": "1"}, "-a.b=1"),
        ({"a/b": "1"}, "a.b = 1\rjunk"),
        ({"net/ipv4/neigh/lo/gc_stale_time": "1"}, "net.ipv4.neigh.lo.gc_stale_time=1"),
        ({}, "net.ipv4.neigh.lo.base_reachable_time=1"),
    ],
)
def test_sysctl_3_3_knows_neither_patterns_nor_exclusions(reload, line):
    """Debian 11, Ubuntu 22.04, RHEL 9: an empty value is a syntax error there."""
    assert reload == reloaded(line, procps.V3_3_17)


def test_sysctl_3_3_15_takes_a_dash_for_part_of_the_key():
    """RHEL 8, Debian 10."""
    assert {"-a/b": "1"} == reloaded("-a.b=1", procps.OLD)


def test_systemd_239_knows_neither_patterns_nor_exclusions():
    """RHEL 8."""
    old = systemd.version(239)

    assert ["-a/b", "net/*/x"] == [line.path for line in systemd.parse("f", "-a.b=1\nnet.*.x=1\n-c.d", old)]
    assert ["a/b"] == [line.path for line in systemd.parse("f", "-a.b=1\n-c.d", systemd.version(244))]


def test_systemd_249_still_followed_a_way_up():
    """sysctl_write() refuses `..` since 250."""
    lines = list(systemd.parse("f", "a/c/../b=1"))

    assert ["a/b"] == [write.target for write in systemd.writes(lines, KEYS, systemd.version(249))]
    assert [] == systemd.writes(lines, KEYS, systemd.version(250))


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("net/ipv4/conf/eth0.100/x", "net.ipv4.conf.eth0/100.x"),
        ("net/ipv4/conf/eth0.100/x", "net/ipv4/conf/eth0.100/x"),
        ("swappiness", "swappiness"),
    ],
)
def test_a_key_and_its_path_name_each_other(path, written):
    """The first separator decides; what `sysctl -a` prints leads back to the file."""
    assert path == with_slashes(written)
    assert path == with_slashes(dotted(path))
