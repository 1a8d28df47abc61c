"""NixOS modules: the option boot.kernel.sysctl, in one set or key by key."""

from __future__ import annotations

from settings_common import comments, flavours, parsed, places


def test_the_keys_of_the_option_are_read():
    """In a set, by itself, in a set that is merged to it, and where `kernel` is nested in `boot`."""
    found = parsed(
        "{ lib, ... }: {\n"
        '  boot.kernel.sysctl = { "net.ipv4.tcp_a" = 1; "vm.b" = "1 2"; } // lib.optionalAttrs x { "fs.c" = -1; };\n'
        '  boot.kernel.sysctl."kernel.d" = true;\n'
        '  boot = { kernel.sysctl = lib.mkIf x {\n    "user.e" = 5;\n  }; };\n'
        "}\n",
        "x.nix",
    )

    assert [
        (2, 27, "net.ipv4.tcp_a", "1"),
        (2, 49, "vm.b", "1 2"),
        (2, 92, "fs.c", "-1"),
        (3, 23, "kernel.d", "true"),
        (5, 6, "user.e", "5"),
    ] == places(found)


def test_a_priority_is_no_part_of_a_value():
    """mkDefault, mkForce and mkOverride only say how strongly it holds; what is computed stays text."""
    found = parsed(
        "{ boot.kernel.sysctl = {\n"
        '"vm.a" = lib.mkForce 1; "vm.b" = (mkDefault "2"); "vm.c" = mkOverride 50 3;\n'
        '"vm.d" = if x then 4 else 5; "vm.e" = "${toString 6}";\n'
        "}; }",
        "x.nix",
    )

    assert ["1", "2", "3", "if x then 4 else 5", "${toString 6}"] == [setting.value for setting in found.settings]
    assert ["assignment"] * 3 + ["variable"] * 2 == list(flavours(found).values())


def test_null_leaves_a_key_to_the_kernel():
    """NixOS writes no line for it; comments and other options are no settings either."""
    found = parsed(
        '{ boot.kernel.sysctl = { "vm.a" = null; # "vm.b" = 1;\n /* "vm.c" = 1; */ };\n'
        '  x = "net.ipv4.d"; systemd = { "kernel.e" = 1; }; y = a."vm.f" == 1; }',
        "x.nix",
    )

    assert [] == places(found)


def test_comments_stand_above_or_behind():
    """As people write them in Nix."""
    found = parsed('{ boot.kernel.sysctl = {\n # why\n "vm.a" = 1; # when\n "vm.b" = 2;\n}; }', "x.nix")

    assert {"vm.a": "why\nwhen", "vm.b": ""} == comments(found)


def test_a_file_written_as_text_is_read_as_one():
    """environment.etc with a sysctl.d file in an indented string."""
    found = parsed(
        "{ environment.etc.\"sysctl.d/9.conf\".text = ''\n  # ''${x}\n  net.ipv4.tcp_a = 1\n'';\n"
        "  environment.etc.other.text = ''\n net.ipv4.tcp_b = 1\n''; }",
        "x.nix",
    )

    assert [(3, 3, "net.ipv4.tcp_a", "1")] == places(found)
