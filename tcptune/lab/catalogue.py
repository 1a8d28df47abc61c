"""Every scenario by its name, in the order in which `lab list` shows them."""

from __future__ import annotations

from tcptune.lab.scenario import Scenario
from tcptune.lab.scenarios import (
    close_wait,
    fin_wait_2,
    limits,
    orderly,
    peer_gone,
    resets,
    simultaneous,
    time_wait,
    zero_window,
)

SUBJECTS = (peer_gone, zero_window, fin_wait_2, time_wait, close_wait, resets, orderly, simultaneous, limits)

SCENARIOS: dict[str, Scenario] = {scenario.slug: scenario for subject in SUBJECTS for scenario in subject.SCENARIOS}
