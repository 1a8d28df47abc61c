"""The schemas under docs/schemas: what the commands print is valid, and what lost or renamed a field is not."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from reports_common import finding, report
from schemas_common import FOLDER, SUFFIX, schemas, validator
from test_hosts import MACHINES
from typer.testing import CliRunner

from tcptune import __version__
from tcptune.cli.app import build
from tcptune.kernel.running_timer import Timer
from tcptune.model import drift
from tcptune.model.fleet import Fleet, Found, NotJudged, Odd, Usual
from tcptune.model.report import Severity
from tcptune.model.snapshot import Host, Snapshot
from tcptune.model.sockets import Group, Listener, Owner, PortUse, SocketTable
from tcptune.report import drift as drift_report
from tcptune.report import fleet as fleet_report
from tcptune.report import json as json_report
from tcptune.report import ndjson

COMMANDS = {
    "report": ("audit", "--format", "json", "--fail-on", "never"),
    "snapshot": ("collect",),
    "timeouts": ("timeouts", "--format", "json"),
    "sockets": ("sockets", "--format", "json"),
}
ROOTS = {"this machine": [], **{host.name: ["--root", str(host)] for host in MACHINES}}
RUNS = [
    (name, root)
    for name in COMMANDS
    for root in ROOTS
    if name != "sockets" or root == "this machine" or (MACHINES[0].parent / root / "proc/net/tcp").exists()
]
"""What is run where; a machine that keeps no list of sockets has none to show."""


def printed(*arguments: str) -> Any:
    """What a command prints, parsed."""
    run = CliRunner().invoke(build(arguments), arguments)
    assert run.stdout, run.output
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", sorted(path.name.removesuffix(SUFFIX) for path in FOLDER.iterdir()))
def test_a_schema_is_one(name):
    """Of draft 2020-12, with a title and a meaning for every field."""
    schema = schemas()[name]
    Draft202012Validator.check_schema(schema)

    assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]
    assert schema["title"]
    assert [] == [where for where, field in fields(schema) if not {"description", "$ref", "const"} & set(field)]


def fields(schema: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named field of a schema with its description, wherever in it."""
    if isinstance(schema, dict):
        conditional = where.endswith(("/if", "/then", "/else"))
        for name, field in {} if conditional else schema.get("properties", {}).items():
            yield f"{where}/{name}", field
        for key, inner in schema.items():
            yield from fields(inner, f"{where}/{key}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from fields(inner, where)


@pytest.mark.parametrize(("name", "root"), RUNS)
def test_what_a_command_prints_is_valid(name, root):
    """For every stored machine, and for the one on which the tests run."""
    document = printed(*COMMANDS[name], *ROOTS[root])

    assert [] == [error.message for error in validator(name).iter_errors(document)]


def test_several_reports_are_valid():
    """Each by the schema of one."""
    document = printed(*COMMANDS["report"], *map(str, MACHINES))

    assert len(MACHINES) == len(document["reports"])
    validator("reports").validate(document)


def table() -> SocketTable:
    """A table of sockets with an entry of every kind."""
    owner = Owner(812, "app", 4900, "app.service")
    timer = Timer("retransmission", 0.2, 0.4, 1, 0, False, None)
    group = Group("LAST-ACK", "orphan", 3, "10.0.0.5:80", None, owner, 1, 2, 0, 3, (timer,), False)
    ports = (PortUse("10.0.0.5", None, 900, 800, 10, 2, 0),)
    return SocketTable((group,), (Listener("0.0.0.0", 80, 3, 128, owner),), ports)


def fleet() -> Fleet:
    """A summary with an entry of every kind."""
    usual = Usual("net.ipv4.tcp_mem", None, 2, 3, (Odd("1 2 3", ("web-3",)),))
    found = (Found("close-wait-leak", Severity.high, ("web-1", "web-2")),)
    return Fleet(
        3, (NotJudged("a.json", "gone"),), {Severity.high: 2, None: 1}, found, (usual,), 1, {"6.1": 2, None: 1}
    )


def samples() -> dict[str, Any]:
    """A full document for each schema, made from the models."""
    made = report(
        finding(path="x.conf", line=3, column=1),
        finding(),
        host=Host("web-3", "6.12.8", "live", "initial"),
        gaps={"a": "b"},
    )
    setter = drift.Setter("/etc/sysctl.d/9.conf:3", "net.ipv4.x", "5", "assignment", ("boot",), ("boot",))
    row = drift.Row(
        "net.ipv4.x", "7", drift.Outcome("5", "/etc/sysctl.d/9.conf:3"), drift.Outcome(), (setter,), "unknown"
    )
    drifting = drift.Drift(made.host, (row,), {"boot": "255", "reload": None}, {"/etc/sysctl.d": "Permission denied"})
    return {
        "report": json_report.document(made),
        "reports": json.loads(
            json_report.opening() + json_report.piece(made) + json_report.closing(fleet_report.document(fleet()))
        ),
        "fleet": fleet_report.document(fleet()),
        "snapshot": Snapshot(made.host, None, {"uptime": 5.5}, {"a": "b"}, table()).document(__version__),
        "timeouts": printed(*COMMANDS["timeouts"], "--root", str(MACHINES[0])),
        "sockets": {
            "schema": "tcptune/sockets/1",
            "total": {"LAST-ACK": 3},
            "groups": [
                {
                    "state": "LAST-ACK", "kind": "orphan", "count": 3, "local": None, "remote": None, "peers": 3,
                    "owner": None, "recv_q": 0, "send_q": 3, "unread": 0, "first_gone_in": None,
                    "gone_in": {"min": 1.0, "expected": 2.0, "max": 3.0}, "ends": "timer", "why": "a", "rule": None,
                }
            ],
            "listeners": [{"address": "::", "port": 80, "waiting": 1, "backlog": 5, "owner": None}],
            "gaps": {},
        },
        "drift": drift_report.document(drifting, drifting.rows, made),
        "line": json.loads(ndjson.render([made]).splitlines()[0]),
    }  # fmt: skip


def without_each_field(document: Any) -> Iterator[tuple[str, Any]]:
    """Every document that lacks one field, wherever in it; fields whose names are data stay."""
    for path in paths(document):
        lacking = copy.deepcopy(document)
        inner = lacking
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        yield "/".join(map(str, path)), lacking


NAMES_ARE_DATA = ("values", "gaps", "states", "timeouts", "total", "inputs", "loaders")


def paths(document: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the fields of a document are."""
    if isinstance(document, dict):
        for name, inner in document.items():
            if not (above and above[-1] in NAMES_ARE_DATA):
                yield (*above, name)
            yield from paths(inner, (*above, name))
    elif isinstance(document, list):
        for place, inner in enumerate(document):
            yield from paths(inner, (*above, place))


OPTIONAL = {"summary", "path", "line", "column", "suppressed", "action"}
"""What a finding or report may lack, and several reports; `action` is null for a sysctl."""


@pytest.mark.parametrize("name", sorted(schemas()))
def test_a_document_that_lacks_a_field_is_refused(name):
    """So a field that is renamed does not go unseen; an additional one is welcome."""
    document = samples()[name]
    lacking = {path for path, lacked in without_each_field(document) if validator(name).is_valid(lacked)}

    assert [] == [error.message for error in validator(name).iter_errors(document)]
    assert set() == {path for path in lacking if path.rsplit("/", 1)[-1] not in OPTIONAL}
    assert validator(name).is_valid({**document, "new": 1})


def test_an_advice_has_what_its_kind_needs():
    """A key with its value, or an action."""
    document = samples()["report"]
    setting, telling = document["findings"][0]["advice"]
    for wrong in ({**setting, "kind": "application"}, {**telling, "kind": "sysctl"}, {**setting, "kind": "apply"}):
        document["findings"][0]["advice"] = [wrong]
        assert not validator("report").is_valid(document)


def test_the_last_line_of_a_fleet_is_valid():
    """With its summary, and not without."""
    line = json.loads(ndjson.render([], [], fleet_report.document(fleet())))

    validator("line").validate(line)
    assert not validator("line").is_valid({name: value for name, value in line.items() if name != "fleet"})


def test_what_never_ends_says_so():
    """A null without it could be a number that was lost."""
    document = samples()["report"]
    document["timeouts"]["TIME-WAIT"]["expected"] = None

    assert not validator("report").is_valid(document)


def test_a_line_of_a_file_needs_the_file():
    """And a column the line."""
    document = samples()["report"]
    for name in ("path", "line"):
        lacking = copy.deepcopy(document)
        lacking["findings"][0] |= {"path": "x.conf", "line": 3, "column": 1}
        del lacking["findings"][0][name]
        assert not validator("report").is_valid(lacking)


@pytest.mark.parametrize(
    ("field", "wrong"), [("severity", "urgent"), ("basis", "felt"), ("scope", "pod"), ("line", 0), ("message", None)]
)
def test_a_value_out_of_its_bounds_is_refused(field, wrong):
    """Words that have a meaning are a closed list."""
    document = samples()["report"]
    document["findings"][0] |= {"path": "x.conf", field: wrong}

    assert not validator("report").is_valid(document)
