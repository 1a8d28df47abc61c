"""A user's rule file: each thing that can be wrong with it is told with file, line and field."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from common import LANGUAGE
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.engine.validate import MAX_BYTES, MAX_DEPTH, load_folder, load_rule
from tcptune.errors import RuleError

RULE = """\
id: linger
title: FIN-WAIT-2 is kept for long
severity: low
status: experimental
applies_to:
  kernel: ">=4.18,<7.0"
  because: A test.
  except: [el8]
when: net.ipv4.tcp_fin_timeout > 60
message: It is {net.ipv4.tcp_fin_timeout} s.
evidence: [net.ipv4.tcp_fin_timeout]
rationale: Long.
recommend:
  - kind: sysctl
    key: net.ipv4.tcp_fin_timeout
    value: "60"
    effect: Shorter.
    cost: None that anybody knows.
  - kind: investigate
    action: Look at {states.FIN_WAIT_2} sockets.
    effect: Knowledge.
    cost: Time.
avoid:
  - {cure: Rebooting, why: It comes back.}
see: [ss -tan state fin-wait-2]
sources:
  - {kernel: tcp_fin_time(), says: It is so., read: [v6.18]}
examples:
  fires: [{given: {net.ipv4.tcp_fin_timeout: 61}}]
  quiet: [{given: {net.ipv4.tcp_fin_timeout: 60}}]
  skipped: [{given: {}, because: "net.ipv4.tcp_fin_timeout: not read"}]
"""


def line_of(text: str, start: str) -> int:
    """The number of the first line that begins so."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(start))


