"""derive(): a snapshot's values, what follows from them, and why the rest is missing."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from tcptune.facts.contradictions import contradictions, is_count
from tcptune.facts.derived import DERIVED, Derived
from tcptune.facts.derived.shape import INT64
from tcptune.facts.doubts import doubts
from tcptune.facts.gone import settings_gone
from tcptune.facts.rates import INTERVAL, ONE_SAMPLE, RATES, Rates
from tcptune.facts.socket_lists import socket_lists
from tcptune.facts.unmoved import unmoved
from tcptune.facts.vocabulary import IMMORTAL, vocabulary
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.existence import nonexistence
from tcptune.kernel.lifetimes import CASES, lifetimes, path_of, refusal
from tcptune.kernel.log_lines import LOG_LINES
from tcptune.kernel.release import Release
from tcptune.kernel.timeouts import Lifetime
from tcptune.model.facts import Facts, Watch
from tcptune.model.snapshot import Snapshot
from tcptune.model.values import FactInfo, FactType, Item, Value

ZERO_WINDOW_ANSWERED = "FIN-WAIT-1/zero-window-answered"

PYTHON_TYPES: dict[FactType, tuple[type, ...]] = {"int": (int,), "double": (int, float), "string": (str,), "list": ()}
TYPE_WORDS: dict[FactType, str] = {"int": "a whole number", "double": "a number", "string": "text", "list": "a list"}


def derive(snapshot: Snapshot, rates: Rates | None = None) -> Facts:
    """Everything a rule may ask about the machine of the snapshot; `rates` come from an earlier one of the machine."""
    release = Release.parse(snapshot.host.release or "")
    known = vocabulary(release)
    values: dict[str, Value | list[Item]] = {}
    missing = _named(snapshot.gaps, known)
    for name, value in snapshot.values.items():
        if name in known:
            _admit(name, value, known[name], values, missing)
    _add_rates(rates, values, missing)
    values = dict.fromkeys(LOG_LINES, 0) | values
    told = socket_lists(snapshot, values)
    values |= told.values
    missing |= told.missing
    _add_derived(values, missing)
    computed = _add_lifetimes(values, missing, release)
    tw_is_of_netns = known["sockstat.TCP.tw"].scope == "netns" if release is not None else None
    values["contradictions"] = contradictions(snapshot.values, tw_is_of_netns)
    values["doubts"] = doubts(snapshot, release)
    values["settings.gone"] = settings_gone(snapshot.values, release)
    missing = {name: why for name, why in missing.items() if name not in values}
    return Facts(
        values,
        missing,
        known,
        release,
        computed,
        _not_in_this_kernel(snapshot, release),
        _watch(snapshot, rates, values),
        unmoved(values),
    )


def _not_in_this_kernel(snapshot: Snapshot, release: Release | None) -> frozenset[str]:
    """The settings that were looked for in vain because the kernel has none such."""
    return frozenset(
        fact
        for key in SYSCTLS.values()
        if key.name in snapshot.gaps and snapshot.gaps[key.name] == nonexistence(key, release)
        for fact in key.facts()
    )


def _named(gaps: Mapping[str, str], known: Mapping[str, FactInfo]) -> dict[str, str]:
    """The gaps; that of a whole file ("sockstat6") or vector also under the name of each fact in it."""
    missing = dict(gaps)
    for name in known:
        whole = name
        while whole and whole not in gaps:
            whole = whole.rpartition(".")[0]
        if whole:
            missing[name] = gaps[whole]
    return missing


def _admit(
    name: str, value: Value, info: FactInfo, values: dict[str, Value | list[Item]], missing: dict[str, str]
) -> None:
    """Take a value of the type that conditions expect; a number may be whole where a double is due."""
    problem = _problem(name, value, info)
    if problem is None:
        values[name] = float(value) if info.type == "double" else value
    else:
        missing[name] = problem


def _problem(name: str, value: Value, info: FactInfo) -> str | None:
    """Why a value cannot be that of a fact, or None."""
    if isinstance(value, int) and value not in INT64:
        return "larger than any number of the kernel"
    if isinstance(value, bool) or not isinstance(value, PYTHON_TYPES[info.type]):
        return f"{repr(value)[:60]} is not {TYPE_WORDS[info.type]}"
    if isinstance(value, float) and not isfinite(value):
        return f"{value} is not a finite number"
    if not isinstance(value, str) and value < 0 and is_count(name):
        return f"a count of {value} cannot be"
    return None


def _add_rates(rates: Rates | None, values: dict[str, Value | list[Item]], missing: dict[str, str]) -> None:
    """How fast the counters rise, and why that is not known of the others."""
    if rates is None:
        missing |= dict.fromkeys((INTERVAL, *RATES.values()), ONE_SAMPLE)
        return
    values[INTERVAL] = rates.seconds
    for counter, name in RATES.items():
        if counter in rates.rates:
            values[name] = rates.rates[counter]
        else:
            lacks = f"needs {counter} in both samples"
            missing[name] = rates.gaps.get(name) or rates.gaps.get("rates") or lacks


def _watch(snapshot: Snapshot, rates: Rates | None, values: Mapping[str, Value | list[Item]]) -> Watch:
    uptime = values.get("uptime")
    return Watch(
        uptime=uptime if isinstance(uptime, float) else None,
        from_boot=snapshot.host.netns == "initial",
        interval=None if rates is None else rates.seconds,
        gaps={} if rates is None else rates.gaps,
    )


def _add_derived(values: dict[str, Value | list[Item]], missing: dict[str, str]) -> None:
    for row in DERIVED:
        lacking = next((name for name in row.needs if name not in values), None)
        if lacking is not None:
            missing[row.name] = _needs(lacking, missing)
            continue
        try:
            result = row.of(values)
        except (ValueError, ArithmeticError) as error:
            missing[row.name] = f"cannot be computed: {error}"
            continue
        if result is None:
            missing[row.name] = _no_answer(row, values, missing)
        else:
            values[row.name] = result


def _no_answer(row: Derived, values: Mapping[str, Value | list[Item]], missing: Mapping[str, str]) -> str:
    """Why a row whose needs are known says nothing: too little is known besides, or there is no whole to share."""
    if row.maybe and row.maybe[0] not in values:
        return _needs(row.maybe[0], missing)
    return f"there is no share of {row.needs[-1]} = {values[row.needs[-1]]}" if row.needs else "not known"


def _add_lifetimes(
    values: dict[str, Value | list[Item]], missing: dict[str, str], release: Release | None
) -> Mapping[str, Lifetime]:
    settings = {name: value for name, value in values.items() if isinstance(value, int)}
    computed = lifetimes(settings, path_of(settings, release=release))
    for case in CASES:
        lifetime = computed.get(case.name)
        if lifetime is None:
            lacking = next((name for name in case.needs if name not in values), None)
            missing[case.fact] = _needs(lacking, missing) if lacking else refusal(case, settings) or "not known"
        elif lifetime.expected is None:
            missing[case.fact] = "nothing ends it"
            values.pop(case.fact, None)
        else:
            values[case.fact] = float(lifetime.expected)
    zero_window = computed.get(ZERO_WINDOW_ANSWERED)
    if zero_window is None:
        missing[IMMORTAL] = missing["timeouts.FIN_WAIT_1.zero_window_answered"]
    else:
        values[IMMORTAL] = int(zero_window.expected is None)
    return computed


def _needs(name: str, missing: Mapping[str, str]) -> str:
    return f"needs {name}: {missing.get(name, 'not read')}"
