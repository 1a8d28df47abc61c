"""Closing states: from how many sockets on they are more than passing through."""

from __future__ import annotations

from tcptune.facts.derived.shape import Derived, first_known

ESTABLISHED = "states.ESTABLISHED"

SLOWEST_CLOSE = 5
"""Seconds: a FIN that waits longer for its ACK waits for more than a slow path and a full send buffer."""

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
        "fin_wait_2.unowned", "int", "sockets", "netns",
        lambda orphans, minisocks, sockets, owned: (
            less(sockets, owned) if orphans is None or minisocks is None else orphans + minisocks
        ),
        "Sockets in FIN-WAIT-2 that no process holds; all in FIN-WAIT-2 where nobody looked for a process.",
        maybe=(
            "kinds.FIN_WAIT_2.orphan", "kinds.FIN_WAIT_2.minisock", "states.FIN_WAIT_2", "kinds.FIN_WAIT_2.owned",
        ),
    ),
)  # fmt: skip
"""In order: a row may need a row above it."""
