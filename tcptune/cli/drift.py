"""`tcptune drift`: running values against the files, and which line wins at boot and at reload."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tcptune.cli import choices, formats, options
from tcptune.cli.output import complain
from tcptune.errors import TcptuneError, UsageError

if TYPE_CHECKING:
    from tcptune.lint.drift import Judged
    from tcptune.model.drift import Drift, Row
    from tcptune.model.report import Report

FAIL_ON = ("any", "boot", "reload", "never")
HARMLESS = {"any": "", "boot": "differs-from-reload", "reload": "differs-from-boot"}
"""By what the run fails on, the verdict that is then no drift."""
FOUND, COULD_NOT_JUDGE = 1, 3
LABELS = (("command", "drift"),)
"""Of every metric, so that an audit's can lie in the same folder."""


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
    format_: formats.Format = None,
    output: formats.Output = None,
    rules: options.Rules = None,
) -> None:
    """What a reboot and `sysctl --system` would change: running values against the files, and which line wins.

    Shows the keys that decide how TCP closes, and every key that is not as set.
    """
    from pathlib import Path

    from tcptune.cli.audit import load
    from tcptune.lint.drift import judged, report
    from tcptune.loaders import look

    choices.choice(fail_on, FAIL_ON, "--fail-on")
    planned = formats.plan(format_, output, "never")
    asked = [_name(key) for key in keys or ()]
    language, heads = load(rules or [])
    try:
        found = look(Path(root), [_path(name) for name in asked if not _is_pattern(name)])
    except TcptuneError as error:
        complain(str(error))
        formats.write_all(planned, [], [str(error)], {})
        raise typer.Exit(COULD_NOT_JUDGE) from None
    told = judged(found, _rows(found, asked, everything), heads, language)
    made = report(found, told, heads, _now() if found.host.source == "live" else None)
    rows = [one.row for one in told]
    lost = unseen(found, rows)
    own_code = formats.write_all(planned, [made], lost, _tellers(found, told, lost, fail_on))
    raise typer.Exit(exit_code(found, rows, fail_on) if own_code is None else own_code)


def exit_code(found: Drift, rows: Sequence[Row], fail_on: str) -> int:
    """0, 1 or 3. What a file that could not be read sets may be anything, so no drift is then no answer."""
    if any(_counts(row, fail_on) for row in rows):
        return FOUND
    return COULD_NOT_JUDGE if unseen(found, rows) else 0


def unseen(found: Drift, rows: Sequence[Row]) -> list[str]:
    """Why no drift would be no answer, a sentence each; none where it would be one."""
    judged = [row for row in rows if row.verdict not in ("unknown", "boot-differs-from-reload")]
    if not found.blind and (judged or not rows):
        return []
    gaps = found.gaps or {row.key: row.why for row in rows}
    return [f"{where}: {why}" for where, why in gaps.items()]


def _counts(row: Row, fail_on: str) -> bool:
    return fail_on != "never" and row.drifts and row.verdict != HARMLESS[fail_on]


def _tellers(found: Drift, told: Sequence[Judged], lost: Sequence[str], fail_on: str) -> dict[str, formats.Teller]:
    """The formats in which drift has words of its own: rows for people and JSON; in JUnit rows decide what fails."""
    from tcptune.model.report import Severity

    rows = [one.row for one in told]
    counted = [finding for one in told if _counts(one.row, fail_on) for finding in one.findings]
    failing = {finding for finding in counted if finding.severity >= Severity.medium}

    def text(_: Sequence[Report], __: bool) -> str:
        from tcptune.report import drift

        return drift.text(found, rows)

    def json(reports: Sequence[Report], _: bool) -> str:
        from json import dumps

        from tcptune.report import drift
        from tcptune.report.outcomes import whole

        return dumps(whole(drift.document(found, rows, reports[0])), indent=1) + "\n"

    def markdown(reports: Sequence[Report], _: bool) -> str:
        from tcptune.report import drift

        return drift.markdown(found, rows, reports[0])

    def junit(reports: Sequence[Report], _: bool) -> str:
        from tcptune.report import junit

        return junit.render(reports, lost, fails=failing.__contains__)

    def prometheus(reports: Sequence[Report], _: bool) -> str:
        from tcptune.report import prometheus

        return prometheus.render(reports, lost, every=LABELS)

    return {"text": text, "json": json, "markdown": markdown, "junit": junit, "prometheus": prometheus}


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


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
