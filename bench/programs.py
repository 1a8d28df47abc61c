"""What is measured, and what against."""

from __future__ import annotations

import sys
from pathlib import Path

TCPTUNE = str(Path(sys.executable).with_name("tcptune"))
COLLECT = [TCPTUNE, "collect"]
SOCKETS = [TCPTUNE, "sockets"]
SOCKETS_BY_OWNER = [TCPTUNE, "sockets", "--by", "owner"]
SS_AWK = ["sh", "-c", "ss -tan | awk '{n[$1]++} END{for(s in n) print s, n[s]}'"]
SS_OWNERS = ["ss", "-tanp", "state", "close-wait", "state", "fin-wait-2"]
