"""NixOS modules: `boot.kernel.sysctl = { "net.ipv4.x" = 1; };`, one key by itself, and files written as text."""

from __future__ import annotations

from tcptune.settings.setting import Found, Inner, Setting, is_network_key, is_rooted_key
from tcptune.settings.source import Source
from tcptune.settings.tokens import Token, tokens

PRIORITIES = frozenset({"mkDefault", "mkForce", "mkOverride"})
"""Functions that change how strongly a value holds, not the value (nixpkgs lib/modules.nix)."""

MAX_TOKENS = 200
"""Tokens that one value may have; a longer one has lost its semicolon."""

OPENERS = {"{": "}", "[": "]", "(": ")"}
BETWEEN_STATEMENTS = frozenset({";", "{", "}"})


def read(source: Source) -> Found:
    """The keys of the option boot.kernel.sysctl; one that is `null` is left to the kernel and is no setting."""
    settings: list[Setting] = []
    inner: list[Inner] = []
    open_sets = [False]
    says_sysctl = False
    found = list(tokens(source.text, nix=True))
    for position, token in enumerate(found):
        about = says_sysctl or open_sets[-1]
        if token.kind == "block" and about:
            inner += _lines_of(source, token)
        elif token.kind == "string" and _is_key(found, position, about):
            settings += _setting(source, token, found, position + 2)
        elif token.kind == "sign" and token.text in BETWEEN_STATEMENTS:
            says_sysctl = _enter_or_leave(open_sets, token.text, about)
            continue
        says_sysctl = says_sysctl or "sysctl" in token.text
    return Found(tuple(settings), (), tuple(inner))


def _enter_or_leave(open_sets: list[bool], sign: str, about: bool) -> bool:
    """Keep account of which sets are about sysctls; whether the rest of the statement is: `sysctl = { } // { }`."""
    if sign == "{":
        open_sets.append(about)
    elif sign == "}" and len(open_sets) > 1:
        return open_sets.pop()
    return False


def _is_key(found: list[Token], position: int, sysctl: bool) -> bool:
    text = found[position].text
    if not (is_network_key(text) or (sysctl and is_rooted_key(text))):
        return False
    return position + 1 < len(found) and found[position + 1].text == "="


def _setting(source: Source, key: Token, found: list[Token], start: int) -> list[Setting]:
    """The setting of a key whose value begins with a token; empty where the value is none."""
    given = _expression(found, start)
    end = given[-1].end if given else key.end
    value = _plain(given)
    text = source.text[given[0].start : end] if given else ""
    if not given or given[0].text == "{" or (value and value.text == "null"):
        return []
    semicolon = found[start + len(given)].end if start + len(given) < len(found) else end
    comments = (*source.above(source.position(key.start)[0]), source.after(semicolon))
    flavour = "" if value else "variable"
    return [source.setting(key.start, key.text, value.text if value else text, comments, flavour=flavour)]


def _expression(found: list[Token], start: int) -> list[Token]:
    """The tokens up to the semicolon that ends a value."""
    closers: list[str] = []
    for position in range(start, min(start + MAX_TOKENS, len(found))):
        text = found[position].text if found[position].kind == "sign" else ""
        if not closers and (text == ";" or text in OPENERS.values()):
            return found[start:position]
        if text in OPENERS:
            closers.append(OPENERS[text])
        elif closers and text == closers[-1]:
            closers.pop()
    return found[start : start + MAX_TOKENS]


def _plain(given: list[Token]) -> Token | None:
    """The literal of a value, without brackets and priorities; None where it is computed."""
    rest = [token for token in given if token.kind != "sign" or token.text not in "()"]
    while rest and rest[0].text.rsplit(".", 1)[-1] in PRIORITIES:
        rest = rest[2 if rest[0].text.endswith("mkOverride") else 1 :]
    if len(rest) == 2 and rest[0].text == "-":
        return rest[1]._replace(text="-" + rest[1].text)
    literal = len(rest) == 1 and (rest[0].kind == "string" or _is_literal(rest[0].text))
    return rest[0] if literal else None


def _is_literal(word: str) -> bool:
    return word.isdigit() or word in ("true", "false", "null")


def _lines_of(source: Source, block: Token) -> list[Inner]:
    """The lines inside a string of several lines, which may be a sysctl.conf."""
    first, last = source.position(block.start)[0] + 1, source.position(block.end - 1)[0] - 1
    return [Inner("", first, last)] if first <= last else []
