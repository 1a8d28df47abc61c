"""A rule file held against the shape of a rule, the vocabulary and the house rules.

Hostile YAML is refused before it is built: tags, anchors and aliases (bombs), duplicate keys, deep nesting,
large files.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from tcptune.engine.check import PLACEHOLDER
from tcptune.engine.examples import machine
from tcptune.engine.language import ExpressionError, Language
from tcptune.engine.rule import AppliesTo, Avoid, Example, Examples, Recommendation, Rule, Source
from tcptune.engine.rulebook import Loader, parse, rule_files
from tcptune.errors import RuleError
from tcptune.kernel.release import KernelRange
from tcptune.kernel.states import TcpState
from tcptune.printable import printable

MAX_BYTES = 64 * 1024
MAX_DEPTH = 12
Complaint = tuple[str, str]
"""(field, cause)."""

FIELDS = sorted(
    {
        field.removesuffix("_")
        for shape in (Rule, AppliesTo, Recommendation, Avoid, Source, Example, Examples)
        for field in shape.__dataclass_fields__
    }
)
RULE_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
SHOWN = re.compile(r"[A-Z]+(?:-[A-Z0-9]+)*(?:/[a-z-]+)?")
STATES = frozenset(state.rfc for state in TcpState)


def load_folder(folder: Path, language: Language) -> list[Rule]:
    """All rules of a folder, validated and with their examples; RuleError names the first that is wrong."""
    return [load_rule(path, language) for path in rule_files(folder)]


def load_rule(path: Path, language: Language) -> Rule:
    """Read and validate one rule file; RuleError says which file, line and field is wrong, and how."""
    document, lines = _document(path)
    try:
        TypeAdapter(Rule).validate_python(_python_names(document))
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(str(part).removesuffix("_") for part in first["loc"])
        raise RuleError(_where(path, lines, place), ".".join(place), _shape_cause(first)) from None
    rule = Rule.of(document)
    for field, cause in _complaints(rule, path.stem, language):
        raise RuleError(_where(path, lines, tuple(field.split("."))), field, cause)
    return rule


def rule_schema() -> dict[str, Any]:
    """The JSON schema of a rule file, for editors."""
    schema = TypeAdapter(Rule).json_schema()
    applies_to = schema["$defs"]["AppliesTo"]["properties"]
    applies_to["except"] = applies_to.pop("except_")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _document(path: Path) -> tuple[dict[str, Any], dict[tuple[str, ...], int]]:
    """The YAML mapping in a file, and the line of each of its fields."""
    try:
        raw = _read(path)
    except OSError as error:
        raise RuleError(str(path), "", error.strerror or "cannot be read") from None
    if len(raw) > MAX_BYTES:
        raise RuleError(str(path), "", f"larger than {MAX_BYTES // 1024} KiB; a rule file is one idea")
    try:
        text = raw.decode("utf-8-sig")
        _refuse_tricks(text, path)
        lines: dict[tuple[str, ...], int] = {}
        _walk(yaml.compose(text, Loader), (), lines, path)
        document = parse(text)
    except UnicodeDecodeError as error:
        raise RuleError(str(path), "", f"is not UTF-8 text (byte {error.start})") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise RuleError(f"{path}:{mark.line + 1 if mark else 1}", "", f"is not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise RuleError(str(path), "", printable(" ".join(str(error).split()))) from None
    if not isinstance(document, dict):
        raise RuleError(str(path), "", "is not a mapping of fields such as id, when and message")
    return document, lines


def _read(path: Path) -> bytes:
    """No more of a file than a rule may have; a pipe in its place is not waited for."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        return file.read(MAX_BYTES + 1) or b""


def _refuse_tricks(text: str, path: Path) -> None:
    """RuleError for anchors, aliases, tags and deep nesting: the C parser builds it by recursion and would crash."""
    depth = 0
    for event in yaml.parse(text, Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            cause = "anchors and aliases are not allowed"
        elif getattr(event, "tag", None):
            cause = "tags are not allowed"
        elif depth > MAX_DEPTH:
            cause = "is nested too deeply"
        else:
            continue
        raise RuleError(f"{path}:{event.start_mark.line + 1 if event.start_mark else 1}", "", cause)


def _walk(node: Any, place: tuple[str, ...], lines: dict[tuple[str, ...], int], path: Path) -> None:
    """Note the line of every field, refusing duplicate keys."""
    if node is None:
        return
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*place, str(key.value))
            if inner in lines:
                raise RuleError(f"{path}:{key.start_mark.line + 1}", ".".join(inner), "is given twice")
            _walk(value, inner, lines, path)
            lines[inner] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*place, str(index)), lines, path)


def _where(path: Path, lines: dict[tuple[str, ...], int], location: tuple[Any, ...]) -> str:
    """`file:line` of the nearest enclosing field that stands in the file."""
    place = tuple(str(part) for part in location)
    while place and place not in lines:
        place = place[:-1]
    return f"{path}:{lines.get(place, 1)}"


