"""YAML that sets sysctls: Ansible, hiera, Salt, Kubernetes, Compose, cloud-init; told by shape, not by tool.

The shapes are few: a mapping of dotted keys, a list of `name` and `value`, a list of `key=value`, a module with
`name=... value=...`, a Salt state, a list of allowed names, and text that is a file or a command of its own.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from tcptune.settings import shell
from tcptune.settings.setting import (
    KEY_START,
    NETWORK_KEY,
    SEPARATORS,
    Complaint,
    Found,
    Inner,
    Setting,
    dotted,
    is_network_key,
    is_rooted_key,
)
from tcptune.settings.source import Source
from tcptune.settings.yaml_lines import scan
from tcptune.settings.yaml_nodes import BLOCK_STYLES, HOLE, Node, YamlError, documents

NAMES = frozenset({"name", "key", "n", "param", "parameter", "sysctl", "property"})
VALUES = frozenset({"value", "val", "v"})
STATES = frozenset({"state", "ensure"})
REMARKS = frozenset({"comment", "description"})
"""Fields beside a value in which people say what they believe it does."""

NOT_SETTINGS = frozenset(
    {"name", "msg", "title", "description", "comment", "regexp", "regex", "when", "register", "path", "dest", "that"}
)
"""Fields whose text speaks about a setting without making it."""

ALLOWED = re.compile("allowed[-_]?unsafe[-_]?sysctls$", re.IGNORECASE)
"""How kubelet's list of names ends, in any spelling."""

SAYS_SYSCTL = re.compile("sysctl|^DEFAULT_IMPLICIT$", re.IGNORECASE)
"""The second is how Salt's ini state calls a file without sections, as sysctl.conf is one."""

PAIR = re.compile(r"(?:--sysctl[= ])?-?(?P<key>[A-Za-z_][^\s=]*)[ \t]*=[ \t]*(?P<value>[^\n]*)")
FIELD = re.compile(r"""(?<!\w)(?P<name>\w+)=(?P<value>"[^"]*"|'[^']*'|\S*)""")
CONF_LINE = re.compile(rf"(?m)^[ \t]*-?(?P<key>{KEY_START}[^\s=]+)[ \t]*=(?P<value>[^\n]*)$")


class Place(NamedTuple):
    """What stands above a node: the key, whether it or one above says sysctl, and the line where its item begins."""

    key: Node | None = None
    sysctl: bool = False
    prefix: str = ""
    line: int = 0

    @property
    def field(self) -> str:
        """The name of the field that the node is the value of."""
        return self.key.text.lower() if self.key else ""


class Reader(NamedTuple):
    """What is collected on the walk through one file."""

    source: Source
    settings: list[Setting]
    inner: list[Inner]

    def text(self, node: Node) -> str:
        """The text of a scalar; as it stands in the file where a template is in it or it stands for something else."""
        if node.shape == "alias" or HOLE in node.text:
            return self.source.text[node.start : node.end].strip("\"'")
        return node.text.strip()

    def add(self, key: Node, written: str, value: str, end: int, place: Place, **more: str) -> None:
        """Add a setting whose name stands in the text of a node, and whose value ends at a character."""
        found = self.source.text.find(written, key.start, key.end)
        index = found if found >= 0 else key.start
        line = self.source.position(index)[0]
        above = self.source.above(line) or (self.source.above(place.line) if 0 < place.line < line else [])
        same = [self.source.after(key.end)] if self.source.position(end)[0] != line else []
        comments = (*above, *same, more.get("remark", ""), self.source.after(end))
        flavour = more.get("flavour", "") or ("variable" if value.startswith("*") else "")
        self.settings.append(
            self.source.setting(index, written, value, comments, key=more.get("name", ""), flavour=flavour)
        )


def read(source: Source) -> Found:
    """The settings in a YAML (or JSON) file; where it is no YAML, those that its lines show all the same."""
    try:
        roots = documents(source.text)
    except YamlError as error:
        line, column = source.position(min(error.index, len(source.text)))
        complaint = Complaint(line, column, f"is not YAML: {error.cause}; read line by line", "yaml")
        return Found(tuple(scan(source)), (complaint,))
    reader = Reader(source, [], [])
    for root in roots:
        _walk(reader, root, Place())
    settings = sorted(reader.settings, key=lambda setting: (setting.line, setting.column))
    return Found(tuple(settings), (), tuple(reader.inner))


def _walk(reader: Reader, node: Node, place: Place) -> None:
    if node.shape == "mapping":
        line = reader.source.position(node.start)[0]
        named = any(is_rooted_key(value.text) for _, value in node.pairs)
        if not (named and _add_named(reader, node, place._replace(line=place.line or line))):
            _walk_mapping(reader, node, place, line)
    elif node.shape == "list":
        named = any(is_network_key(key.text) for item in node.items for _, key in item.pairs)
        for item in node.items:
            _walk(reader, item, place._replace(sysctl=place.sysctl or named, line=0))
    elif node.shape == "scalar" and place.field not in NOT_SETTINGS:
        _read_text(reader, node, place)


def _walk_mapping(reader: Reader, node: Node, place: Place, line: int) -> None:
    sysctl = place.sysctl or any(is_network_key(key.text) for key, _ in node.pairs)
    for key, value in node.pairs:
        prefix = _prefix(place, key.text)
        inside = Place(key, sysctl or SAYS_SYSCTL.search(key.text) is not None, prefix)
        if ALLOWED.search(key.text):
            _add_allowed(reader, value, inside)
        elif is_rooted_key(key.text) and sysctl:
            _add_keyed(reader, reader.text(key), value, inside)
        elif value.shape == "scalar" and is_network_key(prefix):
            reader.add(key, key.text, reader.text(value), value.end, inside, name=dotted(prefix))
        elif _is_module(key) and value.shape == "scalar":
            _add_fields(reader, value, inside._replace(line=line))
        elif key.text in ("sysctl.present", "sysctl") and value.shape == "list" and place.key:
            _add_state(reader, value, place)
        else:
            _walk(reader, value, inside._replace(line=line) if _is_module(key) else inside)


