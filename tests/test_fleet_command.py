"""`tcptune audit` of several sources: reports in their order, the summary, processes, progress, and what is lost."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from schemas_common import validator
from test_cli import OVERFLOW, QUIET, STORM, tcptune
from test_hosts import MACHINES as ALL

from tcptune.cli import fleet, formats, outputs
from tcptune.cli.fleet import audit_fleet
from tcptune.cli.outputs import Outputs
from tcptune.errors import UsageError
from tcptune.facts.derive import derive
from tcptune.model.report import Report
from tcptune.model.snapshot import Host, Snapshot

AT_MOST = 20
"""Seconds that a test waits for what takes less than one."""


@pytest.mark.parametrize("format_", formats.FORMATS)
def test_any_number_of_processes_writes_the_same(format_):
    """And exits with the same code; a broken source among the others included."""
    runs = [tcptune("audit", *ALL, "/nonexistent", *ALL, "--jobs", jobs, "--format", format_) for jobs in (1, 2, 5)]

    assert runs[0].stdout
    assert 1 == len({(run.stdout, run.stderr, run.returncode) for run in runs})


def test_each_report_is_the_one_that_its_source_gets_alone():
    """In the order of the sources, with the summary behind them."""
    together = tcptune("audit", *ALL, "--jobs", 2).stdout
    alone = [tcptune("audit", host).stdout for host in ALL]

    assert together.startswith("\n".join(alone) + f"\nFleet: {len(ALL)} hosts judged\n")


def test_one_json_object_holds_all_reports_and_the_summary():
    """By the published schema, and each report as alone."""
    document = json.loads(tcptune("audit", *ALL, "--format", "json").stdout)

    validator("reports").validate(document)
    assert [json.loads(tcptune("audit", host, "--format", "json").stdout) for host in ALL] == document["reports"]
    assert len(ALL) == document["summary"]["judged"]


def test_lines_of_json_end_with_the_summary():
    """Each line by the schema; what was not judged is told before."""
    lines = [json.loads(line) for line in tcptune("audit", *ALL, "x", "--format", "ndjson").stdout.splitlines()]

    for line in lines:
        validator("line").validate(line)
    assert ["failure", "fleet"] == [line["kind"] for line in lines[-2:]]
    assert [{"source": "x", "reason": lines[-2]["message"].removeprefix("x: ")}] == lines[-1]["fleet"]["not_judged"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_source_that_is_lost_takes_no_other_with_it(tmp_path, jobs):
    """One sentence for each, the others judged, and 3 in the end; even where the findings alone would give 1."""
    broken = {tmp_path / "cut.json": '{"schema": "tcptune/snapshot/1", "values": {', tmp_path / "other.json": "{}"}
    for path, text in broken.items():
        path.write_text(text)
    first, second = broken
    run = tcptune("audit", first, OVERFLOW, second, "--jobs", jobs)

    assert 3 == run.returncode
    assert run.stdout.startswith("proxy-2: linux 6.12.8")
    assert "Fleet: 1 host judged, 2 sources not" in run.stdout
    assert [f"tcptune: {path}" for path in broken] == [line.partition(": is no")[0] for line in run.stderr.splitlines()]


@pytest.mark.parametrize(
    ("sources", "fail_on", "code"),
    [
        ((QUIET, QUIET), "medium", 0),
        ((QUIET, OVERFLOW), "medium", 1),
        ((QUIET, OVERFLOW), "never", 0),
        ((OVERFLOW, QUIET), "high", 0),
        ((QUIET, STORM), "high", 1),
        (("/nonexistent", STORM), "high", 3),
    ],
)
def test_the_worst_of_all_decides_the_exit_code(sources, fail_on, code):
    """What could not be judged comes before what was found."""
    assert code == tcptune("audit", *sources, "--fail-on", fail_on, "--summary-only").returncode


def test_where_nothing_was_judged_nothing_is_told():
    """The sentences on stderr say why."""
    for format_ in ("text", "markdown", "json"):
        run = tcptune("audit", "/nonexistent/a", "/nonexistent/b", "--format", format_)
        assert (3, "", 2) == (run.returncode, run.stdout, len(run.stderr.splitlines()))


def test_only_the_summary_is_told_where_that_is_asked_for():
    """In each format that has one; the same as behind the reports."""
    for format_ in ("text", "markdown"):
        whole = tcptune("audit", *ALL, "--format", format_).stdout
        summary = tcptune("audit", *ALL, "--format", format_, "--summary-only").stdout
        assert len(summary) < len(whole) / 5
        assert whole.endswith("\n\n" + summary)
    whole, summary = (
        json.loads(tcptune("audit", *ALL, "--format", "json", *only).stdout) for only in ([], ["--summary-only"])
    )
    assert {**whole, "reports": []} == summary
    assert 1 == len(tcptune("audit", *ALL, "--format", "ndjson", "--summary-only").stdout.splitlines())


def test_a_pattern_that_meets_one_source_gets_its_summary():
    """So a script need not count."""
    assert "Fleet: 1 host judged\n" in tcptune("audit", QUIET, "--summary-only").stdout


def test_hosts_of_one_name_are_told_apart_by_their_sources(tmp_path):
    """Two containers, or one host on two days."""
    snapshot = tcptune("collect", "--root", OVERFLOW).stdout
    for name in ("monday.json", "tuesday.json"):
        (tmp_path / name).write_text(snapshot)
    run = tcptune("audit", tmp_path / "monday.json", tmp_path / "tuesday.json", "--format", "json")
    [found] = [one for one in json.loads(run.stdout)["summary"]["findings"] if one["rule"] == "time-wait-overflow"]

    assert [f"proxy-2 ({tmp_path}/{day}.json)" for day in ("monday", "tuesday")] == found["hosts"]


def test_standard_input_is_one_of_the_sources():
    """Whichever process reads it."""
    snapshot = tcptune("collect", "--root", OVERFLOW).stdout
    run = tcptune("audit", QUIET, "-", "--jobs", 2, "--format", "json", stdin=snapshot)

    assert ["workstation", "proxy-2"] == [report["host"]["name"] for report in json.loads(run.stdout)["reports"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-", "-"], "- stands for standard input, which can be read once"),
        ([QUIET, STORM, "--format", "text", "--format", "json"], "give each format its own file"),
        ([QUIET, STORM, "--format", "sarif", "--summary-only"], "--summary-only: sarif has no summary"),
        ([QUIET, STORM, "--netns", "x"], "--netns names a namespace of this machine"),
        ([QUIET, STORM, "--netns", "x", "--jobs", "2"], "--netns names a namespace of this machine"),
        ([QUIET, "--jobs", "0"], "--jobs"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(arguments, words):
    """Code 2, a sentence, and nothing on stdout."""
    run = tcptune("audit", *arguments)

    assert (2, "") == (run.returncode, run.stdout)
    assert words in run.stderr


def test_every_format_finds_its_file(tmp_path):
    """Some are written report by report, the others at the end."""
    names = ["text", "json", "sarif", "prometheus", "ndjson"]
    asked = [part for name in names for part in ("--format", name, "-o", tmp_path / name)]
    run = tcptune("audit", QUIET, STORM, *asked)

    assert (1, "", "") == (run.returncode, run.stdout, run.stderr)
    for name in names:
        assert tcptune("audit", QUIET, STORM, "--format", name).stdout == (tmp_path / name).read_text()


def test_a_file_that_cannot_be_written_is_said_at_the_first_report(tmp_path):
    """And not when a thousand are judged."""
    run = tcptune("audit", QUIET, STORM, "-o", tmp_path / "no" / "report.txt")

    assert (3, "") == (run.returncode, run.stdout)
    assert f"{tmp_path}/no/report.txt: cannot be written: No such file or directory" in run.stderr


def test_a_process_that_is_killed_costs_its_source_alone(tmp_path):
    """As the kernel does where memory runs out: one sentence, no waiting, and the others are judged."""
    fifo = tmp_path / "never-ends.json"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "tcptune", "audit", "--jobs", "2", "--summary-only", QUIET, fifo, OVERFLOW, STORM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        kill_when_blocked(run.pid)
        out, err = run.communicate(timeout=AT_MOST)

    assert 3 == run.returncode
    assert "Fleet: 3 hosts judged, 1 source not" in out
    assert f"tcptune: {fifo}: the process that judged it was ended by a signal (Killed)" in err


def kill_when_blocked(parent: int) -> None:
    """Kill that child of a process which waits for somebody to write into a FIFO."""
    end = time.monotonic() + AT_MOST
    while time.monotonic() < end:
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            if "wait_for_partner" in Path(f"/proc/{child}/wchan").read_text() or _opens_fifo(child):
                os.kill(int(child), signal.SIGKILL)
                return
        time.sleep(0.05)
    raise AssertionError("no process waited for the FIFO")


def _opens_fifo(child: str) -> bool:
    """By its kernel stack where that may be seen: some kernels show no wchan."""
    try:
        return "fifo_open" in Path(f"/proc/{child}/stack").read_text()
    except OSError:
        return False


def test_an_interrupt_ends_everything_at_once(tmp_path):
    """The processes too, one of which would wait for ever."""
    fifo = tmp_path / "never-ends.json"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "tcptune", "audit", "--jobs", "2", fifo, QUIET]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as run:
        children: list[str] = []
        end = time.monotonic() + AT_MOST
        while len(children) < 2 and time.monotonic() < end:
            children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        os.killpg(run.pid, signal.SIGINT)
        run.communicate(timeout=AT_MOST)

    assert -signal.SIGINT == run.returncode
    assert 2 == len(children)
    while any(map(runs, children)) and time.monotonic() < end:
        time.sleep(0.01)
    assert not any(map(runs, children))


def runs(pid: str) -> bool:
    """Whether a process is there and not only waits to be buried by whoever inherited it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def on_a_terminal(*arguments: object, stdout: int | None = subprocess.DEVNULL, **environment: str) -> str:
    """What a run writes to a terminal that is its stderr, and its stdout where that is None."""
    ours, theirs = pty.openpty()
    scrubbed = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-m", "tcptune", "audit", *map(str, arguments)],
        stdout=theirs if stdout is None else stdout, stderr=theirs, env={**scrubbed, "TERM": "xterm", **environment},
    ) as run:  # fmt: skip
        os.close(theirs)
        told = b""
        try:
            while piece := os.read(ours, 4096):
                told += piece
        except OSError:  # the other end is closed
            os.close(ours)
        run.wait(timeout=AT_MOST)
    return told.decode()


