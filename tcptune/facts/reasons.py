"""Why sockets of each state and kind are there, how bad that is, and which rule tells more."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """One sentence for a group, and the id of the rule that is about such sockets.

    `rank` 0 is normal, 1 worth a look, 2 a peer or a path that fails, 3 a program that does.
    """

    why: str
    rank: int
    rule: str | None = None


UNACKNOWLEDGED = {
    "unanswered": Reason("the peer does not acknowledge the FIN", 2),
    "zero-window": Reason("the peer's window is closed, and the FIN waits behind it", 2),
    "unsent": Reason("the FIN could not be sent: no route, or the link is down", 2),
    "orphan": Reason("the FIN is on its way, or data before it", 0),
    "owned": Reason("the FIN is on its way, or data before it; the program still has the descriptor", 0),
    "unknown": Reason("the peer has not acknowledged the FIN; owners and timers are not shown", 1),
}

PILING_UP = {"FIN-WAIT-1": "fin-wait-1-piling-up", "LAST-ACK": "last-ack-piling-up", "CLOSING": "closing-piling-up"}

REASONS: dict[tuple[str, str], Reason] = {
    ("CLOSE-WAIT", "owned"): Reason("the application has not closed them", 3, "close-wait-leak"),
    ("CLOSE-WAIT", "unaccepted"): Reason(
        "the application has not accepted them; they wait in a listener's queue", 3, "close-wait-unaccepted"
    ),
    ("CLOSE-WAIT", "unknown"): Reason(
        "the application has not closed them, or not even accepted them: owners are not shown", 3, "close-wait-leak"
    ),
    ("CLOSE-WAIT", "unanswered"): Reason(
        "the application has not closed them, and the peer does not acknowledge its data", 3, "close-wait-leak"
    ),
    ("CLOSE-WAIT", "zero-window"): Reason(
        "the application has not closed them, and the peer does not take its data", 3, "close-wait-leak"
    ),
    ("CLOSE-WAIT", "unsent"): Reason(
        "the application has not closed them, and its data could not be sent: no route, or the link is down",
        3,
        "close-wait-leak",
    ),
    ("FIN-WAIT-2", "owned"): Reason(
        "shutdown() without close(): the application has to close them", 3, "fin-wait-2-held"
    ),
    ("FIN-WAIT-2", "unknown"): Reason(
        "the peer has not closed its side; whether a program here could is not shown", 1, "fin-wait-2-held"
    ),
    ("FIN-WAIT-2", "orphan"): Reason(
        "the peer has not closed its side; more than 60 s of patience keep them full sockets", 1, "fin-wait-2-piling-up"
    ),
    ("FIN-WAIT-2", "minisock"): Reason("the peer has not closed its side yet", 0, "fin-wait-2-piling-up"),
    ("TIME-WAIT", "minisock"): Reason("normal: closed here first, and resting for 60 s", 0, "time-wait-normal"),
    ("SYN-SENT", "owned"): Reason("the SYN is on its way", 0),
    ("SYN-SENT", "unknown"): Reason("the peer has not answered the SYN; timers are not shown", 1),
    ("SYN-SENT", "unanswered"): Reason("the peer does not answer the SYN", 2),
    ("SYN-RECEIVED", "minisock"): Reason("the client's last ACK of the handshake has not come", 0),
    **{
        (state, kind): reason._replace(
            rule="fin-wait-1-zero-window" if (state, kind) == ("FIN-WAIT-1", "zero-window") else rule
        )
        for state, rule in PILING_UP.items()
        for kind, reason in UNACKNOWLEDGED.items()
    },
}

UNKNOWN = Reason("", 0)


def reason(state: str, kind: str) -> Reason:
    """The reason for a state and kind; an empty one for a combination that is not known."""
    return REASONS.get((state, kind), UNKNOWN)
