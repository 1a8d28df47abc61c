"""Snapshots as JSON: what `tcptune collect` prints comes back, and foreign JSON never does harm."""

from __future__ import annotations

import json
import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.collect.everything import collect
from tcptune.collect.files import LIVE_ROOT
from tcptune.collect.snapshot_file import MAX_BYTES, MAX_NAMES, MAX_TEXT, NAME, parse
from tcptune.errors import SnapshotError
from tcptune.facts.derive import derive
from tcptune.model.snapshot import SCHEMA, Host, Snapshot

WHOLE = {
    "schema": SCHEMA,
    "tool": "0.1.0",
    "taken_at": "2026-11-20T22:52:00Z",
    "host": {"name": "web-3", "release": "6.12.8", "source": "live", "netns": "initial"},
    "values": {"net.ipv4.tcp_fin_timeout": 60, "uptime": 12.5, "net.ipv4.ip_local_reserved_ports": ""},
    "gaps": {"net.ipv4.tcp_tw_recycle": "removed in 4.12"},
}


def snapshot(**changed: object) -> bytes:
    """A whole snapshot with some of its fields changed."""
    return json.dumps(WHOLE | changed).encode()


def refused(text: bytes) -> str:
    """Why a text is no snapshot, without the name of its file."""
    with pytest.raises(SnapshotError) as error:
        parse(text, "host.json")
    where, _, cause = str(error.value).partition(": ")

    assert "host.json" == where
    return cause


def problem(value: object) -> str | None:
    """Why a value was left out; None where it was taken as it is."""
    found = parse(snapshot(values={"some": value}), "host.json")
    if "some" in found.values:
        assert found.values == {"some": value}
        assert type(value) is type(found.values["some"])
        return None
    return found.gaps["some"]


def test_what_collect_prints_comes_back():
    """This machine's own snapshot survives the way through JSON; only its source is another."""
    taken = collect(LIVE_ROOT)
    text = json.dumps(taken.document("0.1.0"), indent=1).encode()
    found = parse(text, "host.json")

    assert taken.values == found.values
    assert taken.gaps == found.gaps
    assert taken.taken_at == found.taken_at
    assert taken.host._replace(source="host.json") == found.host


def test_a_stored_tree_keeps_its_own_source():
    """Where the numbers first came from is not forgotten."""
    stored = Snapshot(Host("web-3", "6.1", "/srv/web-3", "child"), None, {"uptime": 1.5}, {"sockstat": "no such file"})

    assert stored == parse(json.dumps(stored.document("0")).encode(), "host.json")


def test_the_least_snapshot_has_a_schema_and_values():
    """Everything else may be missing."""
    least = json.dumps({"schema": SCHEMA, "values": {}}).encode()

    assert Snapshot(Host(source="host.json")) == parse(least, "host.json")


def test_fields_of_a_later_minor_version_are_let_pass():
    """Additions are free inside a major version."""
    later = snapshot(flows=[{"state": "CLOSE-WAIT"}], host=WHOLE["host"] | {"uname": "Linux"})

    assert parse(snapshot(), "host.json") == parse(later, "host.json")


@pytest.mark.parametrize(
    ("schema", "cause"),
    [
        ("tcptune/snapshot/2", "was made by a newer tcptune (schema tcptune/snapshot/2); this one reads " + SCHEMA),
        ("tcptune/snapshot/999999999", "was made by a newer tcptune"),
        ("tcptune/report/1", "is no snapshot: its schema is 'tcptune/report/1', not 'tcptune/snapshot/1'"),
        ("tcptune/snapshot/01", "is no snapshot: its schema is 'tcptune/snapshot/01'"),
        ("tcptune/snapshot/\u0661", "is no snapshot"),
        ("\x1b[2J", "is no snapshot: its schema is '\\x1b[2J'"),
        ("\ud800", "is no snapshot: its schema is '\\ud800'"),
        (None, "is no snapshot: its schema is absent or no text"),
        (1, "is no snapshot: its schema is absent or no text"),
        ([["x"]], "is no snapshot: its schema is absent or no text"),
    ],
)
def test_another_schema_is_told_with_what_to_do(schema, cause):
    """A newer snapshot wants an upgrade; anything else is no snapshot."""
    assert refused(snapshot(schema=schema)).startswith(cause)


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"values": None}, "values: Input should be a valid dictionary"),
        ({"values": [1]}, "values: Input should be a valid dictionary"),
        ({"gaps": 5}, "gaps: Input should be a valid dictionary"),
        ({"gaps": {"a": 5}}, "gaps.a: Input should be a valid string"),
        ({"gaps": {"\x1b[2J": 5}}, "gaps.\\x1b[2J: Input should be a valid string"),
        ({"taken_at": 5}, "taken_at: Input should be a valid string"),
        ({"host": "web-3"}, "host: Input should be a valid dictionary or instance of HostDocument"),
        ({"host": {"name": 5}}, "host.name: Input should be a valid string"),
        ({"host": {"release": ["6.1"]}}, "host.release: Input should be a valid string"),
    ],
)
def test_a_field_of_another_type_is_named(changed, cause):
    """The error names the field, clean of control characters."""
    assert cause == refused(snapshot(**changed))


