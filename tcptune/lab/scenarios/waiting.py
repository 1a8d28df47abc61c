"""Waiting for the end of a socket, or long enough to believe that there is none."""

from __future__ import annotations

from collections.abc import Callable, Collection

from tcptune.kernel.states import TcpState
from tcptune.kernel.timeouts import Lifetime
from tcptune.lab.result import Packet
from tcptune.lab.stage import Link, Stage

WATCH, FULL_WATCH = 3.0, 70.0
"""Seconds for which a socket is watched that nothing will end."""

GRACE = 1.25, 2.0
"""How much longer than predicted we wait, as a factor and in seconds, before we say that the model is wrong."""


def outlive(
    stage: Stage,
    link: Link,
    states: Collection[TcpState],
    predicted: Lifetime,
    sent: Callable[[Packet], bool] | None = None,
) -> None:
    """Watch our end until it leaves these states, or as long as one watches what never ends; and judge."""
    patience = FULL_WATCH if stage.full else WATCH
    if predicted.max is not None:
        patience = predicted.max * GRACE[0] + GRACE[1]
    stage.until(lambda: stage.state(link) not in states, patience)
    stage.record(link, states, predicted, None if sent is None else stage.sent(sent))


def closing_states(stage: Stage) -> str:
    """The states after ESTABLISHED that were seen, in their order."""
    opening = (TcpState.LISTEN, TcpState.SYN_SENT, TcpState.SYN_RECEIVED, TcpState.ESTABLISHED)
    seen = [span.seen.state.rfc for span in stage.timeline.spans if span.seen.state not in opening]
    return ", ".join(dict.fromkeys(seen))


def is_fin(packet: Packet) -> bool:
    """A FIN, or one that was sent again."""
    return "FIN" in packet.flags


def is_probe(packet: Packet) -> bool:
    """The probe of a closed window: no data, no FIN."""
    return packet.flags == "ACK" and packet.size == 0
