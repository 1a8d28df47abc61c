"""Conditions: three-valued, typed, bounded, and wrong ones are explained."""

from __future__ import annotations

import resource
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from common import LANGUAGE
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.engine.language import MAX_LENGTH, MAX_LOOPS, ExpressionError, Failed, Missing

FIN_TIMEOUT = "net.ipv4.tcp_fin_timeout"
RETRIES = "net.ipv4.tcp_orphan_retries"
SHARE = "tw.share_of_limit"
QUICK = 2.0
"""Seconds that the most hostile condition may take; usual ones take microseconds."""
ROOM = 1 << 30
"""Bytes of address space that a hostile condition may take besides what Python has already."""


def answer(expression: str, **values: object) -> object:
    """The answer to a condition over a few values; `__` in a name stands for a dot."""
    return LANGUAGE.evaluate(expression, {name.replace("__", "."): value for name, value in values.items()})


def wrong(expression: str, returns: str | None = "BOOL") -> str:
    """Why an expression is refused."""
    with pytest.raises(ExpressionError) as error:
        LANGUAGE.check(expression, returns)
    return str(error.value)


@contextmanager
def bounded():
    """Little time and little memory."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, limits[1]))
    started = time.perf_counter()
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    assert time.perf_counter() - started < QUICK


def outcome(expression: str) -> object:
    """What becomes of an expression of a user: refused, or evaluated on a machine that says nothing."""
    try:
        LANGUAGE.check(expression)
    except ExpressionError as error:
        return error
    return LANGUAGE.evaluate(expression, {})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"{FIN_TIMEOUT} > 60", True),
        (f"{FIN_TIMEOUT} == 61 && {FIN_TIMEOUT} < 60", False),
        (f"2 * ({FIN_TIMEOUT} - 60)", 2),
        (f"{FIN_TIMEOUT} > 60 ? 'long' : 'short'", "long"),
        ("1.5 + 1.5", 3.0),
        ("[1, 2].exists(x, x > 1)", True),
        (f"{FIN_TIMEOUT} > 60 // a comment", True),
    ],
)
def test_a_decided_condition_has_a_plain_answer(expression, expected):
    """Numbers, truth values and text come back as Python's own."""
    assert expected == LANGUAGE.evaluate(expression, {FIN_TIMEOUT: 61})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"{RETRIES} > 1", Missing(RETRIES)),
        (f"{RETRIES} > 1 && {FIN_TIMEOUT} > 60", Missing(RETRIES)),
        (f"{FIN_TIMEOUT} > 60 && {RETRIES} > 1", Missing(RETRIES)),
        (f"{RETRIES} > 1 && {FIN_TIMEOUT} < 60", False),
        (f"{FIN_TIMEOUT} < 60 && {RETRIES} > 1", False),
        (f"{RETRIES} > 1 || {FIN_TIMEOUT} > 60", True),
        (f"{FIN_TIMEOUT} > 60 || {RETRIES} > 1", True),
        (f"{RETRIES} > 1 || {FIN_TIMEOUT} < 60", Missing(RETRIES)),
        (f"!({RETRIES} > 1)", Missing(RETRIES)),
        (f"({RETRIES} > 1 ? 1 : 2) > 0", Missing(RETRIES)),
        (f"contradictions.exists(c, c.left > 1) || {FIN_TIMEOUT} > 60", True),
        ("contradictions.size() > 0", Missing("contradictions")),
    ],
)
def test_an_absent_fact_leaves_undecided_what_the_rest_does_not_decide(expression, expected):
    """absent && false is false, absent || true is true, and everything else names what was missing."""
    assert expected == LANGUAGE.evaluate(expression, {FIN_TIMEOUT: 61})


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("1 / 0 > 0", "divide by zero"),
        ("1 % 0 > 0", "modulus by zero"),
        (f"{FIN_TIMEOUT} / ({FIN_TIMEOUT} - 61) > 0", "divide by zero"),
        (f"9223372036854775807 + {FIN_TIMEOUT} > 0", "integer overflow"),
        (f"-9223372036854775807 - {FIN_TIMEOUT} > 0", "integer overflow"),
        (f"{FIN_TIMEOUT} * 9223372036854775807 > 0", "integer overflow"),
        ("int('many') > 0", "cannot convert string to int"),
        ("'a'.matches('(')", "invalid regular expression: missing ): ("),
        ("[1][2] > 0", "Index error: index=2 size=1"),
        ("{'a': 1}.b > 0", 'Key not found in map : "b"'),
    ],
)
def test_what_cannot_be_computed_has_failed(expression, cause):
    """No arithmetic raises; the answer says what went wrong."""
    assert Failed(cause) == LANGUAGE.evaluate(expression, {FIN_TIMEOUT: 61})


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**400])
def test_a_number_that_is_too_large_has_failed(value):
    """A number beyond 64 bits is no crash, and no wrong answer."""
    assert Failed("int too big to convert") == LANGUAGE.evaluate(f"{FIN_TIMEOUT} > 60", {FIN_TIMEOUT: value})


