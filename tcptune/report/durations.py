"""How durations are worded for people."""

from __future__ import annotations

from math import isfinite


def seconds(value: float) -> str:
    """A duration as a person says it: 1.67 s, 61.0 s, 15 min 38 s.

    >>> seconds(938.548)
    '15 min 39 s'
    """
    if not isfinite(value):
        return "for ever"
    if value < 10:
        return f"{value:.2f} s"
    if value < 120:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours / 24:.0f} days"
