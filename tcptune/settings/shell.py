"""Shell scripts, Dockerfiles and units that set sysctls: `sysctl -w`, /proc/sys, echo and heredocs into sysctl.conf."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from tcptune.settings.setting import KEY_START, NETWORK_KEY, Found, Inner, Setting, dotted
from tcptune.settings.shell_words import Command, Word, commands, open_quote
from tcptune.settings.source import Source, unmarked

PROC_SYS = "/proc/sys/"
INTERESTING = re.compile(rf"sysctl|{PROC_SYS}|<<|{NETWORK_KEY.pattern}")
PRINTS = frozenset({"echo", "printf"})
SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh", "ssh", "su", "RUN"})
BEFORE_A_COMMAND = frozenset(
    {"sudo", "env", "busybox", "command", "exec", "time", "if", "then", "else", "do", "while", "!", "{", "RUN"}
)
STARTS_PRINTING = re.compile(rf"[ \t]*(?:(?:sudo|RUN)[ \t]+)?(?:{'|'.join(PRINTS)})\b")
ASSIGNMENT = re.compile(r"-?(?P<key>[A-Za-z_][^\s=/.]*[./][^\s=]*)[ \t]*=(?P<value>.*)", re.DOTALL)
CONF_LINE = re.compile(rf"-?(?P<key>{KEY_START}[^\s=]+)[ \t]*=(?P<value>.*)")
LINE_ENDS = re.compile(r"\\n|\n")
CALL = re.compile(
    rf"\b(?:out|set|put|add|emit|write|apply)\w*[ \t]*\([ \t]*([\"'])(?P<key>{KEY_START}[^\s\"']+)\1[ \t]*,"
)
"""A call by which a program inside the script writes a setting: `out("net.ipv4.tcp_fin_timeout", 30)`."""

ARGUMENT_SIGN = re.compile(r"[(),;\n]")
MAX_ARGUMENT = 400
"""Characters that one argument of such a call may have."""

LITERAL = re.compile(r"""-?\d+|"[^"]*"|'[^']*'""")
AROUND = " \t\r\n\"'"
BRACKETS = "[],"
MAX_JOINED = 500
"""Lines that one echo may span; a quote that stays open for longer was not understood."""

LOOK_AHEAD = 1 << 14
"""Characters in which a key is searched where it was seen without its quotes."""

MAX_NESTING = 3
"""`ssh host "sudo sh -c 'sysctl -w ...'"` is two."""


class Assignment(NamedTuple):
    """A key and a value in a text; `start` is where the key stands in it."""

    written: str
    value: str
    start: int
    comment: str = ""
    flavour: str = ""


def read(source: Source) -> Found:
    """The settings that a script makes, and the heredocs in it that are files of their own."""
    return _read(source, dockerfile=False)


def read_dockerfile(source: Source) -> Found:
    """The same for a Dockerfile, where comment lines may stand between the lines of one command."""
    return _read(source, dockerfile=True)


def assignments(text: str, nesting: int = 0) -> Iterator[Assignment]:
    """What the commands of a text set, in their order."""
    found = list(commands(text))
    for command, following in zip_longest(found, found[1:]):
        yield from _of_command(text, command, following, nesting)


def _read(source: Source, *, dockerfile: bool) -> Found:
    settings: list[Setting] = []
    inner: list[Inner] = []
    ends = _numbers_by_line(source) if "<<" in source.text else {}
    number, last = source.first, source.first + len(source.lines) - 1
    while number <= last:
        if source.line(number).lstrip().startswith("#"):
            number += 1
            continue
        end = _end_of_command(source, number, last, dockerfile)
        block = source.text[source.start(number) : source.start(end) + len(source.line(end))]
        if INTERESTING.search(block):
            block = _without_comment_lines(block) if dockerfile else block
            settings += [
                _setting(source, source.start(number), found) for found in (*assignments(block), *_calls(block))
            ]
            for heredoc in _heredocs(block, ends, end + 1):
                end = heredoc.last + 1
                inner += [heredoc] if heredoc.kind != "skip" and heredoc.first <= heredoc.last else []
        number = end + 1
    return Found(tuple(settings), (), tuple(inner))


