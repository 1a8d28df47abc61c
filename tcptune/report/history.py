"""The past behind a finding, in a sentence: since when its counters count, and whether they still rise."""

from __future__ import annotations

from math import ceil

from tcptune.model.report import Counted, History
from tcptune.report.durations import seconds
from tcptune.report.words import per_second


def sentence(history: History) -> str:
    """Whether what was counted happens now, or how to find out."""
    logged = [one for one in history.counted if one.logged]
    if logged and not any(one.rise for one in history.counted):
        told = " and ".join(f"{one.name}: {one.total}" for one in logged)
        return f"Lines of a log decide it ({told}); their times tell whether it still happens."
    if history.interval is None:
        return f"{_counts(history)}. `tcptune audit --interval 5` tells whether it still happens."
    watched = f"in the {seconds(history.interval)} watched"
    risen = [one for one in history.counted if one.rise]
    if risen:
        return f"{' and '.join(_rose(one, history.interval) for one in risen)} {watched}: it happens now."
    gap = next((one.gap for one in history.counted if one.gap), None)
    if gap is not None:
        return f"{_counts(history)}. Whether it still happens is not known: {gap}."
    if history.watch_for is not None:
        least = ceil(history.watch_for)
        return (
            f"{_counts(history)}; none {watched}. On the average that comes too seldom for so short a watch to tell: "
            f"--interval {least} would."
        )
    lowered = "" if history.was is None else f", and less severe than the {history.was.name} of the rule"
    return f"{_counts(history)}; none {watched}: perhaps long over{lowered}."


def _counts(history: History) -> str:
    """The counters and since when they count."""
    told = " and ".join(f"{one.name}: {one.total}" for one in history.counted)
    age = None if history.uptime is None else seconds(history.uptime)
    if history.from_boot:
        return f"{told} since boot" + ("" if age is None else f" {age} ago")
    return f"{told} since its network namespace was made" + ("" if age is None else f", {age} ago at most")


def _rose(one: Counted, interval: float) -> str:
    rise = one.rise or 0
    return f"{one.name} rose by {rise} ({per_second(rise / interval)})"
