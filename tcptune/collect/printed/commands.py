"""Command lines in a pasted text: which program was asked, for what, and on which host."""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
from typing import NamedTuple

RUN = """
    awk cat conntrack curl date dmesg docker echo egrep fgrep find for free grep head hostname hostnamectl ifconfig ip
    iptables journalctl kubectl ls lsof netstat nstat ps sar sed sort ss ssh sudo sysctl systemctl tail tcpdump tcptune
    time top uname uniq uptime w watch wc while zgrep
"""
PROGRAMS = frozenset(RUN.split())
"""What people run; only these are taken for commands where a prompt could also begin a comment."""
ASKED = "cat conntrack dmesg egrep free grep head journalctl netstat nstat ss sysctl tail uname uptime watch"
TELLING = frozenset(ASKED.split())
"""Those that are known without any prompt."""

WRAPPERS = frozenset({"sudo", "time", "watch", "command", "exec"})
"""Programs that run another one."""
HOST = r"(?P<user>[\w.-]{1,64})@(?P<host>[A-Za-z0-9][\w.-]{0,63})"
PROMPT = re.compile(
    r"\s{0,8}(?:"
    rf"(?:\([\w.-]{{1,40}}\)\s?)?\[?{HOST}(?P<where>[^#$%>\n]{{0,120}}?)[#$%>\u276f](?=\s|[a-z/]|$)"
    r"|(?:[a-z]{0,4}sh)-[0-9.]{1,8}[#$](?=\s|$)"
    r"|(?P<plain>(?:[~/][\w/.~-]{0,80}\s)?[$%➜\u276f»λ])(?=\s|[a-z])"
    r"|(?P<hash>(?:[~/][\w/.~-]{0,80}\s)?#)"
    r")\s*(?P<command>.*)"
)
WITHOUT_END = re.compile(rf"\s{{0,8}}{HOST}:\S{{0,80}}\s+(?P<command>[a-z].*)")
"""A prompt from which somebody has cut the sign at its end."""
WATCH = re.compile(r"Every [0-9.,]{1,9}s: (?P<command>.{1,400}?)(?:\s{2,}(?P<host>[\w.-]+)?.*)?")
FILE_HEADING = re.compile(r"==> (?P<path>/\S{1,200}) <==")
"""What head and tail print before each of several files."""

MAX_COMMAND = 2000


class Command(NamedTuple):
    """A command line, and the name of the host in its prompt; `text` is empty where only the prompt stands.

    `saved` says that a program has saved all that it printed, so that nobody has cut it.
    """

    text: str
    host: str | None = None
    saved: bool = False

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """The words of each program of the pipeline, without sudo and paths; that of the last of several commands."""
        return _stages(self.text)

    @property
    def program(self) -> str:
        """The program that wrote what follows into the pipeline: `ss`, `cat`, or nothing."""
        return self.stages[0][0] if self.stages else ""


NONE = Command("")
"""Where nobody says which command printed a text."""


def command_of(line: str) -> Command | None:
    """The command in a line, or None where it is none.

    >>> command_of("[root@web3 ~]# ss -s")[:2]
    ('ss -s', 'web3')
    >>> command_of("# settings of this host") is None
    True
    """
    if found := FILE_HEADING.fullmatch(line.strip()):
        return Command(f"cat {found['path']}")
    if line.startswith("Every ") and (found := WATCH.fullmatch(line)):
        return Command(found["command"], found["host"])
    line = line[:MAX_COMMAND]
    if found := PROMPT.match(line):
        command = found["command"].strip()
        certain = not found["hash"] and not (found["plain"] and not command)
        if certain or _first(command) in PROGRAMS:
            return Command(command, found["host"])
        return None
    if found := WITHOUT_END.match(line):
        return Command(found["command"], found["host"]) if _first(found["command"]) in PROGRAMS else None
    text = line.strip().strip("`*")
    return Command(text) if _first(text) in TELLING and not text.endswith(":") else None


def _first(command: str) -> str:
    """The program that a command line begins with."""
    for word in command.split(maxsplit=6)[:6]:
        name = word.rpartition("/")[2]
        if name not in WRAPPERS and not word.startswith("-") and "=" not in word:
            return name
    return ""


@lru_cache(maxsize=64)
def _stages(text: str) -> tuple[tuple[str, ...], ...]:
    stages: list[list[str]] = [[]]
    words = iter(_words(text))
    for word in words:
        if set(word) <= set("<>&") and set(word) & set("<>"):
            next(words, None)  # where it is redirected to
        elif word in (";", "&&", "||", "&"):
            stages = [[]]
        elif word in ("|", "|&"):
            stages.append([])
        else:
            stages[-1].append(word)
    wrapped = next((word for word in stages[0] if " " in word), None)
    if wrapped is not None and stages[0][0] in ("watch", "sh", "bash") and wrapped != text:
        return _stages(wrapped)
    return tuple(_from_program(words) for words in stages if words)


def _words(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|;&<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # a quote without its end
        return text.replace("|", " | ").split()


def _from_program(words: list[str]) -> tuple[str, ...]:
    """The words from the program on that tells something, else all: what runs it, such as sudo, is left out."""
    names = [word.rpartition("/")[2] for word in words]
    at = next((at for at, name in enumerate(names) if name in TELLING - WRAPPERS), 0)
    return names[at], *words[at + 1 :]
