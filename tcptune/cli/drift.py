"""`tcptune drift`: running values against the files, and which line wins at boot and at reload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tcptune.cli import choices, options
from tcptune.cli.output import write
from tcptune.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tcptune.model.drift import Drift, Row

FORMATS = ("text", "json")
FAIL_ON = ("any", "boot", "reload", "never")
FOUND, COULD_NOT_JUDGE = 1, 3


def drift(
    keys: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY]...", help="Only these keys; a pattern such as 'net.ipv4.conf.*' will do."),
    ] = None,
    root: options.Root = "/",
    everything: Annotated[bool, typer.Option("--all", help="Every key that is set anywhere.")] = False,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on", metavar="WHEN", help="Exit with 1 where any (default), boot or reload changes a value; never."
        ),
    ] = "any",
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")] = "text",
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")] = None,
) -> None:
    """What a reboot and `sysctl --system` would change: running values against the files, and which line wins.

    Shows the keys that decide how TCP closes, and every key that is not as set.
    """
    from pathlib import Path

    from tcptune.loaders import look
    from tcptune.report import drift as report

    choices.choice(format_, FORMATS, "--format")
    choices.choice(fail_on, FAIL_ON, "--fail-on")
    asked = [_name(key) for key in keys or ()]
    found = look(Path(root), [_path(name) for name in asked if not _is_pattern(name)])
    rows = _rows(found, asked, everything)
    if format_ == "json":
        import json

        write(json.dumps(report.document(found, rows), indent=1) + "\n", output)
    else:
        write(report.text(found, rows), output)
    raise typer.Exit(exit_code(found, rows, fail_on))


def exit_code(found: Drift, rows: Iterable[Row], fail_on: str) -> int:
    """0, 1 or 3. What a file that could not be read sets may be anything, so no drift is then no answer."""
    harmless = {"any": "", "boot": "differs-from-reload", "reload": "differs-from-boot"}
    rows = list(rows)
    if fail_on != "never" and any(row.drifts and row.verdict != harmless[fail_on] for row in rows):
        return FOUND
    judged = [row for row in rows if row.verdict not in ("unknown", "boot-differs-from-reload")]
    unseen = rows and not judged
    return COULD_NOT_JUDGE if unseen or found.blind else 0


def _rows(found: Drift, asked: list[str], everything: bool) -> list[Row]:
    """The rows to show, the worst first."""
    from tcptune.kernel.catalogue import SYSCTLS
    from tcptune.loaders.patterns import fnmatch
    from tcptune.model.drift import VERDICTS

    order = list(VERDICTS)
    if asked:
        rows = [row for row in found.rows if any(fnmatch(name, row.key) for name in asked)]
    else:
        usual = ("as-set", "not-set")
        rows = [row for row in found.rows if everything or row.key in SYSCTLS or row.verdict not in usual]
    return sorted(rows, key=lambda row: (order.index(row.verdict), row.key))


def _name(key: str) -> str:
    """A key as `sysctl -a` prints it; UsageError where it can be none. The last part will do for a key we know."""
    from tcptune.kernel.catalogue import SYSCTLS
    from tcptune.settings.setting import dotted

    name = dotted(key.strip())
    if not name or not name.isprintable() or "//" in name:  # two slashes are `..` of a path
        raise UsageError(f"{key!r} is not the name of a sysctl")
    known = {entry.rpartition(".")[2]: entry for entry in SYSCTLS}
    return name if "." in name else known.get(name, name)


def _path(name: str) -> str:
    from tcptune.loaders.lines import with_slashes

    return with_slashes(name)


def _is_pattern(name: str) -> bool:
    from tcptune.loaders.patterns import is_pattern

    return is_pattern(name)
