"""A stored snapshot read back: what `tcptune collect` printed, on this machine or another.

Everything in it is foreign. A value that cannot be is a gap with its reason; the rest is kept.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tcptune.collect.readings import INT64, quoted
from tcptune.collect.sockets import socket_document
from tcptune.errors import SnapshotError
from tcptune.model.snapshot import SCHEMA, Host, Snapshot
from tcptune.model.values import Value
from tcptune.printable import printable

MAX_BYTES = 16 << 20
MAX_NAMES = 100_000
MAX_TEXT = 256 << 10
"""Characters; the longest text, ip_local_reserved_ports with every other port in it, has 192 kB."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,199}")
SURROGATE = re.compile("[\ud800-\udfff]")
MAJOR = re.compile(r"tcptune/snapshot/([1-9][0-9]{0,8})")


class HostDocument(BaseModel):
    """The `host` of a snapshot; fields added by later minor versions are let pass."""

    model_config = ConfigDict(extra="ignore", strict=True)
    name: str | None = None
    release: str | None = None
    source: str = "live"
    netns: str | None = None


class SnapshotDocument(BaseModel):
    """The outer shape of a snapshot; its values are looked at one by one."""

    model_config = ConfigDict(extra="ignore", strict=True, populate_by_name=True)
    schema_name: str
    taken_at: str | None = None
    host: HostDocument = HostDocument()
    values: dict[str, Any]
    gaps: dict[str, str] = {}
    sockets: Any = None


def parse(text: bytes, source: str) -> Snapshot:
    """The snapshot in some JSON; SnapshotError says what is wrong with it and what to do."""
    if len(text) > MAX_BYTES:
        raise SnapshotError(f"{source}: larger than {MAX_BYTES >> 20} MiB; a snapshot has some 20 kB")
    document = _document(text, source)
    if len(document.values) > MAX_NAMES:
        raise SnapshotError(f"{source}: holds {len(document.values)} values; at most {MAX_NAMES} are read")
    values: dict[str, Value] = {}
    gaps = {printable(name, 200): printable(why) for name, why in document.gaps.items()}
    for name, value in document.values.items():
        if not NAME.fullmatch(name):
            gaps["values"] = f"{quoted(name)} is not a name and was left out"
        elif (problem := _problem(value)) is not None:
            gaps[name] = problem
        else:
            values[name] = value
            gaps.pop(name, None)
    sockets, lost = socket_document.read(document.sockets)
    gaps |= {name: printable(why) for name, why in lost.items()}
    host = document.host
    return Snapshot(
        Host(host.name, host.release, source if host.source == "live" else host.source, host.netns),
        document.taken_at,
        values,
        gaps,
        sockets,
    )


def _document(text: bytes, source: str) -> SnapshotDocument:
    import json

    try:
        raw = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise SnapshotError(
            f"{source}: is not JSON ({printable(str(error), 120)}); expected what `tcptune collect` prints"
        ) from None
    if not isinstance(raw, dict):
        raise SnapshotError(f"{source}: is JSON, but not an object; expected what `tcptune collect` prints")
    schema = raw.get("schema")
    major = MAJOR.fullmatch(schema) if isinstance(schema, str) else None
    if major is None:
        given = quoted(schema) if isinstance(schema, str) else "absent or no text"
        raise SnapshotError(f"{source}: is no snapshot: its schema is {given}, not '{SCHEMA}'")
    if major[1] != SCHEMA.rpartition("/")[2]:
        raise SnapshotError(
            f"{source}: was made by a newer tcptune (schema {major[0]}); this one reads {SCHEMA}: upgrade"
        )
    try:
        return SnapshotDocument.model_validate({**raw, "schema_name": schema})
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(printable(str(part), 60) for part in first["loc"])
        raise SnapshotError(f"{source}: {field}: {first['msg']}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; a name that stands in it twice has no value."""
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{quoted(twice)} is given twice")
    return found


def _problem(value: Any) -> str | None:
    """Why a value cannot be one, or None."""
    match value:
        case bool():
            return "a truth value, not a number"
        case int():
            return None if value in INT64 else "larger than any number of the kernel"
        case float():
            return None if math.isfinite(value) else "not a finite number"
        case str():
            if len(value) > MAX_TEXT:
                return "longer than any setting"
            return None if SURROGATE.search(value) is None else "not text: half of a surrogate pair"
        case _:
            return "neither a number nor text"
