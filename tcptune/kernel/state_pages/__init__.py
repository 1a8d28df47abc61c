"""One page for each TCP state one can see; CLOSE has none, for nothing in it is ever listed."""

from __future__ import annotations

from tcptune.kernel.state_pages.closing import CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT
from tcptune.kernel.state_pages.fin_wait import FIN_WAIT_1, FIN_WAIT_2
from tcptune.kernel.state_pages.opening import ESTABLISHED, LISTEN, SYN_RECEIVED, SYN_SENT
from tcptune.kernel.state_pages.shape import StatePage
from tcptune.kernel.states import TcpState

__all__ = ["STATE_PAGES", "StatePage"]

STATE_PAGES: dict[TcpState, StatePage] = {
    page.state: page
    for page in (
        FIN_WAIT_1,
        FIN_WAIT_2,
        CLOSING,
        TIME_WAIT,
        CLOSE_WAIT,
        LAST_ACK,
        ESTABLISHED,
        LISTEN,
        SYN_SENT,
        SYN_RECEIVED,
    )
}
"""The closing states first, in the order in which a connection passes through them."""
