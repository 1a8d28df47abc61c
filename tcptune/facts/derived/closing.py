"""Closing states: from how many sockets on they are more than passing through."""

from __future__ import annotations

from tcptune.facts.derived.shape import Derived, first_known, or_else
from tcptune.kernel.minisock import TCP_TIMEWAIT_LEN
from tcptune.kernel.states import TcpState

ESTABLISHED = "states.ESTABLISHED"

NO_CONNECTION = (TcpState.LISTEN, TcpState.CLOSE)
RESTING = (TcpState.ESTABLISHED, TcpState.TIME_WAIT)

SLOWEST_CLOSE = 5
"""Seconds: a FIN that waits longer for its ACK waits for more than a slow path and a full send buffer."""

OUTNUMBERED = 2
"""FIN-WAIT-2 that ends by itself turns into TIME-WAIT, which lasts as long, or is over when tcp_fin_timeout is: where
so many times more are in FIN-WAIT-2 than in TIME-WAIT, most of them end by nothing."""

MANY_HALF_CLOSED = 100
"""Fewer are not worth a guess at who holds them."""

PILE = 1000
"""From so many unanswered FINs on, a shorter life of orphans is worth its cost."""

MOST_IN_PASSING = 10 * PILE
"""More than so many are a pile on any machine."""


