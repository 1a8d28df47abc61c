"""Build the wheel, install it into an empty environment, and see that the command works and carries every rule.

Run by `make wheel-check`; not a pytest test, because it installs packages.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

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

        wanted = sorted(path.stem for path in (REPOSITORY / "rules").glob("*.yaml"))
        listed = sorted(line.split()[1] for line in run("rules", "list").splitlines())
        report = json.loads(run("audit", "--format", "json", "--fail-on", "never"))
        judged = len(report["quiet"]) + len(report["skipped"]) + len({f["rule"] for f in report["findings"]})
    if wanted != listed or judged != len(wanted):
        print(
            f"the wheel has {len(listed)} rules and judged {judged}; the repository has {len(wanted)}", file=sys.stderr
        )
        return 1
    print(f"{wheel.name}: installs into an empty environment, {len(listed)} rules, audits this machine")
    return 0


if __name__ == "__main__":
    sys.exit(main())
