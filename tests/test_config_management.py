"""What docs/config-management.md promises to configuration management, the CIs, monitoring and cron."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from tcptune.cli.app import COMMANDS, GROUPS, build
from tcptune.report.fragments import KINDS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "config-management.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PROMPTED = re.findall(r"^```console\n\$ ([^\n]*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
HOST = ROOT / "tests" / "hosts" / "time-wait-overflow-6.12"
INSTALLED = "/usr/local/bin/tcptune"

GOOD = "# for the proxies\nnet.ipv4.tcp_fin_timeout = 30\n"
BAD = "net.ipv4.tcp_fin_timeout = 30s\n"

PLAYBOOK = shutil.which("ansible-playbook", path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")
needs_ansible = pytest.mark.skipif(PLAYBOOK is None, reason="ansible-playbook is not installed (ansible-core)")


def block(sign: str) -> str:
    """The one block of the page with this text in it."""
    (found,) = [text for _, text in BLOCKS if sign in text]
    return found


@pytest.fixture(scope="module")
def tcptune(tmp_path_factory) -> Path:
    """The program, in a folder of its own as /usr/local/bin is."""
    program = tmp_path_factory.mktemp("bin") / "tcptune"
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m tcptune "$@"\n'
    )
    program.chmod(0o755)
    return program


def shell(command: str, tcptune: Path, **more) -> subprocess.CompletedProcess[str]:
    """A command line, run by sh with our program in the place of the installed one."""
    path = f"{tcptune.parent}{os.pathsep}{os.environ['PATH']}"
    command = command.replace(INSTALLED, str(tcptune))
    return subprocess.run(
        ["sh", "-c", command],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        **more,
    )


class Ansible:
    """Plays of the page on localhost; nothing outside `folder` is written."""

    def __init__(self, folder: Path, tcptune: Path):
        self.folder, self.tcptune = folder, tcptune
        self.settings = folder / "90-tcp.conf"
        self.loaded = folder / "loaded"
        self.sysctl = folder / "sysctl"
        self.sysctl.write_text(f'#!/bin/sh\necho "$@" >> {shlex.quote(str(self.loaded))}\n')
        self.sysctl.chmod(0o755)

    def play(self, sign: str, *options: str, command: str = "") -> subprocess.CompletedProcess[str]:
        """One play of the page; `command` are words put behind `audit` or `drift`."""
        text = block(sign).replace("/etc/sysctl.d/90-tcp.conf", str(self.settings))
        text = text.replace(INSTALLED, str(self.tcptune)).replace("command: sysctl ", f"command: {self.sysctl} ")
        text = re.sub(r"(tcptune (?:audit|drift)) ", rf"\1 {command} ", text)
        assert ("/etc/" not in text, "command: sysctl" not in text) == (True, True)
        (self.folder / "play.yml").write_text(text)
        quiet = {name: str(self.folder / name.lower()) for name in ("ANSIBLE_HOME", "ANSIBLE_LOCAL_TEMP")}
        quiet |= {"ANSIBLE_REMOTE_TMP": str(self.folder / "remote"), "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}
        quiet |= {"ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"), "ANSIBLE_GATHERING": "explicit"}
        (self.folder / "ansible.cfg").write_text("")
        ours = ["-e", json.dumps({"ansible_become": False, "ansible_python_interpreter": sys.executable})]
        return subprocess.run(
            [PLAYBOOK or "", "-i", "localhost,", "-c", "local", *ours, *options, "play.yml"],
            cwd=self.folder,
            env={**os.environ, **quiet},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )


@pytest.fixture
def ansible(tmp_path, tcptune) -> Ansible:
    """An empty machine for plays."""
    return Ansible(tmp_path, tcptune)


def recap(run: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """The counts in the last line of a play."""
    return {name: int(count) for name, count in re.findall(r"(ok|changed|failed)=(\d+)", run.stdout)}


@needs_ansible
def test_ansible_refuses_a_bad_file_and_keeps_the_old_one(ansible):
    """`validate` stops the task, says why, and nothing is loaded."""
    ansible.settings.write_text(GOOD)
    (ansible.folder / "90-tcp.conf.j2").write_text(BAD)
    run = ansible.play("# tcp-settings.yml")

    assert (2, 1) == (run.returncode, recap(run)["failed"]), run.stdout + run.stderr
    assert "failed to validate" in run.stdout
    assert "sysctl-out-of-range" in run.stdout
    assert (GOOD, False) == (ansible.settings.read_text(), ansible.loaded.exists())


@needs_ansible
def test_ansible_writes_a_good_file_and_loads_it(ansible):
    """A template that becomes a good file goes through `validate`, and the handler runs."""
    ansible.settings.write_text(BAD)
    (ansible.folder / "90-tcp.conf.j2").write_text(GOOD.replace("30", "{{ 15 * 2 }}"))
    run = ansible.play("# tcp-settings.yml")

    assert (0, 2) == (run.returncode, recap(run)["changed"]), run.stdout + run.stderr
    assert (GOOD, f"-p {ansible.settings}\n") == (ansible.settings.read_text(), ansible.loaded.read_text())


@needs_ansible
def test_ansible_does_not_validate_in_check_mode(ansible):
    """As the page warns: a check passes with a bad file, and writes nothing."""
    (ansible.folder / "90-tcp.conf.j2").write_text(BAD)
    run = ansible.play("# tcp-settings.yml", "--check")

    assert (0, False) == (run.returncode, ansible.settings.exists()), run.stdout + run.stderr


@needs_ansible
@pytest.mark.parametrize("options", [("--check", "--diff"), ("--diff",)], ids=["check", "run"])
def test_ansible_reports_what_an_audit_would_set(ansible, options):
    """The JSON of an audit becomes changed and a diff, in check mode and out of it, and nothing is written."""
    before = "net.ipv4.tcp_max_tw_buckets=5000\n"
    ansible.settings.write_text(before)
    run = ansible.play("# tcp-audit.yml", *options, command=f"--root {HOST}")

    assert (0, 1) == (run.returncode, recap(run)["changed"]), run.stdout + run.stderr
    assert "\n-net.ipv4.tcp_max_tw_buckets=5000\n+net.ipv4.tcp_max_tw_buckets = 32768\n" in run.stdout
    assert "net.ipv4.tcp_max_tw_buckets: 5000 -> 32768" in run.stdout
    assert before == ansible.settings.read_text()


@needs_ansible
def test_ansible_reports_no_change_where_the_file_has_it_all(ansible):
    """What is recommended and already in the file is no change."""
    ansible.settings.write_text("net.ipv4.tcp_max_tw_buckets = 32768\n")
    run = ansible.play("# tcp-audit.yml", "--check", "--diff", command=f"--root {HOST}")

    assert (0, 0) == (run.returncode, recap(run)["changed"]), run.stdout + run.stderr


@needs_ansible
def test_ansible_fails_where_an_audit_could_not_judge(ansible):
    """Exit code 3 is no clean machine."""
    run = ansible.play("# tcp-audit.yml", "--check", command=f"--root {ansible.folder}/nowhere")

    assert (2, 1) == (run.returncode, recap(run)["failed"]), run.stdout + run.stderr


def drifting(folder: Path, running: str) -> Path:
    """A stored machine whose file sets tcp_fin_timeout to 30."""
    for name, text in {
        "proc/sys/kernel/osrelease": "6.12.8",
        "proc/sys/net/ipv4/tcp_fin_timeout": running,
        "etc/sysctl.d/90-tcp.conf": GOOD,
    }.items():
        path = folder / "machine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return folder / "machine"


@needs_ansible
@pytest.mark.parametrize(("running", "changed"), [("60", 1), ("30", 0)])
def test_ansible_reports_drift(ansible, running, changed):
    """A running value that the files do not set is a change, with both values told; no drift is none."""
    run = ansible.play("# tcp-drift.yml", "--check", command=f"--root {drifting(ansible.folder, running)}")

    assert (0, changed) == (run.returncode, recap(run)["changed"]), run.stdout + run.stderr
    assert bool(changed) == ("running 60, boot 30, reload 30" in run.stdout)


VALIDATORS = {
    "ansible": (r"validate: (.*)", "%s", "ansible-tmp-1/.source.conf"),
    "puppet": (r"validate_cmd => '(.*)'", "%", "sysctl.d/90-tcp.conf20260301-812-1x7"),
    "salt": (r"check_cmd: (.*)", "", "__salt.tmp.k3v"),
}
"""Where the page has the command of each tool, what the tool replaces in it, and a temporary file as it makes them."""


@pytest.mark.parametrize("tool", VALIDATORS)
@pytest.mark.parametrize(("text", "expected"), [(GOOD, 0), (BAD, 1)], ids=["good", "bad"])
def test_the_validate_commands_pass_a_good_file_and_refuse_a_bad_one(tool, text, expected, tmp_path, tcptune):
    """The temporary file has no name that would tell what it is, and Puppet's even lies where it would not be read."""
    sign, place, name = VALIDATORS[tool]
    commands = set(re.findall(sign, PAGE))
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)

    assert 1 == len(commands)
    (command,) = commands
    if place:
        assert command.endswith(f" {place}")
    run = shell(f"{command.removesuffix(place).rstrip()} {shlex.quote(str(path))}", tcptune)

    assert (expected, "") == (run.returncode, run.stderr), run.stdout


