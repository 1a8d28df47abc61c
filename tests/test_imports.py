"""The table of who may import whom (ARCHITECTURE.md), and what a cheap command must not import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tcptune"

MAY_IMPORT = {
    "kernel": set(),
    "errors": set(),
    "printable": set(),
    "model": {"kernel"},
    "facts": {"kernel", "model"},
    "engine": {"kernel", "model", "errors", "printable"},
    "settings": {"kernel", "errors", "printable"},
    "lint": {"kernel", "model", "facts", "engine", "settings", "loaders", "printable"},
    "loaders": {"kernel", "model", "settings", "collect", "errors", "printable"},
    "report": {"kernel", "model", "printable"},
    "collect": {"kernel", "model", "errors", "printable"},
    "explain": {"kernel", "model", "facts", "engine", "report", "printable"},
    "lab": {"kernel", "model", "errors", "printable", "collect"},
    "cli": {
        *("kernel", "model", "facts", "engine", "report", "collect", "explain", "lab", "errors", "printable"),
        *("settings", "lint", "loaders"),
    },
}
HEAVY = ("typer", "pydantic", "tabulate", "importlib.metadata", "jsonschema", "rich", "pyroute2")


def imports_of(path: Path) -> set[str]:
    """The parts of tcptune that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" if node.module == "tcptune" else node.module for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("tcptune.")}
    return found - {"__version__"}


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_each_part_imports_only_what_the_table_allows(part):
    """No module reaches into a part of the house that its own part may not know."""
    place = PACKAGE / part
    modules = sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    wrong = {path.name: imports_of(path) - MAY_IMPORT[part] - {part} for path in modules}

    assert {} == {name: extra for name, extra in wrong.items() if extra}


def test_the_table_names_every_part():
    """A new package or module has to say what it may import."""
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}

    assert set(MAY_IMPORT) == parts - {"__init__", "__main__"}


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], {"typer"}),
        (["audit", "--format", "json", "--fail-on", "never"], {"typer"}),
        (["audit", "--format", "text", "--fail-on", "never"], {"typer", "tabulate", "importlib.metadata"}),
        (["collect"], set()),
        (["sockets"], set()),
    ],
)
def test_a_command_imports_nothing_heavy_that_it_does_not_need(arguments, allowed):
    """pydantic stands at the door for foreign data, tabulate prints tables; nothing else pays for them."""
    script = (
        "import sys; sys.argv = ['tcptune', *sys.argv[1:]]\n"
        "from tcptune.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, *sorted(set(sys.modules)), file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=60)
    code, *modules = run.stderr.split("\n")[-2].split(" ")

    assert code in ("0", "1")
    assert set() == {name for name in HEAVY if name in modules} - allowed
