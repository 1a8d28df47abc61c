"""What `tcptune sockets` does; without typer, so that it need not be imported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from tcptune.cli import choices
from tcptune.cli.output import write
from tcptune.collect.sockets.sock_diag import ODD_STATES
from tcptune.errors import CollectError
from tcptune.facts.outlook import outlooks
from tcptune.facts.views import VIEWS, view
from tcptune.kernel.states import TcpState
from tcptune.model.sockets import Group, Listener, SocketTable
from tcptune.report import sockets as report

if TYPE_CHECKING:
    from tcptune.collect.sockets.look import Naming
    from tcptune.kernel.release import Release

FORMATS = ("text", "json")
USUAL = ODD_STATES - {TcpState.LISTEN}
TOLD = ("sockets", "owners", "states", "proc.net", "sock_diag", "ss.", "netstat.")
"""How the names of gaps begin that are about single sockets."""
SS_NAMES = {"SYN-RECV": "SYN-RECEIVED", "FIN-WAIT1": "FIN-WAIT-1", "FIN-WAIT2": "FIN-WAIT-2"}
"""How ss and netstat name states that RFC 9293 names otherwise."""


class Seen(NamedTuple):
    """The table, and what the future of its sockets depends on."""

    table: SocketTable
    settings: Mapping[str, int]
    release: Release | None
    gaps: Mapping[str, str]


def show(
    source: str | None = None,
    states: list[str] | None = None,
    by: str = "place",
    everything: bool = False,
    owners: bool = False,
    redact: bool = False,
    root: str = "/",
    netns: str | None = None,
    format_: str = "text",
    output: str | None = None,
) -> None:
    """Look, put together, and print. UsageError and CollectError say what is wrong."""
    choices.choice(format_, FORMATS, "--format")
    choices.choice(by, VIEWS, "--by")
    wanted = _states(states or [], everything)
    seen = _seen(source, root, netns, wanted, owners or by == "owner")
    table = seen.table
    if redact:
        from tcptune.model.redaction import redacted

        table = redacted(table)
    asked = {state.rfc for state in wanted}
    groups = [group for group in table.groups if group.state in asked]
    found = report.Sockets(
        outlooks(view(groups, by), seen.settings, seen.release),
        _total(groups, frozenset() if "states" in seen.gaps else wanted),
        _waiting(table.listeners or ()),
        seen.gaps,
    )
    if format_ == "json":
        import json

        write(json.dumps(report.document(found), indent=1) + "\n", output)
    else:
        write(report.text(found, everything), output)


def _states(names: Iterable[str], everything: bool) -> frozenset[TcpState]:
    """The states that are asked for, by any of their names."""
    known = {state.rfc: state for state in USUAL | {TcpState.TIME_WAIT}}
    asked = [name.upper().replace("_", "-") for name in choices.split(names)]
    if asked:
        return frozenset(known[choices.choice(SS_NAMES.get(name, name), known, "--state")] for name in asked)
    return USUAL | {TcpState.TIME_WAIT} if everything else USUAL


def _seen(source: str | None, root: str, netns: str | None, wanted: frozenset[TcpState], owners: bool) -> Seen:
    if source is not None or root != "/":
        return _stored(source, root, netns)
    naming: Naming = "always" if owners else "never"
    if netns is None:
        return _live(wanted, naming)
    from tcptune.collect.netns import inside

    return inside(netns, lambda: _live(wanted, naming))


def _live(wanted: frozenset[TcpState], naming: Naming) -> Seen:
    """This machine now. The settings are read only where a timer runs."""
    from tcptune.collect.files import LIVE_ROOT
    from tcptune.collect.sockets import look
    from tcptune.collect.sockets.sock_diag import SockDiagError

    gaps = {}
    try:
        seen = look.live(wanted, naming)
    except (SockDiagError, OSError) as error:
        from tcptune.collect.proc.proc_net_tcp import Table

        gaps["sock_diag"] = f"read from /proc/net/tcp instead: {error}"
        table = Table(LIVE_ROOT)
        if not table.whole:
            raise CollectError(f"no sockets can be seen: {error}; {table.gaps['states']}") from None
        seen = look.stored(LIVE_ROOT, table)
        gaps |= table.gaps
    gaps |= seen.gaps
    if not any(group.timers for group in seen.table.groups):
        return Seen(seen.table, {}, None, gaps)
    from tcptune.collect import deciding

    return Seen(seen.table, *deciding.read(), gaps)


def _stored(source: str | None, root: str, netns: str | None) -> Seen:
    """The sockets of a source that is not this machine now."""
    from pathlib import Path

    from tcptune.collect.source import take
    from tcptune.facts.derive import derive

    snapshot = take(source, Path(root), netns)
    if snapshot.sockets is None:
        why = snapshot.gaps.get("states", "it holds counts, and no list of sockets")
        raise CollectError(f"{snapshot.host.source}: {why}")
    facts = derive(snapshot)
    settings = {name: value for name, value in facts.values.items() if isinstance(value, int)}
    gaps = {name: why for name, why in snapshot.gaps.items() if name.startswith(TOLD)}
    if any(group.owned for group in snapshot.sockets.groups) and not any(g.owner for g in snapshot.sockets.groups):
        gaps.setdefault("owners", "this source does not say which process holds a socket")
    return Seen(snapshot.sockets, settings, facts.release, gaps)


def _total(groups: Iterable[Group], known: frozenset[TcpState]) -> dict[str, int]:
    """Sockets by state; a state that was looked for and is empty is 0."""
    total = {state.rfc: 0 for state in TcpState if state in known}
    for group in groups:
        total[group.state] = total.get(group.state, 0) + group.sockets
    return total


def _waiting(listeners: Iterable[Listener]) -> list[Listener]:
    """The listeners in whose queues something waits, the fullest first."""
    return sorted((door for door in listeners if door.waiting), key=lambda door: (-door.waiting, door.port))
