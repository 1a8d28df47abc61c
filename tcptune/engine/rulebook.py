"""The rule files: where they are, and how they are read.

Our own rules were validated when they were written (`tcptune rules test`, in CI), so an audit reads their
heads, and the whole of those that fire. A user's rules are validated each time, with file, line and cause.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tcptune.engine.rule import Head, Rule, head_parts
from tcptune.errors import RuleError

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser is eight times faster; the Python one is the fallback."""

BODY = "\nmessage:"
EXAMPLES = "\nexamples:\n"
"""Where the head of a rule file ends, and where its examples begin; tests hold our files to it."""


def builtin_folder() -> Path:
    """The rulebook: inside the package once installed, beside it in a checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "rules"
    return packaged if packaged.is_dir() else package.parent / "rules"


def rule_files(folder: Path) -> list[Path]:
    """The rule files of a folder, by name; RuleError where there are none."""
    if not os.path.isdir(folder):  # noqa: PTH112 -- Path.is_dir() raises where the way there is forbidden
        raise RuleError(str(folder), "", "no such directory; a rulebook is a folder of .yaml files")
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise RuleError(str(folder), "", "holds no .yaml file")
    return files


def parse(text: str) -> Any:
    """The document in some YAML, made of plain data only."""
    return yaml.load(text, Loader)  # noqa: S506 -- Loader is one of the two safe ones


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRule(Head):
    """A rule of ours of which only the head has been read; the rest of its text waits until it fires."""

    text: str

    def whole(self) -> Rule:
        """The complete rule but for its examples, which are tests."""
        return _without_examples(self.text)


@cache
def _without_examples(text: str) -> Rule:
    """A rule of ours, read once however many machines it fires on."""
    return Rule.of(parse(text.partition(EXAMPLES)[0]))


def load_heads() -> list[Head]:
    """Our rules as an audit needs them; YAML is slow, and few rules fire on one machine."""
    texts = [path.read_bytes().decode() for path in rule_files(builtin_folder())]
    return [StoredRule(**head_parts(parse(text.partition(BODY)[0])), text=text) for text in texts]


def load_builtin() -> list[Rule]:
    """Our rules, complete."""
    return [Rule.of(parse(path.read_bytes().decode())) for path in rule_files(builtin_folder())]


def pick(rules: Iterable[Head], select: Iterable[str], ignore: Iterable[str]) -> list[Head]:
    """The rules asked for: all of them or those selected, less the ignored."""
    wanted, unwanted = frozenset(select), frozenset(ignore)
    return [rule for rule in rules if (not wanted or rule.id in wanted) and rule.id not in unwanted]