def load(folder: Path, text: str | bytes, name: str = "linger.yaml"):
    """The rule in a file of some text."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_rule(path, LANGUAGE)


def refused(folder: Path, text: str | bytes, name: str = "linger.yaml") -> RuleError:
    """Why a file is no rule; the sentence names the file first."""
    with pytest.raises(RuleError) as error:
        load(folder, text, name)

    assert str(error.value).startswith(str(folder / name))
    return error.value


def test_a_rule_is_read_as_it_stands(tmp_path):
    """Every field of a right file arrives."""
    rule = load(tmp_path, RULE)

    assert ("linger", "low", "experimental", (">=4.18,<7.0", "A test.", ("el8",))) == (
        rule.id,
        rule.severity,
        rule.status,
        (rule.applies_to.kernel, rule.applies_to.because, rule.applies_to.except_),
    )
    assert (2, 1, 1) == (len(rule.recommend), len(rule.avoid), len(rule.sources))
    assert [61, 60, {}] == [
        rule.examples.fires[0].given["net.ipv4.tcp_fin_timeout"],
        rule.examples.quiet[0].given["net.ipv4.tcp_fin_timeout"],
        rule.examples.skipped[0].given,
    ]


@pytest.mark.parametrize("prefix", ["", "\ufeff", "# a comment\n", "---\n", "%YAML 1.1\n---\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_marks_and_line_ends_do_not_matter(tmp_path, prefix, end):
    """A file that was written on another system is the same rule."""
    assert load(tmp_path, RULE) == load(tmp_path, prefix + RULE.replace("\n", end))


@pytest.mark.parametrize(
    ("old", "new", "at", "field", "cause"),
    [
        ("id: linger", "id: lingers", "id", "id", "'lingers' differs from the name of its file"),
        ("id: linger\n", "", "", "id", "Field required"),
        ("title: FIN", "titel: FIN", "id", "title", "Field required"),
        ("rationale: Long.", "rationale: [Long]", "rationale", "rationale", "Input should be a valid string"),
        ("severity: low", "severity: severe", "severity", "severity", "Input should be 'info', 'low', "),
        ("severity: low", "severity: 3", "severity", "severity", "Input should be 'info', 'low', "),
        ("status: exp", "status: x", "status", "status", "Input should be 'stable' or 'experimental'"),
        ("kernel: \">=4.18,<7.0\"", "kernel: 4.18+", "  kernel", "applies_to.kernel", "'4.18+' is not a comparison"),
        ("  because: A test.\n", "", "applies_to", "applies_to.because", "Field required"),
        ("  except:", "  except_:", "  except_", "applies_to.except_", "did you mean 'except'?"),
        ("  except: [el8]", "  except: el8", "  except", "applies_to.except", "Input should be a list"),
        ("  except:", "  excpet:", "  excpet", "applies_to.excpet", "did you mean 'except'?"),
        ("  because: A test.\n", "  because: A test.\n  shown_by: uptimes\n", "  shown_by", "applies_to.shown_by",
         "unknown fact 'uptimes'; did you mean 'uptime'?"),
        ("when: net", "when: nett", "when", "when", "unknown fact 'nett.ipv4.tcp_fin_timeout'; did you mean 'net.ipv4"),
        ("_timeout > 60", "_timeout + 60", "when", "when", "gives int, not bool"),
        ("_timeout > 60", "_timeout > '60'", "when", "when", "column 26: found no matching overload"),
        ("_timeout > 60", "_timeout > 60" + " " * 500 + "&& true", "when", "when", "at most 500 are allowed"),
        ("when: net.ipv4.tcp_fin_timeout > 60\n", "when: 'true'\nfor_each: contradiction\n", "for_each", "for_each",
         "unknown fact 'contradiction'; did you mean 'contradictions'?"),
        ("when: net.ipv4.tcp_fin_timeout > 60\n", "when: 'true'\nfor_each: uptime\n", "for_each", "for_each",
         "uptime is not a list; contradictions, doubts, "),
        ("{net.ipv4.tcp_fin_timeout} s.", "{net.ipv4.tcp_fin_timeout} s", "message", "message",
         "does not end with a period"),
        ("{net.ipv4.tcp_fin_timeout} s.", "{net.ipv4.fin_timeout} s.", "message", "message",
         "unknown fact 'net.ipv4.fin_timeout'; did you mean 'net.ipv4.tcp_fin_timeout'?"),
        ("evidence: [net.ipv4.tcp_fin_timeout]", "evidence: [tcp_fin_timeout]", "evidence", "evidence",
         "unknown fact 'tcp_fin_timeout'; did you mean 'net.ipv4.tcp_fin_timeout'?"),
        ("evidence: [net.ipv4.tcp_fin_timeout]", "evidence: []", "evidence", "evidence",
         "lacks net.ipv4.tcp_fin_timeout, which the condition uses"),
        ("evidence: [net.ipv4.tcp_fin_timeout]", "evidence: tcp", "evidence", "evidence", "Input should be a list"),
        ("    value: \"60\"\n", "", "  - kind: sysctl", "recommend.0", "a sysctl needs key and value"),
        ("    key: net.ipv4.tcp_fin_timeout\n", "", "  - kind: sysctl", "recommend.0", "a sysctl needs key and value"),
        ("    value: \"60\"", "    value: 60", "    value", "recommend.0.value", "Input should be a valid string"),
        ("    value: \"60\"", "    value: sixty", "    value", "recommend.0.value", "unknown fact 'sixty'"),
        ("    effect: Shorter.", "    effect: '{x}'", "  - kind: sysctl", "recommend.0", "unknown fact 'x'"),
        ("    cost: None", "    costs: None", "  - kind: sysctl", "recommend.0.cost", "Field required"),
        ("    cost: None", "    when: 1 + 1\n    cost: None", "    when", "recommend.0.when", "gives int, not bool"),
        ("    effect: Shorter.", "    effect: Shorter.\n    efect: x", "    efect", "recommend.0.efect",
         "is not a field of a rule; did you mean 'effect'?"),
        ("kind: investigate", "kind: reboot", "  - kind: reboot", "recommend.1.kind", "Input should be 'sysctl', "),
        ("    action: Look at {states.FIN_WAIT_2} sockets.\n", "", "  - kind: investigate", "recommend.1",
         "investigate needs an action"),
        ("{states.FIN_WAIT_2} sockets", "{states.FIN_WAIT2} sockets", "  - kind: investigate", "recommend.1",
         "unknown fact 'states.FIN_WAIT2'; did you mean 'states.FIN_WAIT_2'?"),
        ("why: It comes back.", "wy: It comes back.", "  - {cure", "avoid.0.why", "Field required"),
        ("  - {kernel: tcp_fin_time(), says: It is so., read: [v6.18]}", "  []", "sources", "sources",
         "at least one is needed"),
        ("says: It is so., ", "", "  - {kernel", "sources.0.says", "Field required"),
        ("fires: [{given: {net.ipv4.tcp_fin_timeout: 61}}]", "fires: []", "examples", "examples",
         "at least one that fires and one that stays quiet are needed"),
        ("  quiet: [{given: {net.ipv4.tcp_fin_timeout: 60}}]\n", "", "examples", "examples",
         "at least one that fires and one that stays quiet are needed"),
        ("  skipped:", "  skiped:", "  skiped", "examples.skiped", "did you mean 'skipped'?"),
        ("_timeout: 61}", "_timeout: yes}", "  fires", "examples.fires.0", "_fin_timeout is a truth value"),
        ("_timeout: 61}", "_timeout: [61]}", "  fires", "examples.fires.0.given.net.ipv4.tcp_fin_timeout.int", "Input"),
        ("see: [", "seee: [", "seee", "seee", "is not a field of a rule; did you mean 'see'?"),
        ("see: [", "nonsense: [", "nonsense", "nonsense", "is not a field of a rule"),
        ("see: [", "1: [", "1:", "1", "Keys should be strings"),
    ],
)  # fmt: skip
def test_each_thing_that_can_be_wrong_is_told_with_its_place(tmp_path, old, new, at, field, cause):
    """The error names file, line and field, and says what is wrong."""
    assert 1 == RULE.count(old)
    text = RULE.replace(old, new)
    error = refused(tmp_path, text)

    assert (field, True) == (error.field, cause in error.cause)
    assert f"{tmp_path / 'linger.yaml'}:{line_of(text, at) if at else 1}" == error.where
    assert str(error) == f"{error.where}: {field}: {error.cause}"


@pytest.mark.parametrize("name", ["Linger", "linger_long", "linger-", "-linger", "1linger", "linger--long", "lingér"])
def test_an_id_is_kebab_case(tmp_path, name):
    """An id is a file name, a word of the command line and a title of a page."""
    error = refused(tmp_path, RULE.replace("id: linger", f'id: "{name}"'), f"{name}.yaml")

    assert ("id", "is not kebab case") == (error.field, error.cause)


@pytest.mark.parametrize(
    ("text", "line", "cause"),
    [
        ("id: linger\nid: other\n", 2, "is given twice"),
        ("id: linger\nrecommend:\n  - kind: sysctl\n    kind: sysctl\n", 4, "is given twice"),
        ("id: &a linger\n", 1, "anchors and aliases are not allowed"),
        ("id: x\ntitle: *a\n", 2, "anchors and aliases are not allowed"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", 1, "anchors and aliases are not allowed"),
        ("&a [*a]\n", 1, "anchors and aliases are not allowed"),
        ('id: x\ntitle: !!python/object/apply:os.system ["id"]\n', 2, "tags are not allowed"),
        ("id: !<tag:yaml.org,2002:python/name:os.system> x\n", 1, "tags are not allowed"),
        ("id: !!str 5\n", 1, "tags are not allowed"),
        ("id: !!binary aGk=\n", 1, "tags are not allowed"),
        ("id: ! x\n", 1, "tags are not allowed"),
        ("!!set {a, b}\n", 1, "tags are not allowed"),
        ("id: x\n" + "a: " + "[" * 13, 2, "is nested too deeply"),
        ("[" * 30_000, 1, "is nested too deeply"),
        ("{a: " * 15_000, 1, "is nested too deeply"),
        ("- " * 30_000, 1, "is nested too deeply"),
        ("? " * 30_000, 1, "is nested too deeply"),
        ("\n".join(" " * depth + "a:" for depth in range(300)), MAX_DEPTH + 1, "is nested too deeply"),
        ("id: x\n\t- y\n", 2, "is not YAML: found a tab character that violates indentation"),
        ("id: [x\n", 2, "is not YAML: "),
        ("id: 'x\n", 2, "is not YAML: found unexpected end of stream"),
        ("id: x: y\n", 1, "is not YAML: mapping values are not allowed in this context"),
        ("a: 1\n---\nb: 2\n", 2, "is not YAML: but found another document"),
        ("[1, 2]: 3\n", 1, "is not YAML: found unhashable key"),
        ('id: "\\ud800"\n', 1, "is not YAML: found invalid Unicode character escape code"),
        ("%FOO bar\n---\n- x\n", 1, "is not YAML: found unknown directive name"),
        ("", None, "is not a mapping of fields such as id, when and message"),
        ("# nothing\n", None, "is not a mapping of fields such as id, when and message"),
        ("- id: linger\n", None, "is not a mapping of fields such as id, when and message"),
        ("linger", None, "is not a mapping of fields such as id, when and message"),
        ("id: a\0b\n", None, "control characters are not allowed"),
        (b"id: \xff\n", None, "is not UTF-8 text (byte 4)"),
        (RULE.encode("utf-16"), None, "is not UTF-8 text (byte 0)"),
        (RULE + "#" * MAX_BYTES, None, "larger than 64 KiB; a rule file is one idea"),
        ("id: " + "9" * 5000, None, "Exceeds the limit"),
        ("id: 2020-13-45\n", None, "month must be in 1..12"),
    ],
)
def test_what_is_no_rule_at_all_is_refused_at_once(tmp_path, text, line, cause):
    """Hostile and broken YAML is refused before anything is built of it, with the line where there is one."""
    started = time.perf_counter()
    error = refused(tmp_path, text)

    assert cause in error.cause
    assert (f"{tmp_path / 'linger.yaml'}:{line}" if line else str(tmp_path / "linger.yaml")) == error.where
    assert error.cause.isprintable()
    assert time.perf_counter() - started < 1


def test_the_largest_and_the_deepest_file_are_read(tmp_path):
    """The limits are met by what is just inside them."""
    filled = RULE + "#" * (MAX_BYTES - len(RULE.encode()))
    deep = RULE.replace("title: FIN-WAIT-2 is kept for long", "title: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1))

    assert load(tmp_path, RULE) == load(tmp_path, filled)
    assert "Input should be a valid string" == refused(tmp_path, deep).cause


def test_what_is_no_file_is_told(tmp_path):
    """A directory named like a rule, a broken link and a file that is gone have the system's own words."""
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "link.yaml").symlink_to("nowhere")
    causes = {}
    for name in ("folder", "link", "gone"):
        with pytest.raises(RuleError) as error:
            load_rule(tmp_path / f"{name}.yaml", LANGUAGE)
        causes[name] = (error.value.where, error.value.cause)

    assert {
        "folder": (str(tmp_path / "folder.yaml"), "Is a directory"),
        "link": (str(tmp_path / "link.yaml"), "No such file or directory"),
        "gone": (str(tmp_path / "gone.yaml"), "No such file or directory"),
    } == causes


