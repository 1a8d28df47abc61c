"""The plain forms of a command line: what is read without typer means what typer makes of it."""

from __future__ import annotations

import contextlib
import inspect
import io
import subprocess
import sys
from functools import cache
from importlib import import_module
from typing import Any
from unittest.mock import patch

import pytest
import typer
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from tcptune.cli import collect_work, sockets_work
from tcptune.cli.app import build
from tcptune.cli.quick import FORMS, quick

SHOW = inspect.signature(sockets_work.show)


@cache
def application() -> Any:
    """The whole command line, built once."""
    return typer.main.get_command(build())


def meaning(*given: Any, **named: Any) -> dict[str, Any]:
    """Every argument of a call by its name; no list and an empty list ask for the same."""
    bound = SHOW.bind(*given, **named)
    bound.apply_defaults()
    return {name: None if value in ([], ()) else value for name, value in bound.arguments.items()}


def by_typer(argv: list[str]) -> dict[str, Any] | None:
    """What typer calls the work with; None where it calls nothing: it refuses, or prints a help."""
    calls = []
    with (
        patch.object(sockets_work, "show", lambda *given, **named: calls.append(meaning(*given, **named))),
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        contextlib.suppress(SystemExit),
    ):
        application().main(args=list(argv), prog_name="tcptune")
    return calls[0] if calls else None


def by_quick(argv: list[str]) -> dict[str, Any] | None:
    """What the quick reader calls the work with; None where it leaves that to typer."""
    calls = []
    with patch.object(sockets_work, "show", lambda *given, **named: calls.append(meaning(*given, **named))):
        call = quick(argv)
        if call is not None:
            call()
    return calls[0] if calls else None


PLAIN = [
    ["sockets"],
    ["sockets", "--all"],
    ["sockets", "--all", "--all", "--owners", "--redact"],
    ["sockets", "--by", "owner"],
    ["sockets", "--by=peer", "--by=owner"],
    ["sockets", "--state", "time-wait", "--state=close_wait,LAST-ACK", "--format", "json"],
    ["sockets", "--root", "/tmp/tree", "-o", "out.txt"],
    ["sockets", "--output", "a", "-o", "b", "--output=c"],
    ["sockets", "--netns", "5", "--format=text"],
    ["sockets", "--state", "a=b", "--root=/x=y"],
    ["sockets", "--by", "no such view"],
    ["sockets", "--root", "\u202e/\udcff"],
]


@pytest.mark.parametrize("argv", PLAIN)
def test_the_plain_forms_are_read_quickly_and_right(argv):
    """Long options with their value behind a blank or an equals sign, short ones behind a blank, and switches."""
    found = by_quick(argv)

    assert found is not None
    assert by_typer(argv) == found


@pytest.mark.parametrize(
    "argv",
    [
        ["collect"],
        ["collect", "--owners", "--redact"],
        ["collect", "--root=/tmp/tree", "-o", "out.json"],
        ["collect", "--netns", "5", "--output", "a"],
    ],
)
def test_collect_is_read_quickly_and_right(argv):
    """The same holds for the other command that is read so."""
    shape = inspect.signature(collect_work.print_snapshot)
    calls = []

    def note(*given, **named):
        bound = shape.bind(*given, **named)
        bound.apply_defaults()
        calls.append(bound.arguments)

    with patch.object(collect_work, "print_snapshot", note), contextlib.suppress(SystemExit):
        quick(argv)()
        application().main(args=list(argv), prog_name="tcptune")

    assert 2 == len(calls)
    assert calls[0] == calls[1]


@pytest.mark.parametrize(
    "argv",
    [
        [],
        [""],
        ["audit"],
        ["--version"],
        ["-v", "sockets"],
        ["sockets", "-v"],
        ["sockets", "--help"],
        ["sockets", "-h"],
        ["sockets", "-"],
        ["sockets", "--"],
        ["sockets", "snapshot.json"],
        ["sockets", "--all", "snapshot.json"],
        ["sockets", "--all=yes"],
        ["sockets", "--al"],
        ["sockets", "--ALL"],
        ["sockets", "--no-all"],
        ["sockets", "--by"],
        ["sockets", "--by="],
        ["sockets", "--by", ""],
        ["sockets", "--by", "--all"],
        ["sockets", "--by", "-o"],
        ["sockets", "-o"],
        ["sockets", "-oout.txt"],
        ["sockets", "-o=out.txt"],
        ["sockets", "-o", "-"],
        ["sockets", "--output=-"],
        ["sockets", "--state", "-1"],
        ["sockets", "--states", "TIME-WAIT"],
        ["sockets", "all"],
        ["Sockets"],
        ["sockets "],
    ],
)
def test_anything_else_is_left_to_typer(argv):
    """What is wrong, and what is rare: typer knows what to say."""
    assert quick(argv) is None


