"""`tcptune generate`: what is printed, where it is written, and with which code it ends."""

from __future__ import annotations

import json

import pytest
import typer
from test_hosts import HOSTS
from typer.testing import CliRunner

from tcptune.cli.generate import generate
from tcptune.errors import SnapshotError, UsageError
from tcptune.report import fragments
from tcptune.settings import parse

APP = typer.Typer()
APP.command()(generate)
STORM = next(str(host) for host in HOSTS if host.name.startswith("orphan-storm"))
QUIET = next(str(host) for host in HOSTS if host.name.startswith("quiet"))


def printed(*arguments: str, stdin: str = "") -> str:
    """What the command prints; it ends with 0, whatever there is to set."""
    run = CliRunner().invoke(APP, arguments, input=stdin, catch_exceptions=False)
    assert 0 == run.exit_code
    assert "" == run.stderr
    return run.stdout


@pytest.mark.parametrize("kind", fragments.KINDS)
def test_every_tool_gets_its_fragment(kind):
    """With the reasons of the rules that fire there."""
    text = printed(STORM, "--for", kind)

    assert "orphans-over-limit" in text
    assert "net.ipv4.tcp_max_orphans = 256" in text


def test_a_file_for_sysctl_d_is_what_is_printed_unless_another_is_asked_for():
    """And --undo prints the way back."""
    there, back = (parse(printed(STORM, *extra).encode(), "9.conf").settings for extra in ((), ("--undo",)))

    assert [("net.ipv4.tcp_max_orphans", "16384")] == [(each.key, each.value) for each in there]
    assert [("net.ipv4.tcp_max_orphans", "256")] == [(each.key, each.value) for each in back]


def test_a_machine_on_which_nothing_is_to_be_set_gets_a_fragment_that_says_so():
    """It is no error, so that a pipeline over many machines goes on."""
    assert "nothing is to be done here" in " ".join(printed("--root", QUIET).split())


def test_rules_can_be_chosen():
    """As for an audit."""
    assert "tcp_max_orphans" not in printed(STORM, "--ignore", "orphans-over-limit,max-orphans-low")
    assert "orphans-over-limit" not in printed(STORM, "--select", "max-orphans-low")


def test_another_kernel_can_be_assumed():
    """It is named in the head."""
    assert "linux 4.4.0" in printed(STORM, "--kernel", "4.4.0")


def test_it_is_written_to_a_file(tmp_path):
    """And nothing is printed then."""
    target = tmp_path / "90-tcptune.conf"

    assert "" == printed(STORM, "-o", str(target))
    assert printed(STORM) == target.read_text()


def test_a_snapshot_comes_from_standard_input():
    """As `tcptune collect` prints it."""
    snapshot = {"schema": "tcptune/snapshot/1", "values": {"net.ipv4.tcp_fin_timeout": 300}}

    assert "net.ipv4.tcp_fin_timeout = 60\n" in printed("-", stdin=json.dumps(snapshot))


def test_a_tool_that_does_not_exist_is_wrong_usage():
    """With the nearest one that does."""
    with pytest.raises(UsageError, match="--for: 'ansibel' is not known; did you mean 'ansible'"):
        printed(STORM, "--for", "ansibel")


def test_a_source_that_no_rule_can_judge_is_not_a_machine_without_faults():
    """An empty fragment would look as if nothing were to be done."""
    snapshot = {"schema": "tcptune/snapshot/1", "values": {"net.ipv4.tcp_rfc1337": 0}}

    with pytest.raises(SnapshotError, match="no rule could judge it"):
        printed("-", "--select", "fin-timeout-above-60", stdin=json.dumps(snapshot))