def _python_names(document: dict[str, Any]) -> dict[str, Any]:
    """`except` is a Python keyword; the dataclass spells it `except_`."""
    applies_to = document.get("applies_to")
    if isinstance(applies_to, dict):
        python_name = {"except": "except_", "except_": "except__"}  # the second one then is no field
        renamed = {python_name.get(key, key): value for key, value in applies_to.items()}
        return {**document, "applies_to": renamed}
    return document


def _shape_cause(error: Any) -> str:
    field = str(error["loc"][-1]).removesuffix("_") if error["loc"] else ""
    if error["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        near = get_close_matches(field, FIELDS, n=1)
        return "is not a field of a rule" + (f"; did you mean {near[0]!r}?" if near else "")
    return str(error["msg"]).replace("valid tuple", "list")


def _complaints(rule: Rule, stem: str, language: Language) -> Iterator[Complaint]:
    """What is wrong with a rule of the right shape."""
    if rule.id != stem:
        yield "id", f"{rule.id!r} differs from the name of its file"
    if not RULE_ID.fullmatch(rule.id):
        yield "id", "is not kebab case"
    if rule.for_each is not None and rule.for_each not in language.names:
        yield "for_each", unknown_fact(rule.for_each, language)
    elif rule.for_each is not None and rule.for_each not in language.lists:
        yield "for_each", f"{rule.for_each} is not a list; {', '.join(sorted(language.lists))} are"
    if rule.applies_to is not None:
        yield from _wrong_kernels(rule.applies_to, language)
    yield from _wrong_expressions(rule, language)
    yield from _wrong_texts(rule, language)
    yield from _wrong_recommendations(rule)
    yield from _wrong_examples(rule)
    for shown in rule.shows:
        if not SHOWN.fullmatch(shown) or shown.partition("/")[0] not in STATES:
            yield "shows", f"{shown!r} is no state such as FIN-WAIT-1, alone or with a kind: CLOSE-WAIT/owned"
    if not rule.sources:
        yield "sources", "at least one is needed"


def _wrong_recommendations(rule: Rule) -> Iterator[Complaint]:
    for index, recommendation in enumerate(rule.recommend):
        if recommendation.kind == "sysctl" and not (recommendation.key and recommendation.value):
            yield f"recommend.{index}", "a sysctl needs key and value"
        if recommendation.kind != "sysctl" and not recommendation.action:
            yield f"recommend.{index}", f"{recommendation.kind} needs an action"


def _wrong_examples(rule: Rule) -> Iterator[Complaint]:
    if not rule.examples.fires or not rule.examples.quiet:
        yield "examples", "at least one that fires and one that stays quiet are needed"
    for outcome in ("fires", "quiet", "skipped"):
        for index, example in enumerate(getattr(rule.examples, outcome)):
            if problem := _wrong_sockets(example):
                yield f"examples.{outcome}.{index}", problem
            for name, value in (*example.given.items(), *example.then.items()):
                if isinstance(value, bool):
                    yield f"examples.{outcome}.{index}", f"{name} is a truth value; the kernel has 0 and 1"


def _wrong_sockets(example: Example) -> str | None:
    """What is wrong with the single sockets of an example."""
    try:
        machine(example)
    except ValueError as error:
        return str(error)
    return None


def _wrong_kernels(applies_to: AppliesTo, language: Language) -> Iterator[Complaint]:
    try:
        KernelRange.parse(applies_to.kernel)
    except ValueError as error:
        yield "applies_to.kernel", str(error)
    if applies_to.shown_by is not None and applies_to.shown_by not in language.names:
        yield "applies_to.shown_by", unknown_fact(applies_to.shown_by, language)


def _wrong_expressions(rule: Rule, language: Language) -> Iterator[Complaint]:
    expressions: list[tuple[str, str | None, str | None]] = [("when", rule.when, "BOOL")]
    for index, recommendation in enumerate(rule.recommend):
        expressions.append((f"recommend.{index}.when", recommendation.when, "BOOL"))
        expressions.append((f"recommend.{index}.value", recommendation.value, None))
    for field, expression, returns in expressions:
        if expression is not None:
            try:
                language.check(expression, returns)
            except ExpressionError as error:
                yield field, str(error)


def _wrong_texts(rule: Rule, language: Language) -> Iterator[Complaint]:
    if not rule.message.rstrip().endswith("."):
        yield "message", "does not end with a period"
    texts = [("message", rule.message)]
    for index, part in enumerate(rule.recommend):
        texts += [(f"recommend.{index}", text) for text in (part.effect, part.cost, part.action or "")]
    for field, text in texts:
        for name in PLACEHOLDER.findall(text):
            if name not in language.names and not name.startswith("item."):
                yield field, unknown_fact(name, language)
    for name in rule.evidence:
        if name not in language.names:
            yield "evidence", unknown_fact(name, language)
    for name in language.names_in(rule.when):
        if name not in rule.evidence and name != rule.for_each:
            yield "evidence", f"lacks {name}, which the condition uses"


def unknown_fact(name: str, language: Language) -> str:
    """The complaint about a name that no fact has, with the nearest one."""
    near = get_close_matches(name, language.names, n=1, cutoff=0.6)
    return f"unknown fact {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
