"""What `sysctl` prints, and `grep . /proc/sys/...`: settings by name, in any of the ways that a name is written.

Read in procps-ng's sysctl.c and busybox's: both write ` = `, and complaints on stderr that a paste mixes in.
"""

from __future__ import annotations

import re

from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.piece import Piece, Said
from tcptune.collect.proc import sysctl
from tcptune.collect.proc.machine import parse_name
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.names import ALIASES, existence_of
from tcptune.kernel.release import Release
from tcptune.model.values import Value
from tcptune.printable import printable

TREES = "net|kernel|fs|vm|dev|abi|debug|crypto|sunrpc|user"
FOLDERS = {name.rpartition(".")[2]: name for name in SYSCTLS if name.startswith(("net.ipv4.", "net.core."))}
"""Names as people write them who stand in /proc/sys/net/ipv4."""
SETTING = re.compile(
    rf"\s{{0,12}}-?(?:/proc/sys/)?(?P<key>(?:{TREES})[./][A-Za-z0-9_./:*+@-]{{1,200}}?|{'|'.join(FOLDERS)})"
    r"(?P<sign>\s{0,4}=|:)(?=\s|[0-9-]|\S*$)(?P<value>.*)"
)
COMPLAINT = re.compile(
    r"\s{0,12}(?:sysctl|cat|grep|head|tail|(?:ba|da|z)?sh|-bash): "
    r"(?:.{0,60}?(?P<path>/proc/sys/[\w./-]{1,200})['\"]?: (?P<why>[A-Z][A-Za-z ]{3,60})"
    r"|(?P<denied>permission denied) on key ['\"]?(?P<key>[\w./-]{1,200})"
    r"|.{0,40}?['\"](?P<unknown>[\w./-]{1,200})['\"] is an unknown key)"
)
WHOLE_LISTING = 200
"""Keys; a full listing has eight hundred and more, a settings file that names every tree some dozens."""
ALL_TREES = frozenset({"fs", "kernel", "net", "vm"})

PLAIN_NAME = re.compile(r"net\.[A-Za-z0-9_.]{1,100}")
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")

AS_IN_A_FILE = (
    "some are written as in a settings file (key=value); what runs can be different, and `sysctl -a` tells that"
)


def is_setting(line: str, _: Command) -> object:
    """Whether a line gives a setting, or says why one cannot be given."""
    return SETTING.match(line) or COMPLAINT.match(line)


def read(piece: Piece) -> Said:
    """The keys of the catalogue; of a full listing also which of them the kernel does not show.

    >>> read(Piece(["net/ipv4/tcp_fin_timeout = 60", "/proc/sys/net/core/somaxconn:128"])).values
    {'net.ipv4.tcp_fin_timeout': 60, 'net.core.somaxconn': 128}
    """
    told: dict[str, str] = {}
    gaps: dict[str, str] = {}
    again: set[str] = set()
    as_in_a_file = False
    for line in piece.lines:
        found = SETTING.match(line)
        if found is None:
            gaps |= _complaint(line)
            continue
        value = found["value"]
        as_in_a_file |= found["sign"] == "=" and value[:1] not in ("", " ", "\t")
        name = name_of(found["key"])
        if name in SYSCTLS and told.get(name, value.strip()) != value.strip():
            again.add(name)
        told[name] = value.strip()
    values, problems = parsed(told)
    gaps |= problems
    if again:
        gaps["samples"] = (
            f"{len(again)} settings are told more than once, {min(again)} first; the last values are taken"
        )
    if as_in_a_file:
        gaps["settings"] = AS_IN_A_FILE
    release = _name(told.get("kernel.osrelease"))
    whole = len(told) >= WHOLE_LISTING and {key.partition(".")[0] for key in told} >= ALL_TREES
    netns = "initial" if sysctl.HOST_ONLY in told else None
    if whole and netns is None and any(key in told for key in sysctl.ANYWHERE):
        netns = "child"
    if not whole:
        values |= _unheard_of(told)
    else:
        absent = [key for key in SYSCTLS.values() if key.name not in told and key.name not in gaps]
        kernel = Release.parse(release or "")
        gaps |= {key.name: sysctl.absence(key, kernel, netns) for key in absent}
    return Said(values, gaps, name=_name(told.get("kernel.hostname")), release=release, netns=netns)


def _unheard_of(told: dict[str, str]) -> dict[str, Value]:
    """The keys that no kernel has, or none any more: a listing has only those that are there, a file may have any."""
    return {
        name: int(text) if WHOLE_NUMBER.fullmatch(text) else printable(text, 100)
        for name, text in told.items()
        if PLAIN_NAME.fullmatch(name) and existence_of(name).status in ("removed", "misspelt", "unknown")
        if name not in SYSCTLS
    }


def parsed(told: dict[str, str]) -> tuple[dict[str, Value], dict[str, str]]:
    """The facts of some keys, with the gaps for those whose value cannot be one."""
    values: dict[str, Value] = {}
    gaps: dict[str, str] = {}
    for name, text in told.items():
        key = SYSCTLS.get(name)
        if key is None:
            continue
        try:
            values |= sysctl.parse(key, text or "\n")
        except ValueError as error:
            gaps[name] = str(error)
    return values, gaps


def name_of(written: str) -> str:
    """The dotted name of a key: written with slashes, without its folder, or by another name.

    >>> name_of("net/nf_conntrack_max")
    'net.netfilter.nf_conntrack_max'
    """
    if written in FOLDERS:
        return FOLDERS[written]
    slash, dot = written.find("/"), written.find(".")
    if slash >= 0 and (dot < 0 or slash < dot):
        written = written.replace("/", ".")
    return ALIASES.get(written, written)


def _complaint(line: str) -> dict[str, str]:
    found = COMPLAINT.match(line)
    if found is None:
        return {}
    name = name_of((found["path"] or found["key"] or found["unknown"]).removeprefix("/proc/sys/"))
    why = (found["why"] or found["denied"] or "an unknown key").lower()
    return {name: f"{why.removesuffix(' or directory')}, says the text"} if name in SYSCTLS else {}


def _name(text: str | None) -> str | None:
    try:
        return parse_name(text) if text is not None else None
    except ValueError:
        return None
