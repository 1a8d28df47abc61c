"""Settings files that people published, where they are at hand: what they set is found, and nothing else."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tcptune.settings import Parsed, parse

CORPUS = Path(__file__).parents[2] / "shared/corpus"
INDEX = CORPUS / "sysctl/index.json"
ENOUGH = 0.99
"""The part of the listed settings that has to be found; of two the list itself has only a piece of the value."""

pytestmark = pytest.mark.skipif(not INDEX.is_file(), reason="the collected settings files are not at hand")


def plain(value: str) -> str:
    """A value as the list has it: without a comment, quotes and repeated blanks."""
    return " ".join(re.sub(r"\s+[#;].*", "", value).split()).strip("\"'")


@pytest.fixture(scope="module")
def corpus() -> list[tuple[dict[str, Any], str, Parsed]]:
    """Every entry of the list with its text and what we make of it."""
    entries = json.loads(INDEX.read_text())
    files = [(CORPUS / entry["file"]).read_bytes() for entry in entries]
    return [
        (entry, data.decode("utf-8", errors="replace"), parse(data, entry["file"]))
        for entry, data in zip(entries, files, strict=True)
    ]


def listed(entry: dict[str, Any]) -> Counter[tuple[int, str, str]]:
    """Line, key and value of what the list says about a file."""
    return Counter((key["line"], key["key"], plain(key["value"])) for key in entry["keys"])


def found(parsed: Parsed) -> Counter[tuple[int, str, str]]:
    """Line, key and value of what we find."""
    return Counter((setting.line, setting.key, plain(setting.value)) for setting in parsed.settings)


def test_the_listed_settings_are_found(corpus):
    """With their lines and values."""
    wanted = Counter({index: listed(entry).total() for index, (entry, _, _) in enumerate(corpus)})
    missing = [(entry["file"], *row) for entry, _, parsed in corpus for row in listed(entry) - found(parsed)]

    assert wanted.total() > 1400
    assert wanted.total() - len(missing) >= ENOUGH * wanted.total(), missing


def test_no_other_setting_of_the_same_keys_is_found(corpus):
    """Not on a line that the list leaves out, not in a file without any, not in a comment."""
    keys = {key["key"] for entry, _, _ in corpus for key in entry["keys"]}
    invented = [
        (entry["file"], setting.line, setting.key)
        for entry, _, parsed in corpus
        for setting in parsed.settings
        if setting.key in keys and (setting.line, setting.key) not in {row[:2] for row in listed(entry)}
    ]

    assert [] == invented


def test_every_setting_stands_at_its_place(corpus):
    """To the character, in all kinds of files."""
    for entry, text, parsed in corpus:
        lines = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
        wrong = [s for s in parsed.settings if not lines[s.line - 1][s.column - 1 :].startswith(s.written)]

        assert [] == wrong, entry["file"]


def test_every_file_of_the_corpus_is_read():
    """Also the thousand that are no settings files at all."""
    files = [path for path in CORPUS.rglob("*") if path.is_file()]

    assert len(files) > 1000
    for path in files:
        parse(path.read_bytes(), str(path.relative_to(CORPUS)))
