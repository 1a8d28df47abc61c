"""What several tests share: the rulebook, its language, and a small machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tcptune.engine.language import Language
from tcptune.engine.rule import Rule
from tcptune.engine.rulebook import builtin_folder, rule_files
from tcptune.engine.validate import load_rule
from tcptune.facts.vocabulary import vocabulary

LANGUAGE = Language(vocabulary())
RULE_FILES = rule_files(builtin_folder())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite the golden files from what is printed now")


@pytest.fixture(scope="session")
def language() -> Language:
    return LANGUAGE


@pytest.fixture(scope="session")
def rules() -> list[Rule]:
    return [load_rule(path, LANGUAGE) for path in RULE_FILES]


@pytest.fixture
def repository() -> Path:
    return Path(__file__).parents[1]
