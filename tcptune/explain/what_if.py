"""What a setting would make of the lifetimes: the same model, one value changed."""

from __future__ import annotations

from collections.abc import Mapping

from tcptune.kernel.lifetimes import CASES, path_of
from tcptune.kernel.timeouts import Lifetime
from tcptune.report.durations import seconds

TRIALS: dict[str, tuple[int, ...]] = {
    "net.ipv4.tcp_orphan_retries": (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 15),
    "net.ipv4.tcp_retries2": (3, 5, 8, 9, 10, 12, 15),
    "net.ipv4.tcp_fin_timeout": (-1, 0, 5, 15, 30, 60, 61, 75, 90, 120, 300),
    "net.ipv4.tcp_rto_max_ms": (1000, 5000, 30000, 60000, 120000),
    "net.ipv4.tcp_rto_min_us": (5000, 50000, 200000, 1000000),
    "net.ipv4.tcp_syn_retries": (1, 2, 3, 4, 5, 6),
    "net.ipv4.tcp_syn_linear_timeouts": (0, 2, 4),
    "net.ipv4.tcp_synack_retries": (0, 1, 2, 3, 5),
}
"""Values worth seeing side by side, for each setting that decides a lifetime."""

KERNEL_DEFAULTS = {
    "net.ipv4.tcp_orphan_retries": 0,
    "net.ipv4.tcp_retries2": 15,
    "net.ipv4.tcp_fin_timeout": 60,
    "net.ipv4.tcp_syn_retries": 6,
    "net.ipv4.tcp_synack_retries": 5,
}
"""What is assumed of the settings that are not being tried, where no machine says otherwise."""


def cases_of(name: str) -> list[str]:
    """The lifetimes that a setting decides on a machine that has every setting of `TRIALS`."""
    everything = {**KERNEL_DEFAULTS, **{key: values[-1] for key, values in TRIALS.items()}}
    return [case.name for case in CASES if name in case.compute(case.name, everything, path_of(everything)).decided_by]


def what_if(name: str, settings: Mapping[str, int]) -> tuple[list[str], list[list[str]]]:
    """Headers and rows: one row for each trial value, one column for each lifetime it decides."""
    cases = [case for case in CASES if case.name in _distinct(cases_of(name))]
    rows = []
    for value in TRIALS[name]:
        tried = {**KERNEL_DEFAULTS, **settings, name: value}
        rows.append([str(value), *(_cell(case.compute(case.name, tried, path_of(tried))) for case in cases)])
    return ["value", *(case.name for case in cases)], rows


def _distinct(cases: list[str]) -> list[str]:
    """Without the cases that are identical to one already there: LAST-ACK and CLOSING end like FIN-WAIT-1."""
    return [case for case in cases if not case.startswith(("LAST-ACK/", "CLOSING/"))]


def _cell(found: Lifetime) -> str:
    if found.expected is None:
        return "never ends"
    return seconds(found.expected)
