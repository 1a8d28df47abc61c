"""The page of any topic."""

from __future__ import annotations

from collections.abc import Sequence

from tcptune.engine.rule import Rule
from tcptune.explain import belief_page, counter_page, rule_page, state_page, sysctl_page
from tcptune.explain.topics import Topic
from tcptune.kernel.beliefs import BELIEFS
from tcptune.kernel.beliefs.subjects import SUBJECTS
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.counters import COUNTERS
from tcptune.kernel.state_pages import STATE_PAGES
from tcptune.model.facts import Facts
from tcptune.model.values import FactInfo


def render(topic: Topic, rules: Sequence[Rule], vocabulary: dict[str, FactInfo], facts: Facts | None) -> str:
    """The page of a topic; with facts it speaks of this machine too."""
    match topic.kind:
        case "sysctl":
            return sysctl_page.render(SYSCTLS[topic.name], rules, facts)
        case "state":
            page = next(page for state, page in STATE_PAGES.items() if state.rfc == topic.name)
            return state_page.render(page, rules, facts)
        case "counter":
            return counter_page.render(COUNTERS[topic.name], rules, facts)
        case "rule":
            return rule_page.render(next(rule for rule in rules if rule.id == topic.name))
        case "subject":
            return belief_page.render_subject(SUBJECTS[topic.name])
        case "belief":
            return belief_page.render(BELIEFS[topic.name])
        case "beliefs":
            return belief_page.render_all()
        case "fact":
            return counter_page.render_fact(topic.name, vocabulary[topic.name], rules, facts)
