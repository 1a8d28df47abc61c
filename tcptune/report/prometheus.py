"""The reports as metrics for the textfile collector of node_exporter (text format 0.0.4).

Gauges in base units, each with HELP and TYPE once and all its samples together, without timestamps: the collector
refuses those. Labels are bounded: rules, states and cases are ours, and only the busiest destinations are named.
The file has to be replaced by rename, which `tcptune.cli.replacing` does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tcptune import __version__
from tcptune.model.report import Report, Severity
from tcptune.model.snapshot import moment
from tcptune.printable import printable
from tcptune.report.outcomes import by_rule, judged, names, numbers, severities

Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels, float]
"""Name of the metric, labels, value."""

MOST_DESTINATIONS = 10
"""Addresses and destinations whose use of ports is told; each is a time series."""

MOST_LABEL = 200
PORT_USE = "ports.tuples"


class Limited(NamedTuple):
    """Something that is counted against a limit: the names of both, and of their share where they were not read."""

    metric: str
    number: str
    limit: str
    share: str
    what: str


LIMITED = (
    Limited(
        "tcptune_orphans",
        "sockstat.TCP.orphan",
        "net.ipv4.tcp_max_orphans",
        "orphans.share_of_limit",
        "sockets that no process owns, on the whole machine",
    ),
    Limited(
        "tcptune_time_wait_entries",
        "sockstat.TCP.tw",
        "net.ipv4.tcp_max_tw_buckets",
        "tw.share_of_limit",
        "time-wait entries, FIN-WAIT-2 minisocks included",
    ),
    Limited(
        "tcptune_buffer_pages",
        "sockstat.TCP.mem",
        "net.ipv4.tcp_mem.max",
        "memory.share_of_max",
        "pages of TCP buffers, on the whole machine",
    ),
    Limited(
        "tcptune_conntrack_entries",
        "net.netfilter.nf_conntrack_count",
        "net.netfilter.nf_conntrack_max",
        "conntrack.share_of_limit",
        "connections that the firewall tracks",
    ),
)

HELP = {
    "tcptune_build_info": "Version of tcptune that wrote this file.",
    "tcptune_sources": "Machines or files by outcome: judged, or failed.",
    "tcptune_findings": "Findings by severity.",
    "tcptune_finding": "1 for each rule that fired.",
    "tcptune_rules": "Rules by outcome: fired, quiet, or skipped for want of a number.",
    "tcptune_sockets": "Sockets by state.",
    "tcptune_lifetime_seconds": "How long a socket stays in a state, computed from the settings; +Inf where nothing "
    "ends it.",
    **{each.metric: f"Number of {each.what}." for each in LIMITED},
    **{f"{each.metric}_limit": f"Limit on the number of {each.what}." for each in LIMITED},
    **{f"{each.metric}_used_ratio": f"Share of the limit on {each.what}." for each in LIMITED},
    "tcptune_port_range_used_ratio": "Share of the local ports that one address uses towards one destination, of the "
    f"{MOST_DESTINATIONS} busiest.",
    "tcptune_report_timestamp_seconds": "When the numbers were taken.",
}
"""Every metric, in the order in which they are written."""


def render(
    reports: Sequence[Report],
    failures: Sequence[str] = (),
    known: Sequence[Mapping[str, Any]] = (),
    every: Labels = (),
) -> str:
    """All metrics; several reports have a label `host`.

    Limits and shares come from the evidence of findings, so a healthy machine shows none; `known` are the values
    of all facts (`Facts.values`) of each report, from which they are always told. `failures` are sentences about
    sources that could not be judged. `every` sample has those labels: node_exporter refuses its whole folder where two
    files of it hold the same one.
    """
    samples: dict[str, dict[Labels, float]] = {name: {} for name in HELP}
    for name, labels, value in _of_all(reports, failures):
        samples[name][_clean((*labels, *every))] = value
    for place, (report, host) in enumerate(zip(reports, names(reports), strict=True)):
        where: Labels = (("host", host),) if len(reports) > 1 else ()
        for name, labels, value in _of_one(report, known[place] if place < len(known) else {}):
            samples[name][_clean((*labels, *where, *every))] = value
    return "".join(line for name, found in samples.items() if found for line in _family(name, found))


def told(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a machine's facts that `render` tells: what has to be kept of `known` until the last report is there."""
    names = (*(name for each in LIMITED for name in (each.number, each.limit, each.share)), PORT_USE)
    return {name: values[name] for name in names if name in values}


