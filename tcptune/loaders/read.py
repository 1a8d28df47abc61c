"""look(): the settings files, the running values and the two loaders of a machine, live or stored, as a Drift."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tcptune.collect.files import LIVE_ROOT, reason
from tcptune.collect.proc import machine, sysctl
from tcptune.errors import CollectError
from tcptune.kernel.release import Release
from tcptune.loaders import command_line, files, procps, releases, systemd
from tcptune.loaders.drift import Aim, Loaded, Running, Unread, rows
from tcptune.loaders.files import Entry, Plan
from tcptune.loaders.lines import Keys, Line, Write
from tcptune.loaders.patterns import braces, expand
from tcptune.loaders.tree import PROC_SYS, Tree
from tcptune.loaders.values import refusal
from tcptune.model.drift import BOOT, NOT_AT_BOOT, RELOAD, Drift
from tcptune.model.snapshot import Host
from tcptune.settings.setting import is_rooted_key

Parse = Callable[[str, str], Iterable[Line]]


class Texts(NamedTuple):
    """The files that were read, by their path, where their links end, and why others could not be read."""

    texts: dict[str, str]
    origins: dict[str, str]
    gaps: dict[str, str]


class Plans(NamedTuple):
    """Which files each loader reads, and which of the others may hold settings."""

    boot: Plan
    reload: Plan
    others: tuple[Entry, ...]


def look(root: Path = LIVE_ROOT, asked: Iterable[str] = ()) -> Drift:
    """Every key that a file below the root sets, and those that are asked for (paths below /proc/sys).

    What could not be read is in `gaps`, the rest is judged without it. CollectError where nothing is there to judge.
    """
    name, release, _ = machine.name_and_release(root)
    source = "live" if root == LIVE_ROOT else str(root)
    return drift_of(Tree(root), Host(name, release, source, sysctl.namespace(root)), asked)


def drift_of(tree: Tree, host: Host, asked: Iterable[str] = ()) -> Drift:
    """What look() says, of files that lie anywhere."""
    live = tree.root == LIVE_ROOT
    release = Release.parse(host.release or "")
    gaps: dict[str, str] = {}
    found = releases.of(_libraries(tree))
    plans = _plans(tree, found, gaps)
    closed = bool(gaps)
    if not live and not (plans.boot.files or plans.reload.files or plans.others or tree.names("")):
        raise CollectError(f"{tree.root}: no settings are stored here; expected etc/sysctl.d and proc/sys below it")
    read = _texts(tree, plans)
    gaps |= read.gaps
    if not tree.names(""):
        gaps[f"/{PROC_SYS}"] = "not stored here: no running values, and no keys for patterns to match"
    boot, reload = _loaded(tree, plans, read.texts, found)
    early = [write for write in _early(tree, release) if host.netns != "child" or not write.target.startswith("net/")]
    boot = Loaded([*(Aim(*write) for write in early), *boot.aims], [*early, *boot.writes])
    unread = list(_unread(plans, read, boot, reload))
    asked = list(asked)
    targets = {aim.target for aim in (*boot.aims, *reload.aims, *(other.aim for other in unread))}
    running = {target: _running(tree, target) for target in (*targets, *asked)}
    found_rows = rows(
        boot, reload, unread, running, lambda key, value: refusal(key, value, release), read.origins, asked
    )
    blind = [
        name
        for name, plan in ((BOOT, plans.boot), (RELOAD, plans.reload))
        if closed or any(entry.path in read.gaps for entry in plan.files)
    ]
    return Drift(host, tuple(found_rows), {BOOT: found.systemd, RELOAD: found.procps}, gaps, tuple(blind))


def _libraries(tree: Tree) -> Iterator[str]:
    """The names of what lies where libraries lie."""
    tops = [name for folder in ("usr/lib", "lib") for name in tree.list(folder)]
    return (name for folder in releases.folders(tops) for name in tree.list(folder))


def _plans(tree: Tree, found: releases.Releases, gaps: dict[str, str]) -> Plans:
    """What is in the folders of both loaders."""
    listing: dict[str, Sequence[Entry]] = {}
    seen: set[str] = set()
    for folder in files.FOLDERS:
        try:
            entries = tree.folder(folder)
            origin = tree.resolve(folder)
        except OSError as error:
            gaps[f"/{folder}"] = reason(error)
            continue
        if entries is not None and origin not in seen:  # /lib is a link to /usr/lib nearly everywhere
            seen.add(origin)
            listing[folder] = entries
    conf = tree.entry(*files.SYSCTL_CONF.split("/"))
    credential = tree.entry(*files.CREDENTIAL.rsplit("/", 1))
    extra = credential if found.boot.credential and tree.is_file(credential) else None
    boot = files.boot_plan(listing, extra, found.boot)
    lost = conf.kind == "missing" and conf.origin != files.SYSCTL_CONF  # a link; live, it leads nowhere
    reload = files.reload_plan(listing, conf if conf.kind == "file" or lost else None, found.reload)
    read = {entry.path for entry in (*boot.files, *reload.files)}
    others = tuple(entry for entries in listing.values() for entry in entries if entry.path not in read)
    return Plans(boot, reload, others)


def _texts(tree: Tree, plans: Plans) -> Texts:
    """The text of every file; what no loader reads and we cannot is no gap."""
    found = Texts({}, {}, {})
    planned = {entry.path: entry for entry in (*plans.boot.files, *plans.reload.files)}
    for entry in (*planned.values(), *plans.others):
        found.origins[entry.path] = f"/{entry.origin}"
        if entry.kind == "missing" and tree.root != LIVE_ROOT and entry.path in planned:
            found.gaps[entry.path] = f"leads to /{entry.origin}, which is not stored; what it sets is left out"
        if entry.kind in ("null", "missing", "circle", "folder"):  # nothing to read for the loaders either
            continue
        try:
            found.texts[entry.path] = tree.read(entry.origin)
        except OSError as error:
            if entry.path in planned:
                found.gaps[entry.path] = f"{reason(error)}; what it sets is left out"
    return found


def _loaded(tree: Tree, plans: Plans, texts: Mapping[str, str], found: releases.Releases) -> tuple[Loaded, Loaded]:
    """What both loaders do with their files."""
    there = cache(tree.key_is_there)

    @cache
    def plain(pattern: str) -> Sequence[str]:
        return expand(pattern, tree.names, there) if tree.names("") else [pattern]

    @cache
    def braced(pattern: str) -> Sequence[str]:
        if not tree.names(""):
            return [pattern]
        return list(dict.fromkeys(path for one in braces(pattern) for path in plain(one)))

    braced_keys, plain_keys = Keys(braced, there), Keys(plain, there)
    boot_lines = _lines(plans.boot, texts, lambda file, text: systemd.parse(file, text, found.boot))
    reload_lines = _lines(plans.reload, texts, lambda file, text: procps.parse(file, text, found.reload))
    return (
        Loaded(
            [Aim(target, line) for line in boot_lines for target in systemd.aims(line, braced_keys, found.boot)],
            systemd.writes(boot_lines, braced_keys, found.boot),
        ),
        Loaded(
            [Aim(target, line) for line in reload_lines for target in procps.aims(line, plain_keys, found.reload)],
            procps.writes(reload_lines, plain_keys, found.reload),
        ),
    )


def _lines(plan: Plan, texts: Mapping[str, str], parse: Parse) -> list[Line]:
    return [line for entry in plan.files if entry.path in texts for line in parse(entry.path, texts[entry.path])]


def _early(tree: Tree, release: Release | None) -> list[Write]:
    """What the command line of the kernel sets, before any loader."""
    if release is not None and release.version < command_line.SINCE:
        return []
    try:
        return list(command_line.writes(tree.read("proc/cmdline")))
    except OSError:
        return []


def _unread(plans: Plans, read: Texts, boot: Loaded, reload: Loaded) -> Iterator[Unread]:
    """Lines that a loader does not read, with the reason: those of other files, and of /etc/sysctl.conf at boot."""
    at_boot = {entry.origin for entry in plans.boot.files}
    planned = {entry.path for entry in plans.boot.files} | {entry.path for entry in plans.reload.files}
    targets: dict[str, dict[str, None]] = {}
    for target, line in (*reload.aims, *boot.aims):
        targets.setdefault(line.where, {})[target] = None
    for entry in (*plans.others, *plans.reload.files, *plans.boot.files):
        why = plans.boot.unread.get(entry.path) or plans.reload.unread.get(entry.path)
        if why is None and entry.path == f"/{files.SYSCTL_CONF}" and entry.origin not in at_boot:
            why = NOT_AT_BOOT
        if why is None:
            continue
        for line in procps.parse(entry.path, read.texts.get(entry.path, "")):
            if entry.path in planned or (line.value is not None and is_rooted_key(line.written) and not line.pattern):
                for target in targets.get(line.where) or [systemd.normal(line.written)]:
                    yield Unread(Aim(target, line), why)


def _running(tree: Tree, target: str) -> Running:
    """What a key shows now."""
    try:
        return Running(tree.read(f"{PROC_SYS}/{target}").strip("\n"))
    except (FileNotFoundError, NotADirectoryError):
        if tree.names(""):
            return Running(None, "no such key here", there=False)
        return Running(None, "no running values are stored")
    except IsADirectoryError:
        return Running(None, "is a folder of keys, not a key", there=False)
    except OSError as error:
        return Running(None, reason(error))
