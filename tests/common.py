"""The language of the rules and the files of the rulebook, made once for all tests."""

from __future__ import annotations

from tcptune.engine.language import Language
from tcptune.engine.rulebook import builtin_folder, rule_files
from tcptune.facts.vocabulary import vocabulary

LANGUAGE = Language(vocabulary())
RULE_FILES = rule_files(builtin_folder())
