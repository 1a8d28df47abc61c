"""What other eyes than ours see: ss, and /proc read in the plainest way."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

from tcptune.kernel.states import TcpState

SS_NAMES = {state.rfc: state for state in TcpState} | {
    "ESTAB": TcpState.ESTABLISHED,
    "SYN-RECV": TcpState.SYN_RECEIVED,
}


def ss(*options: str) -> list[str]:
    """The lines of `ss -Htan` in the namespace we are in."""
    return subprocess.run(["ss", "-Htan", *options], capture_output=True, text=True, check=True).stdout.splitlines()


def ss_states() -> Counter[TcpState]:
    """Sockets by state, counted by ss."""
    return Counter(SS_NAMES[line.split(None, 1)[0]] for line in ss())


def persisting() -> int:
    """FIN-WAIT-1 sockets on which ss sees the persist timer."""
    return sum("timer:(persist" in line for line in ss("-o", "state", "fin-wait-1"))


def sockstat(file: str, label: str) -> dict[str, int]:
    """One line of /proc/net/sockstat or sockstat6."""
    for line in Path("/proc/net", file).read_text(encoding="ascii").splitlines():
        if line.startswith(label + ":"):
            words = line.split()[1:]
            return {name: int(number) for name, number in zip(words[::2], words[1::2], strict=True)}
    raise LookupError(f"{file} has no line {label}")


def current_established() -> int:
    """Tcp.CurrEstab of /proc/net/snmp."""
    names, numbers = (
        line.split()
        for line in Path("/proc/net/snmp").read_text(encoding="ascii").splitlines()
        if line.startswith("Tcp:")
    )
    return int(numbers[names.index("CurrEstab")])
