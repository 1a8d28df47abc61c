"""sysctl.conf and sysctl.d: what both loaders make of a line, and where they differ."""

from __future__ import annotations

import pytest
from settings_common import comments, complaints, flavours, parsed, places

from tcptune.settings.setting import dotted


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_fin_timeout"),
        ("net.ipv4.tcp_fin_timeout", "net/ipv4/tcp_fin_timeout"),
        ("net.ipv4.conf.eth0/100.rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
        ("net.ipv4.conf.eth0/100.rp_filter", "net.ipv4.conf.eth0/100.rp_filter"),
        ("net.ipv4.conf.eth0.100.rp_filter", "net.ipv4.conf.eth0.100.rp_filter"),
        ("net.ipv4.tcp_fin_timeout", "net.ipv4..tcp_fin_timeout"),
        ("net.ipv4.tcp_fin_timeout", "/net//ipv4/tcp_fin_timeout"),
        ("", "..."),
        ("swappiness", "swappiness"),
    ],
)
def test_the_first_separator_decides(key, written):
    """A dot after a slash is part of a name, as a slash after a dot is; `sysctl -a` prints both as a slash."""
    assert key == dotted(written)


def test_two_interfaces_of_the_kernel_never_get_one_key():
    """eth0.100 is one interface, eth0 and below it 100 would be two directories."""
    one, two = parsed("net/ipv4/conf/eth0.100/x = 1\nnet.ipv4.conf.eth0.100.x = 1\n").settings

    assert "net/ipv4/conf/eth0.100/x" == one.path
    assert "net/ipv4/conf/eth0/100/x" == two.path


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((1, 1, "net.ipv4.tcp_fin_timeout", "30"), "net.ipv4.tcp_fin_timeout=30"),
        ((1, 3, "net.ipv4.tcp_fin_timeout", "30"), "  net.ipv4.tcp_fin_timeout \t = \t 30 \t"),
        ((1, 2, "net.ipv4.tcp_fin_timeout", "30"), "-net.ipv4.tcp_fin_timeout = 30"),
        ((1, 1, "net.ipv4.tcp_fin_timeout", ""), "net.ipv4.tcp_fin_timeout ="),
        ((1, 1, "net.ipv4.ip_local_port_range", "1024\t65000"), "net.ipv4.ip_local_port_range = 1024\t65000"),
        ((1, 1, "kernel.core_pattern", "|/bin/x a=b"), "kernel.core_pattern=|/bin/x a=b"),
        ((1, 1, "swappiness", "1"), "swappiness=1"),
    ],
)
def test_a_line_is_cut_at_its_first_equals_sign(place, line):
    """Blanks around key and value do not count, whatever else stands in the value stays."""
    assert [place] == places(parsed(line))


def test_comments_begin_a_line_with_a_hash_or_a_semicolon():
    """The comment lines directly above a setting are kept with it, without their marks."""
    found = parsed("# far\n\n # near\n;; nearer ##\nvm.a = 1\nvm.b = 2\n")

    assert {"vm.a": "near\nnearer", "vm.b": ""} == comments(found)


def test_a_comment_after_a_value_is_part_of_it():
    """Both loaders write it to the kernel; what people say in it is kept as well."""
    found = parsed("# above\nnet.ipv4.tcp_fin_timeout = 30 # frees ports\nnet.ipv4.tcp_rfc1337=1# x\n")

    assert ["30 # frees ports", "1# x"] == [setting.value for setting in found.settings]
    assert ["above\nfrees ports", "x"] == [setting.comment for setting in found.settings]
    assert [(2, 31, "trailing-comment"), (3, 23, "trailing-comment")] == complaints(found)


def test_a_command_may_have_a_hash_in_it():
    """The name of a core file is text: only what stands after a blank looks like a comment."""
    assert [] == complaints(parsed("kernel.core_pattern = core#%p\n"))


def test_a_dash_ignores_errors():
    """The dash is no part of the key."""
    found = parsed("-net.ipv4.tcp_tw_recycle = 1\nnet.ipv4.tcp_tw_reuse = 1\n")

    assert [True, False] == [setting.ignore_errors for setting in found.settings]
    assert [] == complaints(found)


def test_a_dash_without_a_value_is_an_exclusion():
    """It keeps a key out of globs; by pattern only for one of the loaders."""
    found = parsed("-net.ipv4.conf.eth0.rp_filter\nnet.ipv4.conf.*.rp_filter = 1\n-net.ipv4.conf.e*.x\n")

    assert {
        "net.ipv4.conf.eth0.rp_filter": "exclusion",
        "net.ipv4.conf.*.rp_filter": "glob",
        "net.ipv4.conf.e*.x": "exclusion",
    } == flavours(found)
    assert [False] * 3 == [setting.ignore_errors for setting in found.settings]
    assert [(3, 1, "loaders-differ")] == complaints(found)


@pytest.mark.parametrize("line", ["junk", "net.ipv4.tcp_fin_timeout 30", "[sysctl]", "= 5", "-", "..=1"])
def test_a_line_that_sets_nothing_is_complained_about(line):
    """Neither loader knows what to do with it."""
    found = parsed(f"vm.a=1\n  {line}\nvm.b=2\n", "/etc/sysctl.conf")

    assert [(2, 3, "bad-line")] == complaints(found)
    assert [1, 3] == [setting.line for setting in found.settings]


@pytest.mark.parametrize(
    ("key", "column", "line"), [("net.ipv4.x", 3, "- net.ipv4.x = 1"), ("-net.ipv4.x", 2, "--net.ipv4.x = 1")]
)
def test_the_loaders_disagree_about_a_dash(key, column, line):
    """What systemd-sysctl reads is kept, and that sysctl reads another key is said."""
    found = parsed(line)

    assert [(1, column, key, "1")] == places(found)
    assert [(1, 1, "loaders-differ")] == complaints(found)


def test_a_template_is_filled_in_later():
    """A line of a template engine is no bad line, and a value that it fills in is not read as one."""
    found = parsed("{% if a %}\nvm.a = {{ b }}\n<% end %>\nvm.b = ${C}\n", "sysctl.conf.j2")

    assert {"vm.a": "variable", "vm.b": "variable"} == flavours(found)
    assert [(1, 1, "template"), (3, 1, "template")] == complaints(found)


def test_a_value_may_be_too_long():
    """sysctl.conf(5) allows 4096 characters."""
    assert [] == complaints(parsed("kernel.a = " + "x" * 4096))
    assert [(1, 12, "too-long")] == complaints(parsed("kernel.a = " + "x" * 4097))