def test_a_snapshot_without_values_says_so():
    """Values are the one thing that nobody can do without."""
    assert "values: Field required" == refused(json.dumps({"schema": SCHEMA}).encode())


@pytest.mark.parametrize("value", [0, -1, 2**63 - 1, -(2**63), 0.0, -1.5, 1e308, "", "cubic", "x" * MAX_TEXT, "ü"])
def test_values_are_taken_as_they_are(value):
    """Every number of the kernel and every text of bearable length is a value."""
    assert problem(value) is None


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (True, "a truth value, not a number"),
        (False, "a truth value, not a number"),
        (2**63, "larger than any number of the kernel"),
        (-(2**63) - 1, "larger than any number of the kernel"),
        (10**4000, "larger than any number of the kernel"),
        (math.nan, "not a finite number"),
        (math.inf, "not a finite number"),
        (-math.inf, "not a finite number"),
        (None, "neither a number nor text"),
        ([], "neither a number nor text"),
        ({"a": 1}, "neither a number nor text"),
        ("x" * (MAX_TEXT + 1), "longer than any setting"),
        ("\ud800", "not text: half of a surrogate pair"),
    ],
)
def test_a_value_that_cannot_be_is_a_gap(value, why):
    """One impossible value does not spoil the others, and is not taken for one."""
    assert why == problem(value)


def test_numbers_beyond_every_float_are_gaps():
    """1e999 is JSON, and no number."""
    found = parse(b'{"schema": "tcptune/snapshot/1", "values": {"a": 1e999, "b": -1e999, "c": 1}}', "host.json")

    assert ({"c": 1}, {"a", "b"}) == (found.values, set(found.gaps))


@pytest.mark.parametrize("name", ["a b", "", "a\0b", "a\nb", "é", "1a", ".a", "a" * 201, "a-b", "\ud800"])
def test_what_is_no_name_is_left_out(name):
    """Names are those of facts; another one cannot stand for anything."""
    found = parse(snapshot(values={name: 1, "some": 2}), "host.json")

    assert {"some": 2} == found.values
    assert found.gaps["values"].endswith("is not a name and was left out")
    assert found.gaps["values"].isprintable()


def test_gaps_are_cleaned():
    """Names and reasons of gaps are shown to people, so no control character stays in them."""
    found = parse(snapshot(gaps={"a\x1b[2J": "b\u202ec\ud800", "long": "x" * 5000}), "host.json")

    assert {"a\\x1b[2J": "b\\u202ec\\ud800", "long": "x" * 400 + "..."} == found.gaps


def test_a_name_has_a_value_or_a_gap():
    """Where a file gives both, the value counts."""
    found = parse(snapshot(values={"uptime": 5.0}, gaps={"uptime": "no such file"}), "host.json")

    assert ({"uptime": 5.0}, {}) == (found.values, found.gaps)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (b"", "is not JSON (Expecting value: line 1 column 1 (char 0))"),
        (b"\0" * 100, "is not JSON"),
        (b"\xff\xff", "is not JSON"),
        (b'{"schema": "\xff"}', "is not JSON"),
        (b"{'schema': 1}", "is not JSON"),
        (b"net.ipv4.tcp_fin_timeout = 60\n", "is not JSON"),
        (snapshot()[:-1], "is not JSON"),
        (snapshot() + b"x", "is not JSON"),
        (b'{"schema": "tcptune/snapshot/1", "values": {"a\nb": 1}}', "is not JSON (Invalid control character"),
        (b"9" * 5000, "is not JSON (Exceeds the limit"),
        (b"[" * 100_000, "is not JSON (maximum recursion depth exceeded"),
        (b'{"a":' * 100_000, "is not JSON (maximum recursion depth exceeded"),
        (b"5", "is JSON, but not an object"),
        (b"null", "is JSON, but not an object"),
        (b"[]", "is JSON, but not an object"),
        (b'"tcptune/snapshot/1"', "is JSON, but not an object"),
    ],
)
def test_a_text_that_is_no_object_is_told_with_what_was_expected(text, cause):
    """Nobody sees a traceback for a wrong file."""
    found = refused(text)

    assert found.startswith(cause)
    assert found.endswith("expected what `tcptune collect` prints")


