"""securityContext.sysctls of a Kubernetes pod, with what a pod may not set and what a node has to allow.

Sources: pkg/kubelet/sysctl/safe_sysctls.go, and "Using sysctls in a Kubernetes Cluster" of the documentation.
"""

from __future__ import annotations

from collections.abc import Sequence

from tcptune.report.fragments.comments import comments
from tcptune.report.fragments.entries import Entry
from tcptune.report.fragments.sysctl_d import PATH

SAFE = {
    "net.ipv4.ip_local_port_range": "",
    "net.ipv4.tcp_syncookies": "",
    "net.ipv4.ip_unprivileged_port_start": "1.22",
    "net.ipv4.ip_local_reserved_ports": "1.27",
    "net.ipv4.tcp_keepalive_time": "1.29",
    "net.ipv4.tcp_keepalive_intvl": "1.29",
    "net.ipv4.tcp_keepalive_probes": "1.29",
    "net.ipv4.tcp_fin_timeout": "1.29",
    "net.ipv4.tcp_rmem": "1.32",
    "net.ipv4.tcp_wmem": "1.32",
}
"""Keys that every kubelet lets a pod set, and the release of Kubernetes that began so ("" for all releases)."""

USE = (
    "Belongs into the spec of a pod, or of a template of pods.",
    "A pod has a network namespace of its own, with the kernel's defaults and not with the node's values.",
    "With hostNetwork it has none, and may set none of these.",
)


def lines(entries: Sequence[Entry]) -> list[str]:
    """The list of sysctls; what a pod cannot set stands below it as comments, for the node."""
    inside = [entry for entry in entries if entry.value is None or entry.scope == "netns"]
    settable = [entry for entry in inside if entry.value is not None]
    found = _allowance([entry.key for entry in settable if entry.key not in SAFE])
    found += ["securityContext:", "  sysctls:" if settable else "  sysctls: []"]
    for entry in inside:
        if entry.value is None:
            found += comments(entry.reasons, "    ")
        else:
            found += comments((*entry.reasons, _permission(entry.key)), "    ")
            found += [f"    - name: {entry.key}", f"      value: '{entry.value}'"]
    for entry in entries:
        if entry not in inside:
            found += ["", *comments((_refusal(entry), *entry.reasons))]
    return found


def _allowance(unsafe: list[str]) -> list[str]:
    """What the node needs before it starts such a pod."""
    if not unsafe:
        return []
    told = ("The kubelet of the node has to allow the unsafe ones, in its configuration:", "  allowedUnsafeSysctls:")
    return comments((*told, *(f"    - {key}" for key in unsafe)))


def _permission(key: str) -> str:
    if key not in SAFE:
        return "Namespaced, but unsafe: without allowedUnsafeSysctls on its node the pod does not start."
    since = f"since Kubernetes {SAFE[key]}, and unsafe before" if SAFE[key] else "so any pod may set it"
    return f"Namespaced and safe, {since}."


def _refusal(entry: Entry) -> str:
    what = f"{entry.key} = {entry.value}"
    if entry.scope is None:
        return f"Left out: {what}. It is not known whether a network namespace has a value of its own for it."
    return f"Not for a pod: {what}. It is one value for the whole node; set it there, in {PATH}."
