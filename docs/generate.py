"""Write the pages that follow from rules and tables; with --check, say which of them are stale.

docs/rules/<id>.md, docs/settings/<key>.md, docs/states/<state>.md, docs/counters/<name>.md, docs/beliefs.md,
docs/facts.md, docs/incidents.md, docs/rule.schema.json and the help block of README.md.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import yaml

from tcptune.engine.rulebook import load_builtin
from tcptune.engine.validate import rule_schema
from tcptune.explain import belief_page, counter_page, page, rule_page, state_page, sysctl_page
from tcptune.facts.vocabulary import vocabulary
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.counters import COUNTERS
from tcptune.kernel.state_pages import STATE_PAGES

DOCS = Path(__file__).parent
README = DOCS.parent / "README.md"
FOLDERS = ("rules", "settings", "states", "counters")
HELP = re.compile(r"(<!-- help -->\n```text\n).*?(```\n<!-- end of help -->)", re.DOTALL)


def main() -> int:
    """Write the pages, or compare them; 1 where --check found a stale, missing or surplus one."""
    pages = generated()
    surplus = [path for folder in FOLDERS for path in (DOCS / folder).glob("*.md") if path not in pages]
    if "--check" in sys.argv[1:]:
        stale = [path for path, text in pages.items() if not path.is_file() or path.read_text() != text]
        for path in [*stale, *surplus]:
            print(f"{path.relative_to(DOCS.parent)} is stale; run `make docs`", file=sys.stderr)
        return 1 if stale or surplus else 0
    for path in surplus:
        path.unlink()
    for path, text in pages.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    print(f"{len(pages)} pages written")
    return 0


def generated() -> dict[Path, str]:
    """Every generated file with its text."""
    rules = load_builtin()
    found = {
        DOCS / "rules" / f"{rule.id}.md": _made_from(f"rules/{rule.id}.yaml") + rule_page.render(rule) for rule in rules
    }
    source = _made_from("tcptune/kernel")
    for name, key in SYSCTLS.items():
        found[DOCS / "settings" / f"{name}.md"] = source + sysctl_page.render(key, rules, None)
    for state, told in STATE_PAGES.items():
        found[DOCS / "states" / f"{state.rfc}.md"] = source + state_page.render(told, rules, None)
    for name, counter in COUNTERS.items():
        found[DOCS / "counters" / f"{name}.md"] = source + counter_page.render(counter, rules, None)
    found[DOCS / "beliefs.md"] = source + belief_page.render_all()
    found[DOCS / "facts.md"] = _facts()
    found[DOCS / "incidents.md"] = _incidents()
    found[DOCS / "rule.schema.json"] = json.dumps(rule_schema(), indent=1) + "\n"
    found[README] = HELP.sub(lambda block: f"{block[1]}{_help()}\n{block[2]}", README.read_text())
    return found


def _made_from(source: str) -> str:
    return f"<!-- Made from {source} by `make docs`. Do not edit. -->\n\n"


def _facts() -> str:
    """Every name that a rule may use."""
    rows = [(f"`{name}`", info.type, info.unit, info.scope, info.meaning) for name, info in vocabulary().items()]
    lines = [
        *page.heading("Facts", 1),
        *page.paragraph(
            "Every name that a rule may use in `when`, in `evidence`, in the `value` of a recommendation, "
            "or in {braces} in a text."
        ),
        *page.table(("name", "type", "unit", "scope", "meaning"), rows),
    ]
    return _made_from("the tables in tcptune/kernel and tcptune/facts") + page.text(lines)


ABOUT_INCIDENTS = """
Incidents from public threads, each with the numbers that were posted and no others, and what `tcptune audit` says
first about them: computed when this page is made, from the inputs in `tests/hosts/incident-*`.

The diagnosis is a person's, and a test holds the report to it: the first finding, what else must and must not be
said, and the cures that circulate for the symptom and may not be advised.
"""

ADD_AN_INCIDENT = """
A new one is a folder `tests/hosts/incident-<name>/`.
Its input is `snapshot.json` (what `tcptune collect` prints, with the values that are known), or a folder `given/` of
what was pasted, one text for each program.
Beside it lies `case.yaml`: `source`, `given` and `truth` in words; `first`, the rule of the first finding; `must_fire`,
`must_not_fire` or `only`; `needs`, words that must be there; `never`, expressions that no advice may match; `flagged`,
numbers that cannot be; `refused` where it is not Linux.
Write down the diagnosis before you look at the report.
Then `make accept` writes the expected text and `make docs` this page.
"""


def _incidents() -> str:
    """The incidents with the first finding on each; they are kept with the tests that judge them."""
    sys.path.insert(0, str(DOCS.parent / "tests"))
    incidents = import_module("incidents_common")
    rows = []
    for host in incidents.INCIDENTS:
        case = incidents.case_of(host)
        found = () if case.refused else incidents.report_on(host).findings
        first = found[0].rule if found else ""
        says = (
            f"[`{first}`](rules/{first}.md)" if first else "refused, exit code 3" if case.refused else "nothing found"
        )
        sources = " ".join(f"[{n}]({url})" if "://" in url else url for n, url in enumerate(case.source, 1))
        rows.append((host.name.removeprefix("incident-"), case.given, says, case.truth, sources))
    unjudged = yaml.safe_load((DOCS / "incidents-without-numbers.yaml").read_text())
    lines = [
        *page.heading("Incidents", 1),
        *page.prose(ABOUT_INCIDENTS),
        *page.table(("case", "given", "first finding", "what is the matter", "source"), rows),
        *page.heading("Not enough to judge"),
        *page.table(
            ("given", "needs", "source"), [(one["given"], one["needs"], f"[1]({one['source']})") for one in unjudged]
        ),
        *page.heading("To add one"),
        *ADD_AN_INCIDENT.strip().splitlines(),
        "",
    ]
    return _made_from("tests/hosts/incident-* and docs/incidents-without-numbers.yaml") + page.text(lines)


def _help() -> str:
    """What `tcptune --help` prints."""
    run = subprocess.run(
        [sys.executable, "-m", "tcptune", "--help"],
        capture_output=True, text=True, check=True, env={"COLUMNS": "80", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )  # fmt: skip
    return "\n".join(line.rstrip() for line in run.stdout.strip().splitlines()).replace("python -m tcptune", "tcptune")


if __name__ == "__main__":
    sys.exit(main())
