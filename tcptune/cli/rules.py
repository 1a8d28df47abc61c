"""`tcptune rules`: list, show, test and describe the shape of rules, ours and yours."""

from __future__ import annotations

from typing import Annotated

import typer

from tcptune.cli import options
from tcptune.cli.output import complain, write
from tcptune.errors import RuleError

app = typer.Typer(
    help="Work with rules: list, show, test, schema.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
FAILED, COULD_NOT_JUDGE = 1, 3


@app.command("list")
def list_rules(rules: options.Rules = None) -> None:
    """One line for each rule: severity, id, title."""
    from tcptune.cli.audit import load

    _, found = load(rules or [])
    width = max(len(rule.id) for rule in found)
    write("".join(f"{rule.severity:<6}  {rule.id:<{width}}  {rule.title}\n" for rule in found))


@app.command("show")
def show_rule(rule: Annotated[str, typer.Argument(metavar="RULE")], rules: options.Rules = None) -> None:
    """The page of one rule."""
    from tcptune.cli.explain import page_of

    write(page_of(rule, rules or [], "/", machine=False, only_rules=True))


@app.command("test")
def run_tests(
    folders: Annotated[list[str] | None, typer.Argument(metavar="[DIR]...", help="Default: our own rules.")] = None,
) -> None:
    """Hold every rule of the folders against its shape and its own examples."""
    from pathlib import Path

    from tcptune.engine.examples import run_examples
    from tcptune.engine.language import Language
    from tcptune.engine.rulebook import builtin_folder, rule_files
    from tcptune.engine.validate import load_rule
    from tcptune.facts.vocabulary import vocabulary
    from tcptune.lint.examples import facts_of

    language = Language(vocabulary())
    broken = failed = passed = examples = 0
    for folder in [Path(name) for name in folders or ()] or [builtin_folder()]:
        files = rule_files(folder)
        for path in files:
            try:
                rule = load_rule(path, language)
            except RuleError as error:
                complain(str(error))
                broken += 1
                continue
            failures = run_examples(rule, facts_of, language)
            for failure in failures:
                complain(f"{path}: examples.{failure.example}: {failure.cause}")
            failed += bool(failures)
            passed += not failures
            examples += sum(len(part) for part in (rule.examples.fires, rule.examples.quiet, rule.examples.skipped))
    write(f"{passed} rules passed with {examples} examples, {failed} failed, {broken} did not load\n")
    raise typer.Exit(COULD_NOT_JUDGE if broken else FAILED if failed else 0)


@app.command("schema")
def schema() -> None:
    """The JSON schema of a rule file, for editors."""
    import json

    from tcptune.engine.validate import rule_schema

    write(json.dumps(rule_schema(), indent=1) + "\n")