def test_the_validate_commands_say_so_when_there_is_no_file(tmp_path, tcptune):
    """A file that cannot be read is 3, not 0."""
    assert 3 == shell(f"tcptune lint --as sysctl {tmp_path}/nowhere", tcptune).returncode


NAMES = "|".join((*COMMANDS, *GROUPS))
WORDS = rf"(?<![\w-])tcptune ((?:{NAMES})(?![\w.-])[^\n`'\"]*)"


def commands_of(text: str) -> list[str]:
    """The arguments of every `tcptune` in a block, comments and what follows a shell operator left out."""
    text = text.replace(" %'", " FILE'")  # Puppet
    text = re.sub(r"(check_cmd: .*)", r"\1 FILE", text)  # Salt
    text = re.sub(r'"tcptune"|/tcptune", ', lambda match: match[0].replace('", ', " "), text).replace('", "', " ")
    return [re.split(r"\s(?:\d?>|\||&&|#)|[);]", found)[0].strip() for found in re.findall(WORDS, text)]


WRITTEN = sorted({command for _, text in BLOCKS for command in commands_of(text)})


@pytest.mark.parametrize("command", WRITTEN)
def test_every_command_of_the_page_parses(command):
    """Commands and options exist, and take as many words as they are given."""
    import typer

    name, *arguments = shlex.split(command)
    group = typer.main.get_command(build([name]))
    parsed = group.commands[name].make_context(name, arguments)

    assert name == parsed.info_name


