"""Build the wheel, install it into an empty environment, and see that the command works and carries every rule.

Run by `make wheel-check`; not a pytest test, because it installs packages.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

from tcptune.facts.vocabulary import OF_DRIFT, OF_FILES

REPOSITORY = Path(__file__).parents[1]


def main() -> int:
    """0 where the installed wheel lists as many rules as the repository has, and audits this machine."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        build = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, str(REPOSITORY)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        wheel = next(place.glob("*.whl"))
        venv.create(place / "empty", with_pip=True)
        binaries = place / "empty" / "bin"
        subprocess.run([binaries / "python", "-m", "pip", "install", "-qq", str(wheel)], check=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}

        def run(*arguments: str) -> str:
            return subprocess.run(
                [binaries / "tcptune", *arguments],
                check=True,
                capture_output=True,
                text=True,
                cwd=folder,
                env=environment,
            ).stdout

        over = {path.stem: listed_by(path) for path in (REPOSITORY / "rules").glob("*.yaml")}
        wanted = sorted(over)
        of_machines = {rule for rule, items in over.items() if items not in OF_FILES}
        of_a_file = {rule for rule, items in over.items() if items not in OF_DRIFT}
        listed = sorted(line.split()[1] for line in run("rules", "list").splitlines())
        (place / "90-x.conf").write_text("net.ipv4.tcp_fin_timeout = 60\n", encoding="ascii")
        judged = [
            rules_in(json.loads(run(*command, "--format", "json", "--fail-on", "never")))
            for command in (("audit",), ("lint", "90-x.conf"))
        ]
    if wanted != listed or judged != [of_machines, of_a_file]:
        told = f"{len(listed)} rules, judged {len(judged[0])} of a machine and {len(judged[1])} of a file"
        odd = {*wanted} ^ {*listed} | of_machines ^ judged[0] | of_a_file ^ judged[1]
        print(f"the wheel has {told}; the repository differs in {', '.join(sorted(odd))}", file=sys.stderr)
        return 1
    print(f"{wheel.name}: installs into an empty environment, {len(listed)} rules, audits this machine")
    return 0


def listed_by(rule: Path) -> str | None:
    """The list that a rule speaks of item by item; None for one that speaks of the whole."""
    found = re.search(r"^for_each: (\S+)$", rule.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else None


def rules_in(report: dict[str, Any]) -> set[str]:
    """The rules that were asked: those that fired, stayed quiet or could not judge."""
    return {*report["quiet"], *(one["rule"] for one in (*report["skipped"], *report["findings"]))}


if __name__ == "__main__":
    sys.exit(main())
