"""Profiles of tuned, notes of saptune, profiles of A-Tune: the sysctl sections of a file in sections."""

from __future__ import annotations

from settings_common import comments, complaints, flavours, parsed, places

PROFILE = """\
[main]
summary=a.b
include=throughput-performance
[sysctl]
enabled=1
# more
net.core.somaxconn=2048
net.ipv4.tcp_rmem="4096 87380 16777216" # buffers
net/ipv4/tcp_fin_timeout = 30
[vm]
vm.a=1
[ours]
type=sysctl
kernel.pid_max = 5
"""


def test_the_sysctl_sections_are_read():
    """By name, or by type; an option without a separator belongs to tuned, and quotes belong to nobody."""
    found = parsed(PROFILE, "tuned.conf")

    assert "tuned" == found.kind
    assert [
        (7, 1, "net.core.somaxconn", "2048"),
        (8, 1, "net.ipv4.tcp_rmem", "4096 87380 16777216"),
        (9, 1, "net.ipv4.tcp_fin_timeout", "30"),
        (14, 1, "kernel.pid_max", "5"),
    ] == places(found)
    assert [] == complaints(found)


def test_comments_of_a_profile_may_follow_a_value():
    """configparser cuts them off, so they are no part of the value."""
    said = comments(parsed(PROFILE, "tuned.conf"))

    assert ("more", "buffers") == (said["net.core.somaxconn"], said["net.ipv4.tcp_rmem"])


def test_a_modifier_only_raises_or_lowers():
    """The sign before the value is no part of it; saptune writes it before the equals sign."""
    found = parsed("[sysctl]\nvm.a=>5\nvm.b = <6\nvm.c >= 7\nvm.d=>${x}\n", "tuned.conf")

    assert {"vm.a": "at-least", "vm.b": "at-most", "vm.c": "at-least", "vm.d": "variable"} == flavours(found)
    assert ["5", "6", "7", "${x}"] == [setting.value for setting in found.settings]


def test_a_deeper_line_continues_the_value_above():
    """configparser joins it with the value before, so it sets nothing."""
    found = parsed("[sysctl]\n vm.a=1\n vm.b=2\n  vm.c=3\n vm.d=4\n", "tuned.conf")

    assert ["vm.a", "vm.b", "vm.d"] == [setting.key for setting in found.settings]
    assert [(4, 3, "continuation")] == complaints(found)


def test_a_line_without_an_equals_sign_breaks_the_profile():
    """In the sections that are read; in others it is none of our business."""
    assert [(4, 1, "bad-line")] == complaints(parsed("[main]\nx\n[sysctl]\njunk\n", "tuned.conf"))


def test_tuned_knows_no_dot_inside_a_name():
    """It replaces every dot, so the interface with a dot is another file for it."""
    assert [(2, 1, "loaders-differ")] == complaints(parsed("[sysctl]\nnet/ipv4/conf/eth0.1/x=1\n", "tuned.conf"))


def test_a_note_of_saptune_says_for_which_system():
    """What stands behind the colon of a section does not change what is set."""
    found = parsed("[version]\nVERSION=1\n[sysctl]\nvm.a=\n[sysctl:os=15-SP3]\nvm.a = 4096\n", "2382421")

    assert "tuned" == found.kind
    assert [(4, 1, "vm.a", ""), (6, 1, "vm.a", "4096")] == places(found)
