"""The facts of a rule's example: of the machine in miniature, or of the settings files in it."""

from __future__ import annotations

from tcptune.engine.examples import machine
from tcptune.engine.rule import Example
from tcptune.facts.derive import derive
from tcptune.kernel.release import Release
from tcptune.lint import drift_facts
from tcptune.lint.facts import Assumed
from tcptune.lint.facts import facts_of as facts_of_file
from tcptune.loaders.told import told
from tcptune.model.facts import Facts
from tcptune.settings.kinds import parse


def facts_of(example: Example) -> Facts:
    """What a rule may ask about an example; ValueError where its sockets cannot be."""
    if example.files:
        found = told(example.files, example.given, example.kernel)
        return drift_facts.facts_of(found.rows, Release.parse(example.kernel))
    if not example.file:
        return derive(machine(example))
    memory = example.given.get("meminfo.MemTotal")
    assumed = Assumed(example.kernel, memory if isinstance(memory, int) else None)
    return facts_of_file(parse(example.file.encode(), example.path), example.path, assumed)
