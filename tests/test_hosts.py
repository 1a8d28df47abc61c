"""Stored machines, each a folder: what `tcptune audit` prints for it, in full.

A new host is a new folder with a proc/ tree, a snapshot.json, or a folder given/ of what somebody pasted; `make accept`
writes its expected files, to be reviewed as a diff. Of an incident (with a case.yaml) only the text is kept.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from incidents_common import HOSTS as FOLDER
from incidents_common import INCIDENTS, REFUSED, given_of, judged

from tcptune.collect.snapshot_file import parse
from tcptune.collect.source import take
from tcptune.model.snapshot import Snapshot
from tcptune.report import json as json_report
from tcptune.report import markdown, text

HOSTS = sorted(path for path in FOLDER.iterdir() if path.is_dir() and path not in REFUSED)
RENDER = {
    "expected.txt": lambda report: text.render(report, show=frozenset({"skipped"})),
    "expected.md": markdown.render,
    "expected.json": json_report.render,
}

MACHINES = [host for host in HOSTS if host not in INCIDENTS]
"""Those with a proc/ tree, which is a SOURCE as it stands."""
EXPECTED = [(host, file) for host in HOSTS for file in (RENDER if host in MACHINES else ["expected.txt"])]

each_host = pytest.mark.parametrize("host", HOSTS, ids=lambda path: path.name)


def seen(host: Path) -> Snapshot:
    """The snapshot of a stored host, under a name that does not depend on where the repository lies."""
    snapshot = take(str(given_of(host)))
    return replace(snapshot, host=snapshot.host._replace(source=host.name))


@pytest.mark.parametrize(("host", "file"), EXPECTED, ids=[f"{host.name}-{file}" for host, file in EXPECTED])
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
