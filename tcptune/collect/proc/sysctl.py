"""/proc/sys: every key of the catalogue (Documentation/networking/ip-sysctl.rst)."""

from __future__ import annotations

from tcptune.collect.files import Root, exists, read_text, reason
from tcptune.collect.readings import Readings, quoted, whole_number
from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.existence import nonexistence
from tcptune.kernel.release import Release
from tcptune.kernel.scope import scope_at
from tcptune.kernel.sysctl import Sysctl
from tcptune.model.values import Value

HOST_ONLY = "net.ipv4.tcp_max_orphans"
"""Shown in the initial network namespace only, in every release: its presence tells which one this is."""

ANYWHERE = ("net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_time")
"""Shown in child namespaces too: the one since 4.6, the other since 4.5 and in RHEL 7."""


def read(root: Root, release: Release | None, netns: str | None) -> Readings:
    """All keys of the catalogue that this machine shows."""
    found = Readings()
    for key in SYSCTLS.values():
        try:
            found.values.update(parse(key, read_text(root, key.path)))
        except FileNotFoundError:
            found.gaps[key.name] = absence(key, release, netns)
        except OSError as error:
            found.gaps[key.name] = reason(error)
        except ValueError as error:
            found.gaps[key.name] = str(error)
    return found


def parse(key: Sysctl, text: str) -> dict[str, Value]:
    r"""The values of one key; ValueError where the file does not hold what the key holds.

    >>> from tcptune.kernel.catalogue import SYSCTLS
    >>> parse(SYSCTLS["net.ipv4.tcp_fin_timeout"], "60\n")
    {'net.ipv4.tcp_fin_timeout': 60}
    """
    if not text:
        raise ValueError("the file is empty; the kernel always writes a line")
    if key.text:
        return {key.name: text.strip()}
    words = text.split()
    names = key.facts()
    if len(words) != len(names):
        raise ValueError(f"{quoted(text.strip())} is not {len(names)} number{'s' if len(names) > 1 else ''}")
    return {name: whole_number(word) for name, word in zip(names, words, strict=True)}


def absence(key: Sysctl, release: Release | None, netns: str | None) -> str:
    """Why a key has no file here, as far as the release and the namespace explain it."""
    if key.name.startswith("net.netfilter."):
        return "the conntrack module is not loaded, or not shown here"
    if why := nonexistence(key, release):
        return why
    if netns == "child" and scope_at(key.scopes, release) == "host":
        return "not shown in this network namespace: it belongs to the whole machine"
    return "no such file"


def namespace(root: Root) -> str | None:
    """Which namespace this is: "initial", "child", or None where no TCP setting is shown at all."""
    if exists(root, SYSCTLS[HOST_ONLY].path):
        return "initial"
    return "child" if any(exists(root, SYSCTLS[name].path) for name in ANYWHERE) else None
