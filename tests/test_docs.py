"""The documents agree with the program."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"```console\n\$ (tcptune [^\n]*)\n(.*?)```", re.DOTALL)
RUNS = BLOCK.findall(README)


def test_the_generated_pages_are_fresh():
    """`make docs` would change nothing."""
    run = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True)

    assert (0, "") == (run.returncode, run.stderr)


@pytest.mark.parametrize(("command", "printed"), RUNS, ids=[command for command, _ in RUNS])
def test_the_runs_in_the_readme_print_what_it_says(command, printed):
    """Every `$ tcptune ...` block is a real run; `[...]` stands for lines left out."""
    run = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    parts = [re.escape(part.strip("\n")) for part in printed.split("[...]")]

    assert re.match(r"\n.*?\n?".join(parts), run.stdout, re.DOTALL), run.stdout


def test_the_readme_shows_at_least_one_real_run():
    """A newcomer sees what the tool says before installing it."""
    assert RUNS


def test_every_command_is_in_the_readme():
    """What `--help` lists, the README explains."""
    from tcptune.cli.app import COMMANDS, GROUPS

    assert [] == [name for name in (*COMMANDS, *GROUPS) if f"`tcptune {name}" not in README]


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_inside_the_documents_lead_somewhere(name):
    """A relative link names a file of the repository."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (ROOT / name).read_text())

    assert [] == [link for link in links if not (ROOT / link).exists()]


def test_the_import_table_of_the_architecture_is_the_one_that_is_tested():
    """ARCHITECTURE.md and test_imports.py say the same of who may import whom."""
    from test_imports import MAY_IMPORT

    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", (ROOT / "ARCHITECTURE.md").read_text(), re.MULTILINE)
    table = {part: set(re.findall(r"`(\w+)`", allowed)) for part, allowed in rows}

    assert MAY_IMPORT == table
