"""The sysctl sections of tuned profiles, and of the notes of saptune and profiles of A-Tune, which look the same.

tuned reads them with Python's configparser: `#` or `;` begins a comment line, ` #` a comment after a value, and a line
that is indented deeper than the option above continues its value (tuned/profiles/loader.py). A value that begins with
`>` or `<` is written only where it raises or lowers (tuned/plugins/base.py, _process_assignment_modifiers()).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tcptune.settings.setting import SEPARATORS, Complaint, Found, Setting, dotted, flavour_of
from tcptune.settings.source import Source, unmarked

SECTION = re.compile(r"\[(.+)\]")
COMMENT_MARKS = "#;"
INLINE_COMMENT = re.compile(r"(?:^|\s)#(.*)")
MODIFIERS = {">": "at-least", "<": "at-most"}


class Line(NamedTuple):
    """One option of a section; `value` is None for a line that is none."""

    section: str
    number: int
    column: int
    option: str
    value: str | None
    comment: str
    continues: bool


def read(source: Source) -> Found:
    """The options of every section that is named sysctl or says `type=sysctl`."""
    lines = list(_lines(source))
    sections = {line.section for line in lines if _says_sysctl(line)}
    settings: list[Setting] = []
    complaints: list[Complaint] = []
    for line in lines:
        if line.section not in sections:
            continue
        if line.continues:
            sentence = "is indented deeper than the line above: tuned takes it for more of that value"
            complaints.append(Complaint(line.number, line.column, sentence, "continuation"))
        elif line.value is None:
            complaints.append(Complaint(line.number, line.column, "has no `=`: tuned refuses the profile", "bad-line"))
        elif setting := _setting(source, line, line.value):
            settings.append(setting)
            if "/" in setting.key:
                sentence = "tuned turns every dot into a slash, so it looks for another key than sysctl does"
                complaints.append(Complaint(line.number, line.column, sentence, "loaders-differ"))
    return Found(tuple(settings), tuple(complaints))


def _lines(source: Source) -> Iterator[Line]:
    section, indent = "", None
    for number, text in enumerate(source.lines, source.first):
        body = text.strip()
        if not body or body[0] in COMMENT_MARKS:
            continue
        column = len(text) - len(text.lstrip()) + 1
        comment = INLINE_COMMENT.search(body)
        body = body[: comment.start()].rstrip() if comment else body
        continues = indent is not None and column > indent
        if not continues and (header := SECTION.match(body)):
            section, indent = header[1], None
            continue
        indent = indent if continues else column
        option, equals, value = body.partition("=")
        said = unmarked(comment[1]) if comment else ""
        yield Line(section, number, column, option.rstrip(), value.strip() if equals else None, said, continues)


def _says_sysctl(line: Line) -> bool:
    """Whether a line shows that its section sets sysctls: by its name (saptune adds `:os=...` to it) or by its type."""
    return (line.option, line.value) == ("type", "sysctl") or line.section.partition(":")[0] == "sysctl"


def _setting(source: Source, line: Line, value: str) -> Setting | None:
    """What an option sets; None for the options of tuned itself, which have no separator in their names."""
    written = line.option.rstrip("<>").rstrip()
    if not SEPARATORS.search(written) or not dotted(written):
        return None
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = value[1:-1]
    modifier = line.option[len(written) :].strip() or (value[0] if len(value) > 1 and value[0] in MODIFIERS else "")
    value = value.removeprefix(modifier).strip()
    return source.setting(
        source.start(line.number) + line.column - 1,
        written,
        value,
        comments=(*source.above(line.number, COMMENT_MARKS), line.comment),
        flavour=MODIFIERS.get(modifier, "") if flavour_of(written, value) != "variable" else "variable",
    )
