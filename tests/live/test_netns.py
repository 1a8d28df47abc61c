"""`--netns`: another namespace is looked into, and this process stays where it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.live


@pytest.fixture
def namespace():
    """A process in a network namespace of its own, with tcp_fin_timeout 17; its id."""
    script = "echo 17 > /proc/sys/net/ipv4/tcp_fin_timeout; echo ready; exec cat"
    process = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert "ready\n" == process.stdout.readline()
        yield process.pid
        process.stdin.close()


def tcptune(*arguments: object) -> subprocess.CompletedProcess[str]:
    """One run of the command."""
    command = [sys.executable, "-m", "tcptune", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_settings_and_counters_of_another_namespace_are_read(namespace):
    """Its own tcp_fin_timeout, no sight of host-wide keys, and the host's left as it is."""
    inside = json.loads(tcptune("collect", "--netns", namespace).stdout)
    outside = json.loads(tcptune("collect").stdout)

    assert 17 == inside["values"]["net.ipv4.tcp_fin_timeout"]
    assert "child" == inside["host"]["netns"]
    assert "whole machine" in inside["gaps"]["net.ipv4.tcp_max_orphans"]
    assert 0 == inside["values"]["states.LISTEN"]
    assert 17 != outside["values"]["net.ipv4.tcp_fin_timeout"]


def test_a_path_names_a_namespace_too(namespace):
    """A container runtime keeps its namespaces as files."""
    report = json.loads(tcptune("audit", "--netns", f"/proc/{namespace}/ns/net", "--format", "json").stdout)
    lifetimes = json.loads(tcptune("timeouts", "--netns", namespace, "--format", "json").stdout)

    assert "child" == report["host"]["netns"]
    assert 17 == lifetimes["inputs"]["net.ipv4.tcp_fin_timeout"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["audit", "--netns", "no-such-namespace"], 3, "no such file"),
        (["audit", "--netns", "999999999"], 3, "no such file"),
        (["collect", "--netns", "/etc/passwd"], 3, "cannot be entered"),
        (["audit", "--netns", "1", "--root", "/tmp"], 2, "leave out SOURCE and --root"),
        (["audit", "snapshot.json", "--netns", "1"], 2, "leave out SOURCE and --root"),
    ],
)
def test_what_is_no_namespace_is_said(arguments, code, words):
    """One sentence, no data, no traceback."""
    run = tcptune(*arguments)

    assert (code, "") == (run.returncode, run.stdout)
    assert words in run.stderr
    assert "Traceback" not in run.stderr


def test_this_process_stays_in_its_namespace(namespace):
    """Only the child moves."""
    from tcptune.collect.everything import collect
    from tcptune.collect.netns import inside

    before = Path("/proc/self/ns/net").readlink()
    snapshot = inside(str(namespace), collect)

    assert before == Path("/proc/self/ns/net").readlink()
    assert 17 == snapshot.values["net.ipv4.tcp_fin_timeout"]
