"""`tcptune drift` in every format: the findings of its rules at their lines, and one exit code for all."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Error, Failure, JUnitXml, Skipped
from loader_trees import KEYS, plant, tree
from loaders_common import FIN, RETRIES, RUNNING, drift, judged, machine
from reports_common import is_clean
from schemas_common import validator
from test_hosts import HOSTS
from test_prometheus import read as metrics
from test_sarif import validator as sarif_validator
from typer.testing import CliRunner

from tcptune.cli.app import build
from tcptune.cli.formats import FORMATS
from tcptune.facts.vocabulary import OF_DRIFT

CONF, VENDOR, SYSCTL_CONF = "etc/sysctl.d/50-a.conf", "usr/lib/sysctl.d/99-z.conf", "etc/sysctl.conf"
LOST = {"etc/sysctl.d/60.conf": "-> /nix/store/x"}
RULES = {"drift-from-files", "sysctl-overridden", "boot-differs-from-reload", "sysctl-conf-not-read-at-boot"}
DRIFTED = {
    CONF: f"# for the proxies\n{FIN} = 60\n{RETRIES} = 9\n",
    VENDOR: f"{RETRIES}=8\n",
    SYSCTL_CONF: f"{FIN}=30\n",
}
"""A machine on which every rule fires."""
PLACES = {
    ("drift-from-files", VENDOR, 1),
    ("boot-differs-from-reload", SYSCTL_CONF, 1),
    ("sysctl-conf-not-read-at-boot", SYSCTL_CONF, 1),
    ("sysctl-overridden", CONF, 2),
    ("sysctl-overridden", CONF, 3),
}


def run(*arguments: str) -> tuple[int, str]:
    """The exit code, and what is on standard output."""
    done = CliRunner().invoke(build(arguments), arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout


def said(root: Path, format_: str, *arguments: str) -> tuple[int, str]:
    """What drift says of a stored machine in a format."""
    return run("drift", "--root", str(root), "--format", format_, *arguments)


@pytest.fixture
def drifted(tmp_path):
    return machine(tmp_path, DRIFTED)


CASES = [
    (0, 0, {CONF: f"{FIN}=60\n"}, []),
    (0, 0, {CONF: ""}, []),
    (0, 0, {CONF: "net.nowhere = 1\n", SYSCTL_CONF: "net.nowhere = 2\n"}, []),
    (0, 0, {CONF: f"{FIN}=30\n", "etc/sysctl.d/60.conf": f"{FIN}=60\n"}, []),
    (1, 1, {CONF: f"{FIN}=30\n"}, []),
    (0, 1, {CONF: f"{FIN}=30\n"}, ["--fail-on", "never"]),
    (1, 1, {SYSCTL_CONF: f"{FIN}=60\n"}, ["--fail-on", "boot"]),
    (0, 1, {SYSCTL_CONF: f"{FIN}=60\n"}, ["--fail-on", "reload"]),
    (1, 1, {"etc/sysctl.d/.x.conf": f"{FIN}=30\n"}, ["--fail-on", "reload"]),
    (0, 1, {"etc/sysctl.d/.x.conf": f"{FIN}=30\n"}, ["--fail-on", "boot"]),
    (0, 0, {CONF: f"{FIN}=30\n"}, ["tcp_retries2"]),
    (3, 3, {CONF: f"{FIN}=60\n", **LOST}, []),
    (1, 1, {CONF: f"{FIN}=30\n", **LOST}, []),
    (3, 1, {CONF: f"{FIN}=30\n", **LOST}, ["--fail-on", "never"]),
]
"""Exit code, that of nagios, files, options."""


@pytest.mark.parametrize(("code", "of_nagios", "files", "arguments"), CASES)
def test_the_exit_code_is_the_same_in_every_format_but_nagios(tmp_path, code, of_nagios, files, arguments):
    """Rows decide it, not severities; and what could not be seen is not called clean."""
    root = machine(tmp_path, files)

    assert {format_: of_nagios if format_ == "nagios" else code for format_ in FORMATS} == {
        format_: said(root, format_, *arguments)[0] for format_ in FORMATS
    }


@pytest.mark.parametrize(("code", "of_nagios", "files", "arguments"), CASES)
def test_junit_fails_where_the_exit_code_says_so(tmp_path, code, of_nagios, files, arguments):
    """A pipeline that looks at the one sees what a pipeline sees that looks at the other."""
    document = JUnitXml.fromstring(said(machine(tmp_path, files), "junit", *arguments)[1].encode())

    assert (code == 1) == (document.failures > 0)
    assert code != 3 or document.errors > 0


def test_without_running_values_nothing_is_clean(tmp_path):
    """Files alone show that boot and reload differ, and no more: the rule that compares is skipped and says so."""
    alike = machine(tmp_path / "a", {CONF: f"{FIN}=60\n"}, {})
    apart = machine(tmp_path / "b", {SYSCTL_CONF: f"{FIN}=60\n"}, {})
    (cases, lost) = list(JUnitXml.fromstring(said(alike, "junit")[1].encode()))

    assert {1, 3} == {said(apart, format_)[0] for format_ in FORMATS} | {said(alike, format_)[0] for format_ in FORMATS}
    assert [Error] == [type(result) for case in lost for result in case.result]
    assert {"drift-from-files": f"{FIN}: no running values are stored"} == {
        case.name: result.message for case in cases for result in case.result if isinstance(result, Skipped)
    }


def test_sarif_is_valid_and_places_every_finding(drifted):
    """In the file below the root, so that a repository of files gets its annotations."""
    code, shown = said(drifted, "sarif")
    log = json.loads(shown)
    sarif_validator().validate(log)
    found = log["runs"][0]["results"]
    places = [(one["ruleId"], one["locations"][0]["physicalLocation"]) for one in found]

    assert 1 == code
    assert {(rule, f"{drifted}/{path}", line) for rule, path, line in PLACES} == {
        (rule, place["artifactLocation"]["uri"], place["region"]["startLine"]) for rule, place in places
    }
    assert len(PLACES) == len(found) == len({one["partialFingerprints"]["tcptune/v1"] for one in found})


def test_paths_are_relative_where_the_root_is(tmp_path, monkeypatch):
    """As lint has them, and without a dot in front."""
    machine(tmp_path / "files", DRIFTED)
    monkeypatch.chdir(tmp_path)
    under = said(Path("files"), "github")[1]
    monkeypatch.chdir("files")
    here = said(Path(), "github")[1]

    assert "::warning file=files/etc/sysctl.conf,line=1,title=boot-differs-from-reload%3A " in under
    assert "::warning file=etc/sysctl.conf,line=1,title=boot-differs-from-reload%3A " in here


def test_github_has_a_command_for_each_finding(drifted):
    """An annotation each, by severity."""
    shown = said(drifted, "github")[1]

    assert ["notice", "notice", "warning", "warning", "warning"] == sorted(
        line.removeprefix("::").partition(" ")[0] for line in shown.splitlines()
    )


def test_junit_has_a_case_for_each_rule_and_fails_no_mild_one(drifted):
    """The line that loses is told, and fails nothing by itself."""
    (suite,) = JUnitXml.fromstring(said(drifted, "junit")[1].encode())

    assert {rule: [Failure] if rule != "sysctl-overridden" else [] for rule in RULES} == {
        case.name: [type(result) for result in case.result] for case in suite
    }
    assert all("50-a.conf" in case.system_out for case in suite if case.name == "sysctl-overridden")


def test_prometheus_is_valid_and_no_sample_is_one_of_an_audit(drifted, tmp_path):
    """The collector of node_exporter refuses a folder in which two files hold the same sample."""
    file = tmp_path / "drift.prom"
    said(drifted, "prometheus", "-o", str(file))
    found = metrics(file.read_text())
    others = metrics(run("audit", "--root", str(HOSTS[0]), "--format", "prometheus", "--fail-on", "never")[1])

    assert 3 == found["tcptune_findings"][frozenset({("severity", "medium"), ("command", "drift")})]
    assert RULES == {dict(labels)["rule"] for labels in found["tcptune_finding"]}
    assert [] == [name for name in found if found[name].keys() & others.get(name, {}).keys()]


def test_nagios_has_a_status_line_and_codes_of_its_own(tmp_path, drifted):
    """WARNING for what would change, OK where nothing would, UNKNOWN where nobody can tell."""
    same = machine(tmp_path / "same", {CONF: f"{FIN}=60\n"})
    lost = machine(tmp_path / "lost", {CONF: f"{FIN}=60\n", **LOST})
    told = [said(root, "nagios") for root in (drifted, same, lost, tmp_path / "nowhere")]

    assert [1, 0, 3, 3] == [code for code, _ in told]
    assert [
        "TCPTUNE WARNING - 3 medium, 2 low: boot-differs-from-reload",
        "TCPTUNE OK - nothing found, 4 rules quiet",
        "TCPTUNE UNKNOWN - nothing found, 4 rules quiet, 1 source not judged",
        "TCPTUNE UNKNOWN - nothing could be judged",
    ] == [shown.splitlines()[0] for _, shown in told]


def test_every_line_of_ndjson_is_valid(drifted):
    """Findings with their places, and the summary."""
    lines = [json.loads(line) for line in said(drifted, "ndjson")[1].splitlines()]
    for line in lines:
        validator("line").validate(line)

    assert ["finding"] * len(PLACES) + ["summary"] == [line["kind"] for line in lines]
    assert {"fired": 4, "quiet": 0, "skipped": 0} == lines[-1]["rules"]


def test_json_is_valid_and_holds_the_findings_beside_the_rows(drifted):
    """The ids in a row are those of the findings about its key."""
    document = json.loads(said(drifted, "json")[1])
    validator("drift").validate(document)

    assert {(rule, f"{drifted}/{path}", line) for rule, path, line in PLACES} == {
        (one["rule"], one["path"], one["line"]) for one in document["findings"]
    }
    for row in document["rows"]:
        assert set(row["rules"]) == {one["rule"] for one in document["findings"] if one["subject"] == row["key"]}


def test_what_is_said_of_this_machine_is_valid():
    """Whatever its files and its kernel hold."""
    validator("drift").validate(json.loads(run("drift", "--format", "json", "--all")[1]))


def test_markdown_tells_the_rows_and_what_to_do(drifted):
    """A table for each verdict and one of the findings."""
    shown = said(drifted, "markdown")[1]

    assert "## differs-from-files\n\nThe running value is neither what a reboot nor what a reload sets.\n" in shown
    assert f"| `{RETRIES}` | `15` | `8` | `8` |\n" in shown
    assert f"| `{drifted}/{CONF}:3` | low | `sysctl-overridden` | " in shown


def test_markdown_says_where_nothing_is_set(tmp_path):
    """And what could not be read."""
    nothing, lost = machine(tmp_path / "a", {CONF: ""}), machine(tmp_path / "b", {CONF: "", **LOST})

    assert "No file sets any key.\n" in said(nothing, "markdown")[1]
    assert "/etc/sysctl.d/60.conf: leads to /nix/store/x" in said(lost, "markdown")[1]


def test_several_formats_in_one_run(drifted, tmp_path):
    """Pairs in order; what has no file goes to standard output."""
    files = [str(tmp_path / name) for name in ("drift.sarif", "drift.json")]
    arguments = ["--format", "sarif", "--format", "json", "--format", "text", "-o", files[0], "-o", files[1]]
    code, shown = run("drift", "--root", str(drifted), *arguments)

    assert (1, "differs-from-files") == (code, shown.split("\n\n")[1].partition(":")[0])
    assert ["2.1.0", "tcptune/drift/1"] == [
        json.loads(Path(files[0]).read_text())["version"], json.loads(Path(files[1]).read_text())["schema"]
    ]  # fmt: skip


def test_where_nothing_can_be_read_programs_are_told_and_people_on_stderr(tmp_path):
    """Exit code 3; a document of a machine format says what was lost, and the others are empty."""
    shown = {format_: said(tmp_path, format_) for format_ in FORMATS}

    assert {3} == {code for code, _ in shown.values()}
    assert {"text", "json", "markdown"} == {format_ for format_, (_, text) in shown.items() if not text}
    assert all("expected etc/sysctl.d" in shown[name][1] for name in ("sarif", "junit", "github", "nagios", "ndjson"))


def test_a_finding_says_what_runs_and_what_each_loader_sets(tmp_path):
    """With the lines; and a key of the whole machine says so."""
    found = judged(drift(tmp_path, {CONF: "net.ipv4.tcp_max_orphans = 9\n"}, {"net/ipv4/tcp_max_orphans": "8"}))
    (finding,) = found[0].findings

    assert ("drift-from-files", "host", "latent", 1) == (finding.rule, finding.scope, finding.basis, finding.line)
    assert [
        ("net.ipv4.tcp_max_orphans", "8", None),
        ("boot", "9", "/etc/sysctl.d/50-a.conf:1"),
        ("reload", "9", "/etc/sysctl.d/50-a.conf:1"),
    ] == [(one.name, one.value, one.where) for one in finding.evidence]
    assert "net.ipv4.tcp_max_orphans is 8 now; a boot sets it to 9 (/etc/sysctl.d/50-a.conf:1)." == finding.message


def test_the_command_line_of_the_kernel_is_a_place_without_a_line(tmp_path):
    """It has but one."""
    running = RUNNING | {"net/ipv4/tcp_max_orphans": "65536"}
    found = judged(drift(tmp_path, {"proc/cmdline": f"quiet sysctl.{FIN}=20\n", CONF: ""}, running))
    (finding,) = found[0].findings

    assert (f"{tmp_path}/proc/cmdline", None) == (finding.path, finding.line)


def test_of_a_line_that_loses_everything_is_told_that_takes_it_back(tmp_path):
    """One line at boot and another at reload, or one at both."""
    two = judged(drift(tmp_path / "two", {CONF: f"{FIN}=1", VENDOR: f"{FIN}=2", SYSCTL_CONF: f"{FIN}=3"}))
    one = judged(drift(tmp_path / "one", {CONF: f"{FIN}=1", VENDOR: f"{FIN}=2"}))
    messages = [f.message for found in (two, one) for f in found[0].findings if f.rule == "sysctl-overridden"]

    assert [
        f"{FIN} = 1 does not stay: /usr/lib/sysctl.d/99-z.conf:1 sets 2 at boot, /etc/sysctl.conf:1 sets 3 at reload.",
        f"{FIN} = 1 does not stay: /usr/lib/sysctl.d/99-z.conf:1 sets 2 at boot and at reload.",
    ] == messages


def test_audit_and_lint_do_not_ask_these_rules(drifted):
    """They have one machine or one file, and not the files of a machine."""
    audited = json.loads(run("audit", "--root", str(HOSTS[0]), "--format", "json", "--fail-on", "never")[1])
    linted = json.loads(run("lint", str(drifted / CONF), "--format", "json", "--fail-on", "never")[1])

    for report in (audited, linted):
        asked = {*report["quiet"], *(one["rule"] for one in (*report["findings"], *report["skipped"]))}
        assert asked
        assert not asked & RULES


def test_rules_of_your_own_are_asked_too(drifted, tmp_path):
    """About keys that ours do not know."""
    rule = Path(__file__).parents[1] / "rules" / "drift-from-files.yaml"
    folder = tmp_path / "rules"
    folder.mkdir()
    text = rule.read_text().replace("id: drift-from-files", "id: mine").replace("severity: medium", "severity: high")
    (folder / "mine.yaml").write_text(text)
    document = json.loads(said(drifted, "json", "--rules", str(folder))[1])

    assert ["mine"] == [one["rule"] for one in document["findings"] if one["severity"] == "high"]


def test_every_list_of_drift_has_a_rule():
    """A fact that no rule asks for is none."""
    from loaders_common import heads

    assert set(OF_DRIFT) == {head.for_each for head in heads() if head.id in RULES}


@contextmanager
def stored(found):
    """A stored machine with a tree of settings and the keys that it speaks of."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        plant(root, {**found, "etc/sysctl.d/0.conf": b""})
        plant(root, {f"proc/sys/{path}": f"{value}\n".encode() for path, value in KEYS.items()})
        yield root


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False).map(tree))
def test_whatever_stands_in_the_files_every_format_holds(found):
    """Names and lines as nobody would write them: each document is whole, and the exit codes agree."""
    with stored(found) as root:
        told = {format_: said(root, format_, "--all") for format_ in FORMATS}
    shown = {format_: text for format_, (_, text) in told.items()}

    sarif_validator().validate(json.loads(shown["sarif"]))
    validator("drift").validate(json.loads(shown["json"]))
    assert metrics(shown["prometheus"])
    assert (told["text"][0] == 1) == (JUnitXml.fromstring(shown["junit"].encode()).failures > 0)
    assert all(is_clean(shown[format_]) for format_ in FORMATS)
    assert 1 == len({code for format_, (code, _) in told.items() if format_ != "nagios"})