def test_a_terminal_shows_how_far_it_is_and_then_nothing():
    """One line that is written over and erased; NO_COLOR is about colours."""
    for environment in ({}, {"NO_COLOR": "1"}):
        told = on_a_terminal(QUIET, STORM, OVERFLOW, **environment)
        assert told.startswith("\r\x1b[K1/3 workstation")
        assert told.endswith("\r\x1b[K")
        assert "\n" not in told


def test_a_sentence_takes_the_place_of_the_progress():
    """It stands on a line of its own."""
    told = on_a_terminal(QUIET, "/nonexistent", STORM)

    assert "\r\x1b[Ktcptune: /nonexistent: no such file" in told


@pytest.mark.parametrize("environment", [{"CI": "true"}, {"TERM": "dumb"}, {"TERM": ""}])
def test_where_nobody_watches_there_is_no_progress(environment):
    """A log of a thousand lines that overwrite each other helps nobody."""
    assert "" == on_a_terminal(QUIET, STORM, **environment)


def test_a_terminal_that_shows_the_reports_shows_no_progress():
    """They are the progress; with the summary alone there is nothing to see until it comes."""
    assert "\r\x1b[K" not in on_a_terminal(QUIET, STORM, stdout=None)
    assert "\r\x1b[K1/2 workstation" in on_a_terminal(QUIET, STORM, "--summary-only", stdout=None)


