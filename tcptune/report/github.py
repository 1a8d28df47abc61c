"""The findings as workflow commands of GitHub Actions: annotations at the lines of settings files.

The escapes are those of the runner (actions/toolkit, packages/core/src/command.ts): `%`, CR and LF everywhere, and
`:` and `,` in a property. Nothing of a machine can begin a line, so nothing can be taken for a command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tcptune.model.report import Finding, Report, Severity
from tcptune.printable import printable
from tcptune.report.outcomes import MOST_TEXT, names, paragraphs

COMMANDS = {Severity.high: "error", Severity.medium: "warning", Severity.low: "notice", Severity.info: "notice"}


def render(reports: Sequence[Report], failures: Sequence[str] = ()) -> str:
    """One line for each finding; `failures` are sentences about sources that could not be judged."""
    lines = [
        _line(finding, name)
        for report, name in zip(reports, names(reports), strict=True)
        for finding in report.findings
    ]
    lines += [_command("error", {"title": "tcptune"}, printable(sentence, MOST_TEXT)) for sentence in failures]
    return "".join(f"{line}\n" for line in lines)


def _line(finding: Finding, name: str) -> str:
    message = "\n".join(paragraphs(finding))
    return _command(COMMANDS[finding.severity], dict(_properties(finding, name)), message)


def _properties(finding: Finding, name: str) -> Iterator[tuple[str, str]]:
    if finding.path is None:
        yield "title", f"{name}: {printable(finding.title)}"
        return
    yield "file", printable(finding.path)
    if finding.line is not None:
        yield "line", str(finding.line)
        if finding.column is not None:
            yield "col", str(finding.column)
    yield "title", f"{printable(finding.rule)}: {printable(finding.title)}"


def _command(command: str, properties: dict[str, str], message: str) -> str:
    given = ",".join(f"{name}={escaped_property(value)}" for name, value in properties.items())
    return f"::{command} {given}::{escaped(message)}"


def escaped(text: str) -> str:
    r"""Text as it stands behind the command.

    >>> escaped("100 %\nor less")
    '100 %25%0Aor less'
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    """Text as it stands in a property, where two more characters have a meaning."""
    return escaped(text).replace(":", "%3A").replace(",", "%2C")
