"""Puppet manifests and Chef recipes: resources and hashes that give values to sysctls.

`sysctl { 'key': value => 1 }`, `sysctl::parameters { ...: values => { 'key' => 1 } }`, `content => "key = 1"`,
`sysctl 'key' do value 1 end`, `default['sysctl']['params']['net']['ipv4']['x'] = 1`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tcptune.settings import shell
from tcptune.settings.setting import KEY_START, Found, Setting, dotted, is_network_key, is_rooted_key
from tcptune.settings.source import Source
from tcptune.settings.tokens import Token, tokens

NAMES = frozenset({"key", "name", "sysctl"})
VALUES = frozenset({"value", "val"})
CONF_LINE = re.compile(rf"-?(?P<key>{KEY_START}[^\s=]+)[ \t]*=(?P<value>.*)")
LINE_ENDS = re.compile(r"\\n|\n")
OPENERS = {"{": "}", "[": "]", "(": ")"}
MAX_LEVELS = 12
"""Names in brackets that may spell one key."""

NOT_IN_NAMES = frozenset({"sysctl", "params", "attributes", "variables", "settings"})
"""Levels of the attributes of cookbooks that are no part of a name."""

LITERAL = re.compile(r"-?\d+|true|false")
MAX_OPENERS = 2
"""Lines that open a resource around its first value: its head, and that of a hash."""

MAX_TOKENS = 80
"""Tokens after a title in which its value is looked for."""


class Reader(NamedTuple):
    """One file as text and as tokens."""

    source: Source
    found: list[Token]

    def at(self, position: int) -> Token:
        """A token; an empty one beyond the end."""
        return self.found[position] if 0 <= position < len(self.found) else Token("end", "", 0, 0)

    def setting(self, key: Token, value: str, flavour: str, end: int) -> Setting:
        """The setting of a key that is a token."""
        comments = (*self.above(self.source.position(key.start)[0]), self.source.after(end))
        return self.source.setting(key.start, key.text, value, comments, flavour=flavour)

    def above(self, number: int) -> list[str]:
        """The comment above a line; where it is the first of its resource, that above the resource."""
        comment = self.source.above(number)
        for opener in range(number - 1, max(number - 1 - MAX_OPENERS, self.source.first - 1), -1):
            if comment or not self.source.line(opener)[-100:].rstrip().endswith(("{", ":", " do")):
                break
            comment = self.source.above(opener)
        return comment


def read(source: Source) -> Found:
    """The settings in the strings of a manifest or a recipe that are keys, are lines of a file, or are commands."""
    reader = Reader(source, list(tokens(source.text)))
    settings: list[Setting] = []
    for position, token in enumerate(reader.found):
        if token.kind == "string" and is_rooted_key(token.text):
            settings += _of_key(reader, position)
        elif token.kind == "string":
            settings += _of_text(reader, token)
        elif token.text == "[" and reader.at(position + 1).text == "sysctl":
            settings += _of_attribute(reader, position)
    return Found(tuple(settings))


def _of_key(reader: Reader, position: int) -> list[Setting]:
    """What a string that is a key is given: as a field of a hash, as the title of a resource, or in its block."""
    key, following = reader.at(position), reader.at(position + 1).text
    value = None
    if following == "=>":
        value = _value(reader, position + 2)
    elif following == ":":
        value = _attribute(reader, position + 2, ("}", ";"), "=>")
    elif reader.at(position - 1).text == "=>" and reader.at(position - 2).text in NAMES:
        value = _attribute(reader, position + 1, ("}", ";"), "=>")
    elif following == "do" and reader.at(position - 1).text in ("sysctl", "sysctl_param"):
        value = _attribute(reader, position + 2, ("end",), "")
    return [reader.setting(key, *value)] if value else []


def _attribute(reader: Reader, position: int, ends: tuple[str, ...], arrow: str) -> tuple[str, str, int] | None:
    """The attribute `value` of a resource whose attributes begin with a token; None where it has none or goes."""
    found = None
    for at in range(position, position + MAX_TOKENS):
        token = reader.at(at)
        if token.kind == "end" or token.text in ends:
            break
        given = reader.at(at + 1).text == arrow if arrow else True
        if token.text == "ensure" and given and reader.at(at + 2).text == "absent":
            return None
        if token.text in VALUES and given and found is None:
            found = _value(reader, at + (2 if arrow else 1), nested=True)
    return found


def _value(reader: Reader, position: int, *, nested: bool = False) -> tuple[str, str, int] | None:
    """(text, flavour, where it ends) of the value that begins with a token; a hash inside a hash is none."""
    token, following = reader.at(position), reader.at(position + 1)
    if token.text == "[" and token.kind == "sign":
        return _list(reader, position + 1)
    if token.text == "{" and token.kind == "sign":
        return None if nested else _attribute(reader, position + 1, ("}",), "=>")
    if token.text == "-" and LITERAL.fullmatch(following.text):
        return "-" + following.text, "", following.end
    if token.kind == "string" or LITERAL.fullmatch(token.text):
        return token.text, "", token.end
    end = _end_of_expression(reader, position)
    return (reader.source.text[token.start : end], "variable", end) if end > token.start else None


def _list(reader: Reader, position: int) -> tuple[str, str, int]:
    words = []
    for at in range(position, position + MAX_TOKENS):
        token = reader.at(at)
        if token.kind == "end" or token.text == "]":
            break
        words += [token.text] if token.text != "," else []
    return " ".join(words), "", token.end


def _end_of_expression(reader: Reader, position: int) -> int:
    """Where the expression that begins with a token ends: at a comma, a bracket that closes, or the line's end."""
    end = reader.at(position).start
    depth = 0
    for at in range(position, position + MAX_TOKENS):
        token = reader.at(at)
        depth += (token.text in OPENERS) - (token.text in OPENERS.values()) if token.kind == "sign" else 0
        over = token.kind == "end" or depth < 0 or (depth == 0 and token.text in (",", ";"))
        if over or "\n" in reader.source.text[end : token.start]:
            break
        end = token.end
    return end


def _of_text(reader: Reader, token: Token) -> list[Setting]:
    """The settings in a string that is a command, or the text of a file."""
    found: list[shell.Assignment] = []
    if "sysctl" in token.text or shell.PROC_SYS in token.text:
        found += shell.assignments(token.text)
    for line in LINE_ENDS.split(token.text):
        match = CONF_LINE.fullmatch(line.strip())
        if match and is_network_key(match["key"]) and match["value"]:
            found.append(shell.Assignment(match["key"], match["value"].strip(), 0))
    settings = []
    start = token.start
    for assignment in found:
        start = max(start, reader.source.text.find(assignment.written, start, token.end))
        key = Token("string", assignment.written, start, token.end)
        settings.append(reader.setting(key, assignment.value, assignment.flavour, token.end))
    return settings


def _of_attribute(reader: Reader, position: int) -> list[Setting]:
    """An attribute of Chef: names in brackets up to an equals sign, the last of them at its own place."""
    names: list[Token] = []
    while reader.at(position).text == "[" and reader.at(position + 2).text == "]" and len(names) < MAX_LEVELS:
        names.append(reader.at(position + 1))
        position += 3
    name = ".".join(token.text for token in names if token.text not in NOT_IN_NAMES)
    value = _value(reader, position + 1) if reader.at(position).text == "=" else None
    if not value or not is_rooted_key(name):
        return []
    return [reader.setting(names[-1], *value)._replace(key=dotted(name))]
