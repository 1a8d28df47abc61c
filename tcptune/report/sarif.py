"""The reports as SARIF 2.1.0 (OASIS), for code scanning: one run, a result for each finding.

A finding of a settings file has its place in the file; one of a machine has none, and names the machine and the
key, state or item instead. Fingerprints hold neither lines nor counts, so a finding stays itself from run to run.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from tcptune import __version__
from tcptune.model.report import Finding, Report, Severity, Suppressed
from tcptune.printable import printable
from tcptune.report.outcomes import MOST_TEXT, about, judged, names, paragraphs, whole

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

RULE_PAGES = ""
"""The address below which docs/rules/<id>.md can be read; while it is empty no rule has a `helpUri`."""

LEVELS = {Severity.high: "error", Severity.medium: "warning", Severity.low: "note", Severity.info: "note"}

FINGERPRINT = "tcptune/v1"
"""The name of the fingerprint; it changes with what is hashed (SARIF 2.1.0, 3.27.17)."""


def render(reports: Sequence[Report], failures: Sequence[str] = ()) -> str:
    """One SARIF log; `failures` are sentences about sources that could not be judged."""
    return json.dumps(whole(document(reports, failures)), indent=1) + "\n"


def document(reports: Sequence[Report], failures: Sequence[str] = ()) -> dict[str, Any]:
    """The log as plain data."""
    rules = _rules(reports)
    places = {rule: index for index, rule in enumerate(rules)}
    hosts = names(reports)
    seen: Counter[str] = Counter()
    results = [
        _result(finding, host, places[finding.rule], seen)
        for report, host in zip(reports, hosts, strict=True)
        for finding in _in_order(report)
    ]
    results += [_waved_through(one, places[one.rule], seen) for report in reports for one in report.suppressed]
    run = {
        "tool": {
            "driver": {
                "name": "tcptune",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": list(rules.values()),
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            *(_invocation(report, host, places) for report, host in zip(reports, hosts, strict=True)),
            *map(_failure, failures),
        ],
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _in_order(report: Report) -> list[Finding]:
    """Findings as the report has them, but those of a file from top to bottom: their fingerprints are counted so."""
    lines = sorted(
        (finding for finding in report.findings if finding.path is not None),
        key=lambda finding: (finding.path, finding.line or 0, finding.column or 0),
    )
    return [*(finding for finding in report.findings if finding.path is None), *lines]


def _rules(reports: Sequence[Report]) -> dict[str, dict[str, Any]]:
    """A descriptor for every rule that ran, by id; only of those that fired more than the id is known."""
    fired = {finding.rule: finding for report in reports for finding in report.findings}
    others = {rule for report in reports for rule in report.quiet}
    others |= {skipped.rule for report in reports for skipped in report.skipped}
    others |= {suppressed.rule for report in reports for suppressed in report.suppressed}
    return {rule: _rule(rule, fired.get(rule)) for rule in sorted({*fired, *others})}


def _rule(rule: str, finding: Finding | None) -> dict[str, Any]:
    described: dict[str, Any] = {"id": printable(rule)}
    if RULE_PAGES:
        described["helpUri"] = f"{RULE_PAGES}{quote(described['id'], safe='')}.md"
    if finding is not None:
        described["shortDescription"] = {"text": printable(finding.title, MOST_TEXT) or described["id"]}
        lowered_from = None if finding.history is None else finding.history.was
        severity = lowered_from or finding.severity
        described["defaultConfiguration"] = {"level": LEVELS[severity]}
        described["properties"] = {"severity": severity.name}
    return described


def _invocation(report: Report, host: str, places: dict[str, int]) -> dict[str, Any]:
    """One machine or set of files that was looked at, and the rules that could not judge it."""
    return {
        "executionSuccessful": judged(report),
        **({} if report.host.name is None else {"machine": host}),
        "toolExecutionNotifications": [
            {
                "level": "note",
                "message": {"text": printable(f"{skipped.rule} could not judge {host}: {skipped.reason}", MOST_TEXT)},
                "associatedRule": {"id": printable(skipped.rule), "index": places[skipped.rule]},
            }
            for skipped in report.skipped
        ],
        "properties": {
            "release": report.host.release,
            "source": report.host.source,
            "netns": report.host.netns,
            "takenAt": report.taken_at,
        },
    }


def _failure(sentence: str) -> dict[str, Any]:
    notification = {"level": "error", "message": {"text": printable(sentence, MOST_TEXT)}}
    return {"executionSuccessful": False, "toolExecutionNotifications": [notification]}


def _waved_through(suppressed: Suppressed, rule: int, seen: Counter[str]) -> dict[str, Any]:
    """A finding that a comment in the file suppresses: told, so that nobody has to look for it in vain."""
    fingerprint = _hash(suppressed.rule, f"suppressed {suppressed.path}")
    seen[fingerprint] += 1
    reason = printable(suppressed.reason, MOST_TEXT)
    return {
        "ruleId": printable(suppressed.rule),
        "ruleIndex": rule,
        "message": {"text": f"A comment in the file suppresses it: {reason}"},
        "locations": [_physical(suppressed.path, suppressed.line, None)],
        "partialFingerprints": {FINGERPRINT: f"{fingerprint}:{seen[fingerprint]}"},
        "suppressions": [{"kind": "inSource", "justification": reason}],
    }


def _result(finding: Finding, host: str, rule: int, seen: Counter[str]) -> dict[str, Any]:
    fingerprint = _fingerprint(finding, host)
    seen[fingerprint] += 1
    return {
        "ruleId": printable(finding.rule),
        "ruleIndex": rule,
        "level": LEVELS[finding.severity],
        "message": {"text": "\n\n".join(filter(None, paragraphs(finding)))},
        "locations": [_location(finding, host)],
        "partialFingerprints": {FINGERPRINT: f"{fingerprint}:{seen[fingerprint]}"},
        "properties": {
            "severity": finding.severity.name,
            "basis": finding.basis,
            "confidence": finding.confidence,
            "scope": finding.scope,
        },
    }


def _fingerprint(finding: Finding, host: str) -> str:
    """What stays of a finding: the rule, the file or else the machine, and the item or key."""
    place = f"file {finding.path}" if finding.path is not None else f"host {host}"
    return _hash(finding.rule, place, about(finding))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _location(finding: Finding, host: str) -> dict[str, Any]:
    if finding.path is None:
        return {"logicalLocations": list(_logical(finding, host))}
    return _physical(finding.path, finding.line, finding.column)


def _physical(path: str, line: int | None, column: int | None) -> dict[str, Any]:
    """A place in a file, as far as it is known; SARIF counts from 1, as we do."""
    place: dict[str, Any] = {"artifactLocation": {"uri": uri(path)}}
    if line:
        place["region"] = {"startLine": line, **({"startColumn": column} if column else {})}
    return {"physicalLocation": place}


def _logical(finding: Finding, host: str) -> Iterator[dict[str, str]]:
    """The machine, and on it the item, states and settings that a finding is about."""
    yield {"name": host, "fullyQualifiedName": host, "kind": "host"}
    states = dict.fromkeys(shown.partition("/")[0] for shown in finding.shows)
    keys = dict.fromkeys(advice.key for advice in finding.advice if advice.kind == "sysctl" and advice.key)
    items = [finding.subject] if finding.subject else []
    for kind, found in (("item", items), ("state", states), ("sysctl", keys)):
        for name in map(printable, found):
            yield {"name": name, "fullyQualifiedName": f"{host}/{name}", "kind": kind}


def uri(path: str) -> str:
    """A path as a URI reference (RFC 3986): relative where the path is, with bytes that are no UTF-8 kept.

    >>> uri("./roles/a b/90:x.conf"), uri("//etc/sysctl.conf")
    ('roles/a%20b/90%3Ax.conf', '/etc/sysctl.conf')
    """
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    if path.startswith("//"):  # a second slash would make the first part the name of a host
        path = "/" + path.lstrip("/")
    try:
        data = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        data = path.encode("utf-8", "replace")
    return quote(data, safe="/")
