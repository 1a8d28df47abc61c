"""What is between two prompts and of one format, and what a reader makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tcptune.collect.printed.commands import NONE, Command
from tcptune.collect.printed.ss_output import Told
from tcptune.kernel.states import TcpState
from tcptune.model.values import Value


class Piece(NamedTuple):
    """Lines of one format, and the command that printed them where it is told."""

    lines: list[str]
    command: Command = NONE


class Said(NamedTuple):
    """What a piece says.

    `values` and `gaps` are as in `Readings`. `assumed` are values that hold unless another piece says otherwise: what
    a listing leaves out because it is 0. `name`, `release` and `netns` are those of the host. `sockets` are single
    sockets, of which the counts are made later, and `states` those that they may be in.
    """

    values: Mapping[str, Value] = {}
    gaps: Mapping[str, str] = {}
    assumed: Mapping[str, Value] = {}
    name: str | None = None
    release: str | None = None
    netns: str | None = None
    sockets: Told | None = None
    states: frozenset[TcpState] = frozenset()


class Format(NamedTuple):
    """One program's output, or one file of /proc: how its lines are known, and how they are read.

    `begins` looks at a line and the command before it, and says whether a piece begins there; `goes_on` whether a
    line belongs to a piece that is open, None where each line is known by itself. `read` raises ValueError with the
    reason where the piece is not what it looked like.
    """

    name: str
    begins: Callable[[str, Command], object]
    read: Callable[[Piece], Said]
    goes_on: Callable[[str], object] | None = None
