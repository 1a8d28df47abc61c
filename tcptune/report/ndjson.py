"""The reports as lines of JSON, for fleets: a line for each finding, and one for each report, schema tcptune/line/1."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tcptune import __version__
from tcptune.model.report import Report, Severity
from tcptune.report.json import document
from tcptune.report.outcomes import by_rule, judged, severities, whole

SCHEMA = "tcptune/line/1"


def render(reports: Sequence[Report], failures: Sequence[str] = (), fleet: Mapping[str, Any] | None = None) -> str:
    """The findings of each report and its summary behind them; then a line for each source that was not judged.

    Each line is an object of its own, and `kind` says which: "finding", "summary", "failure", or at last "fleet" for
    the summary over several machines.
    """
    objects = [line for report in reports for line in _lines(report)]
    objects += [{"schema": SCHEMA, "kind": "failure", "tool": __version__, "message": text} for text in failures]
    objects += [{"schema": SCHEMA, "kind": "fleet", "tool": __version__, "fleet": fleet}] if fleet else []
    return "".join(json.dumps(whole(line), separators=(",", ":")) + "\n" for line in objects)


def _lines(report: Report) -> Iterator[dict[str, Any]]:
    told = document(report)
    head = {"schema": SCHEMA, "tool": told["tool"], "host": told["host"], "taken_at": told["taken_at"]}
    for finding, plain in zip(report.findings, told["findings"], strict=True):
        place = {"path": finding.path, "line": finding.line, "column": finding.column}
        yield {**head, "kind": "finding", **plain, **place}
    counts = severities([report])
    worst = report.worst()
    yield {
        **head,
        "kind": "summary",
        "judged": judged(report),
        "worst": None if worst is None else worst.name,
        "findings": {severity.name: counts[severity] for severity in Severity},
        "rules": {"fired": len(by_rule(report)), "quiet": len(report.quiet), "skipped": len(report.skipped)},
        "skipped": told["skipped"],
        "suppressed": [one._asdict() for one in report.suppressed],
        "states": told["states"],
        "gaps": told["gaps"],
    }
