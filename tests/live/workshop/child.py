"""Work done in a forked child, so that what it gives up or is refused ends with it."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

NOBODY = 65534


def in_child(work: Callable[[], T]) -> T:
    """The result of `work` in a forked child; its failure is ours, with its traceback."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            try:
                answer = pickle.dumps((True, work()))
            except BaseException:
                answer = pickle.dumps((False, traceback.format_exc()))
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(answer)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    succeeded, result = pickle.loads(answer)
    assert succeeded, f"in the child: {result}"
    return result  # type: ignore[no-any-return]


def become_nobody() -> None:
    """Give up root for the rest of this process."""
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
