"""How many sockets are in each state, as people count them: `netstat | awk`, `sort | uniq -c`, `grep -c`, `wc -l`."""

from __future__ import annotations

import re

from tcptune.collect.printed.asked import EVERY, NAMES, Asked, asked
from tcptune.collect.printed.commands import Command
from tcptune.collect.printed.piece import Piece, Said
from tcptune.collect.readings import natural_number
from tcptune.kernel.states import TcpState
from tcptune.model.values import Value

WRITTEN: dict[str, TcpState | None] = {
    **NAMES["ss"],
    **NAMES["netstat"],
    **{state.rfc: state for state in TcpState if state is not TcpState.CLOSE},
    **{state.name: state for state in TcpState if state is not TcpState.CLOSE},
    "TIMEWAIT": TcpState.TIME_WAIT,
    "SYN_RCVD": TcpState.SYN_RECEIVED,
    "FIN_WAIT_1": TcpState.FIN_WAIT_1,
    "FIN_WAIT_2": TcpState.FIN_WAIT_2,
    # What a count over all lines of netstat and ss finds besides.
    **dict.fromkeys(
        (
            "established)",
            "servers)",
            "Foreign",
            "State",
            "Address",
            "Address:Port",
            "and",
            "CONNECTED",
            "LISTENING",
            "CLOSED",
        )
    ),
}
"""By every name that a count may use; None for what is no state of TCP."""
NAMED = "|".join(sorted(map(re.escape, WRITTEN), key=len, reverse=True))
QUOTE = r"[\"'`|]?"
BETWEEN = r"[ \t:=|,]{1,40}"
COUNT = re.compile(
    rf"[\s|{{,*-]{{0,12}}(?:(?:TCP|tcp|S)?\[?{QUOTE}(?P<first>{NAMED}){QUOTE}\]?{BETWEEN}(?P<after>[0-9]{{1,12}})"
    rf"|(?P<before>[0-9]{{1,12}}){BETWEEN}{QUOTE}(?P<last>{NAMED}){QUOTE})"
    r"[\s|},;]{0,12}(?:(?:#|//|<-|--).{0,200})?"
)
ALONE = re.compile(r"\s{0,24}(?P<count>[0-9]{1,12})\s{0,8}")

ONLY_TCP_HAS = EVERY - {TcpState.ESTABLISHED, TcpState.LISTEN}
"""States that sockets of no other kind have in ss and netstat; UDP and Unix sockets can be ESTAB."""


def is_count(line: str, command: Command) -> object:
    """Whether a line counts the sockets of a state, or a number after a command that did."""
    if COUNT.fullmatch(line[:400]):
        return True
    if not ALONE.fullmatch(line[:60]):
        return False
    question = asked(command)
    return question is not None and question.counted


def read(piece: Piece) -> Said:
    """The counts; a state that is missing in a list which is plainly whole has none.

    It is, where the command is told and chose no sockets, and else where connections that stand are among several
    states. Of two samples in a row the last one counts.

    >>> read(Piece(["   3979 TIME_WAIT", "    139 ESTABLISHED"])).values
    {'states.TIME_WAIT': 3979, 'states.ESTABLISHED': 139}
    """
    question = asked(piece.command)
    if question is not None and question.counted:
        return _one(piece, question)
    counts: dict[TcpState, int] = {}
    names: set[str] = set()
    repeated = False
    for line in piece.lines:
        found = COUNT.fullmatch(line[:400])
        name = found and (found["first"] or found["last"])
        state = WRITTEN[name] if name else None
        if found is None or name is None or state is None:
            continue
        if state in counts:
            repeated, counts, names = True, {}, set()
        names.add(name)
        counts[state] = natural_number(found["after"] or found["before"])
    gaps = {"samples": "the states are counted more than once; the last counts are taken"} if repeated else {}
    if question is not None and not question.all_sockets:
        gaps["states"] = "the command chose some of the sockets; all of them may be more"
    shown = _shown(counts, names, question)
    values: dict[str, Value] = {f"states.{state.name}": count for state, count in counts.items()}
    if not shown and "states" not in gaps:
        gaps["states"] = "counted without the states that have no socket, or not all of them; `ss -tan` tells"
    return Said(values, gaps, {f"states.{state.name}": 0 for state in shown - set(counts)})


def _shown(counts: dict[TcpState, int], names: set[str], question: Asked | None) -> frozenset[TcpState]:
    """The states that would be in the counts if any socket were in them."""
    if question is not None:
        return question.states if question.all_sockets else frozenset()
    if len(counts) < 2 or TcpState.ESTABLISHED not in counts:
        return frozenset()
    if TcpState.LISTEN in counts:
        return EVERY
    # Who counts without listeners has left out -a, and then ss leaves out more than that.
    return frozenset() if names & set(NAMES["ss"]) - set(NAMES["netstat"]) else EVERY - {TcpState.LISTEN}


def _one(piece: Piece, question: Asked) -> Said:
    """The number that wc or grep printed."""
    found = ALONE.fullmatch(piece.lines[-1])
    if found is None:
        raise ValueError("not a number, though the command prints one")
    what = f"what `{piece.command.text[:60]}` counted"
    if len(question.states) != 1 or not question.all_sockets:
        return Said(gaps={"states": f"{what} is not the sockets of one state"})
    (state,) = question.states
    if not question.states <= ONLY_TCP_HAS and not question.tcp_alone:
        return Said(gaps={f"states.{state.name}": f"{what} may be sockets of other kinds too; -t shows those of TCP"})
    count = natural_number(found["count"]) - question.with_headline
    return Said({f"states.{state.name}": max(0, count)})