def healthy(source: str | None):
    """The verdict on a machine that says nothing."""
    facts = derive(Snapshot())
    return Report(Host(source), None, (), (), ("a-rule",), {}, {}, {}), facts


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_of_ours_costs_one_source(jobs, capfd, monkeypatch):
    """The others are told; the run exits with 70, and -v shows where it happened."""

    def judge(source):
        return healthy(source) if source != "b" else {}["no such key"]

    monkeypatch.setattr(fleet.sys, "argv", ["tcptune", "-v"])
    planned = formats.plan(["ndjson"], None, "medium")
    code = audit_fleet(["a", "b", "c"], judge, Outputs(planned, frozenset(), False, False), "medium", jobs)
    out, err = capfd.readouterr()

    assert 70 == code
    assert ["a", "c"] == [line["host"]["name"] for line in map(json.loads, out.splitlines()) if "host" in line]
    assert "tcptune: b: internal error: KeyError: 'no such key'" in err
    assert "Traceback" in err


def test_few_small_sources_are_judged_here_and_many_by_as_many_processes_as_pay(tmp_path, monkeypatch):
    """Each has enough to do, or a file that takes as long."""
    monkeypatch.setattr(fleet, "usable", lambda: 4)
    for name, size in (("small", 20_000), ("large", 3 << 20)):
        (tmp_path / name).write_bytes(b" " * size)
    small, large = str(tmp_path / "small"), str(tmp_path / "large")

    assert [1, 1, 2, 4] == [fleet._jobs(None, [small] * count) for count in (2, 31, 32, 1000)]
    assert [2, 1, 4] == [fleet._jobs(None, sources) for sources in ([large, small], ["-", None, "\0"], [large] * 9)]
    assert [3, 2] == [fleet._jobs(3, [small] * count) for count in (9, 2)]


def test_documents_are_made_of_bare_findings():
    """What is kept of a thousand reports until the last is there."""
    from reports_common import stored

    for report in stored():
        bare = outputs._bare(report)
        for name in ("sarif", "junit", "github", "nagios", "prometheus"):
            assert formats.render(name, [report], [], "medium") == formats.render(name, [bare], [], "medium")


def test_two_formats_in_one_place_are_refused_before_any_work():
    """The first has a file, the second standard output: that is fine."""
    Outputs(formats.plan(["text", "json"], ["x"], "medium"), frozenset(), False, False)
    with pytest.raises(UsageError, match="its own file"):
        Outputs(formats.plan(["text", "json"], ["x", "x"], "medium"), frozenset(), False, False)
