"""Workflow commands of GitHub Actions: one line a finding, and nothing that a machine could turn into a command."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from reports_common import failures, finding, is_clean, report, report_lists, texts

from tcptune.model.report import Severity
from tcptune.report import github

COMMAND = re.compile(r"::(?P<name>error|warning|notice) (?P<properties>[^:\r\n]*)::(?P<message>[^\r\n]*)")


def read(text: str) -> list[tuple[str, dict[str, str], str]]:
    """The commands as the runner reads them (ActionCommand.TryParseV2): split first, unescaped then."""
    found = []
    for line in text.split("\n")[:-1]:
        match = COMMAND.fullmatch(line)
        assert match is not None, line
        pairs = (pair.split("=", 1) for pair in match["properties"].split(","))
        properties = {name: value.replace("%3A", ":").replace("%2C", ",") for name, value in pairs}
        found.append((match["name"], {name: unescaped(value) for name, value in properties.items()}, match["message"]))
    return [(name, properties, unescaped(message)) for name, properties, message in found]


def unescaped(text: str) -> str:
    return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def test_a_finding_of_a_file_is_an_annotation_at_its_line():
    """The message holds what to do."""
    text = github.render([report(finding(path="sysctl.d/9.conf", line=3, column=5))])

    assert (
        "::warning file=sysctl.d/9.conf,line=3,col=5,title=fin-timeout-above-60%3A Orphans in FIN-WAIT-2 stay for "
        "longer than a minute::tcp_fin_timeout is 300 s.%0ASet net.ipv4.tcp_fin_timeout = 60 (now 300). The default "
        "again.%0AFind the file that sets it.\n"
    ) == text


def test_a_finding_of_a_machine_has_no_file():
    """The title says which machine."""
    ((name, properties, _),) = read(github.render([report(finding())]))

    assert ("warning", {"title": "web-3: Orphans in FIN-WAIT-2 stay for longer than a minute"}) == (name, properties)


@pytest.mark.parametrize(
    ("severity", "command"), [("high", "error"), ("medium", "warning"), ("low", "notice"), ("info", "notice")]
)
def test_the_command_follows_the_severity(severity, command):
    """GitHub has three."""
    assert command == read(github.render([report(finding(severity=Severity[severity]))]))[0][0]


def test_a_line_that_is_not_known_is_left_out():
    """The annotation then stands at the file."""
    assert {"file", "title"} == set(read(github.render([report(finding(path="x.conf"))]))[0][1])


def test_what_could_not_be_judged_is_an_error():
    """Nothing found prints nothing."""
    assert "" == github.render([report()])
    assert [("error", {"title": "tcptune"}, "x: broken")] == read(github.render([], ["x: broken"]))


@settings(deadline=None)
@given(report_lists, failures)
def test_every_finding_is_one_command_and_comes_back(reports, lost):
    """Whatever names, paths and messages hold."""
    text = github.render(reports, lost)
    found = read(text)

    assert is_clean(text)
    assert sum(len(each.findings) for each in reports) + len(lost) == len(found)
    assert all(set(properties) <= {"file", "line", "col", "title"} for _, properties, _ in found)


@settings(deadline=None)
@given(texts)
def test_escapes_come_back(text):
    """A per cent sign first, or an escape would be escaped again."""
    assert text == unescaped(github.escaped(text))
    assert not set("\r\n:,") & set(github.escaped_property(text))
