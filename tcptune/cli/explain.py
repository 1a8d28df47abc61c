"""`tcptune explain NAME`: what it is, what it decides, its value here, what is believed of it and wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tcptune.cli import choices, options
from tcptune.cli.output import complain, write
from tcptune.errors import CollectError, UsageError

if TYPE_CHECKING:
    from tcptune.engine.rule import Rule
    from tcptune.model.facts import Facts


def explain(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A sysctl, a TCP state, a counter, a fact, a rule, or `beliefs`.")
    ],
    root: options.Root = "/",
    rules: options.Rules = None,
    kernel: options.Kernel = None,
    no_machine: Annotated[
        bool, typer.Option("--no-machine", help="The general page, without this machine's values.")
    ] = False,
) -> None:
    """Explain a sysctl, state, counter, fact or rule, with this machine's values; or what is believed, and false."""
    write(page_of(name, rules or [], root, machine=not no_machine, kernel=kernel))


def page_of(
    name: str, folders: list[str], root: str, machine: bool, only_rules: bool = False, kernel: str | None = None
) -> str:
    """The page of the topic that a name stands for; UsageError suggests names where none does."""
    from tcptune.explain import pages, topics
    from tcptune.facts.vocabulary import vocabulary

    rules = _with_examples(folders)
    known = vocabulary()
    index = topics.index((rule.id for rule in rules), known)
    if only_rules:
        index = {spelling: topic for spelling, topic in index.items() if topic.kind == "rule"}
    topic = topics.find(name, index)
    if topic is None:
        near = topics.suggestions(name, index)
        raise UsageError(f"nothing is called {name!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))
    if topics.plain(name) not in index:
        complain(f"nothing is called {name!r}; this is {topic.name}")
    facts = _facts(root, kernel) if machine and topic.kind not in topics.GENERAL else None
    return pages.render(topic, rules, known, facts)


def _with_examples(folders: list[str]) -> list[Rule]:
    """Our rules and the user's, examples included: a page shows them."""
    from pathlib import Path

    from tcptune.engine.language import Language
    from tcptune.engine.rulebook import load_builtin
    from tcptune.facts.vocabulary import vocabulary

    found = {rule.id: rule for rule in load_builtin()}
    if folders:
        from tcptune.engine.validate import load_folder
    for folder in folders:
        found |= {rule.id: rule for rule in load_folder(Path(folder), Language(vocabulary()))}
    return list(found.values())


def _facts(root: str, kernel: str | None) -> Facts | None:
    """The facts of the machine, or None, said so, where nothing of one is readable."""
    from pathlib import Path

    from tcptune.collect.everything import collect
    from tcptune.facts.derive import derive

    try:
        snapshot = collect(Path(root))
    except CollectError as error:
        complain(f"{error}; this page is the general one")
        return None
    return derive(snapshot.as_release(choices.release(kernel)))