def _clean(labels: Labels) -> Labels:
    """Labels that can be told; two texts that come out alike must not make two samples."""
    return tuple((label, printable(text, MOST_LABEL)) for label, text in labels)


def _of_all(reports: Sequence[Report], failures: Sequence[str]) -> Iterator[Sample]:
    yield "tcptune_build_info", (("version", __version__),), 1
    count = sum(map(judged, reports))
    yield "tcptune_sources", (("outcome", "judged"),), count
    yield "tcptune_sources", (("outcome", "failed"),), len(reports) - count + len(failures)


def _of_one(report: Report, known: Mapping[str, Any]) -> Iterator[Sample]:
    counts = severities([report])
    for severity in Severity:
        yield "tcptune_findings", (("severity", severity.name),), counts[severity]
    fired = by_rule(report)
    for rule, findings in fired.items():
        yield "tcptune_finding", (("rule", rule), ("severity", findings[0].severity.name)), 1
    for outcome, rules in (("fired", len(fired)), ("quiet", len(report.quiet)), ("skipped", len(report.skipped))):
        yield "tcptune_rules", (("outcome", outcome),), rules
    for state, count in report.states.items():
        yield "tcptune_sockets", (("state", state),), count
    for case, lifetime in report.timeouts.items():
        for bound, seconds in (("min", lifetime.min), ("expected", lifetime.expected), ("max", lifetime.max)):
            labels = (("case", case), ("bound", bound))
            yield "tcptune_lifetime_seconds", labels, math.inf if seconds is None else seconds
    yield from _limited(numbers(report, known))
    yield from _port_use(known.get(PORT_USE))
    taken = moment(report.taken_at)
    if taken is not None:
        yield "tcptune_report_timestamp_seconds", (), taken


def _limited(read: Mapping[str, float]) -> Iterator[Sample]:
    for each in LIMITED:
        count, limit = read.get(each.number), read.get(each.limit)
        if count is not None:
            yield each.metric, (), count
        if limit is not None:
            yield f"{each.metric}_limit", (), limit
        share = count / limit if count is not None and limit is not None and limit > 0 else read.get(each.share)
        if share is not None:
            yield f"{each.metric}_used_ratio", (), share


def _port_use(items: Any) -> Iterator[Sample]:
    """The share of the ports that each of the busiest pairs of address and destination holds."""
    for item in sorted(items or (), key=lambda item: -item["share"])[:MOST_DESTINATIONS]:
        labels = (("local", str(item["local"])), ("remote", str(item["remote"])))
        yield "tcptune_port_range_used_ratio", labels, item["share"]


def _family(name: str, samples: Mapping[Labels, float]) -> Iterator[str]:
    yield f"# HELP {name} {HELP[name]}\n"
    yield f"# TYPE {name} gauge\n"
    for labels, value in samples.items():
        told = ",".join(f'{label}="{escaped(text)}"' for label, text in labels)
        yield f"{name}{{{told}}} {number(value)}\n" if told else f"{name} {number(value)}\n"


def escaped(text: str) -> str:
    r"""The value of a label with the three escapes of the format.

    >>> print(escaped('a"b\\c'))
    a\"b\\c
    """
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number(value: float) -> str:
    """A value as Go reads it.

    >>> [number(value) for value in (3, 0.5, math.inf, -math.inf, math.nan)]
    ['3', '0.5', '+Inf', '-Inf', 'NaN']
    """
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else f"{'+' if value > 0 else '-'}Inf"
