"""What several tests share: the language and files of the rulebook, and being nobody for a moment."""

from __future__ import annotations

import os
from contextlib import contextmanager

from tcptune.engine.language import Language
from tcptune.engine.rulebook import builtin_folder, rule_files
from tcptune.facts.vocabulary import vocabulary

LANGUAGE = Language(vocabulary())
RULE_FILES = rule_files(builtin_folder())

NOBODY = 65534
"""The user id that owns nothing."""


@contextmanager
def nobody():
    """The same process as a user who owns nothing."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