def too_many_fin_wait_1(established: int | None, time_wait: int | None) -> int:
    """From how many FIN-WAIT-1 on round trips no longer explain them.

    Half of the ESTABLISHED leaves room for send buffers that drain slowly; TIME-WAIT / 60 is the rate of
    closes, each of which may wait SLOWEST_CLOSE.
    """
    in_passing = PILE if established is None else max(200, min(established // 2, MOST_IN_PASSING))
    return max(in_passing, (time_wait or 0) * SLOWEST_CLOSE // 60)


def too_many_last_ack(established: int | None) -> int:
    """From how many LAST-ACK on round trips no longer explain them."""
    return PILE if established is None else max(PILE, min(established // 2, MOST_IN_PASSING))


def pile(
    many_fin_wait_1: int, many_last_ack: int, fin_wait_1: int | None, closing: int | None, last_ack: int | None
) -> int:
    """Whether any of the three states that wait for the ACK of a FIN has piled up."""
    limits = ((fin_wait_1, many_fin_wait_1), (closing, many_fin_wait_1), (last_ack, many_last_ack))
    return int(any((count or 0) >= max(PILE, many) for count, many in limits))


def is_leak(held: int, normal: int, established: int | None) -> int:
    """Whether a program has forgotten sockets in CLOSE-WAIT, by how many there are."""
    outnumbers = established is not None and held >= 20 and held > 2 * established
    return int((held >= 100 and held > normal) or outnumbers)


def held_in_fin_wait_2(
    owned: int | None, sockets: int | None, established: int | None, time_wait: int | None, fin_timeout: int | None
) -> int | None:
    """The sockets in FIN-WAIT-2 that a process holds, seen or, by how they outnumber TIME-WAIT, inferred.

    Nothing is inferred where tcp_fin_timeout keeps those without a process longer than TIME-WAIT lasts.
    """
    if owned is not None or sockets is None or (established is None and time_wait is None):
        return owned
    if fin_timeout is not None and fin_timeout > TCP_TIMEWAIT_LEN:
        return None
    inferred = sockets >= MANY_HALF_CLOSED and sockets > OUTNUMBERED * (time_wait or 0)
    return sockets if inferred else None


def established_counted(
    established: int | None, listening: int | None, time_wait: int | None, inuse: int | None
) -> int | None:
    """ESTABLISHED, which a list of counts leaves out where it is 0; None where there was no such list."""
    if established is not None or inuse is not None or (listening is None and time_wait is None):
        return established
    return 0


def sum_of_known(*counts: int | None) -> int | None:
    """The sum of what was counted; None where nothing was."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def less(whole: int | None, part: int | None) -> int | None:
    """The whole without the part; without anything where the part is not known."""
    return None if whole is None else max(0, whole - (part or 0))


CLOSING: tuple[Derived, ...] = (
    Derived(
        "fin_wait_1.too_many", "int", "sockets", "netns", too_many_fin_wait_1,
        "From so many on, sockets in FIN-WAIT-1 (or in CLOSING) are more than round trips explain: half of the "
        "ESTABLISHED within 200 to 10000, and five seconds of closes (TIME-WAIT / 12); 1000 where neither is known.",
        maybe=(ESTABLISHED, "states.TIME_WAIT"),
    ),
    Derived(
        "fin_wait_1.unanswered", "int", "sockets", "netns", first_known,
        "Orphans in FIN-WAIT-1 that wait for an ACK; all in FIN-WAIT-1 where nobody looked closer.",
        maybe=("kinds.FIN_WAIT_1.orphan", "states.FIN_WAIT_1"),
    ),
    Derived(
        "last_ack.too_many", "int", "sockets", "netns", too_many_last_ack,
        "From so many on, sockets in LAST-ACK are more than round trips explain: half of the ESTABLISHED, within "
        "1000 to 10000; 1000 where those were not counted.",
        maybe=(ESTABLISHED,),
    ),
    Derived(
        "closing.pile", "int", "bool", "netns", pile,
        "1 where 1000 or more sockets, and more than round trips explain, wait in FIN-WAIT-1, CLOSING or LAST-ACK; "
        "0 where they do not or were not counted.",
        needs=("fin_wait_1.too_many", "last_ack.too_many"),
        maybe=("fin_wait_1.unanswered", "states.CLOSING", "states.LAST_ACK"),
    ),
    Derived(
        "half_closed.normal", "int", "sockets", "netns", lambda established: (established or 0) // 50,
        "Half-closed sockets that may be seen in passing: one for fifty ESTABLISHED; 0 where those were not counted.",
        maybe=(ESTABLISHED,),
    ),
    Derived(
        "close_wait.held", "int", "sockets", "netns",
        lambda owned, sockets, unaccepted: first_known(owned, less(sockets, unaccepted)),
        "Sockets in CLOSE-WAIT that a process holds; all in CLOSE-WAIT where nobody looked for a process.",
        maybe=("kinds.CLOSE_WAIT.owned", "states.CLOSE_WAIT", "kinds.CLOSE_WAIT.unaccepted"),
    ),
    Derived(
        "close_wait.at_least", "int", "sockets", "netns", or_else(0),
        "Sockets in CLOSE-WAIT; at least 0 where they were not counted.",
        maybe=("states.CLOSE_WAIT",),
    ),
    Derived(
        "established.counted", "int", "sockets", "netns", established_counted,
        "Sockets in ESTABLISHED; 0 where LISTEN or TIME-WAIT were counted and it was not, as a list by netstat and awk "
        "leaves it out.",
        maybe=(ESTABLISHED, "states.LISTEN", "states.TIME_WAIT", "sockstat.TCP.inuse"),
    ),
    Derived(
        "close_wait.leak", "int", "bool", "netns", is_leak,
        "1 where so many sockets in CLOSE-WAIT are held that the program must have forgotten them: 100 and one for "
        "fifty ESTABLISHED, or 20 and more than twice those.",
        needs=("close_wait.held", "half_closed.normal"), maybe=("established.counted",),
    ),
    Derived(
        "shown.connections", "int", "sockets", "netns", sum_of_known,
        "All connections of the list of sockets, in whatever state, as far as they were counted.",
        maybe=tuple(f"states.{state.name}" for state in TcpState if state not in NO_CONNECTION),
    ),
    Derived(
        "shown.passing", "int", "sockets", "netns", lambda *counts: max(count or 0 for count in counts),
        "The most sockets of the list in one state that is passed through, which is any but ESTABLISHED, LISTEN and "
        "TIME-WAIT; 0 where none was counted.",
        maybe=tuple(f"states.{state.name}" for state in TcpState if state not in (*NO_CONNECTION, *RESTING)),
    ),
    Derived(
        "fin_wait_2.held", "int", "sockets", "netns", held_in_fin_wait_2,
        "Sockets in FIN-WAIT-2 that a process holds; where nobody looked for a process all of them, if they are 100 "
        "and twice the TIME-WAITs, since one that ends by itself would have become one of these; not where "
        "tcp_fin_timeout is above 60.",
        maybe=(
            "kinds.FIN_WAIT_2.owned", "states.FIN_WAIT_2", ESTABLISHED, "states.TIME_WAIT", "net.ipv4.tcp_fin_timeout",
        ),
    ),
    Derived(
        "fin_wait_2.unowned", "int", "sockets", "netns",
        lambda orphans, minisocks, sockets, owned: (
            less(sockets, owned) if orphans is None or minisocks is None else orphans + minisocks
        ),
        "Sockets in FIN-WAIT-2 that no process holds; all in FIN-WAIT-2 where nobody looked for a process.",
        maybe=(
            "kinds.FIN_WAIT_2.orphan", "kinds.FIN_WAIT_2.minisock", "states.FIN_WAIT_2", "fin_wait_2.held",
        ),
    ),
)  # fmt: skip
"""In order: a row may need a row above it."""
