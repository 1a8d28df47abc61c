"""Scenarios side by side: each in a process of its own, which tells its result through a pipe and ends.

The process dies with us (PR_SET_PDEATHSIG), its namespace and device with it; nothing else is made.
"""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from tcptune.errors import TcptuneError, UsageError
from tcptune.lab import namespace
from tcptune.lab.result import Result
from tcptune.lab.scenario import Scenario
from tcptune.lab.stage import NotReachedError, Stage

CHUNK = 1 << 16

STAGGER = 0.02
"""Seconds between two starts: all at once they would get in each other's way during their handshakes."""

Answer = tuple[str, Result | str | None]
"""What a child tells: "result" and the result, or "usage" or "cannot" and a sentence."""


def play(
    scenarios: Iterable[tuple[int, Scenario]], settings: Mapping[str, str], full: bool = False
) -> Iterator[Result]:
    """The result of every scenario (with a number of its own, 1..254), as they come in.

    UsageError where a setting is not one that this kernel takes; TcptuneError where no namespace can be made.
    """
    import pyroute2  # noqa: F401 -- once, before the children are forked

    _tell(_child(lambda: _try_out(settings)))
    waiting = selectors.DefaultSelector()
    children: dict[int, int] = {}
    parts: dict[int, list[bytes]] = {}
    try:
        for place, (number, scenario) in enumerate(scenarios):
            time.sleep(STAGGER if place else 0)
            reading, child = _start(lambda number=number, scenario=scenario: _play(number, scenario, settings, full))  # type: ignore[misc]
            children[reading], parts[reading] = child, []
            waiting.register(reading, selectors.EVENT_READ, scenario)
        while waiting.get_map():
            for key, _ in waiting.select():
                if data := os.read(key.fd, CHUNK):
                    parts[key.fd].append(data)
                    continue
                waiting.unregister(key.fd)
                os.close(key.fd)
                os.waitpid(children.pop(key.fd), 0)
                yield _result(b"".join(parts.pop(key.fd)), key.data, settings, full)
    finally:
        for reading, child in children.items():
            os.close(reading)
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        waiting.close()


def _result(answer: bytes, scenario: Scenario, settings: Mapping[str, str], full: bool) -> Result:
    """What a child told; a child that ended without a word is told as that."""
    if not answer:
        return blank(scenario, settings, full)._replace(problem="its process ended without a result")
    found = _tell(answer)
    if found is None:
        raise TcptuneError("lab: a scenario ended without a result")
    return found


def _tell(answer: bytes) -> Result | None:
    kind, what = pickle.loads(answer)  # noqa: S301 -- from our own child, through our own pipe
    if kind == "usage":
        raise UsageError(what)
    if kind == "cannot":
        raise TcptuneError(what)
    result: Result | None = what
    return result


def _try_out(settings: Mapping[str, str]) -> Answer:
    """Whether a namespace with a device and these settings can be made; nothing is left of it."""
    namespace.enter()
    os.close(namespace.open_tun("198.18.255.1"))
    namespace.write(settings)
    return "result", None


def _play(number: int, scenario: Scenario, settings: Mapping[str, str], full: bool) -> Answer:
    """One scenario in a namespace of its own."""
    namespace.enter()
    blank_ = blank(scenario, settings, full)
    missing = [key for key in blank_.settings if not namespace.has(key)]
    if missing:
        why = f"this kernel has no {', '.join(missing)}"
        return "result", blank_._replace(problem=f"{why}; --full plays it without" if not full else why)
    namespace.write(blank_.settings)
    stage = Stage(number, full)
    problem = None
    try:
        scenario.play(stage)
    except (NotReachedError, OSError) as error:
        problem = str(error)
    stage.look()
    clock = time.time() - time.monotonic()
    zero = stage.zero
    return "result", blank_._replace(
        began=zero + clock,
        steps=tuple(step._replace(at=step.at - zero) for step in stage.steps),
        states=stage.timeline.sightings(zero),
        packets=tuple(packet._replace(at=packet.at - zero) for packet in stage.packets),
        counters=stage.moved(),
        lived=tuple(stage.lived),
        observed=tuple(stage.observed),
        problem=problem,
    )


def blank(scenario: Scenario, settings: Mapping[str, str], full: bool) -> Result:
    """A result before anything has happened."""
    chosen = scenario.settings(full) | dict(settings)
    return Result(scenario.slug, scenario.shows, chosen, scenario.kernel, scenario.article)


def _child(work: Callable[[], Answer]) -> bytes:
    """The answer of a child, waited for."""
    reading, child = _start(work)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return answer or pickle.dumps(("cannot", "lab: a process ended without a result"))


def _start(work: Callable[[], Answer]) -> tuple[int, int]:
    """Fork a child that does the work, tells its answer and ends: the end of the pipe to read from, and its pid."""
    parent = os.getpid()
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return reading, child
    try:
        namespace.die_with(parent)
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(pickle.dumps(_answer(work)))
    finally:
        os._exit(0)


def _answer(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except UsageError as error:
        return "usage", str(error)
    except TcptuneError as error:
        return "cannot", str(error)
    except Exception as error:
        return "cannot", f"lab: internal error: {type(error).__name__}: {error}"
