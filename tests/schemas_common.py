"""The published schemas, ready to validate with; they refer to each other by the names of their files."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"
SUFFIX = ".schema.json"


@cache
def schemas() -> dict[str, Any]:
    """Every schema by its short name."""
    return {path.name.removesuffix(SUFFIX): json.loads(path.read_text()) for path in sorted(FOLDER.iterdir())}


@cache
def validator(name: str) -> Draft202012Validator:
    """What validates against one of them."""
    resources = [(short + SUFFIX, Resource.from_contents(schema)) for short, schema in schemas().items()]
    return Draft202012Validator({"$ref": name + SUFFIX}, registry=Registry().with_resources(resources))