def _add_named(reader: Reader, node: Node, place: Place) -> bool:
    """Whether a mapping is one setting by `name` and `value`, which then is added."""
    fields = {key.text.lower(): (key, value) for key, value in node.pairs}
    name = next((fields[field][1] for field in fields if field in NAMES), None)
    value = next((fields[field][1] for field in fields if field in VALUES), None)
    if name is None or name.shape != "scalar" or not is_rooted_key(name.text):
        return False
    if not (place.sysctl or is_network_key(name.text)):
        return False
    written = _value(reader, value) if value else None
    if value and written is not None and not _absent(fields):
        remark = "\n".join(reader.text(fields[field][1]) for field in fields if field in REMARKS)
        reader.add(name, reader.text(name), written, value.end, place, remark=remark)
    return True


def _prefix(place: Place, name: str) -> str:
    """How far the names of nested mappings spell a key: `net: {ipv4: {tcp_fin_timeout: 30}}` below a sysctl."""
    if not place.sysctl or SEPARATORS.search(name):
        return ""
    return f"{place.prefix}.{name}" if place.prefix else name


def _is_module(key: Node) -> bool:
    """Whether a key is Ansible's module, in its short or its full name."""
    return key.text.rsplit(".", 1)[-1] == "sysctl"


def _absent(fields: dict[str, tuple[Node, Node]]) -> bool:
    return any(fields[field][1].text == "absent" for field in fields if field in STATES)


def _add_keyed(reader: Reader, written: str, value: Node, place: Place) -> None:
    """The setting of a mapping whose key is the name; where the value is a state, that of the state."""
    fields = {key.text.lower(): (key, inner) for key, inner in value.pairs}
    text = _value(reader, value)
    if text is None:
        _walk(reader, value, place)
    elif place.key and not _absent(fields):
        remark = "\n".join(reader.text(fields[field][1]) for field in fields if field in REMARKS)
        reader.add(place.key, written, text, value.end, place, remark=remark)


def _value(reader: Reader, node: Node) -> str | None:
    """The text of a value: a scalar, a list of numbers, or a mapping that has it as a field; None if it is none."""
    match node.shape:
        case "scalar" | "alias":
            return reader.text(node)
        case "list" if all(item.shape == "scalar" for item in node.items):
            return " ".join(reader.text(item) for item in node.items)
        case "mapping":
            values = [value for key, value in node.pairs if key.text.lower() in VALUES]
            return _value(reader, values[0]) if values else None
    return None


def _add_fields(reader: Reader, value: Node, place: Place) -> None:
    """An Ansible module in one line: `sysctl: name=net.ipv4.tcp_fin_timeout value=30`."""
    fields = {match["name"]: match["value"].strip("\"'") for match in FIELD.finditer(reader.text(value))}
    name = next((fields[field] for field in fields if field in NAMES), "")
    number = next((fields[field] for field in fields if field in VALUES), None)
    if dotted(name) and number is not None and fields.get("state") != "absent":
        reader.add(value, name, number, value.end, place)


def _add_state(reader: Reader, functions: Node, place: Place) -> None:
    """A Salt state: a list of one-field mappings under the name of the function, the key in `name` or above."""
    fields = {key.text: value for item in functions.items for key, value in item.pairs}
    name, value = fields.get("name", place.key), fields.get("value")
    text = _value(reader, value) if value else None
    if name and value and text is not None and is_rooted_key(reader.text(name)):
        reader.add(name, reader.text(name), text, value.end, place)


def _add_allowed(reader: Reader, node: Node, place: Place) -> None:
    for item in node.items or (node,):
        for name in filter(None, (part.strip() for part in reader.text(item).split(","))):
            if item.shape == "scalar" and dotted(name):
                reader.add(item, name, "", item.end, place, flavour="allowed")


def _read_text(reader: Reader, node: Node, place: Place) -> None:
    """Text that is a `key=value`, a command, or a file of its own."""
    text = node.text
    if not ("sysctl" in text or shell.PROC_SYS in text or NETWORK_KEY.search(text) or (place.sysctl and "=" in text)):
        return
    if node.style in BLOCK_STYLES:
        first, last = reader.source.position(node.start)[0] + 1, reader.source.position(node.end - 1)[0]
        reader.inner.append(Inner("", first, last))
        return
    text = reader.text(node)
    option, _, names = text.partition("=")
    pair = PAIR.fullmatch(text)
    if names and ALLOWED.search(option):
        _add_allowed(reader, node._replace(text=names), place)
    elif pair and is_rooted_key(pair["key"]) and (place.sysctl or (is_network_key(pair["key"]) and pair["value"])):
        reader.add(node, pair["key"], pair["value"], node.end, place)
    else:
        start = node.start
        for found in (*shell.assignments(text), *_lines(text)):
            reader.add(node._replace(start=start), found.written, found.value, node.end, place, flavour=found.flavour)
            start = max(start, reader.source.text.find(found.written, start, node.end))


def _lines(text: str) -> list[shell.Assignment]:
    """The lines of a sysctl.conf in a text of several lines."""
    if "\n" not in text:
        return []
    return [shell.Assignment(match["key"], match["value"].strip(), match.start()) for match in CONF_LINE.finditer(text)]