values = st.one_of(
    st.sampled_from(["TIME-WAIT", "close_wait", "syn-recv,LAST-ACK", "peer", "owner", "json", "/", "/tmp/x", "5"]),
    st.sampled_from(["", "-", "--", "-x", "-o", "--all", "--by", "--by=peer", "a=b", "=", "=x", "a b", "\n", "*"]),
    st.text(max_size=4),
)
words = sorted({*FORMS["sockets"].single, *FORMS["sockets"].repeated, *FORMS["sockets"].switches})
names = st.one_of(
    st.sampled_from(words),
    st.sampled_from(["--help", "-h", "--version", "-v", "--al", "--outpu", "--OWNERS", "-a", "--no-redact"]),
)
pieces = st.one_of(
    names.map(lambda name: [name]),
    st.tuples(names, values).map(list),
    st.builds("{}={}".format, names, values).map(lambda word: [word]),
    st.builds("-o{}".format, values).map(lambda word: [word]),
    values.map(lambda word: [word]),
)
tame = st.one_of(
    st.sampled_from(sorted(FORMS["sockets"].switches)).map(lambda name: [name]),
    st.tuples(st.sampled_from(words), values).map(list),
    st.builds("{}={}".format, st.sampled_from(words), values).map(lambda word: [word]),
)
lines = st.builds(
    lambda first, rest: [*first, *(word for piece in rest for word in piece)],
    st.sampled_from([["sockets"]] * 8 + [["-v", "sockets"], ["--verbose", "sockets"], [], ["audit"]]),
    st.one_of(st.lists(tame, max_size=4), st.lists(st.one_of(tame, pieces), max_size=5)),
)


@settings(deadline=None, max_examples=250)
@given(lines)
@example(["sockets", "--by", "--all"])
@example(["sockets", "-o", "--"])
@example(["sockets", "--all", "--", "--all"])
@example(["sockets", "--root", "a", "--", "b"])
def test_whatever_is_read_quickly_means_what_typer_makes_of_it(argv):
    """And where typer refuses, or prints a help, the quick reader has left it to typer."""
    found = by_quick(argv)
    event("read quickly" if found is not None else "left to typer")

    if found is not None:
        assert by_typer(argv) == found


@settings(deadline=None, max_examples=100)
@given(st.lists(tame, max_size=4))
def test_what_typer_refuses_is_never_read_quickly(pieces):
    """Whole options with values of all kinds: what is not called by typer is not called."""
    argv = ["sockets", *(word for piece in pieces for word in piece)]

    assert by_typer(argv) is not None or quick(argv) is None


@pytest.mark.parametrize("command", FORMS)
def test_a_form_names_only_parameters_that_exist(command):
    """Each option is one of the command, of the same parameter and nature; and no option of the command is missing."""
    form = FORMS[command]
    parameters = inspect.signature(getattr(import_module(form.module), form.function)).parameters
    named = {**form.single, **form.repeated, **form.switches}
    of_typer = {
        option: parameter
        for parameter in application().commands[command].params
        if parameter.param_type_name == "option" and parameter.name != "help"
        for option in (*parameter.opts, *parameter.secondary_opts)
    }

    assert set(named.values()) <= set(parameters)
    assert {option: parameter.name for option, parameter in of_typer.items()} == named
    assert set(form.switches) == {option for option, parameter in of_typer.items() if parameter.is_flag}
    assert set(form.repeated) == {option for option, parameter in of_typer.items() if parameter.multiple}
    assert len(named) == len(form.single) + len(form.repeated) + len(form.switches)


def test_typer_passes_every_argument_on():
    """What is not given has the same default for both."""
    assert meaning() == by_typer(["sockets"]) == by_quick(["sockets"])
    assert {
        "source": "snapshot.json", "states": ["a", "b"], "by": "peer", "everything": True, "owners": True,
        "redact": True, "root": "/r", "netns": "n", "format_": "json", "output": "o",
    } == by_typer([
        "sockets", "snapshot.json", "--state", "a", "--state=b", "--by", "peer", "--all", "--owners", "--redact",
        "--root", "/r", "--netns", "n", "--format", "json", "-o", "o",
    ])  # fmt: skip


def test_reading_quickly_imports_no_typer():
    """Its import takes longer than the work."""
    script = (
        "import sys\n"
        "from tcptune.cli.quick import quick\n"
        "assert quick(['sockets', '--all', '--by', 'peer']) is not None\n"
        "print(sorted({'typer', 'click', 'rich', 'pydantic'} & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    assert "[]\n" == run.stdout