@pytest.mark.parametrize(
    ("field", "outcomes"),
    [
        ("schema", {"its schema is absent or no text"}),
        ("values", {"neither a number nor text"}),
        ("gaps", {"Input should be a valid string"}),
        ("host", {"Input should be a valid string"}),
        ("other", {"read"}),
    ],
)
def test_nesting_just_below_the_limit_is_no_crash(field, outcomes):
    """JSON that the parser still reads may be too deep for whoever prints it, so nobody prints it."""
    found = set()
    for depth in range(850, 1000):
        text = json.dumps(WHOLE | {field: "@"}).replace('"@"', '{"name":' + "[" * depth + "]" * depth + "}").encode()
        try:
            found.add(parse(text, "host.json").gaps.get("name", "read"))
        except SnapshotError as error:
            found |= {known for known in {"is not JSON", *outcomes} if known in str(error)} or {str(error)}

    assert {"is not JSON"} | outcomes == found


def test_a_name_that_is_given_twice_is_an_error():
    """Of two values for one name nobody can say which is right."""
    twice = b'{"schema": "tcptune/snapshot/1", "values": {"uptime": 1, "uptime": 2}}'

    assert refused(twice).startswith("is not JSON ('uptime' is given twice)")


def test_a_large_object_with_a_name_twice_is_refused_at_once():
    """Looking for the name takes no longer than reading it."""
    names = ",".join(f'"a{index}": 1' for index in range(100_000))
    started = time.perf_counter()

    assert "'a7' is given twice" in refused(f'{{"values": {{{names}, "a7": 2}}}}'.encode())
    assert time.perf_counter() - started < 5


def test_a_file_of_seventeen_megabytes_is_not_parsed():
    """The size is looked at first."""
    assert "larger than 16 MiB; a snapshot has some 20 kB" == refused(b" " * (17 << 20))
    assert "is not JSON" in refused(b" " * MAX_BYTES)


def test_too_many_names_are_refused():
    """A hundred thousand names are read, one more is not."""
    names = dict.fromkeys((f"a{index}" for index in range(MAX_NAMES)), 1)

    assert MAX_NAMES == len(parse(snapshot(values=names), "host.json").values)
    assert "holds 100001 values; at most 100000 are read" == refused(snapshot(values=names | {"b": 1}))


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + snapshot(),
        snapshot().replace(b", ", b",\r\n"),
        b"\r\n\t " + snapshot() + b"\r\n\r\n",
        snapshot().decode().encode("utf-16"),
        snapshot().decode().encode("utf-32-le"),
    ],
)
def test_marks_line_ends_and_encodings_do_not_matter(text):
    """A snapshot that went through an editor of another system is still one."""
    assert parse(snapshot(), "host.json") == parse(text, "host.json")


def test_what_is_printed_of_a_host_may_be_anything_but_is_text():
    """Names are cleaned where they are shown, not where they are read."""
    found = parse(snapshot(host={"name": "\x1b[2J\u202e", "release": "garbage"}), "host.json")

    assert Host("\x1b[2J\u202e", "garbage", "host.json") == found.host


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
documents = st.fixed_dictionaries(
    {"schema": st.just(SCHEMA) | json_values},
    optional=dict.fromkeys(("values", "gaps", "host", "taken_at", "tool", "schema_name"), json_values),
)
almost = st.fixed_dictionaries(
    {
        "schema": st.just(SCHEMA),
        "values": st.dictionaries(st.text() | st.from_regex(NAME, fullmatch=True), json_values),
        "gaps": st.dictionaries(st.text(), st.text()),
    }
)


@settings(deadline=None)
@given(json_values | documents | almost)
def test_any_json_is_a_snapshot_or_refused(document):
    """Whatever the JSON says, it becomes clean values and gaps, or one kind of error; and facts follow from it."""
    try:
        found = parse(json.dumps(document).encode(), "any.json")
    except SnapshotError:
        return

    assert all(NAME.fullmatch(name) for name in found.values)
    assert set() == found.values.keys() & found.gaps.keys()
    assert {int, float, str} >= {type(value) for value in found.values.values()}
    assert derive(found).vocabulary


@settings(deadline=None)
@given(st.binary(max_size=100) | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_refused(data):
    """Bytes that nobody meant as a snapshot are never one."""
    with pytest.raises(SnapshotError):
        parse(data, "any.json")