def test_the_commands_of_all_kinds_of_blocks_are_found():
    """The search for commands sees those in YAML, units, manifests and lists of words."""
    assert {"audit", "drift", "generate", "lint", "collect", "rules"} <= {command.split()[0] for command in WRITTEN}
    assert "audit --format nagios" in WRITTEN
    assert "lint --as sysctl FILE" in WRITTEN
    assert all("--" in command or len(command.split()) < 4 for command in WRITTEN)


@pytest.mark.parametrize(("command", "printed"), PROMPTED, ids=[command for command, _ in PROMPTED])
def test_the_runs_on_the_page_print_what_it_says(command, printed, tcptune):
    """Every `$ ` block is a real run; `[...]` stands for lines left out."""
    run = shell(command, tcptune)
    parts = [re.escape(part.strip("\n")) for part in printed.split("[...]")]

    assert re.match(r"\n.*?\n?".join(parts), run.stdout, re.DOTALL), run.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_names_every_tool_that_generate_writes_for(kind):
    """A reader of the page learns of each `--for`."""
    assert f"--for {kind}" in PAGE


def test_the_tasks_that_are_generated_are_tasks(tmp_path, tcptune):
    """`generate --for ansible -o FILE` writes a list of tasks, and the way back as well."""
    for undo, value in (("", "32768"), ("--undo", "5000")):
        run = shell(f"tcptune generate --for ansible {undo} -o {tmp_path}/tasks.yml {HOST}", tcptune)
        (task,) = yaml.safe_load((tmp_path / "tasks.yml").read_text())

        assert (0, value) == (run.returncode, task["ansible.posix.sysctl"]["value"])


@pytest.fixture
def repository(tmp_path) -> Path:
    """A repository with one bad and one good settings file."""
    for name, text in {"sysctl.d/90-bad.conf": BAD, "sysctl.d/10-good.conf": GOOD}.items():
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "repository"


def in_ci(command: str, repository: Path, tcptune: Path) -> subprocess.CompletedProcess[str]:
    """A step of a job, run in the repository."""
    return shell(f"cd {shlex.quote(str(repository))} && {command}", tcptune)


def test_github_gets_its_sarif_although_there_are_findings(repository, tcptune):
    """The step before the upload succeeds, and the file has the finding with a path inside the repository."""
    steps = yaml.safe_load(block("# .github/workflows/tcptune.yml"))["jobs"]["lint"]["steps"]
    (command,) = [step["run"] for step in steps if step.get("run", "").startswith("tcptune")]
    (upload,) = [step for step in steps if "upload-sarif" in step.get("uses", "")]
    run = in_ci(command, repository, tcptune)
    (result,) = json.loads((repository / upload["with"]["sarif_file"]).read_text())["runs"][0]["results"]

    assert (0, "", "sysctl-out-of-range") == (run.returncode, run.stderr, result["ruleId"])
    assert "sysctl.d/90-bad.conf" == result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]


