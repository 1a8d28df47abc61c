"""`tcptune lab`: reproduce each closing state on this kernel, in network namespaces of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tcptune.cli import choices
from tcptune.cli.output import write
from tcptune.errors import TcptuneError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tcptune.lab.result import Result

app = typer.Typer(
    help="Reproduce each closing state on this kernel: list, run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=False,
)
OUTSIDE, COULD_NOT_JUDGE = 1, 3
FORMATS = ("text", "json")
COLUMNS = 79


@app.command("list")
def list_scenarios(
    full: Annotated[bool, typer.Option("--full", help="Tell how long each takes with `run --full`.")] = False,
) -> None:
    """Say what can be played: name, about how long it takes, what it shows."""
    from tcptune.lab.catalogue import SCENARIOS
    from tcptune.lab.text import listing

    write(listing(SCENARIOS.values(), full))


@app.command("run")
def run(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Scenarios, as `lab list` names them.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Play every scenario.")] = False,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A sysctl inside the namespaces; the host keeps its own."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Wait for the kernel's own timeouts instead of shortened ones: minutes.")
    ] = False,
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="text (default) or json.")] = "text",
    pcap: Annotated[str | None, typer.Option("--pcap", metavar="FILE", help="Keep all packets in this file.")] = None,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write.")] = None,
) -> None:
    """Play scenarios side by side; say what the kernel did, and hold what was predicted against what was measured.

    Needs root. Exits with 1 when a measured lifetime lies outside the prediction.
    """
    from tcptune.lab.catalogue import SCENARIOS

    choices.choice(format_, FORMATS, "--format")
    asked = list(SCENARIOS) if everything else list(dict.fromkeys(names or ()))
    for name in (*asked, *(names or ())):
        choices.choice(name, SCENARIOS, "lab run")
    if not asked:
        raise UsageError(f"lab run: name a scenario, or --all; there are {', '.join(SCENARIOS)}")
    results = _play(asked, _settings(settings or []), full)
    if pcap is not None:
        _keep_packets(results, pcap)
    write(_render(results, format_), output)
    raise typer.Exit(exit_code(results))


def exit_code(results: Sequence[Result]) -> int:
    """3 where a scenario could not be played to its end, 1 where a lifetime lies outside, else 0."""
    if any(result.problem is not None for result in results):
        return COULD_NOT_JUDGE
    return 0 if all(result.inside for result in results) else OUTSIDE


def _settings(texts: list[str]) -> dict[str, str]:
    """--set options as sysctls by full name; UsageError where one is no KEY=VALUE."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key, value = key.strip().replace("/", "."), value.strip()
        if not equals or not key or not value.isprintable() or not value:
            raise UsageError(f"--set: {text!r} is no KEY=VALUE such as net.ipv4.tcp_fin_timeout=5")
        found[key if "." in key else f"net.ipv4.{key}"] = value
    return found


def _play(asked: list[str], settings: Mapping[str, str], full: bool) -> list[Result]:
    """The results in the order asked, while a terminal is told how far we are."""
    from tcptune.lab.catalogue import SCENARIOS
    from tcptune.lab.play import play

    found: dict[str, Result] = {}
    numbered = [(number, scenario) for number, scenario in enumerate(SCENARIOS.values(), 1) if scenario.slug in asked]
    _progress(asked, found)
    try:
        for result in play(numbered, settings, full):
            found[result.scenario] = result
            _progress(asked, found)
    finally:
        _clear()
    return [found[name] for name in asked]


def _progress(asked: list[str], found: Mapping[str, object]) -> None:
    """One line on the terminal that is written over and over; nothing where stderr is no terminal."""
    import sys

    if sys.stderr is not None and sys.stderr.isatty():
        waiting = ", ".join(name for name in asked if name not in found)
        line = f"{len(found)} of {len(asked)} played" + (f"; waiting for {waiting}" if waiting else "")
        sys.stderr.write(f"\r\x1b[K{line if len(line) <= COLUMNS else line[: COLUMNS - 3] + '...'}")
        sys.stderr.flush()


def _clear() -> None:
    import sys

    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _render(results: Sequence[Result], format_: str) -> str:
    if format_ == "json":
        import os

        from tcptune import __version__
        from tcptune.lab import document

        return document.render(results, __version__, os.uname().release)
    from tcptune.lab import text

    return text.render(results)


def _keep_packets(results: Sequence[Result], target: str) -> None:
    """All packets in one capture file; the third number of an address tells the scenario."""
    from pathlib import Path

    from tcptune.lab.pcap import capture

    packets = [(result.began + packet.at, packet.raw) for result in results for packet in result.packets]
    try:
        Path(target).write_bytes(capture(packets))
    except OSError as error:
        raise TcptuneError(f"{target}: cannot be written: {error.strerror}") from None
