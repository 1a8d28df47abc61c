"""`tcptune timeouts`: how long each closing state lasts here, what decides it, and what another setting would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from tcptune.cli import choices, options
from tcptune.cli.output import write
from tcptune.errors import UsageError

if TYPE_CHECKING:
    from tcptune.kernel.timeouts import Path
    from tcptune.model.snapshot import Snapshot
    from tcptune.report.timeouts import Computed

FORMATS = ("text", "json")
LONGEST = 10**9
"""Milliseconds; no timer of a connection is longer."""


def timeouts(
    source: Annotated[
        str | None, typer.Argument(metavar="[SOURCE]", help="A folder, archive, snapshot, text, or -.")
    ] = None,
    root: options.Root = "/",
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="What if this setting were that.")
    ] = None,
    rto: Annotated[float | None, typer.Option("--rto", metavar="MS", help="The socket's RTO, as ss shows it.")] = None,
    rtt: Annotated[float, typer.Option("--rtt", metavar="MS", help="The round trip.")] = 0.1,
    timer: Annotated[
        float | None, typer.Option("--timer", metavar="MS", help="What the timer has to go at close(), as ss shows it.")
    ] = None,
    user_timeout: Annotated[
        float, typer.Option("--user-timeout", metavar="MS", help="TCP_USER_TIMEOUT of the socket.")
    ] = 0.0,
    linger2: Annotated[float, typer.Option("--linger2", metavar="S", help="TCP_LINGER2 of the socket.")] = 0.0,
    backoff: Annotated[int, typer.Option("--backoff", help="Doublings at close(), as ss -i shows them.")] = 0,
    probes: Annotated[int, typer.Option("--probes", help="Unanswered probes at close().")] = 0,
    hz: Annotated[int | None, typer.Option("--hz", help="CONFIG_HZ of the kernel.")] = None,
    kernel: options.Kernel = None,
    netns: options.Netns = None,
    no_tlp: Annotated[bool, typer.Option("--no-tlp", help="Without a tail loss probe: no SACK on the path.")] = False,
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text or json.")] = "text",
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")] = None,
) -> None:
    """How long each closing state lasts here, and what decides it."""
    from pathlib import Path as FilePath

    from tcptune.collect.source import take
    from tcptune.report import timeouts as report

    choices.choice(format_, FORMATS, "--format")
    socket = {
        "rto_ms": _within(rto, "--rto", 1, 120_000),
        "rtt_ms": _within(rtt, "--rtt", 0, 120_000),
        "timer_ms": _within(timer, "--timer", 0, LONGEST),
        "user_timeout_ms": _within(user_timeout, "--user-timeout", 0, LONGEST),
        "linger2_s": _within(linger2, "--linger2", -1, LONGEST),
        "backoff": _within(backoff, "--backoff", 0, 255),
        "probes": _within(probes, "--probes", 0, 255),
    }
    snapshot = take(source, FilePath(root), netns).as_release(choices.release(kernel))
    settings = _settings(snapshot, _within(hz, "--hz", 24, 1200))
    tried = {**settings, **_changes(set_ or [])}
    now = _computed(snapshot, tried, socket, no_tlp)
    if format_ == "json":
        write(report.render_json(now), output)
    else:
        before = _computed(snapshot, settings, socket, no_tlp) if set_ else None
        write(report.render_text(now, before), output)


def _within(value: float | None, option: str, low: float, high: float) -> float | None:
    """The value of an option, if it can be one; NaN cannot."""
    if value is not None and not low <= value <= high:
        raise UsageError(f"{option}: {value:g} is not within {low:g} to {high:g}")
    return value


def _settings(snapshot: Snapshot, hz: float | None) -> dict[str, int]:
    """The settings of the machine that decide lifetimes, and its clock."""
    from tcptune.facts.derive import derive
    from tcptune.kernel.lifetimes import ACCEPTED, HZ

    values = derive(snapshot).values
    found = {name: value for name, value in values.items() if name in ACCEPTED and isinstance(value, int)}
    return {**found, HZ: int(hz)} if hz is not None else found


def _changes(assignments: list[str]) -> dict[str, int]:
    """What --set asks for, by full name; UsageError says what cannot be."""
    from tcptune.kernel.lifetimes import ACCEPTED, HZ, LOWEST

    settable = {name.rpartition(".")[2]: name for name in ACCEPTED if name != HZ}
    found = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        short = key.strip().replace("/", ".").rpartition(".")[2]
        name = settable[choices.choice(short, settable, "--set")]
        try:
            value = int(text)
        except ValueError:
            raise UsageError(f"--set: {assignment!r} is not KEY=VALUE with a whole number") from None
        if not equals or not LOWEST[name] <= value <= ACCEPTED[name].high:
            raise UsageError(f"--set: {name} = {value} is outside {LOWEST[name]}..{ACCEPTED[name].high}")
        found[name] = value
    return found


def _computed(
    snapshot: Snapshot, settings: Mapping[str, int], socket: Mapping[str, float | None], no_tlp: bool
) -> Computed:
    """The lifetimes that these settings give such a socket."""
    from tcptune.kernel.lifetimes import CASES, HZ, lifetimes, refusal
    from tcptune.kernel.release import Release
    from tcptune.kernel.timer_wheel import DEFAULT_HZ
    from tcptune.report.timeouts import Computed

    release = Release.parse(snapshot.host.release or "")
    path = _path(settings, socket, release, no_tlp)
    found = lifetimes(settings, path)
    gaps = {
        case.name: refusal(case, settings)
        or "needs " + ", ".join(f"{n}: {snapshot.gaps.get(n, 'not read')}" for n in case.needs if n not in settings)
        for case in CASES
        if case.name not in found
    }
    inputs = {name: value for name, value in settings.items() if name != HZ}
    shown = {name: value for name, value in socket.items() if value}
    notes = [] if HZ in settings else [f"HZ is not known; {DEFAULT_HZ} is assumed (--hz)."]
    notes += [] if release else ["The kernel release is not known; the rules of 6.18 are assumed (--kernel)."]
    return Computed(
        snapshot.host,
        {**inputs, **shown, "rto_ms": round(path.rto * 1000, 3), "hz": path.hz, "kernel": snapshot.host.release},
        found,
        gaps,
        tuple(notes),
    )


def _path(settings: Mapping[str, int], socket: Mapping[str, float | None], release: object, no_tlp: bool) -> Path:
    """The connection that the options describe, on this machine."""
    from tcptune.kernel.lifetimes import path_of
    from tcptune.kernel.release import Release

    path = path_of(settings, (socket["rtt_ms"] or 0.0) / 1e3, release if isinstance(release, Release) else None)
    rto, timer = socket["rto_ms"], socket["timer_ms"]
    return path._replace(
        known_rto=None if rto is None else rto / 1e3,
        timer=None if timer is None else timer / 1e3,
        user_timeout=(socket["user_timeout_ms"] or 0.0) / 1e3,
        linger2=socket["linger2_s"] or 0.0,
        backoff=int(socket["backoff"] or 0),
        probes=int(socket["probes"] or 0),
        tail_loss_probe=path.tail_loss_probe and not no_tlp,
    )
