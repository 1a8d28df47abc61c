"""What the tests of settings files share: parsing a literal text, and what was found as short tuples."""

from __future__ import annotations

from tcptune.settings import Parsed, parse


def parsed(text: str, path: str = "x.conf", kind: str | None = None) -> Parsed:
    """A text parsed; every setting has to stand where it says it does."""
    found = parse(text.encode(), path, kind)
    lines = text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n")
    for setting in found.settings:
        assert lines[setting.line - 1][setting.column - 1 :].startswith(setting.written)
        assert lines[setting.line - 1] == setting.raw
    return found


def places(found: Parsed) -> list[tuple[int, int, str, str]]:
    """Line, column, key and value of every setting."""
    return [(setting.line, setting.column, setting.key, setting.value) for setting in found.settings]


def flavours(found: Parsed) -> dict[str, str]:
    """The flavour of every key."""
    return {setting.key: setting.flavour for setting in found.settings}


def comments(found: Parsed) -> dict[str, str]:
    """The comment of every key."""
    return {setting.key: setting.comment for setting in found.settings}


def complaints(found: Parsed) -> list[tuple[int, int, str]]:
    """Line, column and kind of every complaint."""
    return [(complaint.line, complaint.column, complaint.kind) for complaint in found.complaints]