def test_items_are_asked_by_their_fields():
    """An item is a map; a field that it lacks has failed, and an item that is absent is missing."""
    assert answer("item.left > 5", item={"left": 7, "subject": "a"}) is True
    assert Failed('Key not found in map : "left"') == answer("item.left > 5", item={"subject": "a"})
    assert Failed("No matching overloads found : _>_(string, int64)") == answer("item.left > 5", item={"left": "a"})
    assert Missing("item") == answer("item.left > 5")


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        ("net.ipv4.tcp_fin_timout > 60", "unknown fact 'net.ipv4.tcp_fin_timout'; did you mean '" + FIN_TIMEOUT + "'?"),
        ("tcp_fin_timeout > 60", "unknown fact 'tcp_fin_timeout'; did you mean '" + FIN_TIMEOUT + "'?"),
        ("TcpExt.TCPTimeWaitOverflows > 0", "unknown fact 'TcpExt.TCPTimeWaitOverflows'; did you mean"),
        ("states.TIMEWAIT > 0", "unknown fact 'states.TIMEWAIT'; did you mean 'states.TIME_WAIT'?"),
        (f"{FIN_TIMEOUT} > 60 && qqqqqqqqqqqqqqq > 1", "unknown fact 'qqqqqqqqqqqqqqq'"),
        ("true &&\n net.ipv4.tcp_fin_timout > 1", "unknown fact 'net.ipv4.tcp_fin_timout'; did you mean"),
    ],
)
def test_an_unknown_name_comes_with_the_nearest_known_one(expression, cause):
    """Whoever misspells a fact is told its name, and is told nothing where none is near."""
    assert wrong(expression).startswith(cause)
    assert ("did you mean" in cause) == ("did you mean" in wrong(expression))


@pytest.mark.parametrize(
    ("expression", "cause"),
    [
        (f"{FIN_TIMEOUT} > 'a'", "column 26: found no matching overload for '_>_' applied to '(int, string)'"),
        (f"{FIN_TIMEOUT} > 1.5", "column 26: found no matching overload for '_>_' applied to '(int, double)'"),
        (f"{SHARE} > 1", "column 19: found no matching overload for '_>_' applied to '(double, int)'"),
        (f"{FIN_TIMEOUT}.seconds > 1", "column 25: expression of type 'int' cannot be the operand of a select"),
        ("1 > ", "column 5: Syntax error: mismatched input '<EOF>'"),
        ("1 > 2 &&\n\n 1 > ", "line 3, column 6: Syntax error"),
        ("true && 1 + 'a' > 2\n", "column 11: found no matching overload for '_+_' applied to '(int, string)'"),
        ("9223372036854775808 > 0", "column 1: invalid int literal"),
        ("a\0b", "column 2: Syntax error: token recognition error"),
        ("é > 1", "column 1: Syntax error: token recognition error"),
        ("", "column 1: Syntax error"),
        ("open('/etc/passwd') == ''", "unknown function 'open'"),
        ("import os", "column 1: reserved identifier: import"),
        ("__import__('os').system('id') == 0", "unknown function '__import__'"),
        ("'a'.shout() == 'A'", "unknown function 'shout'"),
    ],
)
def test_a_wrong_expression_says_where(expression, cause):
    """Errors of syntax and type give the column, and the line where there are several."""
    assert wrong(expression).startswith(cause)


