"""sysctl.conf and sysctl.d/*.conf as the two loaders read them: procps `sysctl -p` and systemd-sysctl.

Both strip blanks, take a line that begins with `#` or `;` for a comment, cut at the first `=`, and leave what looks
like a comment after a value in the value (procps parse_setting_line(), systemd parse_file()). Where they differ, a
complaint says so.
"""

from __future__ import annotations

import re

from tcptune.settings.setting import GLOB_CHARACTERS, Complaint, Found, Setting, dotted
from tcptune.settings.source import Source, unmarked

BLANKS = " \t\r\v\f"
"""What C's isspace() strips from a line; systemd strips all but the last two."""

COMMENT_MARKS = "#;"
TEMPLATE_MARKS = ("{{", "{%", "{#", "<%")

MAX_VALUE = 4096
"""Characters of a value, by sysctl.conf(5); the kernel reads a page at most."""

TRAILING_COMMENT = re.compile(r"(?:^|[ \t])[#;]|(?<=[\d\w])#")
TEXT_VALUES = frozenset({"kernel.core_pattern", "kernel.modprobe", "kernel.hotplug", "kernel.poweroff_cmd"})
"""Keys whose value is a path or a command, where a `#` may be meant."""


def read(source: Source) -> Found:
    """The settings of a file in the syntax of sysctl.conf(5) and sysctl.d(5), and the lines that are none."""
    settings: list[Setting] = []
    complaints: list[Complaint] = []
    for number, line in enumerate(source.lines, source.first):
        body = line.partition("\0")[0].strip(BLANKS)
        if not body or body[0] in COMMENT_MARKS:
            continue
        column = line.index(body[0]) + 1
        if body.startswith(TEMPLATE_MARKS):
            complaints.append(Complaint(number, column, "a line for a template engine; no loader knows it", "template"))
        elif setting := _setting(source, number, column, body):
            settings.append(setting)
            complaints += _oddities(setting, column, body)
        else:
            complaints.append(Complaint(number, column, _no_setting(body), "bad-line"))
    return Found(tuple(settings), tuple(complaints))


def _setting(source: Source, number: int, column: int, body: str) -> Setting | None:
    """What a line sets; None for a line that both loaders refuse."""
    dash = body.startswith("-")
    before, equals, value = body.removeprefix("-").partition("=")
    written, value = before.strip(BLANKS), value.strip(BLANKS)
    if not (equals or dash) or not dotted(written):
        return None
    column += dash + len(before) - len(before.lstrip(BLANKS))
    trailing = TRAILING_COMMENT.search(value)
    return source.setting(
        source.start(number) + column - 1,
        written,
        value,
        comments=(*source.above(number, COMMENT_MARKS), unmarked(value[trailing.end() :]) if trailing else ""),
        flavour="" if equals else "exclusion",
        ignore_errors=dash and bool(equals),
    )


def _oddities(setting: Setting, column: int, body: str) -> list[Complaint]:
    """What is odd about a line that does set something."""
    complaints = []
    before = body.partition("=")[0]
    if before.startswith("--"):
        sentence = "begins with two dashes: sysctl ignores both, systemd-sysctl takes one for part of the key"
        complaints.append(Complaint(setting.line, column, sentence, "loaders-differ"))
    elif before.startswith("-") and before[1:] != before[1:].lstrip(BLANKS):
        sentence = "a blank after the dash: systemd-sysctl strips it, sysctl looks for a key that begins with it"
        complaints.append(Complaint(setting.line, column, sentence, "loaders-differ"))
    if setting.flavour == "exclusion" and any(character in setting.key for character in GLOB_CHARACTERS):
        sentence = "an exclusion by pattern: sysctl keeps every match out, systemd-sysctl only a key of this very name"
        complaints.append(Complaint(setting.line, column, sentence, "loaders-differ"))
    start = column + len(body) - len(setting.value)
    trailing = TRAILING_COMMENT.search(setting.value)
    if trailing and (setting.key not in TEXT_VALUES or trailing.group() != "#"):
        sentence = "a comment after a value is part of the value for both loaders"
        mark = trailing.end() - 1
        complaints.append(Complaint(setting.line, start + mark, sentence, "trailing-comment"))
    if len(setting.value) > MAX_VALUE:
        sentence = f"a value of {len(setting.value)} characters; {MAX_VALUE} is the most that sysctl.conf(5) allows"
        complaints.append(Complaint(setting.line, start, sentence, "too-long"))
    return complaints


def _no_setting(body: str) -> str:
    if "=" in body or body.startswith("-"):
        return "names no key"
    return "has no `=`: systemd-sysctl fails for it, sysctl warns and goes on"
