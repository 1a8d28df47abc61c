"""The report as one JSON object, schema tcptune/report/1; durations in seconds, ratios 0..1."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from tcptune import __version__
from tcptune.kernel.timeouts import Lifetime
from tcptune.model.report import SCHEMA, Advice, Evidence, Finding, Report
from tcptune.report.history import sentence
from tcptune.report.outcomes import whole
from tcptune.report.sockets import group

MANY = "tcptune/reports/1"


def render(report: Report) -> str:
    """The report as indented JSON with a final newline."""
    return json.dumps(whole(document(report)), indent=1) + "\n"


def render_many(reports: list[Report]) -> str:
    """Several reports as one JSON object, in the order of their sources."""
    return json.dumps(whole({"schema": MANY, "reports": [document(report) for report in reports]}), indent=1) + "\n"


def opening() -> str:
    """How several reports begin that are written one by one: `opening`, pieces with `BETWEEN`, `closing`."""
    return json.dumps({"schema": MANY, "reports": []}, indent=1).removesuffix("]\n}")


BETWEEN = ","


def piece(report: Report) -> str:
    """One of several reports, on lines of its own."""
    return "\n" + textwrap.indent(json.dumps(whole(document(report)), indent=1), "  ")


def closing(summary: dict[str, Any]) -> str:
    """How several reports end: with the summary of them all."""
    return "\n ],\n" + json.dumps({"summary": whole(summary)}, indent=1).removeprefix("{\n") + "\n"


def document(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    host = report.host
    return {
        "schema": SCHEMA,
        "tool": __version__,
        "taken_at": report.taken_at,
        "interval": report.interval,
        "host": {"name": host.name, "release": host.release, "source": host.source, "netns": host.netns},
        "findings": [_finding(finding) for finding in report.findings],
        "skipped": [{"rule": skipped.rule, "reason": skipped.reason} for skipped in report.skipped],
        "quiet": list(report.quiet),
        "states": report.states,
        "timeouts": {case: lifetime(found) for case, found in report.timeouts.items()},
        "gaps": dict(sorted(report.gaps.items())),
        "suppressed": [one._asdict() for one in report.suppressed],
    }


def lifetime(found: Lifetime) -> dict[str, Any]:
    """One computed lifetime; `expected` is null where nothing ends it."""
    return {
        "expected": found.expected,
        "min": found.min,
        "max": found.max,
        "decided_by": list(found.decided_by),
        "ends": found.ends,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.name,
        "basis": finding.basis,
        "confidence": finding.confidence,
        "history": None if finding.history is None else sentence(finding.history),
        "scope": finding.scope,
        "title": finding.title,
        "message": finding.message,
        "subject": finding.subject,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "groups": [group(outlook) for outlook in finding.groups],
        "groups_left": {"groups": finding.groups_left, "sockets": finding.sockets_left},
        "evidence": [_evidence(evidence) for evidence in finding.evidence],
        "advice": [_advice(advice) for advice in finding.advice],
        "avoid": list(finding.avoid),
        "see": list(finding.see),
        "sources": list(finding.sources),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "name": evidence.name,
        "value": evidence.value,
        "unit": evidence.unit,
        "scope": evidence.scope,
        "where": evidence.where,
        "rate": evidence.rate,
    }


def _advice(advice: Advice) -> dict[str, Any]:
    given: dict[str, Any] = {"kind": advice.kind}
    if advice.kind == "sysctl":
        given |= {"key": advice.key, "value": advice.value, "was": advice.was}
    else:
        given["action"] = advice.action
    return given | {"effect": advice.effect, "cost": advice.cost}
