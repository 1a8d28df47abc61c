"""Trees of settings files as nobody would write them: what the loaders' tests are run on."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import NamedTuple

FOLDERS = ("etc/sysctl.d", "run/sysctl.d", "usr/local/lib/sysctl.d", "usr/lib/sysctl.d", "lib/sysctl.d")
INTERFACES = ("all", "default", "lo", "e0.5", "e1")
NUMBERS = {
    "net/ipv4/tcp_fin_timeout": 60,
    "net/ipv4/tcp_keepalive_time": 7200,
    "net/ipv4/tcp_retries1": 3,
    "net/ipv4/tcp_retries2": 15,
    "net/ipv4/tcp_orphan_retries": 0,
    **{f"net/ipv4/conf/{name}/rp_filter": 0 for name in INTERFACES},
    **{f"net/ipv4/conf/{name}/log_martians": 0 for name in INTERFACES},
}
"""Keys of a network namespace that hold one number, and what they hold before anything is loaded."""

RANGE, VECTOR = "net/ipv4/ip_local_port_range", "net/ipv4/tcp_rmem"
KEYS: dict[str, str] = {
    **{key: str(value) for key, value in NUMBERS.items()},
    RANGE: "32768\t60999",
    VECTOR: "4096\t131072\t6291456",
}
"""Every key that is set, and its value before."""

NAMES = ("10-a.conf", "50-b.conf", "50-B.conf", "60-c.conf", "99-sysctl.conf", "99-z.conf", "a.conf")
ODD_NAMES = (".50-h.conf", ".conf", "README", "60-c.conf~", "50-b.conf.bak", "9.CONF", "ü.conf", "60-[c].conf")
ODD_NAMES += ("sp ace.conf", "5?-b.conf", "*.conf", "50-{b,B}.conf", "\udcff.conf", "~.conf", "back\\slash.conf")

SPACE = ("", "", "", " ", "\t", "  ", " \t ", "\v", "\f", "\r")
ODD_LINES = ("", "# net.ipv4.tcp_fin_timeout = 9", "  ; net.ipv4.tcp_retries2=9", "junk", "net.ipv4.tcp_fin_timeout 30")
ODD_LINES += ("= 5", "-", "--", "-=5", "..=1", "/=1", "x", "net.ipv4.conf = 1", "net.ipv4.tcp_nowhere = 1", "[a]", "=")
LINE_ENDS = ("\n",) * 12 + ("\r\n", "\n\n", "\r", "\0", "\n\r")


class Link(NamedTuple):
    """A symbolic link."""

    target: str


class Folder(NamedTuple):
    """A folder where a file is looked for."""


Tree = dict[str, bytes | Link | Folder]
"""What lies at each path below a root."""


def tree(random: Random) -> Tree:
    """A few files in the folders of both loaders, and perhaps /etc/sysctl.conf."""
    found: Tree = {}
    for _ in range(random.choice((1, 2, 3, 4, 6, 8))):
        folder = random.choice(FOLDERS)
        name = random.choice(NAMES if random.random() < 0.8 else ODD_NAMES)
        found[f"{folder}/{name}"] = _file(random)
    if random.random() < 0.6:
        found["etc/sysctl.conf"] = _file(random)
    if random.random() < 0.15:
        found["etc/sysctl.d/99-sysctl.conf"] = Link(random.choice(("../sysctl.conf", "/etc/sysctl.conf")))
    if random.random() < 0.1:
        found = {path: what for path, what in found.items() if not path.startswith("run/sysctl.d/")}
        found["run/sysctl.d"] = Link(random.choice(("/etc/sysctl.d", "../usr/lib/sysctl.d", "/nowhere")))
    if random.random() < 0.1:
        found["run/credentials/systemd-sysctl.service/sysctl.extra"] = _text(random)
    return found


def _file(random: Random) -> bytes | Link | Folder:
    if random.random() < 0.85:
        return _text(random)
    links = ("/dev/null", "../../dev/null", "nowhere", "circle.conf", "50-b.conf", "/etc/sysctl.conf", "/etc/sysctl.d")
    return random.choice((b"", Folder(), *map(Link, links)))


def _text(random: Random) -> bytes:
    lines = [line(random) for _ in range(random.choice((0, 1, 2, 3, 5, 8)))]
    text = "".join(each + random.choice(LINE_ENDS) for each in lines)
    if random.random() < 0.2:
        text = text.rstrip("\n")
    return (b"\xef\xbb\xbf" * (random.random() < 0.03)) + text.encode("utf-8", "surrogateescape")


def line(random: Random) -> str:
    """One line: mostly a setting, in one of the ways to write it."""
    if random.random() < 0.1:
        return random.choice(ODD_LINES)
    path = random.choice(tuple(KEYS))
    written = _spelt(random, _pattern(random, path) if random.random() < 0.3 else path)
    dash = random.choice(("",) * 9 + ("-", "-", "--", "- "))
    blank = lambda: random.choice(SPACE)  # noqa: E731
    if random.random() < 0.12:
        return f"{blank()}-{written}{blank()}"
    equals = random.choice(("=",) * 20 + ("==",))
    return f"{blank()}{dash}{written}{blank()}{equals}{blank()}{_value(random, path)}{blank()}"


def _spelt(random: Random, path: str) -> str:
    """A key with dots or slashes, now and then with separators that do not belong."""
    if random.random() < 0.1:
        cut = random.choice([place for place, character in enumerate(path) if character == "/"])
        path = f"{path[:cut]}{random.choice(('//', '/./', '/../ipv4/'))}{path[cut + 1 :]}"
    if random.random() < 0.05:
        path = random.choice((f"/{path}", f"{path}/", f"//{path}", f"/proc/sys/{path}", f"{path}/.", f"./{path}"))
    return path if random.random() < 0.4 else path.translate(str.maketrans("./", "/."))


def _pattern(random: Random, path: str) -> str:
    """A pattern that matches the key, or nearly so; `net` stays, and the last part matches no key but ours."""
    parts = path.split("/")
    for place in range(1, len(parts)):
        part = parts[place]
        narrow = (
            *("?" + part[1:], part[:-1] + "?", part[:-1] + "*", part[:3] + "[", "\\" + part),
            *(f"[{part[0]}z]{part[1:]}", f"[!{part[0]}]{part[1:]}", f"[^[:digit:]]{part[1:]}", part + "[!x]"),
            *(f"{{{part},lo}}", f"{part[:-1]}{{{part[-1]},x}}", f"[[:alpha:]]{part[1:]}", f"{part[:-1]}[0-9]"),
        )
        wide = (*narrow, "*", "*", "[a-f]*", part[:2] + "*", "*" + part[-3:])
        if random.random() < 0.5:
            parts[place] = random.choice(narrow if place == len(parts) - 1 else wide)
    return "/".join(parts)


def _value(random: Random, path: str) -> str:
    if path == RANGE:
        low, high = random.randint(1024, 30000), random.randint(30001, 65535)
        return random.choice(
            (f"{low} {high}", f"{low}\t{high}", f"{low}  {high} 7", f"{low},{high}", "2000 3000 # three", "")
        )
    if path == VECTOR:
        numbers = [str(random.randint(4096, 9999)) for _ in range(random.choice((1, 2, 3, 3, 3, 4)))]
        return random.choice((" ", "\t", "  ")).join(numbers) + random.choice(("",) * 6 + (" # bytes", "# bytes", "k"))
    if random.random() < 0.75:
        return str(random.randint(0, 99))
    odd = ("0x1f", "010", "08", "5 # seconds", "5# seconds", "5s", "", "abc", "300", "-1", "+5", "1 2", "5\f6", "5.5")
    return random.choice((*odd, "99999999999999999999", "2147483648", "0x", "00", "'5'", "5,", "0b1"))


def plant(root: Path, found: Tree) -> None:
    """Put a tree below a root; a path that another one bars is left out. No link is ever written through."""
    for path, what in sorted(found.items(), key=lambda pair: (not isinstance(pair[1], Link), os.fsencode(pair[0]))):
        place = root / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(what, Link):
                place.symlink_to(what.target)
            elif isinstance(what, Folder):
                place.mkdir()
            else:
                with place.open("xb") as file:
                    file.write(what)
        except OSError:
            continue
    circle = root / "etc/sysctl.d/circle.conf"
    if Link("circle.conf") in found.values() and circle.parent.is_dir() and not os.path.lexists(circle):
        circle.symlink_to("circle.conf")
