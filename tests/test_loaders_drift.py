"""One row a key: who wins, what would change, and what could not be read."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from common import nobody
from loaders_common import FIN, RANGE, RETRIES, RUNNING, drift, machine, outcomes, row, rules

from tcptune.errors import CollectError
from tcptune.loaders.drift import Running, verdict
from tcptune.loaders.read import look
from tcptune.model.drift import VERDICTS, Outcome

CONF = "etc/sysctl.d/50-a.conf"


@pytest.mark.parametrize(
    ("expected", "running", "boot", "reload"),
    [
        ("as-set", "30", "30", "30"),
        ("differs-from-files", "60", "30", "30"),
        ("differs-from-files", "60", "30", "20"),
        ("differs-from-boot", "20", "30", "20"),
        ("differs-from-reload", "30", "30", "20"),
        ("differs-from-boot", "20", None, "20"),
        ("differs-from-reload", "60", None, "20"),
        ("as-set", "30", "30", None),
        ("differs-from-boot", "60", "30", None),
        ("not-set", "60", None, None),
        ("unknown", None, "30", "30"),
        ("unknown", None, "30", None),
        ("boot-differs-from-reload", None, "30", "20"),
        ("boot-differs-from-reload", None, None, "20"),
        ("not-set", None, None, None),
    ],
)
def test_a_verdict_says_what_would_change(expected, running, boot, reload):
    """A loader that does not set a key leaves it; what only a reload sets is lost at boot."""
    assert expected in VERDICTS
    assert expected == verdict(FIN, Running(running), Outcome(boot), Outcome(reload))


def test_a_key_that_is_not_there_is_no_drift():
    """Both loaders pass over it."""
    assert "not-there" == verdict("net.x", Running(None, "", there=False), Outcome("1"), Outcome("2"))


@pytest.mark.parametrize(
    ("expected", "fired", "files", "running"),
    [
        ("as-set", (), {CONF: f"{FIN}=60"}, {}),
        ("differs-from-files", ("drift-from-files",), {CONF: f"{FIN}=30"}, {}),
        ("differs-from-files", ("drift-from-files",), {CONF: f"{FIN}=20\n{FIN}=30"}, {}),
        (
            "differs-from-files",
            ("drift-from-files", "sysctl-overridden"),
            {CONF: f"{FIN}=30", "usr/lib/sysctl.d/99-z.conf": f"{FIN}=20"},
            {},
        ),
        ("as-set", (), {CONF: f"{FIN}=0x3c", "usr/lib/sysctl.d/99-z.conf": f"{FIN}=60 # s"}, {}),
        (
            "differs-from-boot",
            ("boot-differs-from-reload", "sysctl-conf-not-read-at-boot"),
            {"etc/sysctl.conf": f"{FIN}=60"},
            {},
        ),
        ("as-set", (), {"etc/sysctl.conf": f"{FIN}=60", CONF: f"{FIN}=60"}, {}),
        (
            "differs-from-boot",
            ("drift-from-files", "sysctl-overridden", "boot-differs-from-reload", "sysctl-conf-not-read-at-boot"),
            {"etc/sysctl.conf": f"{FIN}=60", CONF: f"{FIN}=30"},
            {},
        ),
        (
            "differs-from-reload",
            ("sysctl-overridden", "boot-differs-from-reload"),
            {
                "etc/sysctl.conf": f"{FIN}=30",
                "etc/sysctl.d/99-sysctl.conf": "-> ../sysctl.conf",
                "etc/sysctl.d/99-z.conf": f"{FIN}=60",
            },
            {},
        ),
        ("differs-from-reload", ("boot-differs-from-reload",), {"etc/sysctl.d/.50-a.conf": f"{FIN}=30"}, {}),
        ("not-there", (), {CONF: f"{FIN}=30"}, {"net/ipv4/tcp_fin_timeout": None}),
        ("not-set", (), {CONF: f"-{FIN}"}, {}),
        ("not-set", (), {CONF: f"{FIN}=30s"}, {}),
        # Boot writes a key once: the kernel refuses the last line, and the one before is not tried.
        ("differs-from-boot", ("boot-differs-from-reload",), {CONF: f"{FIN}=60\n{FIN}=30s"}, {}),
    ],
)
def test_rules_fire_on_rows(tmp_path, expected, fired, files, running):
    """A line loses to another file only where its value is another."""
    kept = {key: value for key, value in (RUNNING | running).items() if value is not None}
    found = drift(tmp_path, files, kept)

    assert (expected, set(fired)) == (row(found, FIN).verdict, rules(found, FIN))


def test_texts_that_begin_alike_are_apart_where_the_running_value_tells_them_apart(tmp_path):
    """Nobody knows of such a key whether the kernel reads more than the number."""
    found = drift(tmp_path, {CONF: "kernel.x = 1 a", "etc/sysctl.conf": "kernel.x = 1 b"}, {"kernel/x": "1 a"})

    assert "differs-from-reload" == row(found, "kernel.x").verdict
    assert "boot-differs-from-reload" in rules(found, "kernel.x")


def test_every_line_says_what_becomes_of_it(tmp_path):
    """Winners, losers, what is not read, what is refused, and patterns that a key goes before."""
    found = row(
        drift(
            tmp_path,
            {
                "etc/sysctl.d/10-a.conf": "net.ipv4.conf.*.rp_filter = 1\n-net.ipv4.conf.all.rp_filter\n",
                "etc/sysctl.d/20-b.conf": "net/ipv4/conf/lo/rp_filter = 0\nnet.ipv4.conf.lo.rp_filter = yes\n",
                "etc/sysctl.d/20-b.conf.bak": "net.ipv4.conf.lo.rp_filter = 7\n",
                "run/sysctl.d/20-b.conf": "net.ipv4.conf.lo.rp_filter = 8\n",
                "etc/sysctl.conf": "net.ipv4.conf.lo.rp_filter = 2\n",
            },
        ),
        "net.ipv4.conf.lo.rp_filter",
    )
    told = {setter.where: (setter.kind, setter.value, setter.wins, setter.why) for setter in found.setters}

    assert (None, "2") == (found.boot.value, found.reload.value)
    assert {
        "/etc/sysctl.d/10-a.conf:1": (
            "glob",
            "1",
            (),
            "/etc/sysctl.conf:1 wins: a line with the key itself goes before a pattern",
        ),
        "/etc/sysctl.d/20-b.conf:1": ("assignment", "0", (), "/etc/sysctl.conf:1 wins"),
        "/etc/sysctl.d/20-b.conf:2": ("assignment", "yes", (), "refused: not a number"),
        "/etc/sysctl.d/20-b.conf.bak:1": ("assignment", "7", (), "not read: its name does not end in .conf"),
        "/run/sysctl.d/20-b.conf:1": ("assignment", "8", (), "not read: /etc/sysctl.d/20-b.conf hides it"),
        "/etc/sysctl.conf:1": (
            "assignment",
            "2",
            ("reload",),
            "not read at boot: systemd-sysctl knows no /etc/sysctl.conf, and no link in sysctl.d leads to it",
        ),
    } == told


def test_a_pattern_sets_every_key_that_matches(tmp_path):
    """The keys come from /proc/sys of the machine; an interface with a dot has a slash in its name."""
    files = {CONF: "net.ipv4.conf.*.rp_filter = 1\n-net.ipv4.conf.lo.rp_filter\nnet.ipv4.conf.all.rp_filter = 2\n"}

    assert {
        "net.ipv4.conf.all.rp_filter": ("2", "2"),
        "net.ipv4.conf.eth0/5.rp_filter": ("1", "1"),
        "net.ipv4.conf.lo.rp_filter": (None, None),
    } == outcomes(drift(tmp_path, files))


def test_a_pattern_that_matches_nothing_is_not_there(tmp_path):
    """It is a row of its own, so that it is seen."""
    found = row(drift(tmp_path, {CONF: "net.ipv4.conf.wg*.rp_filter = 1\n"}), "net.ipv4.conf.wg*.rp_filter")

    assert ("not-there", None) == (found.verdict, found.boot.value)


def test_without_stored_values_boot_and_reload_are_still_compared(tmp_path):
    """A repository of settings files: what is missing is said, patterns stand for themselves."""
    files = {"etc/sysctl.conf": f"{FIN}=30\n", CONF: f"{RETRIES}=8\nnet.ipv4.conf.*.rp_filter=1\n"}
    found = drift(tmp_path, files, {})

    assert {
        FIN: "boot-differs-from-reload",
        RETRIES: "unknown",
        "net.ipv4.conf.*.rp_filter": "unknown",
    } == {one.key: one.verdict for one in found.rows}
    assert ["/proc/sys"] == list(found.gaps)


def test_vectors_are_compared_as_numbers(tmp_path):
    """A tab and two blanks are the same."""
    found = drift(tmp_path, {CONF: f"{RANGE} = 32768  60999\n"})

    assert "as-set" == row(found, RANGE).verdict


def test_a_file_that_may_not_be_read_is_a_gap():
    """The rest goes on, and the loaders that read it are named."""
    with tempfile.TemporaryDirectory() as name:
        root = machine(Path(name), {CONF: f"{FIN}=30\n", "etc/sysctl.d/60-b.conf": f"{RETRIES}=8\n"})
        root.chmod(0o755)
        (root / CONF).chmod(0)
        with nobody():
            found = look(root)

    assert {f"/{CONF}": "permission denied; run as root to see it; what it sets is left out"} == found.gaps
    assert {RETRIES: ("8", "8")} == outcomes(found)
    assert ("boot", "reload") == found.blind


def test_a_folder_that_may_not_be_read_is_a_gap():
    """Nobody knows which files are in it."""
    with tempfile.TemporaryDirectory() as name:
        root = machine(Path(name), {CONF: f"{FIN}=30\n", "usr/lib/sysctl.d/60-b.conf": f"{RETRIES}=8\n"})
        root.chmod(0o755)
        (root / "etc/sysctl.d").chmod(0)
        with nobody():
            found = look(root)
        (root / "etc/sysctl.d").chmod(0o755)

    assert {"/etc/sysctl.d": "permission denied; run as root to see it"} == found.gaps
    assert {RETRIES: ("8", "8")} == outcomes(found)
    assert ("boot", "reload") == found.blind


@pytest.mark.parametrize(
    ("why", "make"),
    [
        ("is not a regular file", lambda place: os.mkfifo(place)),
        ("larger than 1 MiB", lambda place: place.write_bytes(b"#" * (1 << 20) + b"\n#")),
        ("leads to /nix/store/x, which is not stored", lambda place: place.symlink_to("/nix/store/x")),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path, why, make):
    """A pipe is not waited for, and a link that leads out of what was stored is not guessed."""
    root = machine(tmp_path, {"etc/sysctl.d": None})
    make(root / CONF)
    found = look(root)

    assert found.gaps[f"/{CONF}"].startswith(why)
    assert ("boot", "reload") == found.blind


@pytest.mark.parametrize("target", ["{outside}/secret.conf", "../../../../../../../../../../{outside}/secret.conf"])
def test_a_stored_tree_is_never_left(tmp_path, target):
    """A link leads to the same place below the root, or nowhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.conf").write_text(f"{FIN}=30\n")
    link = target.format(outside=str(outside)).replace("//", "/")
    found = drift(tmp_path / "root", {CONF: f"-> {link}", "etc/sysctl.conf": f"-> {link}"})

    assert {} == outcomes(found)
    assert [f"/{CONF}", "/etc/sysctl.conf"] == list(found.gaps)


