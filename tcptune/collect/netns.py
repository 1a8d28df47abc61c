"""Another network namespace of this machine: a child process enters it, looks, and tells.

/proc/sys/net and /proc/net show the namespace of whoever reads them, so the reader has to be in it; this
process stays where it is (setns(2), network_namespaces(7)).
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from tcptune.collect import collect
from tcptune.collect.files import reason
from tcptune.collect.readings import quoted
from tcptune.errors import CollectError, TcptuneError
from tcptune.model.snapshot import Host, Snapshot

CLONE_NEWNET = 0x40000000
"""include/uapi/linux/sched.h."""

NAMED = Path("/run/netns")
"""Where `ip netns` keeps its namespaces."""


def collect_in(name: str) -> Snapshot:
    """The snapshot of a namespace: a name of `ip netns`, a process id, or the path of a namespace file.

    CollectError where there is none such, or where this user may not enter it.
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
        _tell(namespace, writer)
    os.close(namespace)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    document = json.loads(told or '{"error": "the process that looked ended without a word"}')
    if "error" in document:
        raise CollectError(f"--netns {name}: {document['error']}")
    return Snapshot(Host(**document["host"]), document["taken_at"], document["values"], document["gaps"])


def _file(name: str) -> Path:
    if name.isdecimal():
        return Path("/proc", name, "ns/net")
    return Path(name) if "/" in name else NAMED / name


def _tell(namespace: int, writer: int) -> NoReturn:
    """Enter the namespace, look, write what was seen, and end; the child of `collect_in`."""
    try:
        answer = json.dumps(_look(namespace))
    except TcptuneError as error:
        answer = json.dumps({"error": str(error)})
    except Exception as error:
        answer = json.dumps({"error": f"internal error: {quoted(repr(error))}"})
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(answer.encode())
    os._exit(0)


def _look(namespace: int) -> dict[str, object]:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise CollectError(f"cannot be entered: {reason(OSError(number, os.strerror(number)))}")
    return collect().document("")