@pytest.mark.parametrize(
    ("expression", "given_type"), [("1", "int"), ("'a'", "string"), ("1.0", "double"), ("[]", "list<dyn>")]
)
def test_a_condition_gives_a_truth_value(expression, given_type):
    """Any other type is refused; where any type will do, it is not."""
    assert f"gives {given_type}, not bool" == wrong(expression)
    LANGUAGE.check(expression)


def test_half_a_surrogate_pair_is_no_expression():
    """Text that cannot be encoded is refused and not handed on."""
    assert "is not text: half of a surrogate pair is in it" == wrong("'\ud800' == 'a'")


def test_five_hundred_characters_are_the_limit():
    """One more is refused, whatever it says."""
    expression = "true || " + "1 == 1" + " " * MAX_LENGTH
    LANGUAGE.check(expression[:MAX_LENGTH], "BOOL")

    assert "501 characters; at most 500 are allowed" == wrong(expression[: MAX_LENGTH + 1])


def test_three_loops_are_the_limit():
    """A fourth comprehension is refused wherever it stands."""
    loop = "[1].exists(x, x > 0)"
    LANGUAGE.check(" && ".join([loop] * MAX_LOOPS), "BOOL")

    assert "4 loops (all, exists, filter, map); at most 3 are allowed" == wrong(" && ".join([loop] * (MAX_LOOPS + 1)))


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        (f"{FIN_TIMEOUT} > 60 && {RETRIES} > {FIN_TIMEOUT}", (FIN_TIMEOUT, RETRIES)),
        ("contradictions.exists(c, c.left > 1)", ("contradictions",)),
        (f"'{FIN_TIMEOUT}' == \"{RETRIES}\"", ()),
        ("item.left > 1", ()),
        ("", ()),
    ],
)
def test_the_names_in_an_expression_are_facts(expression, names):
    """Each is told once, in order; what stands in quotes is no name."""
    assert names == LANGUAGE.names_in(expression)


def nested(depth: int, around: str) -> str:
    """An expression in many brackets."""
    return around[0] * depth + "1" + around[1] * depth


def comprehensions(depth: int, elements: int) -> str:
    """Loops in loops over literal lists."""
    inner = "1"
    for name in "abcdefghijkl"[:depth]:
        inner = f"[{','.join('0' * elements)}].map({name},{inner})"
    return inner


def doubling(depth: int, times: int) -> str:
    """Each loop makes its text several times as long for the next."""
    names = "abcdefghijkl"[:depth]
    inner = names[-1]
    for index in reversed(range(depth)):
        source = "'aaaaaaaa'" if index == 0 else "+".join(names[index - 1] * times)
        inner = f"[{source}].map({names[index]},{inner})"
    return inner


HOSTILE = [
    nested(249, "()"),
    nested(249, "[]"),
    "!" * 490 + "true",
    "-" * 490 + "1",
    "+".join("1" * 250),
    "&&".join(["true"] * 80),
    "true?" * 49 + "true" + ":true" * 49,
    "{1:" * 100 + "1" + "}" * 100,
    "a." * 249 + "b",
    "'" + "a" * 400 + "'.matches('(a|aa)*$b')",
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(a*)*(a*)*(a*)*(a*)*b')",
    "'a'.matches('((a{1000}){1000}){1000}')",
    "'a'.matches('" + "(a?){1,999}" * 40 + "')",
    "'a'.matches('" + "(" * 200 + ")" * 200 + "')",
    "'" + "a+" * 150 + "'.matches('" + ".*" * 80 + "x')",
    comprehensions(1, 200),
    comprehensions(2, 110),
    comprehensions(3, 70),
    comprehensions(10, 18),
    doubling(3, 30),
    doubling(3, 60),
    doubling(10, 8),
    doubling(8, 16),
    comprehensions(3, 70).replace("map", "exists"),
    "'\\u0061" + "\\U0010ffff" * 40 + "' == ''",
    "b'" + "\\xff" * 120 + "' == b''",
    "/*" * 250,
    "//" * 250,
    '"""' + "a" * 490,
]


