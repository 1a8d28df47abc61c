"""The one way to parse any file: its kind by path and content, odd bytes, suppressions, limits."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from settings_common import complaints, parsed, places

from tcptune.errors import UsageError
from tcptune.settings import KINDS, Suppression, kind_of, parse
from tcptune.settings.kinds import MAX_BYTES, MAX_COMPLAINTS

CONF = "net.ipv4.tcp_fin_timeout = 30\n"


@pytest.mark.parametrize(
    ("kind", "path", "text"),
    [
        ("sysctl", "/etc/sysctl.conf", ""),
        ("sysctl", "/etc/sysctl.conf", "sysctl -w net.ipv4.a=1\n"),
        ("sysctl", "etc/sysctl.d/README", ""),
        ("sysctl", "C:\\x\\sysctl.d\\9.conf", ""),
        ("sysctl", "90-x.conf", ""),
        ("sysctl", "roles/x/templates/sysctl.conf.j2", "{{ x }}"),
        ("sysctl", "9.conf.erb", CONF),
        ("sysctl", "9.conf.dpkg-dist", CONF),
        ("sysctl", "notes.txt", CONF),
        ("sysctl", "98tweaks", "#!/bin/sh\n" + CONF),
        ("tuned", "tuned.conf", ""),
        ("tuned", "x.conf", "[main]\n[sysctl]\n"),
        ("tuned", "2382421", "# x\n[version]\n[sysctl]\n"),
        ("shell", "x.sh", CONF),
        ("shell", "x.conf.sh", ""),
        ("shell", "x.service", ""),
        ("shell", "S97tweaks", "#!/system/bin/sh\necho 1 > /proc/sys/net/ipv4/a\n"),
        ("shell", "sysctl.txt", "sysctl -w net.ipv4.a=1\n"),
        ("shell", "rc.local", "cat <<EOF > /etc/sysctl.conf\n" + CONF + "EOF\n"),
        ("dockerfile", "Dockerfile", ""),
        ("dockerfile", "a/Dockerfile.alpine", ""),
        ("dockerfile", "a/x.dockerfile", ""),
        ("ansible", "roles/x/tasks/main.yml", ""),
        ("ansible", "x.yaml", "- hosts: all\n"),
        ("ansible", "x.yaml", "- ansible.posix.sysctl:\n"),
        ("hiera", "data/common.yaml", "sysctl::base::values:\n"),
        ("salt", "x.sls", ""),
        ("salt", "x.yaml", "a:\n  sysctl.present:\n"),
        ("kubernetes", "x.yaml", "apiVersion: v1\n"),
        ("kubernetes", "manifest", "apiVersion: v1\nkind: Pod\n"),
        ("compose", "docker-compose.override.yml", ""),
        ("compose", "x.yaml", "services:\n"),
        ("cloud-init", "x.yaml", "#cloud-config\n"),
        ("cloud-init", "user-data", "#cloud-config\n"),
        ("yaml", "x.yaml", ""),
        ("yaml", "x.yaml.example", "a: 1\n"),
        ("yaml", "_helpers.tpl", "sysctls:\n"),
        ("json", "x.json", "{}"),
        ("puppet", "x.pp", ""),
        ("chef", "x.rb", ""),
        ("nix", "x.nix", ""),
        ("text", "README.md", CONF),
        ("text", "x.bin", "\0"),
        ("text", "", ""),
    ],
)
def test_the_kind_of_a_file(kind, path, text):
    """By its path, without what a template or a backup adds to it; by its content where the path leaves it open."""
    assert kind == kind_of(path, text)


def test_the_kind_can_be_said():
    """What is asked for is done, whatever the path says."""
    found = parse(CONF.encode(), "x.nix", "sysctl")

    assert "sysctl" == found.kind
    assert [(1, 1, "net.ipv4.tcp_fin_timeout", "30")] == places(found)


def test_a_kind_that_does_not_exist_is_an_error():
    """With the nearest one that does."""
    with pytest.raises(UsageError, match="did you mean 'ansible'"):
        parse(b"", "x", "ansibel")
    with pytest.raises(UsageError, match="sysctl, tuned"):
        parse(b"", "x", "?")


def test_a_byte_order_mark_becomes_part_of_a_key():
    """For the loaders; YAML and Nix expect it."""
    found = parsed("\ufeffvm.a = 1\n", "sysctl.conf")

    assert [(1, 1, "vm.a", "1")] == places(found)
    assert [(1, 1, "bom")] == complaints(found)
    assert [] == complaints(parse("\ufeffa: 1\n".encode(), "x.yaml"))


def test_bytes_that_are_no_text_are_replaced():
    """And the first of them is named."""
    found = parse(b"# \xc3\xa9\nvm.a = \xff1\n\xfe", "sysctl.conf")

    assert [(2, 1, "vm.a", "\ufffd1")] == places(found)
    assert [(2, 8, "not-utf8"), (3, 1, "bad-line")] == complaints(found)


def test_a_nul_ends_a_line():
    """For both loaders, in their own ways."""
    found = parse(b"vm.a = 1\0vm.b = 2\nvm.c = 3", "sysctl.conf")

    assert [(1, 1, "vm.a", "1"), (2, 1, "vm.c", "3")] == places(found)
    assert [(1, 9, "nul")] == complaints(found)


def test_line_ends_of_other_systems():
    """CRLF is one line end for everybody, a carriage return alone for one loader only."""
    unix, dos = parsed(CONF * 2, "sysctl.conf"), parsed(CONF.replace("\n", "\r\n") * 2, "sysctl.conf")

    assert unix == dos
    assert [(1, 9, "carriage-return")] == complaints(parse(b"vm.a = 1\rvm.b = 2\r\n", "sysctl.conf"))
    assert [] == complaints(parse(b"vm.a = 1\r", "sysctl.conf"))


def test_a_file_that_is_too_large_is_not_read():
    """A megabyte is more than people write."""
    found = parse(b"#" * MAX_BYTES + b"\n", "sysctl.conf")

    assert ((), [(1, 1, "too-large")]) == (found.settings, complaints(found))
    assert [] == complaints(parse(b"#" * MAX_BYTES, "sysctl.conf"))


def test_complaints_are_counted_beyond_what_a_person_reads():
    """The settings are all kept."""
    found = parse(b"junk\n" * 300 + b"vm.a = 1\n", "sysctl.conf")

    assert [(301, 1, "vm.a", "1")] == places(found)
    assert (MAX_COMPLAINTS + 1, "too-many") == (len(found.complaints), found.complaints[-1].kind)
    assert "100 more" in found.complaints[-1].text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sysctl.conf", "# tcptune: ignore[a, b-c] because\n\nvm.a = 1\n"),
        ("sysctl.conf", "; tcptune:ignore[a,b-c]   because  \n# x\nvm.a = 1\n"),
        ("tuned.conf", "# tcptune: ignore[a, b-c] because\n[sysctl]\nvm.a=1\n"),
        ("x.sh", "# tcptune: ignore[a, b-c] because\n\nsysctl -w vm.a=1\n"),
        ("x.yaml", "# tcptune: ignore[a, b-c] because\nx_sysctl:\n  vm.a: 1\n"),
        (
            "x.nix",
            "/* tcptune: ignore[a, b-c] because */\n{ boot.kernel.sysctl = {\n'vm.a' = 1; }; }".replace("'", '"'),
        ),
        ("x.md", "<!-- tcptune: ignore[a, b-c] because -->\n\n    net.ipv4.tcp_a = 1\n"),
    ],
)
def test_a_suppression_alone_on_a_line_is_about_the_next_setting(path, text):
    """In the comments of every kind."""
    found = parsed(text, path)

    assert [3] == [setting.line for setting in found.settings]
    assert (Suppression(1, ("a", "b-c"), "because", 3),) == found.suppressions
    assert "because" not in found.settings[0].comment


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sysctl.conf", "\nvm.a = 1 # tcptune: ignore[a]\nvm.b = 2\n"),
        ("x.sh", "\nsysctl -w vm.a=1 # tcptune: ignore[a]\nsysctl -w vm.b=2\n"),
        ("x.yaml", "x_sysctl:\n  vm.a: 1 # tcptune: ignore[a]\n  vm.b: 2\n"),
        ("x.nix", '{ boot.kernel.sysctl = {\n"vm.a" = 1; # tcptune: ignore[a]\n"vm.b" = 2; }; }'),
    ],
)
def test_a_suppression_behind_a_setting_is_about_its_line(path, text):
    """A reason may be missing; who wants one can say so."""
    assert (Suppression(2, ("a",), "", 2),) == parsed(text, path).suppressions


def test_a_suppression_may_be_in_vain():
    """With nothing behind it, or without a rule; JSON has no comments, so it has none."""
    assert (Suppression(2, ("a",), "", 0),) == parsed("vm.a = 1\n# tcptune: ignore[a]\n", "sysctl.conf").suppressions
    found = parsed("# tcptune: ignore a\n  # tcptune: ignore[ , ]\nvm.a = 1\n", "sysctl.conf")
    assert ((), [(1, 1, "suppression"), (2, 3, "suppression")]) == (found.suppressions, complaints(found))
    assert () == parsed('{"a": "# tcptune: ignore[a]", "b": ["net.ipv4.tcp_a=1"]}', "x.json").suppressions


PLAIN = r"""
net.ipv4.tcp_a vm.a net/ipv4/x name: value: => do end sysctl EOF <<EOF sysctl: [sysctl] out( RUN $x *a = : - 1 " ' ''
# ; { } [ ] ( ) {{ }} {% %} ``` | \ * /* */ > é 😀
"""
WORDS = st.sampled_from(
    [
        *PLAIN.split(),
        *(" ", "  ", "\n", "\n", "\r\n", "\t", "\u2028", "\x85", "\0", "\x07", "\ufeff"),
        *("- ", "|\n  ", "&a ", "name: ", "=> ", "sysctl -w ", "echo ", "> /proc/sys/"),
        *("boot.kernel.sysctl = ", "# tcptune: ignore[a] b"),
    ]
)
TEXTS = st.lists(WORDS, max_size=60).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.one_of(TEXTS.map(str.encode), st.binary(max_size=200)), st.sampled_from(sorted(KINDS)))
@example(b"<<EOF", "shell")
@example("sysctl: \u00e9".encode()[:-1], "ansible")
def test_whatever_the_bytes_are_every_kind_reads_them(data, kind):
    """Nothing is raised, and what is found stands where it is said to stand."""
    found = parse(data, "x", kind)

    text = data.decode("utf-8", errors="replace").replace("\r\n", "\n").removeprefix("\ufeff")
    lines = text.split("\n")
    assert kind == found.kind
    for setting in found.settings:
        assert lines[setting.line - 1] == setting.raw
        assert 1 <= setting.column <= len(setting.raw) + 1
        assert setting.key
        assert setting.path
    for complaint in found.complaints:
        assert 1 <= complaint.line <= len(lines)
        assert 1 <= complaint.column <= len(lines[complaint.line - 1]) + 1
    assert list(found.settings) == sorted(found.settings, key=lambda setting: (setting.line, setting.column))


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.sampled_from(["sysctl", "tuned"]))
def test_in_files_of_lines_a_key_stands_at_its_place(text, kind):
    """To the character."""
    for setting in parse(text.encode(), "x", kind).settings:
        assert setting.raw[setting.column - 1 :].startswith(setting.written)


@settings(max_examples=200, deadline=None)
@given(TEXTS.filter(lambda text: "\r" not in text), st.sampled_from(sorted(KINDS)))
def test_line_ends_change_nothing(text, kind):
    """What is written on one system is read the same on another."""
    assert parse(text.encode(), "x", kind) == parse(text.replace("\n", "\r\n").encode(), "x", kind)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100), st.text(max_size=40))
def test_any_path_has_a_kind(data, path):
    """Whatever the path and the bytes are."""
    assert parse(data, path).kind in KINDS
