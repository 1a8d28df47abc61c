"""Results as JSON: schema `tcptune/lab/1`. Times are seconds from the moment that the scenario is about."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tcptune.lab.result import Lived, Result

SCHEMA = "tcptune/lab/1"
DIGITS = 6
"""Of seconds: what the clock of a capture file has."""


def render(results: Sequence[Result], tool: str, release: str) -> str:
    """The whole document, with the version of the tool and the kernel that it ran on."""
    document = {
        "schema": SCHEMA,
        "tool": tool,
        "host": {"release": release},
        "results": [result_document(result) for result in results],
    }
    return json.dumps(document, indent=1) + "\n"


def result_document(result: Result) -> dict[str, object]:
    """One result."""
    return {
        "scenario": result.scenario,
        "shows": result.shows,
        "settings": result.settings,
        "steps": [{"at": _seconds(step.at), "did": step.did} for step in result.steps],
        "states": [
            {**sighting._asdict(), "at": _seconds(sighting.at), "left": _seconds(sighting.left)}
            for sighting in result.states
        ],
        "packets": [
            {**{name: value for name, value in packet._asdict().items() if name != "raw"}, "at": _seconds(packet.at)}
            for packet in result.packets
        ],
        "counters": result.counters,
        "lifetimes": [_lifetime(lived) for lived in result.lived],
        "observed": list(result.observed),
        "inside": result.inside,
        "kernel_function": result.kernel,
        "article": result.article,
        "problem": result.problem,
    }


def _lifetime(lived: Lived) -> dict[str, object]:
    predicted = None
    if lived.predicted is not None:
        predicted = dict(zip(("min", "expected", "max"), lived.predicted, strict=True))
    counts = None
    if lived.transmissions is not None:
        counts = dict(zip(("predicted", "measured"), lived.transmissions, strict=True))
    return {
        "case": lived.case,
        "predicted": predicted,
        "measured": {"at_least": _seconds(lived.at_least), "at_most": _seconds(lived.at_most)},
        "inside": lived.inside,
        "give_or_take": _seconds(lived.gap),
        "read_from_timer": lived.armed,
        "transmissions": counts,
        "decided_by": list(lived.decided_by),
    }


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