def test_github_gets_its_sarif_step_stopped_where_a_file_cannot_be_read(repository, tcptune):
    """`--fail-on never` waves findings through, and not what was never looked at."""
    assert 3 == in_ci("tcptune lint nowhere --format sarif --fail-on never", repository, tcptune).returncode


def test_github_annotations_mark_the_line_and_fail(repository, tcptune):
    """Without code scanning the step itself says where, and stops the job."""
    (repository / "roles").mkdir()
    run = in_ci("tcptune lint sysctl.d roles --format github", repository, tcptune)

    assert (1, "::warning file=sysctl.d/90-bad.conf,line=1") == (run.returncode, run.stdout[:42])
    assert block("--format github") == "tcptune lint sysctl.d roles --format github\n"


def test_gitlab_gets_text_in_the_log_and_junit_in_the_report(repository, tcptune):
    """One run writes both, and fails the job."""
    from xml.etree import ElementTree as ET

    job = yaml.safe_load(block("# .gitlab-ci.yml"))["tcptune"]
    run = in_ci(job["script"][-1], repository, tcptune)
    report = ET.parse(repository / job["artifacts"]["reports"]["junit"])

    assert (1, "always") == (run.returncode, job["artifacts"]["when"])
    assert "90-bad.conf" in run.stdout
    assert 1 == len(report.findall(".//failure"))


def test_icinga_is_told_a_warning(tcptune):
    """The words of the CheckCommand, the Nagios command and the NRPE line are one command; 1 is WARNING."""
    words = json.loads(re.search(r"^  command = (\[.*\])$", PAGE, re.MULTILINE)[1])
    nagios = re.search(r"^  command_line  (.*)$", PAGE, re.MULTILINE)[1]
    nrpe = re.search(r"`command\[check_tcptune\]=(.*)`", PAGE)[1]
    run = shell(f"{nagios} --root {HOST}", tcptune)

    assert (shlex.join(words), nagios) == (nagios, nrpe)
    assert (1, "TCPTUNE WARNING - ") == (run.returncode, run.stdout[:18])


def unit() -> str:
    """The command of the systemd unit."""
    return re.search(r"^ExecStart=(.*)$", PAGE, re.MULTILINE)[1]


def test_the_metrics_are_written_by_rename(tmp_path, tcptune):
    """The unit succeeds with findings, leaves one readable file, and the old one is replaced, not rewritten."""
    folder = re.search(r"-o (\S+)/tcptune\.prom", unit())[1]
    old = tmp_path / "tcptune.prom"
    old.write_text("half a f")
    number = old.stat().st_ino
    with old.open() as reader:
        run = shell(f"{unit().replace(folder, str(tmp_path))} --root {HOST}", tcptune)

        assert (0, "", "half a f") == (run.returncode, run.stderr, reader.read())
    assert ["tcptune.prom"] == [path.name for path in tmp_path.iterdir()]
    assert (True, 0o644) == (number != old.stat().st_ino, old.stat().st_mode & 0o777)


def test_the_alerts_are_about_metrics_that_are_written(tmp_path, tcptune):
    """Every metric and label of an expression is in the file; the time is, where a machine is looked at live."""
    from tcptune.report.prometheus import HELP

    rules = yaml.safe_load(block("alert:"))["groups"][0]["rules"]
    expressions = " ".join(rule["expr"] for rule in rules)
    written = shell(f"tcptune audit --format prometheus --fail-on never --root {HOST}", tcptune).stdout

    assert set() == set(re.findall(r"tcptune_\w+", expressions)) - set(HELP)
    assert 'tcptune_finding{rule="time-wait-overflow",severity="medium"} 1\n' in written
    assert 'tcptune_sources{outcome="failed"} 0\n' in written


def test_the_metrics_unit_fails_where_nothing_could_be_judged(tmp_path, tcptune):
    """`--fail-on never` does not hide that, and the file says it too."""
    run = shell(
        f"tcptune audit --format prometheus -o {tmp_path}/x.prom --fail-on never --root {tmp_path}/nowhere", tcptune
    )

    assert 3 == run.returncode
    assert 'tcptune_sources{outcome="failed"} 1\n' in (tmp_path / "x.prom").read_text()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_units(tmp_path, tcptune):
    """`systemd-analyze verify` has nothing to say of either."""
    for text in (block("[Service]\n"), block("[Timer]\n")):
        name = Path(text.split("\n", 1)[0].removeprefix("# ")).name
        (tmp_path / name).write_text(text.replace(INSTALLED, str(tcptune)))
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.glob("tcptune.*")))],
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert [] == [line for line in run.stderr.splitlines() if "tcptune." in line]