def _setting(source: Source, start: int, found: Assignment) -> Setting:
    index = start + found.start
    comments = (*source.above(source.position(index)[0]), found.comment)
    return source.setting(index, found.written, found.value, comments, flavour=found.flavour)


def _numbers_by_line(source: Source) -> dict[str, list[int]]:
    """Where each line that could end a heredoc stands; looked up once, so that many marks cost no more than one."""
    numbers = defaultdict(list)
    for number, line in enumerate(source.lines, source.first):
        if len(line) < 100:
            numbers[line.strip()].append(number)
    return numbers


def _end_of_command(source: Source, number: int, last: int, dockerfile: bool) -> int:
    """The last line of the command that begins at a line: continued by a backslash, or inside the quotes of an echo."""
    while number < last and source.line(number).endswith("\\"):
        number += 1
        while dockerfile and number < last and source.line(number).lstrip()[:1] in ("", "#"):
            number += 1
    if not STARTS_PRINTING.match(source.line(number)):
        return number
    return _end_of_quotes(source, number)


def _end_of_quotes(source: Source, number: int) -> int:
    start, end = source.start(number), source.start(number) + len(source.line(number))
    while quote := open_quote(source.text[start:end]):
        close = source.text.find(quote, end)
        if close < 0 or source.text.count("\n", end, close) > MAX_JOINED:
            return number
        line = source.position(close)[0]
        start, end = close + 1, source.start(line) + len(source.line(line))
    return source.position(end)[0]


def _without_comment_lines(block: str) -> str:
    """The same text with blanks for the lines that Docker leaves out of a command."""
    return "\n".join(
        " " * (len(line) - 1) + "\\" if line.lstrip()[:1] in ("", "#") and line else line for line in block.split("\n")
    )


def _heredocs(block: str, ends: dict[str, list[int]], first: int) -> Iterator[Inner]:
    """The bodies of the heredocs of a command, which begin at line `first`, one after the other."""
    if "<<" not in block:
        return
    found = list(commands(block))
    kind = _kind_of_heredoc(found)
    for mark in (mark for command in found for mark in command.heredocs):
        candidates = ends.get(mark.text, [])
        position = bisect_left(candidates, first)
        if position == len(candidates):
            return  # no heredoc then, but a shift or the operator of another language
        yield Inner(kind, first, candidates[position] - 1)
        first = candidates[position] + 1


def _kind_of_heredoc(found: list[Command]) -> str:
    """What the body is: a kind, "" where its content decides, `skip` where it only goes to the screen."""
    names = {_name(command)[0] for command in found}
    tee = [word for command in found if _name(command)[0] == "tee" for word in command.words]
    targets = " ".join(word.text.lower() for word in (*(word for command in found for word in command.targets), *tee))
    if ":" in names or (names == {"cat"} and not targets):
        return "skip"
    if "sysctl" in targets or "sysctl" in names:
        return "sysctl"
    if names & SHELLS or targets.endswith(".sh") or names == {""}:
        return "shell"
    return ""


def _name(command: Command) -> tuple[str, tuple[Word, ...]]:
    """The name of a command without its directory, and its arguments."""
    for position, word in enumerate(command.words):
        prefix = word.text in BEFORE_A_COMMAND or word.text.startswith("-") or re.match(r"\w+=", word.text)
        if not prefix:
            return word.text.rsplit("/", 1)[-1], command.words[position + 1 :]
    return "", ()


def _of_command(text: str, command: Command, following: Command | None, nesting: int) -> Iterator[Assignment]:
    name, arguments = _name(command)
    comment = unmarked(command.comment)
    if name in PRINTS:
        yield from _printed(text, name, arguments, _files(command, following), nesting)
        return
    position = next((at for at, word in enumerate(command.words) if _is_sysctl(word.text)), None)
    words = command.words if position is None else command.words[position + 1 :]
    for before, word in zip((Word("", 0), *words), words, strict=False):
        option, _, rest = word.text.strip(BRACKETS).partition("--sysctl=")
        asked = position is not None or before.text == "--sysctl" or (not option and rest)
        match = ASSIGNMENT.fullmatch(rest or word.text.strip(BRACKETS)) if asked else None
        if match and not word.text.startswith("-p"):
            written = match["key"]
            yield Assignment(written, match["value"].strip(AROUND), _index(text, written, word.start), comment)
        elif position is None and nesting < MAX_NESTING and _is_script(word.text):
            yield from _nested(text, word.text, word.start, nesting)


