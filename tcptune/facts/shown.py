"""The sockets that findings are about, put beside them: where they are, who holds them, and until when; pure."""

from __future__ import annotations

from tcptune.facts.outlook import outlooks
from tcptune.facts.views import view
from tcptune.model.facts import Facts
from tcptune.model.report import Finding, Report
from tcptune.model.sockets import Group, SocketTable

MOST = 3
"""Groups beside a finding; `tcptune sockets` shows the others."""

HELD = frozenset({"owned", "unaccepted"})
"""Kinds that a program here decides about; of the others the peer is what matters."""


def with_groups(report: Report, table: SocketTable | None, facts: Facts) -> Report:
    """The report with the largest groups of sockets beside each finding that is about some."""
    if table is None or not any(finding.shows for finding in report.findings):
        return report
    return report._replace(findings=tuple(_with_groups(finding, table, facts) for finding in report.findings))


def _with_groups(finding: Finding, table: SocketTable, facts: Facts) -> Finding:
    about = [group for group in table.groups if is_shown(group, finding.shows)]
    if not about:
        return finding
    found = view(about, "place" if all(group.kind in HELD for group in about) else "peer")
    settings = {name: value for name, value in facts.values.items() if isinstance(value, int)}
    return finding._replace(
        groups=tuple(outlooks(found[:MOST], settings, facts.release)),
        groups_left=len(found[MOST:]),
        sockets_left=sum(group.sockets for group in found[MOST:]),
    )


def is_shown(group: Group, shows: tuple[str, ...]) -> bool:
    """Whether a group is of one of the states, or states and kinds."""
    return group.state in shows or f"{group.state}/{group.kind}" in shows