def test_neither_a_pipe_nor_an_endless_file_is_waited_for(tmp_path):
    """A FIFO is empty, and of /dev/zero no more is read than a rule may have."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    causes = []
    for name in ("pipe", "zero"):
        with pytest.raises(RuleError) as error:
            load_rule(tmp_path / f"{name}.yaml", LANGUAGE)
        causes.append(error.value.cause)

    assert [
        "is not a mapping of fields such as id, when and message",
        "larger than 64 KiB; a rule file is one idea",
    ] == causes


def test_a_folder_of_rules_is_all_of_its_yaml_files(tmp_path):
    """Other files are let be, and the rules come by name."""
    for name in ("b", "a"):
        load(tmp_path, RULE.replace("id: linger", f"id: {name}"), f"{name}.yaml")
    (tmp_path / "notes.md").write_text("no rule")

    assert ["a", "b"] == [rule.id for rule in load_folder(tmp_path, LANGUAGE)]


def test_a_folder_with_one_wrong_rule_is_refused(tmp_path):
    """No rule of a user is left out silently."""
    load(tmp_path, RULE)
    (tmp_path / "wrong.yaml").write_text("id: wrong\n")

    with pytest.raises(RuleError, match=r"wrong\.yaml:1: title: Field required"):
        load_folder(tmp_path, LANGUAGE)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("absent", "no such directory"),
        ("file", "no such directory"),
        ("empty", "holds no .yaml file"),
    ],
)
def test_a_folder_that_holds_no_rules_is_told(tmp_path, name, cause):
    """A wrong path is an error, and not an empty rulebook."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()

    with pytest.raises(RuleError) as error:
        load_folder(tmp_path / name, LANGUAGE)
    assert str(error.value).startswith(f"{tmp_path / name}: {cause}")


