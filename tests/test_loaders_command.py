"""`tcptune drift`: what is shown, in which form, and the exit code."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from loaders_common import FIN, RETRIES, machine

CONF = "etc/sysctl.d/50-a.conf"
COMMAND = """
import sys, typer
from tcptune.cli.drift import drift
from tcptune.errors import TcptuneError, UsageError
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(drift)
try:
    app()
except UsageError as error:
    sys.exit(print(error, file=sys.stderr) or 2)
except TcptuneError as error:
    sys.exit(print(error, file=sys.stderr) or 3)
"""


def run(*arguments):
    done = subprocess.run([sys.executable, "-c", COMMAND, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def drifted(tmp_path):
    """A machine whose reload is not its boot."""
    return machine(
        tmp_path,
        {
            CONF: f"{FIN} = 60\nnet.core.x = 1\n",
            "usr/lib/sysctl.d/99-z.conf": f"{RETRIES}=8\n",
            "etc/sysctl.conf": f"{FIN}=30\nnet.ipv4.conf.lo.rp_filter=0\n",
            "etc/sysctl.d/60-\x1b[31m.conf": "net.ipv4.conf.all.rp_filter = 0\n",
        },
    )


def test_the_text_names_the_winners(drifted):
    """The worst first, each with its lines; control characters of a file's name reach no terminal."""
    code, shown, _ = run("--root", str(drifted), "--all")

    assert 1 == code
    assert (
        "differs-from-files: the running value is neither what a reboot nor what a\n"
        "  reload sets\n"
        "  key                    running    boot    reload\n"
        "  ---------------------  ---------  ------  --------\n"
        "  net.ipv4.tcp_retries2  15         8       8\n"
        "  -> Where the running value is wanted, write it into a file of /etc/sysctl.d;\n"
    ) in shown
    assert (
        "net.ipv4.tcp_fin_timeout\n"
        "  /etc/sysctl.d/50-a.conf:1: 60 -- wins at boot\n"
        "  /etc/sysctl.conf:1: 30 -- wins at reload; not read at boot: systemd-sysctl\n"
        "      knows no /etc/sysctl.conf, and no link in sysctl.d leads to it\n"
    ) in shown
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) < 80


def test_json_has_a_row_for_each_key(drifted):
    """The contract of tcptune/drift/1."""
    code, shown, _ = run("--root", str(drifted), "--all", "--format", "json")
    document = json.loads(shown)
    rows = {row["key"]: row for row in document["rows"]}

    assert (1, "tcptune/drift/1", {}) == (code, document["schema"], document["gaps"])
    assert {"name": None, "release": "6.18.2", "source": str(drifted), "netns": "child"} == document["host"]
    assert {
        "key": FIN,
        "running": "60",
        "boot": {"value": "60", "where": "/etc/sysctl.d/50-a.conf:1"},
        "reload": {"value": "30", "where": "/etc/sysctl.conf:1"},
        "verdict": "differs-from-reload",
        "drifts": True,
        "rules": ["boot-differs-from-reload", "sysctl-conf-not-read-at-boot", "sysctl-overridden"],
        "why": None,
    } == {name: value for name, value in rows[FIN].items() if name != "setters"}
    assert {
        "where": "/etc/sysctl.d/50-a.conf:1",
        "written": FIN,
        "value": "60",
        "kind": "assignment",
        "read_by": ["boot", "reload"],
        "wins": ["boot"],
        "why": None,
    } == rows[FIN]["setters"][0]


@pytest.mark.parametrize(
    ("keys", "arguments"),
    [
        ({RETRIES, FIN, "net.core.x", "net.ipv4.conf.lo.rp_filter"}, []),
        ({RETRIES, FIN, "net.core.x", "net.ipv4.conf.lo.rp_filter", "net.ipv4.conf.all.rp_filter"}, ["--all"]),
        ({FIN}, ["tcp_fin_timeout"]),
        ({"net.ipv4.conf.all.rp_filter"}, ["net/ipv4/conf/all/rp_filter"]),
        ({FIN, RETRIES}, ["net.ipv4.tcp_*"]),
        ({"net.ipv4.ip_local_port_range"}, ["ip_local_port_range"]),
    ],
)
def test_which_keys_are_shown(drifted, keys, arguments):
    """Those of TCP's closing, what is not as set, and whatever is asked for."""
    _, shown, _ = run("--root", str(drifted), "--format", "json", *arguments)

    assert keys == {row["key"] for row in json.loads(shown)["rows"]}


@pytest.mark.parametrize(
    ("code", "files", "arguments"),
    [
        (0, {CONF: f"{FIN}=60\n"}, []),
        (0, {CONF: "net.nowhere = 1\n"}, []),
        (0, {CONF: ""}, []),
        (1, {CONF: f"{FIN}=30\n"}, []),
        (0, {CONF: f"{FIN}=30\n"}, ["--fail-on", "never"]),
        (1, {CONF: f"{FIN}=30\n"}, ["--fail-on", "boot"]),
        (0, {CONF: f"{FIN}=30\n"}, ["tcp_retries2"]),
        (0, {"etc/sysctl.conf": f"{FIN}=60\n"}, ["--fail-on", "reload"]),
        (1, {"etc/sysctl.conf": f"{FIN}=60\n"}, ["--fail-on", "boot"]),
        (1, {"etc/sysctl.d/.x.conf": f"{FIN}=30\n"}, ["--fail-on", "reload"]),
        (0, {"etc/sysctl.d/.x.conf": f"{FIN}=30\n"}, ["--fail-on", "boot"]),
        (3, {CONF: f"{FIN}=60\n", "etc/sysctl.d/60.conf": "-> /nix/store/x"}, []),
        (1, {CONF: f"{FIN}=30\n", "etc/sysctl.d/60.conf": "-> /nix/store/x"}, []),
        (2, {CONF: ""}, ["--fail-on", "sometimes"]),
        (2, {CONF: ""}, ["--format", "yaml"]),
        (2, {CONF: ""}, ["/net/../x"]),
        (2, {CONF: ""}, [""]),
    ],
)
def test_the_exit_code_says_whether_anything_drifts(tmp_path, code, files, arguments):
    """The same for each format; what could not be seen is not called clean."""
    root = machine(tmp_path, files)
    for format_ in ("text", "json"):
        assert code == run("--root", str(root), "--format", format_, *arguments)[0]


def test_without_running_values_nothing_is_clean(tmp_path):
    """Files alone can show that boot and reload differ, and no more."""
    assert 3 == run("--root", str(machine(tmp_path / "a", {CONF: f"{FIN}=60\n"}, {})))[0]
    assert 1 == run("--root", str(machine(tmp_path / "b", {"etc/sysctl.conf": f"{FIN}=60\n"}, {})))[0]


def test_an_empty_root_is_told(tmp_path):
    """With the files that were looked for, on stderr, and nothing on stdout."""
    code, shown, told = run("--root", str(tmp_path))

    assert (3, "") == (code, shown)
    assert "expected etc/sysctl.d" in told
