"""The outputs of an audit of several sources: written as the reports come where a format allows it, else at the end.

A report is rendered where it is judged, which may be in another process. What is kept of one are its bare findings,
and only for formats that are one document which begins with its totals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tcptune.cli import formats
from tcptune.cli.outlet import Outlet
from tcptune.cli.output import colour_wanted
from tcptune.errors import UsageError
from tcptune.model.facts import Facts
from tcptune.model.fleet import Fleet
from tcptune.model.report import Finding, Report
from tcptune.report import fleet as fleet_report
from tcptune.report import json, markdown, nagios, ndjson, prometheus, text

STDOUT = (None, "-")


class Form(NamedTuple):
    """How a format is written report by report: what comes first, between two reports, for each of them, and last."""

    opening: str
    between: str
    piece: Callable[[Report, bool, frozenset[str]], str]
    ending: Callable[[Fleet, Sequence[str], bool], str]


FORMS = {
    "text": Form(
        "", "",
        lambda report, colour, show: text.render(report, colour, show) + "\n",
        lambda fleet, _, colour: fleet_report.text(fleet, colour),
    ),
    "markdown": Form(
        "", "",
        lambda report, _, show: markdown.render(report, show) + "\n",
        lambda fleet, *_: fleet_report.markdown(fleet),
    ),
    "json": Form(
        json.opening(), json.BETWEEN,
        lambda report, *_: json.piece(report),
        lambda fleet, *_: json.closing(fleet_report.document(fleet)),
    ),
    "ndjson": Form(
        "", "",
        lambda report, *_: ndjson.render([report]),
        lambda fleet, failures, _: ndjson.render([], failures, fleet_report.document(fleet)),
    ),
}  # fmt: skip
"""The others are one document, and are written when the last report is there."""


class Pieces(NamedTuple):
    """What one report comes to: its rendering for each stream, and what is kept for documents."""

    rendered: tuple[str, ...]
    report: Report | None
    known: Mapping[str, Any]


class _Stream(NamedTuple):
    form: Form
    colour: bool
    outlet: Outlet


class Outputs:
    """Every format with its place. UsageError where two would be mixed there, or one has no summary to be alone."""

    def __init__(self, planned: formats.Plan, show: frozenset[str], summary_only: bool, no_color: bool) -> None:
        self._fail_on = planned.fail_on
        self._show = show
        self._summary_only = summary_only
        self._documents = [(name, target) for name, target in planned.pairs if name not in FORMS]
        streamed = [(name, None if target in STDOUT else target) for name, target in planned.pairs if name in FORMS]
        if len({target for _, target in streamed}) < len(streamed):
            raise UsageError("--output: the reports of several sources come one by one; give each format its own file")
        if summary_only and self._documents:
            raise UsageError(f"--summary-only: {self._documents[0][0]} has no summary; choose {', '.join(FORMS)}")
        self._streams = [
            _Stream(FORMS[name], name == "text" and target is None and colour_wanted(no_color), Outlet(target))
            for name, target in streamed
        ]
        self.talks = not summary_only and any(target is None for _, target in streamed)
        """Whether reports go to standard output while others are still judged."""
        self._reports: list[Report] = []
        self._known: list[Mapping[str, Any]] = []
        self._failures: list[str] = []

    def pieces(self, report: Report, facts: Facts) -> Pieces:
        """What a report comes to; this changes nothing, so that any process can ask."""
        streams = [] if self._summary_only else self._streams
        rendered = tuple(form.piece(report, colour, self._show) for form, colour, _ in streams)
        return Pieces(rendered, *((_bare(report), prometheus.told(facts.values)) if self._documents else (None, {})))

    def add(self, pieces: Pieces) -> None:
        """Write or keep what the next report comes to."""
        for (form, _, outlet), piece in zip(self._streams, pieces.rendered, strict=not self._summary_only):
            outlet.put((form.between if outlet.begun else form.opening) + piece)
        if pieces.report is not None:
            self._reports.append(pieces.report)
            self._known.append(pieces.known)

    def lose(self, failure: str) -> None:
        """Note a sentence about a source that could not be judged."""
        self._failures.append(failure)

    def end(self, fleet: Fleet) -> int | None:
        """Write what comes last; the exit code, where a format on standard output has codes of its own."""
        for form, colour, outlet in self._streams:
            if outlet.begun or fleet.judged or form is FORMS["ndjson"]:
                outlet.put(("" if outlet.begun else form.opening) + form.ending(fleet, self._failures, colour))
            outlet.close()
        for name, target in self._documents:
            formats.deliver(name, self._document(name), target)
        if any(name == "nagios" and target in STDOUT for name, target in self._documents):
            return nagios.exit_code(self._reports, bool(self._failures))
        return None

    def _document(self, name: str) -> str:
        if name == "prometheus":
            return prometheus.render(self._reports, self._failures, self._known)
        return formats.render(name, self._reports, self._failures, self._fail_on)


def _bare(report: Report) -> Report:
    """A report without what only people read: the formats that are kept to the end tell none of it."""
    return report._replace(gaps={}, findings=tuple(map(_bare_finding, report.findings)))


def _bare_finding(finding: Finding) -> Finding:
    return finding._replace(avoid=(), see=(), sources=(), groups=())
