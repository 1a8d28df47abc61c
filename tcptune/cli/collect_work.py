"""What `tcptune collect` does; without typer, so that it need not be imported."""

from __future__ import annotations

from tcptune.cli.output import write


def print_snapshot(
    root: str = "/", netns: str | None = None, owners: bool = False, redact: bool = False, output: str | None = None
) -> None:
    """Look at the machine, and print what was seen."""
    import json
    from pathlib import Path

    from tcptune import __version__
    from tcptune.collect.source import take

    snapshot = take(None, Path(root), netns, "always" if owners else "never")
    snapshot = snapshot.redacted() if redact else snapshot
    write(json.dumps(snapshot.document(__version__), indent=1) + "\n", output)
