"""Puppet manifests and Chef recipes: what resources, hashes and attributes give to keys."""

from __future__ import annotations

import pytest
from settings_common import comments, flavours, parsed, places


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((1, 11, "net.ipv4.tcp_a", "1"), "sysctl { 'net.ipv4.tcp_a': value => '1' }"),
        ((1, 11, "net.ipv4.tcp_a", "1"), "sysctl { 'net.ipv4.tcp_a': ensure => present, value => 1 }"),
        ((2, 2, "net.ipv4.tcp_a", "5"), "sysctl::value { \n'net.ipv4.tcp_a':\n value => 5;\n }"),
        ((1, 9, "net.ipv4.tcp_a", "1024 65535"), "$x = { 'net.ipv4.tcp_a' => [ 1024, 65535 ] }"),
        ((1, 9, "net.ipv4.tcp_a", "5"), "$x = { 'net.ipv4.tcp_a' => { value => 5 } }"),
        ((1, 9, "net.ipv4.tcp_a", "-1"), "$x = { 'net.ipv4.tcp_a' => -1 }"),
        ((1, 25, "net.ipv4.tcp_a", "5"), "sysctl { 'x': key   => 'net.ipv4.tcp_a', value => 5 }"),
        ((1, 26, "net.ipv4.tcp_a", "5"), 'x { "y": content   =>   "net.ipv4.tcp_a = 5\\n" }'),
        ((1, 19, "net.ipv4.tcp_a", "5"), "exec { 'sysctl -w net.ipv4.tcp_a=5': }"),
    ],
)
def test_a_manifest_gives_values_to_keys(place, text):
    """As the title of a resource, in a hash, as the content of a file, or by a command."""
    assert [place] == places(parsed(text, "x.pp"))


@pytest.mark.parametrize(
    "text",
    [
        "# sysctl { 'net.ipv4.tcp_a': value => '1' }",
        "sysctl { 'net.ipv4.tcp_a': ensure => absent, value => '1' }",
        "notify { 'net.ipv4.tcp_a': message => 'x' }",
        "$x = 'net.ipv4.tcp_a'",
        "$x = { " + "'net.ipv4.tcp_a': value => { " * 2000,
        "exec { 'sysctl -n net.ipv4.tcp_a': onlyif => \"sysctl -a | grep 'net.ipv4.tcp_a = 1'\" }",
    ],
)
def test_a_key_without_a_value_is_no_setting(text):
    """Nor one that is taken away, or only spoken of."""
    assert [] == places(parsed(text, "x.pp"))


def test_a_computed_value_is_a_variable():
    """It ends with its line or its comma, not with the comma of an argument."""
    found = parsed(
        "$x = {\n 'net.ipv4.tcp_a' => bool2str($y, '1', '0'),\n 'net.ipv4.tcp_b' => $z\n}\n"
        "$y = { 'net.ipv4.tcp_c' => \"${q}\" }",
        "x.pp",
    )

    assert ["bool2str($y, '1', '0')", "$z", "${q}"] == [setting.value for setting in found.settings]
    assert {"variable"} == set(flavours(found).values())


def test_a_comment_above_a_resource_is_about_its_first_value():
    """As people write it: above the resource, or above the line inside it."""
    found = parsed(
        "# reuse\nsysctl::parameters { 'x':\n  values => {\n    'net.ipv4.tcp_a' => 1, # one\n"
        "    # two\n    'net.ipv4.tcp_b' => 2,\n    'net.ipv4.tcp_c' => 3,\n  },\n}\n",
        "x.pp",
    )

    assert {"net.ipv4.tcp_a": "reuse\none", "net.ipv4.tcp_b": "two", "net.ipv4.tcp_c": ""} == comments(found)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((1, 9, "net.ipv4.tcp_a", "1"), "sysctl 'net.ipv4.tcp_a' do\n value 1\nend"),
        ((1, 15, "net.ipv4.tcp_a", "1 2"), "sysctl_param \"net.ipv4.tcp_a\" do\n value '1 2'\nend"),
        ((1, 35, "net.ipv4.tcp_a", "5"), "node.default['sysctl']['params']['net.ipv4.tcp_a'] = '5'"),
        ((1, 45, "net.ipv4.tcp_a", "5"), "default['sysctl']['params']['net']['ipv4']['tcp_a'] = 5"),
        ((1, 4, "net.ipv4.tcp_a", "n['a']['b']"), "v 'net.ipv4.tcp_a' => n['a']['b']\nend"),
    ],
)
def test_a_recipe_gives_values_to_keys(place, text):
    """By a resource, by an attribute whose names spell the key, or by a hash."""
    found = parsed(text, "x.rb")

    assert "chef" == found.kind
    assert [place] == places(found)