@pytest.mark.parametrize(("running", "mailed"), [("60", True), ("30", False)])
def test_the_cron_line_speaks_only_of_drift(tmp_path, tcptune, running, mailed):
    """Cron mails what is printed, so a machine that is as its files say prints nothing."""
    line = re.search(r"^\d+ \d+ \* \* \* root (.*)$", PAGE, re.MULTILINE)[1]
    run = shell(line.replace(" drift", f" drift --root {drifting(tmp_path, running)}"), tcptune)

    assert "%" not in line  # cron would make a newline of it
    assert (mailed, "") == ("90-tcp.conf:2: 30" in run.stdout, run.stderr)
    assert mailed == bool(run.stdout)


def test_the_exception_of_the_page_waves_its_finding_through(tcptune):
    """Without the comment the line is refused; with it, the exit code is 0 and the report counts it."""
    text = block("tcptune: ignore[")
    runs = [shell("tcptune lint --as sysctl -", tcptune, input=given) for given in (text, text.split("\n", 1)[1])]

    assert [0, 1] == [run.returncode for run in runs]
    assert "1 waved through" in runs[0].stdout


def test_an_exception_without_a_reason_is_not_followed(tcptune):
    """It is a finding itself, and the line is refused."""
    text = re.sub(r"\].*", "]", block("tcptune: ignore["), count=1)
    run = shell("tcptune lint --as sysctl -", tcptune, input=text)

    assert (1, True) == (run.returncode, "suppression-without-reason" in run.stdout)


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        (0, f"tcptune audit --fail-on never --root {HOST}"),
        (1, f"tcptune audit --root {HOST}"),
        (2, "tcptune audit --no-such-option"),
        (2, "tcptune drift --fail-on sometimes"),
        (3, "tcptune audit --fail-on never --root /nowhere"),
        (0, f"tcptune generate --root {ROOT}/tests/hosts/quiet-6.18"),
    ],
)
def test_the_exit_codes_are_those_of_the_table(expected, command, tcptune):
    """What configuration management decides by."""
    assert expected == shell(command, tcptune).returncode


(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


def test_the_hook_has_what_pre_commit_asks_for():
    """The required keys, the language of the project, and the id that the page names."""
    assert {"id", "name", "entry", "language"} <= set(HOOK)
    assert ("tcptune-lint", "tcptune lint", "python") == (HOOK["id"], HOOK["entry"], HOOK["language"])
    assert ["file", "text"] == HOOK["types"]
    assert "- id: tcptune-lint\n" in PAGE


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        (True, "sysctl.conf"),
        (True, "roles/tcp/files/etc/sysctl.conf"),
        (True, "etc/sysctl.d/90-tcp.conf"),
        (True, "sysctl.d/a b.conf"),
        (True, "tuned/web/tuned.conf"),
        (False, "sysctl.conf.md"),
        (False, "sysctl.d/README"),
        (False, "sysctl.d/old/90-tcp.conf"),
        (False, "sysctl.d/90-tcp.conf.j2"),
        (False, "mysysctl.d/90-tcp.conf"),
        (False, "nginx.conf"),
        (False, "xtuned.conf"),
        (False, "sysctlxconf"),
    ],
)
def test_the_hook_sees_the_files_that_the_loaders_read(expected, path):
    """pre-commit searches with `files` in the path from the top of the repository."""
    assert expected == bool(re.search(HOOK["files"], path))


def test_the_hook_runs_on_files_as_pre_commit_gives_them(repository, tcptune):
    """Several paths behind the entry, and behind the arguments of the page."""
    (arguments,) = re.findall(r"`args: (\[.*?\])`", PAGE)
    words = shlex.join([*shlex.split(HOOK["entry"]), *yaml.safe_load(arguments)])
    good, bad = "sysctl.d/10-good.conf", "sysctl.d/90-bad.conf"

    assert 0 == in_ci(f"{words} {good}", repository, tcptune).returncode
    assert 1 == in_ci(f"{words} {good} {bad}", repository, tcptune).returncode


def test_one_sentence_stands_on_one_line():
    """The house style of Markdown, and no link leads nowhere."""
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}

    assert [] == re.findall(r"^.*[a-z`]\. [A-Z].*$", prose, re.MULTILINE)
    assert set() == set(re.findall(r"\]\(#([^)]+)\)", prose)) - anchors