FRAGMENTS = [
    "id: linger\n",
    "when: true\n",
    "- ",
    "? ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a ",
    "*a ",
    "!x ",
    "|\n",
    ">\n",
    "'",
]
MORE = [
    '"',
    "\n",
    "  ",
    "\t",
    "#",
    "---\n",
    "...\n",
    "%",
    "@",
    "`",
    "~",
    "yes",
    "1e5",
    ".nan",
    "<<: ",
    "\ufeff",
    "\u2028",
]
pieces = st.sampled_from([*FRAGMENTS, *MORE])
lines = st.sampled_from(RULE.splitlines(keepends=True))


@settings(deadline=None)
@given(
    st.lists(pieces | st.text(max_size=4), max_size=30).map("".join)
    | st.lists(lines).map("".join)
    | st.tuples(st.integers(0, len(RULE)), st.integers(0, 20), st.text(max_size=6)).map(
        lambda cut: RULE[: cut[0]] + cut[2] + RULE[cut[0] + cut[1] :]
    )
)
def test_any_text_is_a_rule_or_refused(tmp_path_factory, text):
    """No text raises anything but the one error of rules, and that error names the file."""
    path = tmp_path_factory.getbasetemp() / "linger.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        rule = load_rule(path, LANGUAGE)
    except RuleError as error:
        outcome = str(error).startswith(str(path))
    else:
        outcome = rule.id == "linger"

    assert outcome