def test_links_in_a_stored_tree_are_followed_within_it(tmp_path):
    """An absolute one begins at the root of the tree."""
    found = drift(tmp_path, {CONF: "-> /opt/x", "opt/x": "-> /srv/y.conf", "srv/y.conf": f"{FIN}=30\n"})

    assert {FIN: ("30", "30")} == outcomes(found)


def test_a_link_in_circles_ends(tmp_path):
    """It is nothing to read."""
    found = drift(tmp_path, {CONF: "-> 50-a.conf", "etc/sysctl.d/60-b.conf": f"{FIN}=30\n"})

    assert {FIN: ("30", "30")} == outcomes(found)


def test_the_command_line_of_the_kernel_comes_first(tmp_path):
    """`sysctl.KEY=VALUE` holds where no file says otherwise; a child namespace has none of it."""
    line = f'quiet sysctl.{FIN}=20 "sysctl.net/ipv4/tcp_retries2=9" sysctl.net.ipv4.conf.lo.rp_filter -- sysctl.x.y=1\n'
    running = RUNNING | {"net/ipv4/tcp_max_orphans": "65536"}
    found = drift(tmp_path / "host", {"proc/cmdline": line, CONF: f"{RETRIES}=8\n"}, running)
    child = drift(tmp_path / "child", {"proc/cmdline": line, CONF: f"{RETRIES}=8\n"})
    old = drift(tmp_path / "old", {"proc/cmdline": line, CONF: ""}, running | {"kernel/osrelease": "5.4.1"})

    assert {FIN: ("20", None), RETRIES: ("8", "8")} == outcomes(found)
    assert "/proc/cmdline" == row(found, FIN).boot.where
    assert ("command-line", "/etc/sysctl.d/50-a.conf:1 wins") == (
        row(found, RETRIES).setters[1].kind,
        row(found, RETRIES).setters[1].why,
    )
    assert {RETRIES: ("8", "8")} == outcomes(child)
    assert {} == outcomes(old)


def test_keys_that_are_asked_for_have_a_row(tmp_path):
    """Also where no line is about them."""
    root = machine(tmp_path, {CONF: f"{FIN}=30\n"})
    found = look(root, ["net/ipv4/tcp_retries2", "net/ipv4/nowhere"])

    assert {FIN: "differs-from-files", RETRIES: "not-set", "net.ipv4.nowhere": "not-there"} == {
        one.key: one.verdict for one in found.rows
    }


def test_an_empty_tree_is_nothing_to_judge(tmp_path):
    """A wrong --root must not look like a machine without drift."""
    with pytest.raises(CollectError, match=r"etc/sysctl\.d"):
        look(tmp_path)
    with pytest.raises(CollectError):
        look(Path("/nonexistent"))
