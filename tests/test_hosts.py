"""Stored machines, each a folder: what `tcptune audit` prints for it, in full.

A new host is a new folder with a proc/ tree; `make accept` writes its expected files, to be reviewed as a diff.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tcptune.collect.everything import collect
from tcptune.collect.snapshot_file import parse
from tcptune.engine.check import check
from tcptune.engine.language import Language
from tcptune.engine.rulebook import load_heads
from tcptune.facts.derive import derive
from tcptune.facts.shown import with_groups
from tcptune.facts.vocabulary import OF_FILES, vocabulary
from tcptune.model.report import Report
from tcptune.model.snapshot import Snapshot
from tcptune.report import json as json_report
from tcptune.report import markdown, text

HOSTS = sorted(path for path in (Path(__file__).parent / "hosts").iterdir() if path.is_dir())
RENDER = {
    "expected.txt": lambda report: text.render(report, show=frozenset({"skipped"})),
    "expected.md": markdown.render,
    "expected.json": json_report.render,
}

each_host = pytest.mark.parametrize("host", HOSTS, ids=lambda path: path.name)


def seen(host: Path) -> Snapshot:
    """The snapshot of a stored host, under a name that does not depend on where the repository lies."""
    snapshot = collect(host)
    return replace(snapshot, host=snapshot.host._replace(source=host.name))


def judged(snapshot: Snapshot) -> Report:
    """The report on a snapshot with our rules."""
    rules = [rule for rule in load_heads() if rule.for_each not in OF_FILES]
    facts = derive(snapshot)
    return with_groups(check(snapshot, facts, rules, Language(vocabulary())), snapshot.sockets, facts)


@each_host
@pytest.mark.parametrize("file", RENDER)
def test_a_stored_host_gets_the_report_that_was_reviewed(host, file, request):
    """Whole outputs are compared, so that no word of a report changes unseen."""
    report = RENDER[file](judged(seen(host)))
    expected = host / file
    if request.config.getoption("--accept"):
        expected.write_text(report)

    assert expected.read_text() == report


@each_host
def test_the_same_facts_give_the_same_report_through_a_snapshot_file(host):
    """collect, write, read back, judge: nothing is lost on the way."""
    snapshot = seen(host)
    read_back = parse(json.dumps(snapshot.document("0")).encode(), host.name)

    assert json_report.render(judged(snapshot)) == json_report.render(judged(read_back))


@each_host
def test_the_text_report_stays_under_80_columns(host):
    """A terminal of 80 columns shows every line whole."""
    lines = text.render(judged(seen(host)), show=frozenset({"skipped", "quiet"})).splitlines()

    assert [] == [line for line in lines if len(line) > 79]
