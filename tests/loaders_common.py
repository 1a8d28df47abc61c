"""What the tests of the loaders share: a stored machine of a few literal files, its rows as short texts, our rules."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from common import LANGUAGE

from tcptune.engine.rule import Head
from tcptune.engine.rulebook import load_heads
from tcptune.lint.drift import Judged
from tcptune.lint.drift import judged as judged_by
from tcptune.loaders.read import look
from tcptune.model.drift import Drift, Row

FIN, RETRIES, RANGE = "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_retries2", "net.ipv4.ip_local_port_range"
RUNNING = {
    "net/ipv4/tcp_fin_timeout": "60",
    "net/ipv4/tcp_retries2": "15",
    "net/ipv4/ip_local_port_range": "32768\t60999",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/lo/rp_filter": "0",
    "net/ipv4/conf/eth0.5/rp_filter": "0",
    "kernel/osrelease": "6.18.2",
}


def machine(root: Path, files: dict[str, str | None], running: dict[str, str] | None = None) -> Path:
    """A stored tree: the text of each file, or the target of a link after `-> `; None is an empty folder."""
    kept = RUNNING if running is None else running
    for path, text in {**{f"proc/sys/{key}": f"{value}\n" for key, value in kept.items()}, **files}.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            place.mkdir()
        elif text.startswith("-> "):
            place.symlink_to(text.removeprefix("-> "))
        else:
            place.write_bytes(text.encode("utf-8", "surrogateescape"))
    return root


def drift(root: Path, files: dict[str, str | None], running: dict[str, str] | None = None) -> Drift:
    """What is said of a stored machine."""
    return look(machine(root, files, running))


def row(found: Drift, key: str) -> Row:
    """The row of a key."""
    return next(one for one in found.rows if one.key == key)


def outcomes(found: Drift) -> dict[str, tuple[str | None, str | None]]:
    """What boot and reload set each key to."""
    return {one.key: (one.boot.value, one.reload.value) for one in found.rows}


@cache
def heads() -> list[Head]:
    """Our rules."""
    return load_heads()


def judged(found: Drift) -> list[Judged]:
    """What our rules say of every row."""
    return judged_by(found, found.rows, heads(), LANGUAGE)


def rules(found: Drift, key: str) -> set[str]:
    """The ids of the rules that fire on a key."""
    return next(set(one.row.rules) for one in judged(found) if one.row.key == key)
