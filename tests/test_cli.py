"""The command line as a contract: exit codes, stdout and stderr, options, closed pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOSTS = Path(__file__).parent / "hosts"
QUIET = HOSTS / "quiet-6.18"
OVERFLOW = HOSTS / "time-wait-overflow-6.12"
STORM = HOSTS / "orphan-storm-5.15"


def tcptune(*arguments: object, stdin: str | bytes = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """One run of the command, its environment scrubbed of what changes output."""
    scrubbed = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR", "TERM")}
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    run = subprocess.run(
        [sys.executable, "-m", "tcptune", *map(str, arguments)],
        input=data, capture_output=True, timeout=60, env={**scrubbed, "COLUMNS": "80", **environment},
    )  # fmt: skip
    return subprocess.CompletedProcess(run.args, run.returncode, run.stdout.decode(), run.stderr.decode())


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "sarif", "junit", "github", "prometheus", "ndjson"])
@pytest.mark.parametrize(
    ("host", "fail_on", "code"),
    [
        (QUIET, "medium", 0), (QUIET, "never", 0), (OVERFLOW, "medium", 1), (OVERFLOW, "never", 0),
        (STORM, "high", 1), (STORM, "info", 1),
    ],
)  # fmt: skip
def test_the_exit_code_follows_the_findings_and_not_the_format(format_, host, fail_on, code):
    """0 and 1 mean the same for every format."""
    run = tcptune("audit", host, "--format", format_, "--fail-on", fail_on)

    assert (code, "") == (run.returncode, run.stderr)


@pytest.mark.parametrize(("host", "code"), [(QUIET, 0), (OVERFLOW, 1), (STORM, 2), ("/nonexistent", 3)])
def test_nagios_has_codes_of_its_own(host, code):
    """0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN: its readers define them."""
    run = tcptune("audit", host, "--format", "nagios")

    assert code == run.returncode
    assert run.stdout.startswith(f"TCPTUNE {['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'][code]} - ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["audit", "--format", "yaml"], "--format: 'yaml' is not known"),
        (["audit", "--fail-on", "hihg"], "did you mean 'high'?"),
        (["audit", "--ignore", "time-wait-overflw"], "did you mean 'time-wait-overflow'?"),
        (["audit", "--show", "all"], "choose from skipped, quiet"),
        (["audit", "-o", "a", "-o", "b"], "2 files for 1 formats"),
        (["audit", "--kernel", "garbage"], "is no kernel release"),
        (["audit", "--no-such-option"], "No such option"),
        (["explain", "xyzzy-plugh-42"], "nothing is called 'xyzzy-plugh-42'"),
        (["frobnicate"], "No such command"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_sentence_on_stderr(arguments, words):
    """stdout stays empty, so that a pipe never takes a complaint for data."""
    run = tcptune(*arguments)

    assert (2, "") == (run.returncode, run.stdout)
    assert words in run.stderr


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        ("", "is empty"),
        ("[]", "is none of what is known"),
        ("{}", "is no snapshot"),
        ('{"schema": "tcptune/snapshot/2"}', "newer tcptune"),
        ('{"schema": "tcptune/report/1"}', "is no snapshot"),
        ('{"schema": "tcptune/snapshot/1", "values": 7}', "values"),
        ('{"schema": "tcptune/snapshot/1", "values": {}}', "nothing to judge"),
        ('{"schema": "tcptune/snapshot/1", "values": {"uptime": 5.0, "net.unheard": 1}}', "nothing to judge"),
        ("[" * 100_000, "is none of what is known"),
        (b"\xff\xfe\x00", "is not text"),
    ],
)
def test_input_that_cannot_be_judged_exits_with_3_and_says_why(stdin, words):
    """Broken input is neither healthy nor a finding."""
    run = tcptune("audit", "-", "--format", "json", stdin=stdin)

    assert (3, "") == (run.returncode, run.stdout)
    assert words in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("source", "words"), [("/nonexistent/snapshot.json", "no such file"), ("/proc/sys/fs", "nothing of Linux TCP")]
)
def test_a_source_without_a_machine_exits_with_3(source, words):
    """The sentence says what a SOURCE is."""
    run = tcptune("audit", source)

    assert (3, "") == (run.returncode, run.stdout)
    assert words in run.stderr


def test_several_sources_give_a_report_each_and_a_lost_one_is_said():
    """One broken source does not take the others with it, and is not forgotten in the exit code."""
    run = tcptune("audit", QUIET, "/nonexistent", OVERFLOW, "--format", "json")

    assert 3 == run.returncode
    assert ["workstation", "proxy-2"] == [report["host"]["name"] for report in json.loads(run.stdout)["reports"]]
    assert "/nonexistent" in run.stderr


def test_collect_and_audit_fit_together(tmp_path):
    """What collect prints, audit reads: from a pipe, from a file, and from the tree itself, with one result."""
    snapshot = tcptune("collect", "--root", OVERFLOW).stdout
    (tmp_path / "snapshot.json").write_text(snapshot)
    reports = [
        json.loads(run.stdout)
        for run in (
            tcptune("audit", "-", "--format", "json", stdin=snapshot),
            tcptune("audit", tmp_path / "snapshot.json", "--format", "json"),
            tcptune("audit", "--root", OVERFLOW, "--format", "json"),
        )
    ]
    for report in reports:
        report["host"].pop("source")

    assert reports[0] == reports[1] == reports[2]


def test_several_formats_go_to_their_files_in_one_run(tmp_path):
    """--format and --output pair up in order; what has no file goes to stdout."""
    run = tcptune("audit", STORM, "--format", "json", "--format", "text", "-o", tmp_path / "report.json")

    assert run.stdout.startswith("edge-7: linux 5.15.0")
    assert "tcptune/report/1" == json.loads((tmp_path / "report.json").read_text())["schema"]


def test_a_file_that_cannot_be_written_is_said():
    """The path and the reason stand in the sentence."""
    run = tcptune("audit", QUIET, "-o", "/nonexistent/report.txt")

    assert 3 == run.returncode
    assert "/nonexistent/report.txt: cannot be written" in run.stderr


def test_select_and_ignore_choose_rules():
    """Both take several, with commas or again."""
    selected = json.loads(tcptune("audit", OVERFLOW, "--format", "json", "--select", "time-wait-overflow").stdout)
    ignored = json.loads(tcptune("audit", OVERFLOW, "--format", "json", "--ignore", "time-wait-overflow").stdout)

    assert ["time-wait-overflow"] == [finding["rule"] for finding in selected["findings"]]
    assert [] == selected["quiet"]
    assert "time-wait-overflow" not in {finding["rule"] for finding in ignored["findings"]}


def test_kernel_judges_as_another_release():
    """--kernel changes whose rules hold, and the report says so."""
    report = json.loads(tcptune("audit", QUIET, "--format", "json", "--kernel", "5.4.0").stdout)

    assert "5.4.0" == report["host"]["release"]


def test_colour_only_on_a_terminal_and_never_with_no_color():
    """A pipe gets no escape sequence."""
    import pty

    def on_terminal(*extra: str, **environment: str) -> bytes:
        leader, follower = pty.openpty()
        subprocess.run(
            [sys.executable, "-m", "tcptune", "audit", str(OVERFLOW), *extra],
            stdout=follower, check=False, env={**os.environ, **environment}, timeout=60,
        )  # fmt: skip
        os.close(follower)
        chunks = []
        try:
            while chunk := os.read(leader, 65536):
                chunks.append(chunk)
        except OSError:
            pass
        os.close(leader)
        return b"".join(chunks)

    clean = {"NO_COLOR": ""}
    assert "\x1b" not in tcptune("audit", OVERFLOW).stdout
    assert b"\x1b[" in on_terminal(**clean)
    assert b"\x1b" not in on_terminal("--no-color", **clean)
    assert b"\x1b" not in on_terminal(NO_COLOR="1")


def test_a_closed_pipe_is_quiet():
    """`tcptune audit | head -1` leaves no traceback and no complaint."""
    run = subprocess.run(
        f"{sys.executable} -m tcptune audit {OVERFLOW} | head -c 1", shell=True, capture_output=True, timeout=60
    )

    assert b"" == run.stderr


def test_hostile_names_reach_no_terminal():
    """Escape sequences in a snapshot come out as text."""
    snapshot = {
        "schema": "tcptune/snapshot/1",
        "host": {"name": "web\x1b[2J\u202e3", "release": "6.18\x07"},
        "values": {"net.ipv4.ip_local_reserved_ports": "\x1b]0;owned\x07", "sockstat.TCP.tw": 5},
        "gaps": {"a\x1b": "b\x1b[31m"},
    }
    for format_ in ("text", "markdown"):
        run = tcptune("audit", "-", "--format", format_, "--show", "skipped", stdin=json.dumps(snapshot))
        assert not {"\x1b", "\x07", "\u202e"} & set(run.stdout + run.stderr)


def test_an_internal_error_is_70_with_a_sentence_and_the_traceback_only_when_asked(tmp_path):
    """A crash can never pass for a finding."""
    script = (
        "import sys; sys.argv = ['tcptune', *sys.argv[1:]]\n"
        "import tcptune.collect.source as source\n"
        "def broken(*_): raise ZeroDivisionError('boom')\n"
        "source.take = broken\n"
        "from tcptune.cli import main\n"
        "main()\n"
    )
    plain, verbose = (
        subprocess.run([sys.executable, "-c", script, *extra, "audit"], capture_output=True, text=True, timeout=60)
        for extra in ([], ["-v"])
    )

    assert (70, 70) == (plain.returncode, verbose.returncode)
    assert "" == plain.stdout
    assert "internal error: ZeroDivisionError: boom" in plain.stderr
    assert "Traceback" not in plain.stderr
    assert "Traceback" in verbose.stderr


def test_ones_own_rules_are_used_and_replace_ours_by_id(tmp_path):
    """--rules adds a folder; the same id takes the place of ours."""
    ours = Path(__file__).parents[1] / "rules" / "time-wait-overflow.yaml"
    (tmp_path / "time-wait-overflow.yaml").write_text(ours.read_text().replace("severity: ", "severity: low #", 1))
    report = json.loads(tcptune("audit", OVERFLOW, "--format", "json", "--rules", tmp_path).stdout)

    assert "low" == next(f["severity"] for f in report["findings"] if f["rule"] == "time-wait-overflow")


def test_a_rule_that_does_not_load_exits_with_3_and_names_file_line_and_nearest_name(tmp_path):
    """The message is enough to mend the file."""
    ours = Path(__file__).parents[1] / "rules" / "fin-timeout-above-60.yaml"
    mine = tmp_path / "fin-timeout-above-60.yaml"
    mine.write_text(ours.read_text().replace("when: net.ipv4.tcp_fin_timeout", "when: net.ipv4.tcp_fin_timout", 1))
    run = tcptune("audit", QUIET, "--rules", tmp_path)
    line = next(i for i, text in enumerate(mine.read_text().splitlines(), 1) if text.startswith("when:"))

    assert (3, "") == (run.returncode, run.stdout)
    assert f"{mine}:{line}: when: unknown fact 'net.ipv4.tcp_fin_timout'" in run.stderr
    assert "did you mean 'net.ipv4.tcp_fin_timeout'?" in run.stderr


def test_the_rules_commands():
    """list names every rule, show prints a page, test passes, schema is JSON."""
    listed = tcptune("rules", "list")
    tested = tcptune("rules", "test")

    assert {path.stem for path in (Path(__file__).parents[1] / "rules").glob("*.yaml")} == {
        line.split()[1] for line in listed.stdout.splitlines()
    }
    assert (0, "") == (tested.returncode, tested.stderr)
    assert tcptune("rules", "show", "time-wait-normal").stdout.startswith("# `time-wait-normal`")
    assert "properties" in json.loads(tcptune("rules", "schema").stdout)


def test_rules_test_says_what_a_wrong_example_did(tmp_path):
    """A promise that is not kept is told with file, example and outcome, and exits with 1."""
    ours = Path(__file__).parents[1] / "rules" / "fin-timeout-above-60.yaml"
    text = ours.read_text().replace("net.ipv4.tcp_fin_timeout: 61}", "net.ipv4.tcp_fin_timeout: 60}", 1)
    (tmp_path / "fin-timeout-above-60.yaml").write_text(text)
    run = tcptune("rules", "test", tmp_path)

    assert 1 == run.returncode
    assert "stayed quiet" in run.stderr


def test_a_full_disk_behind_stdout_is_said():
    """A report that was not written is not a verdict."""
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            [sys.executable, "-m", "tcptune", "audit", QUIET], stdout=full, stderr=subprocess.PIPE, check=False
        )

    assert 3 == run.returncode
    assert b"standard output cannot be written: No space left on device" in run.stderr


def test_version():
    """The version is one line on stdout."""
    from tcptune import __version__

    assert (0, f"tcptune {__version__}\n") == (tcptune("--version").returncode, tcptune("--version").stdout)
