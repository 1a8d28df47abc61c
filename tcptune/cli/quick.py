"""The plain forms of a command line, read without typer: its import takes as long as walking 300,000 sockets.

What is understood here means what typer makes of it, which a test holds against typer; anything else, and all
that is wrong, is left to typer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple


class Form(NamedTuple):
    """Where a command's work is done, and its options, each with the name of its parameter.

    There are those with a value, those that may be given several times, and switches.
    """

    module: str
    function: str
    single: dict[str, str]
    repeated: dict[str, str]
    switches: dict[str, str]


FORMS = {
    "sockets": Form(
        "tcptune.cli.sockets_work",
        "show",
        {
            "--by": "by",
            "--format": "format_",
            "--root": "root",
            "--netns": "netns",
            "--output": "output",
            "-o": "output",
        },
        {"--state": "states"},
        {"--all": "everything", "--owners": "owners", "--redact": "redact"},
    ),
    "collect": Form(
        "tcptune.cli.collect_work",
        "print_snapshot",
        {"--root": "root", "--netns": "netns", "--output": "output", "-o": "output"},
        {},
        {"--owners": "owners", "--redact": "redact"},
    ),
}
"""The commands for which it is worth it."""


def quick(arguments: Sequence[str]) -> Callable[[], None] | None:
    """The command with its arguments, ready to be called; None where typer has to look at them."""
    if not arguments or arguments[0] not in FORMS:
        return None
    form = FORMS[arguments[0]]
    given: dict[str, Any] = {}
    rest = iter(arguments[1:])
    for word in rest:
        name, equals, value = word.partition("=")
        if word in form.switches:
            given[form.switches[word]] = True
            continue
        if name not in {**form.single, **form.repeated} or (equals and not name.startswith("--")):
            return None
        if not equals:
            value = next(rest, "-")
        if value.startswith("-") or not value:
            return None
        if name in form.single:
            given[form.single[name]] = value
        else:
            given.setdefault(form.repeated[name], []).append(value)
    return partial(getattr(import_module(form.module), form.function), **given)