@pytest.mark.parametrize("expression", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_expression_ends_soon_and_stays_small(expression):
    """What 500 characters can ask for is answered or refused, in little time and memory."""
    assert len(expression) <= MAX_LENGTH
    with bounded():
        found = outcome(expression)

    assert found is not None


NAMES = [FIN_TIMEOUT, RETRIES, SHARE, "contradictions", "item.left", "item", "c", "x"]
LITERALS = ["1", "0", "1.5", "'a'", "true", "null", "[1,2]", "{'a': 1}", "9223372036854775807", "b'a'", "1u"]
OPERATORS = [*"+-*/%!<?:()[].,", "&&", "||", "==", "!=", ">=", "in"]
CALLS = [".map(c,", ".exists(c,", ".filter(c,", ".all(c,", ".matches(", ".size()", "has(", "dyn(", "int(", "string("]
tokens = st.sampled_from([*NAMES, *LITERALS, *OPERATORS, *CALLS])


amounts = st.recursive(
    st.sampled_from([FIN_TIMEOUT, RETRIES, "0", "1", "9223372036854775807", "[1, 2][1]", "size('ab')"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/%"), inner).map(lambda parts: f"({' '.join(parts)})"),
    max_leaves=4,
)
conditions = st.recursive(
    st.tuples(amounts, st.sampled_from(["<", "<=", "==", "!=", ">"]), amounts).map(" ".join),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["&&", "||", "==", "? true :"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        )
        | inner.map(lambda part: f"!({part})")
        | inner.map(lambda part: f"[1, 2].exists(x, x > 1 && {part})")
    ),
    max_leaves=6,
)
values_of_some = st.dictionaries(st.sampled_from([FIN_TIMEOUT, RETRIES]), st.integers(-(2**63), 2**63 - 1))


@settings(deadline=None)
@given(st.lists(tokens, max_size=20).map(" ".join) | st.text(max_size=60) | conditions, values_of_some)
def test_any_condition_is_refused_or_true_false_missing_or_failed(expression, values):
    """No arrangement of words raises anything but the one error of expressions, and no answer is of another kind."""
    try:
        LANGUAGE.check(expression, "BOOL")
    except ExpressionError as error:
        found: object = Failed(str(error))
    else:
        found = LANGUAGE.evaluate(expression, values)

    assert found is True or found is False or isinstance(found, Missing | Failed)


@settings(deadline=None)
@given(values_of_some)
def test_a_conjunction_is_as_true_as_its_parts(values):
    """Three-valued: false beats absent, absent beats true."""
    known = [values.get(name) for name in (FIN_TIMEOUT, RETRIES)]
    if any(value is not None and value <= 60 for value in known):
        expected: object = False
    else:
        expected = next((Missing(n) for n in (FIN_TIMEOUT, RETRIES) if n not in values), True)

    assert expected == LANGUAGE.evaluate(f"{FIN_TIMEOUT} > 60 && {RETRIES} > 60", values)


@pytest.mark.parametrize(
    "expression",
    [
        "net.ipv4.tcp_fin_timeout > 60 && net.ipv4.tcp_sack == 1",
        "net . ipv4\n.tcp_fin_timeout > 60 && .net.ipv4.tcp_sack == 1",
        "'a\\'b' == 'c' || net.ipv4.tcp_fin_timeout > 60 || 'd' == 'e'",
        "net. // why\n ipv4.tcp_fin_timeout > 60",
        "[61].exists(item, item == net.ipv4.tcp_fin_timeout)",
        "item.port == net.ipv4.tcp_sack",
        "uptime > 1.0 || net.ipv4.tcp_fin_timeout > 60",
    ],
)
def test_an_expression_is_handed_all_that_it_may_ask_for(expression):
    """However its names are written; the answer is the one it would get from everything that is known."""
    values = {"net.ipv4.tcp_fin_timeout": 61, "net.ipv4.tcp_sack": 1, "item": {"port": 1}}

    assert LANGUAGE.evaluate(expression, values) is True
