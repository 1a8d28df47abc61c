"""Waiting for the kernel without counting on a fast machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds; a state that has not come by then never will."""

INTERVAL = 0.02


def until(look: Callable[[], T], wanted: T, patience: float = PATIENCE) -> T:
    """Look until we see what is wanted or lose patience; what was seen last, for the assertion to show."""
    deadline = time.monotonic() + patience
    while (seen := look()) != wanted and time.monotonic() < deadline:
        time.sleep(INTERVAL)
    return seen
