"""YAML as nodes that know where they stand, built from the parser's events: no tag is run, no alias followed.

An alias is a leaf, so a bomb of them stays small, and what is anchored is read once, where it is written. The tree is
built without recursion and is refused beyond MAX_DEPTH: the C parser's own tree builder would exhaust the stack.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml: the same events, eight times slower
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_DEPTH = 60
MAX_DIRECTIVES = 20
"""A document has a `%YAML` and perhaps a `%TAG`; libyaml compares each one with all before it."""

HOLE = "\ue000"
"""What stands for a character of a template, so that the rest is YAML (a private character, allowed in YAML)."""

REFUSED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
"""Characters that YAML does not allow; one of them would hide the whole file."""

TEMPLATES = {"{{": "}}", "{%": "%}", "{#": "#}", "<%": "%>"}
TEMPLATE_START = re.compile("|".join(map(re.escape, TEMPLATES)))
NOT_A_LINE_END = re.compile("[^\n]")
ONLY_HOLES = re.compile(rf"(?P<head>[|>][-+\d]*[ \t]*\n)?^[ \t]*{HOLE}[ \t{HOLE}]*$", re.MULTILINE)
"""A line of nothing else; `head` is there where it is the first of a block, whose indentation it then shows."""

BLOCK_STYLES = ("|", ">")


class Node(NamedTuple):
    """A scalar (`text`), a list (`items`) or a mapping (`pairs`), from one character of the text to another."""

    shape: str
    start: int
    end: int
    text: str = ""
    style: str = ""
    items: tuple[Node, ...] = ()
    pairs: tuple[tuple[Node, Node], ...] = ()


class YamlError(Exception):
    """The text is no YAML, or none that is worth reading; `index` is the character that shows it."""

    def __init__(self, index: int, cause: str) -> None:
        super().__init__(cause)
        self.index = index
        self.cause = cause


class Open(NamedTuple):
    """A list or mapping whose end has not been seen."""

    shape: str
    start: int
    children: list[Node]


def documents(text: str) -> list[Node]:
    """The root node of every document; YamlError where one of them cannot be read."""
    text = REFUSED.sub("\ufffd", without_templates(text))
    if text.startswith("%") + text.count("\n%") > MAX_DIRECTIVES:
        raise YamlError(0, "has more directives than a settings file needs")
    roots: list[Node] = []
    stack = [Open("list", 0, roots)]
    try:
        for event in yaml.parse(text, Loader):
            _take(event, stack)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.index if mark else 0, str(error.problem or error.context)) from None
    except (yaml.YAMLError, ValueError) as error:
        raise YamlError(0, " ".join(str(error).split())) from None
    return roots


def without_templates(text: str) -> str:
    """The same number of characters, with blanks for lines of a template only and holes for what it fills in."""
    if not TEMPLATE_START.search(text):
        return text
    parts: list[str] = []
    done = 0
    unclosed: set[str] = set()
    for match in TEMPLATE_START.finditer(text):
        closer = TEMPLATES[match.group()]
        if match.start() < done or closer in unclosed:
            continue
        end = text.find(closer, match.end()) + len(closer)
        if end < len(closer):
            unclosed.add(closer)
            continue
        parts += [text[done : match.start()], NOT_A_LINE_END.sub(HOLE, text[match.start() : end])]
        done = end
    return ONLY_HOLES.sub(_blank, "".join((*parts, text[done:])))


def _blank(line: re.Match[str]) -> str:
    return line.group() if line["head"] else " " * len(line.group())


def _take(event: yaml.Event, stack: list[Open]) -> None:
    """Put what an event tells into the innermost list or mapping that is open."""
    start = event.start_mark.index if event.start_mark else 0
    end = event.end_mark.index if event.end_mark else start
    if isinstance(event, yaml.ScalarEvent):
        node = Node("scalar", start, end, event.value, event.style or "")
    elif isinstance(event, yaml.AliasEvent):
        node = Node("alias", start, end)
    elif isinstance(event, yaml.CollectionStartEvent):
        shape = "mapping" if isinstance(event, yaml.MappingStartEvent) else "list"
        if len(stack) > MAX_DEPTH:
            raise YamlError(start, "is nested too deeply")
        stack.append(Open(shape, start, []))
        return
    elif isinstance(event, yaml.CollectionEndEvent):
        shape, start, children = stack.pop()
        if shape == "list":
            node = Node(shape, start, end, items=tuple(children))
        else:
            pairs = tuple(zip(children[::2], children[1::2], strict=True))
            node = Node(shape, start, end, pairs=pairs)
    else:
        return
    stack[-1].children.append(node)
