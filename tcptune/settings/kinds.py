"""Every kind of settings file: its name, how it is known by path and content, and the one way to parse any of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import NamedTuple

from tcptune.errors import UsageError
from tcptune.settings import manifest, nix, prose, shell, sysctl_conf, tuned, yaml_kinds
from tcptune.settings.content import looks_like
from tcptune.settings.setting import Complaint, Found, Parsed, Setting
from tcptune.settings.source import Source, decode, suppressions

MAX_BYTES = 1 << 20
"""No settings file that people write is larger."""

MAX_COMPLAINTS = 200
"""More than a person reads; a file with more is not of the kind that it was taken for."""

MAX_NESTING = 3
"""A heredoc in a script in cloud-init in a code block is as deep as it gets."""


class Kind(NamedTuple):
    """One kind of file: what it is, its reader, and which odd bytes its tool stumbles over, as kinds of complaints."""

    title: str
    read: Callable[[Source], Found]
    stumbles: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "sysctl": Kind(
        "sysctl.conf, sysctl.d, and what `sysctl -a` prints", sysctl_conf.read, ("bom", "nul", "carriage-return")
    ),
    "tuned": Kind("profiles of tuned and A-Tune, notes of saptune", tuned.read, ("bom",)),
    "shell": Kind("shell scripts and units", shell.read, ("bom",)),
    "dockerfile": Kind("Dockerfiles", shell.read_dockerfile),
    "ansible": Kind("Ansible tasks, playbooks and variables", yaml_kinds.read),
    "hiera": Kind("Puppet hiera", yaml_kinds.read),
    "salt": Kind("Salt states and pillars", yaml_kinds.read),
    "kubernetes": Kind("Kubernetes manifests and kubelet configuration", yaml_kinds.read),
    "compose": Kind("Compose files", yaml_kinds.read),
    "cloud-init": Kind("cloud-init user data", yaml_kinds.read),
    "yaml": Kind("other YAML", yaml_kinds.read),
    "json": Kind("JSON", yaml_kinds.read),
    "puppet": Kind("Puppet manifests", manifest.read),
    "chef": Kind("Chef recipes and attributes", manifest.read),
    "nix": Kind("NixOS modules", nix.read),
    "text": Kind("Markdown, notes and anything else", prose.read),
}

TEMPLATE_SUFFIXES = frozenset(
    {".j2", ".jinja", ".jinja2", ".erb", ".epp", ".tmpl", ".tpl", ".tftpl", ".in", ".template"}
    | {".example", ".sample", ".dist", ".default", ".orig", ".bak", ".old", ".disabled", ".rpmsave", ".dpkg-dist"}
)
"""What is written behind the name of the file that it will be."""

SUFFIXES = {
    ".nix": "nix",
    ".pp": "puppet",
    ".rb": "chef",
    ".sls": "salt",
    ".json": "json",
    ".dockerfile": "dockerfile",
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh", ".service"), "shell"),
    **dict.fromkeys((".md", ".markdown", ".rst", ".adoc"), "text"),
}
YAML_SUFFIXES = (".yml", ".yaml")
NAMES = {"dockerfile": "dockerfile", "containerfile": "dockerfile", "sysctl.conf": "sysctl", "tuned.conf": "tuned"}
COMPOSE_NAME = re.compile(r"(?:docker-)?compose")
ANSIBLE_PATH = re.compile(
    r"(?:^|/)(?:roles|tasks|handlers|group_vars|host_vars|defaults|vars|playbooks?|ansible[^/]*)/"
)
YAML_SIGNS = (
    ("cloud-init", re.compile(r"^#cloud-config|^(?:write_files|runcmd|bootcmd):", re.MULTILINE)),
    ("kubernetes", re.compile(r"^apiVersion:|^[ \t]*securityContext:", re.MULTILINE)),
    ("salt", re.compile(r"^[ \t]+sysctl\.present:|^#!(?:jinja|yaml)\b", re.MULTILINE)),
    ("hiera", re.compile(r"^[\"']?\w+(?:::\w+)+[\"']?:", re.MULTILINE)),
    (
        "ansible",
        re.compile(
            r"^- hosts:|^[ \t]*(?:-[ \t]+)?(?:ansible\.(?:posix|builtin)\.\w+|sysctl):[ \t]*(?:name=|$)", re.MULTILINE
        ),
    ),
    ("compose", re.compile(r"^services:", re.MULTILINE)),
)


def kind_of(path: str, text: str) -> str:
    """The name of the kind of a file, by its path and, where that leaves it open, by its content."""
    place = PurePosixPath(path.replace("\\", "/").lower())
    while place.suffix in TEMPLATE_SUFFIXES:
        place = place.with_suffix("")
    name = place.name
    if name in NAMES or place.parent.name == "sysctl.d":
        return NAMES.get(name, "sysctl")
    if place.suffix in SUFFIXES:
        return SUFFIXES[place.suffix]
    if name.startswith(("dockerfile", "containerfile")):
        return "dockerfile"
    if place.suffix in YAML_SUFFIXES:
        return _kind_of_yaml(str(place), text)
    likely = looks_like(text)
    if likely in ("", "yaml") and place.suffix == ".conf":
        return "sysctl"
    return likely or "text"


def parse(data: bytes, path: str, kind: str | None = None) -> Parsed:
    """What a file sets, whatever its bytes are; `path` only tells the kind, which `kind` overrides.

    UsageError for a kind that does not exist; anything else that is wrong with the file is a complaint.
    """
    if kind is not None and kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        raise UsageError(
            f"no kind of file is called {kind!r}; " + (f"did you mean {near[0]!r}?" if near else ", ".join(KINDS))
        )
    if len(data) > MAX_BYTES:
        sentence = f"is larger than {MAX_BYTES >> 20} MiB and was not read"
        return Parsed(kind or "text", (), (Complaint(1, 1, sentence, "too-large"),), ())
    text, complaints = decode(data)
    kind = kind or kind_of(path, text)
    source = Source.of(text)
    settings, more = _read(source, kind)
    relevant = [complaint for complaint in complaints if complaint.kind in ("not-utf8", *KINDS[kind].stumbles)]
    silenced, vain = ([], []) if kind == "json" else suppressions(source, settings)
    return Parsed(kind, tuple(settings), _few(sorted((*relevant, *more, *vain))), tuple(silenced))


def _few(complaints: list[Complaint]) -> tuple[Complaint, ...]:
    """No more complaints than a person reads, the last of them saying that there were more."""
    if len(complaints) <= MAX_COMPLAINTS:
        return tuple(complaints)
    line, column = complaints[MAX_COMPLAINTS][:2]
    sentence = f"and {len(complaints) - MAX_COMPLAINTS} more complaints from here on"
    return (*complaints[:MAX_COMPLAINTS], Complaint(line, column, sentence, "too-many"))


def _kind_of_yaml(path: str, text: str) -> str:
    if COMPOSE_NAME.match(PurePosixPath(path).name):
        return "compose"
    for kind, sign in YAML_SIGNS:
        if sign.search(text):
            return kind
    return "ansible" if ANSIBLE_PATH.search(path) else "yaml"


def _read(source: Source, kind: str, nesting: int = 0) -> tuple[list[Setting], list[Complaint]]:
    """What a source sets, with the files inside it, in the order of their lines."""
    found = KINDS[kind].read(source)
    settings, complaints = list(found.settings), list(found.complaints)
    for inner in found.inner if nesting < MAX_NESTING else ():
        part = source.part(inner.first, inner.last)
        inside = inner.kind or looks_like(part.text.lstrip())
        if inside:
            more, worse = _read(part, inside, nesting + 1)
            settings += more
            # Where only the content told the kind, a complaint would be about our guess.
            complaints += worse if inner.kind else []
    return sorted(settings, key=lambda setting: (setting.line, setting.column)), complaints
