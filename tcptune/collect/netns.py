"""Another network namespace of this machine: a child process enters it, looks, and tells.

/proc/sys/net and /proc/net show the namespace of whoever reads them, so the reader has to be in it; this
process stays where it is (setns(2), network_namespaces(7)).
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

from tcptune.collect.files import reason
from tcptune.collect.readings import quoted
from tcptune.errors import CollectError, TcptuneError

T = TypeVar("T")

CLONE_NEWNET = 0x40000000
"""include/uapi/linux/sched.h."""

NAMED = Path("/run/netns")
"""Where `ip netns` keeps its namespaces."""


def inside(name: str, look: Callable[[], T]) -> T:
    """What `look` finds in a namespace: a name of `ip netns`, a process id, or the path of a namespace file.

    CollectError where there is none such, where this user may not enter it, or where the look fails so.
    """
    try:
        namespace = os.open(_file(name), os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise CollectError(
            f"--netns {name}: {reason(error)}; it wants a name that `ip netns` lists, or the id of a process"
        ) from None
    reader, writer = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _tell(namespace, writer, look)
    os.close(namespace)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    if not told:
        raise CollectError(f"--netns {name}: the process that looked ended without a word")
    found: T
    found, problem = pickle.loads(told)  # noqa: S301 -- our own child wrote it
    if problem is not None:
        raise CollectError(f"--netns {name}: {problem}")
    return found


def _file(name: str) -> Path:
    if name.isdecimal():
        return Path("/proc", name, "ns/net")
    return Path(name) if "/" in name else NAMED / name


def _tell(namespace: int, writer: int, look: Callable[[], object]) -> NoReturn:
    """Enter the namespace, look, write what was seen or why not, and end; the child of `inside`."""
    try:
        _enter(namespace)
        answer = pickle.dumps((look(), None))
    except TcptuneError as error:
        answer = pickle.dumps((None, str(error)))
    except Exception as error:
        answer = pickle.dumps((None, f"internal error: {quoted(repr(error))}"))
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(answer)
    os._exit(0)


def _enter(namespace: int) -> None:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise CollectError(f"cannot be entered: {reason(OSError(number, os.strerror(number)))}")