def _is_sysctl(word: str) -> bool:
    """Whether a word is the command: `sysctl`, `/sbin/sysctl`, `ExecStart=-/sbin/sysctl`, `["sysctl",`."""
    return re.split(r"[/=@\[,-]", word.strip(BRACKETS))[-1] == "sysctl"


def _is_script(word: str) -> bool:
    return any(blank in word for blank in " \t\n") and ("sysctl" in word or PROC_SYS in word)


def _nested(text: str, script: str, start: int, nesting: int) -> Iterator[Assignment]:
    """What a script inside a word sets; each key is looked up in the word as it was written."""
    for found in assignments(script, nesting + 1):
        start = _index(text, found.written, start)
        yield found._replace(start=start)


def _files(command: Command, following: Command | None) -> tuple[Word, ...]:
    """The files a command writes to, by itself or through the `tee` behind it."""
    if command.end == "|" and following is not None and _name(following)[0] == "tee":
        return (*command.targets, *_name(following)[1])
    return command.targets


def _printed(
    text: str, name: str, arguments: tuple[Word, ...], files: tuple[Word, ...], nesting: int
) -> Iterator[Assignment]:
    """What an echo or a printf writes into /proc/sys or into a file; nothing where it writes to the screen."""
    arguments = tuple(word for word in arguments if not re.fullmatch(r"-[neE]+|--", word.text))
    if not files or not arguments:
        return
    for file in files:
        if PROC_SYS in file.text:
            written = file.text.partition(PROC_SYS)[2]
            shown = arguments[1:] if name == "printf" and "%" in arguments[0].text else arguments
            value = LINE_ENDS.sub(" ", " ".join(word.text for word in shown)).strip(AROUND)
            if dotted(written):
                yield Assignment(written, value, _index(text, written, file.start))
            return
    shape = ASSIGNMENT if any("sysctl" in file.text.lower() for file in files) else CONF_LINE
    texts = [word.text for word in arguments] if name == "printf" else [" ".join(word.text for word in arguments)]
    cursor = arguments[0].start
    for piece in (piece.strip() for joined in texts for piece in LINE_ENDS.split(joined)):
        cursor = _index(text, piece, cursor)
        match = shape.fullmatch(piece)
        if match:
            flavour = "variable" if name == "printf" and "%" in match["value"] else ""
            cursor = _index(text, match["key"], cursor)
            yield Assignment(match["key"], match["value"].strip(AROUND), cursor, flavour=flavour)
        elif nesting < MAX_NESTING and _is_script(piece) and not piece.startswith("#"):
            yield from _nested(text, piece, cursor, nesting)


def _calls(block: str) -> Iterator[Assignment]:
    for match in CALL.finditer(block):
        value = _argument(block, match.end())
        literal = LITERAL.fullmatch(value)
        yield Assignment(
            match["key"],
            value.strip("\"'") if literal else value,
            match.start("key"),
            flavour="" if literal else "variable",
        )


def _argument(text: str, start: int) -> str:
    """The argument of a call that begins at a character, up to the comma or bracket that ends it."""
    depth = 0
    for match in ARGUMENT_SIGN.finditer(text, start, start + MAX_ARGUMENT):
        if match.group() in ";\n" or (depth == 0 and match.group() in ",)"):
            return text[start : match.start()].strip()
        depth += {"(": 1, ")": -1}.get(match.group(), 0)
    return text[start : start + MAX_ARGUMENT].partition("\n")[0].strip()


def _index(text: str, written: str, start: int) -> int:
    """Where a piece of text stands at or after a character; that character where quoting hides it."""
    found = text.find(written, start, start + LOOK_AHEAD)
    return found if found >= 0 else start
