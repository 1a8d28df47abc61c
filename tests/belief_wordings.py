"""The words in which the false beliefs circulate, as patterns: `<...>` is what a denial is looked for around.

" ... " stands for anything in between, {NAME} for one of `PARTS`. With {DO} a wording is an order: "lower it".

A sentence of ours that is caught though it is true says plainly what is not so, in a sentence of its own; where that
is of no use, `TOUCHES` has room for what makes it a true one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

PARTS = {
    "TW": r"time[-_ ]?waits?\b",
    "CW": r"close[-_ ]?waits?\b",
    "FW1": r"(?:fin[-_ ]?wait[-_ ]?1|last[-_ ]?ack|closing)\b",
    "TW_OR_PORT": r"(?:time[-_ ]?waits?|\bports?)\b",
    "TABLE": r"(?:\bbuckets?\b|tcp_max_tw_buckets|time[-_ ]wait (?:table|limit))",
    "SERVER": r"\b(?:servers?|listeners?|incoming|accept\w*)\b",
    "65536": r"(?<!1024 to )\b(?:6553[56]|64 ?k)\b",
    "MINUTES": r"(?<![-\w])(?:120 ?s|120 seconds|240 ?s|(?:2|4|two|four)[- ]min(?:ute)?s?)\b",
    "LOG": r"\b(?:dmesg|(?:kernel|system) log|log|syslog|journal)\b",
    "BOOT": r"(?:\b(?:re)?boot|surviv|persist|permanent)",
    "HOST": r"\b(?:host|node)(?:'?s)?\b",
    "POD": r"\b(?:pods?|containers?)\b",
    "SETTING": r"\b(?:sysctls?|values?|settings?|keys?|tcp_\w+)\b",
    "NOBODY": r"(?:\bnetstat\b|`-`|\"-\"|\b(?:no|without an?) (?:owner|process|pid)\b)",
    "ANY_KEY": r"(?:tcp_(?:fin_timeout|keepalive\w*|tw_\w+|orphan_retries|retries2)|\b(?:a|some) (?:sysctl|setting))",
    "EVERY": r"\b(?:every|all|any|each)\b",
    "IS": r"\b(?:is|are|means?|shows?|counts?|tells?)\b",
    "ENDS": r"\b(?:shorten|reduc|cut|clear|remov|fre(?:es|e|ing)\b|clean|drain|ends?\b|kill|expir|gets? rid|cure)\w*",
    "HELPS": r"\b(?:free|cure|help|solve|fix|clear|reliev|reduc|shorten|serves)\w*",
    "LOWER": r"\b(?:lower|reduce|decrease|cut|shrink)\b",
    "SET": r"\b(?:lower|reduce|decrease|cut|shrink|set|use|try(?! to)|change|tune|adjust|write|put|enable|raise|add|"
    r"turn on|switch on|widen|extend|enlarge)\b",
    "SOONER": r"\b(?:sooner|faster|quicker|quickly|earlier|rid of|away|shorter)\b",
    "GOVERNS": r"\b(?:control|decide|determine|govern|set|bound|limit|rule)s?\b",
    "COSTLESS": r"\b(?:is free|costs? nothing|is harmless|is safe|has no cost|free of charge)\b",
    "LOOK": r"\b(?:look|watch|search|grep|see|check|read)\b",
    "PROVES": r"\b(?:prove|show|mean|tell|ensure|guarantee|verif|confirm|make|check|see)\w*",
    "DO": r"(?:^|[,;:(]|\b(?:and|or|then|please|should|must|can|may|to|is|helps?)\b)\s*",
}  # fmt: skip
"""What several wordings have in common. {DO} is what stands before a verb that tells somebody to do something."""

RESERVED = "ip_local_reserved_ports"

WORDINGS: dict[str, tuple[str, ...]] = {
    "fin-timeout-shortens-time-wait": (
        "tcp_fin_timeout ... <{ENDS}> ... {TW_OR_PORT}",
        "tcp_fin_timeout ... <{GOVERNS}> ... {TW}",
        "tcp_fin_timeout ... {TW_OR_PORT} ... <{SOONER}>",
        "{TW_OR_PORT} ... <{SOONER}> ... tcp_fin_timeout",
        "<{SOONER}> ... {TW_OR_PORT} ... tcp_fin_timeout",
        "{DO}<{SET}> ... tcp_fin_timeout ... {TW_OR_PORT}",
        "{TW_OR_PORT} ... {DO}<{SET}> ... tcp_fin_timeout",
        r"{TW} ... <\b(?:follows|equals|depends on|is(?: set)? by|is)\b|=> (?:\w+ )?(?:net.ipv4.)?tcp_fin_timeout",
    ),
    "orphans-are-time-wait": (
        r"{TW} ... <\b(?:are|is|becomes?|counts? (?:as|among))> (?:mostly |an? |the |all )?orphans?\b",
        r"\borphans?\b(?!') ... <\b(?:are|is|include|mean|rest|sit)> (?:\w+ ){0,3}{TW}",
        "{DO}<{SET}> ... tcp_max_orphans ... {TW}",
        "{TW} ... {DO}<{SET}> ... tcp_max_orphans",
        r"tcp_max_orphans ... <\b(?:limit|bound|cap|count)s?\b> ... {TW}",
    ),
    "a-sysctl-ends-close-wait": (
        "{ANY_KEY} ... <{ENDS}> ... {CW}",
        "{CW} ... <{ENDS}> ... {ANY_KEY}",
        "{CW} ... <{SOONER}> ... {ANY_KEY}",
        "{DO}<{SET}> ... {ANY_KEY} ... {CW}",
        "{CW} ... {DO}<{SET}> ... {ANY_KEY}",
    ),
    "tw-reuse-helps-servers": (
        r"tcp_tw_reuse\b ... <{HELPS}> ... {SERVER}",
        r"{SERVER} ... <{HELPS}|\b(?:profit|benefit|gain|need)s?\b> ... tcp_tw_reuse\b",
        r"{DO}<{SET}> ... tcp_tw_reuse\b ... {SERVER}",
        r"{SERVER} ... {DO}<{SET}> ... tcp_tw_reuse\b",
        r"\bon (?:a|the|busy|every)\b ... {SERVER} ... <\b(?:set|enable|use)\b> ... tcp_tw_reuse\b",
    ),
    "fewer-tw-buckets-free-ports": (
        r"\b(?:lower|small|reduc|decreas|few)\w* ... tcp_max_tw_buckets ... <{HELPS}>",
        "{DO}<{LOWER}>[^,]*?tcp_max_tw_buckets",
        r"{DO}<{SET}> ... tcp_max_tw_buckets ... \b(?:limit|fewer|cap|less|rid)\b",
        r"\b(?:limit|fewer|cap|less|rid)\b ... <\bby setting\b> ... tcp_max_tw_buckets",
    ),
    "65536-ports-limit-a-server": (
        r"(?:{65536}|ip_local_port_range) ... <\b(?:limit|allow|restrict|cap)\w*> ... {SERVER}",
        r"{SERVER} ... <\b(?:can|may|is|are|has|have|hold|accept|run)s?\b> ... (?:{65536}|out of ports)",
        "{DO}<{SET}> ... ip_local_port_range ... {SERVER}",
    ),
    "tw-recycle-is-fine-without-nat": (
        r"{DO}<{SET}>[^,]*?tcp_tw_recycle\b(?!\s*(?:=|to|at)?\s*0)",
        r"tcp_tw_recycle ... <\bis (?:fine|safe|harmless|ok|good)\b|\bhelps\b|\b(?:can|may) be used\b>",
    ),
    "orphan-retries-default-is-7": (
        r"tcp_orphan_retries ... <\b(?:has a )?defaults? (?:value )?(?:is|to|of)|reads|shows>\s+(?:7|8)\b",
        r"\bdefault\b[^,]*?tcp_orphan_retries[^,]*?<\b(?:is|reads)|=>\s+(?:7|8)\b",
        r"tcp_orphan_retries\b ... <\bdefault:?> (?:7|8)\b",
    ),
    "orphan-retries-governs-every-fin-wait-1": (
        r"tcp_orphan_retries ... <\b(?:govern|rule|decide|end|bound|limit|shorten|set)s?\b> ... {EVERY}[^,]*?{FW1}",
        r"{EVERY}[^,]*?{FW1} ... <\b(?:follow|obey|end|ha|i|are)s?\b> ... tcp_orphan_retries",
        r"\b(?:owned|process holds|holds the|still open)\b ... {DO}<{SET}> ... tcp_orphan_retries",
    ),
    "the-orphan-limit-is-exact": (
        r"(?:tcp_max_orphans|orphan limit) ... <\bis (?:an? )?(?:exact|hard|sharp|strict|precise)\b>",
        r"\borphans?\b ... <\b(?:reset|killed) only|\bonly (?:reset|killed)> (?:above|over)\b",
        r"<\b(?:exactly|only)> (?:the |those )?orphans (?:that are )?(?:above|over)\b",
        r"\b(?:below|under|fewer)\b ... (?:tcp_max_orphans|\blimit\b) ... <\b(?:no orphan|none|(?:is|are) safe)\b>",
    ),
    "linux-time-wait-is-120-s": (
        r"{TW}.{0,60}?<\b(?:lasts?|is|takes?|stays?|waits?|rests?|for|of)\b>.{0,30}?{MINUTES}",
        r"\b(?:wait|stay|rest|last)s?\b.{0,20}?{MINUTES}.{0,15}?<\b(?:of|in|for)\b>.{0,10}?{TW}",
    ),
    "log-tells-of-bucket-overflow": (
        r"(?:{LOG}|\bkernel\b|\bwarning\b) ... <\b(?:tell|print|show|warn|report)s?\b> ... {TABLE}",
        r"{DO}<{LOOK}> ... {LOG} ... (?:{TABLE}|{TW})",
        r"{TABLE} ... {DO}<{LOOK}> ... {LOG}",
    ),
    "timestamps-0-is-more-secure": (
        r"tcp_timestamps\b ... \b0\b ... <\b(?:is|makes?|gives?)\b> ... \b(?:secur|safe|harden|private|protect)",
        r"\btimestamps?\b ... \b(?:off|0|disabled)\b ... <\b(?:secure|safer|safety|security|harden)\w*>",
        r"{DO}<\b(?:disable|switch off|turn off)\b> ... \b(?:tcp_)?timestamps\b",
        r"{DO}<\b(?:set|write)\b>[^,]*?tcp_timestamps\s*(?:=|to)\s*0",
        r"\btimestamps?\b ... <\b(?:reveal|tell|leak|betray|expose|show)s?\b>.{0,20}\buptime",
    ),
    "a-wide-port-range-is-free": (
        r"\b(?:wider?|whole|full|1024)\b ... (?:ip_local_port_range|port range|65535) ... <{COSTLESS}>",
        r"<\bno (?:cost|price|harm|danger)\b> ... (?:ip_local_port_range|port range|65535)\b",
    ),
    "closed-in-ss-is-a-leak": (
        r"\bss -s\b ... \bclosed\b ... <{IS}> ... \bleak",
        r"\bclosed\b ... \bss -s\b ... <{IS}> ... \bleak",
        r"\bclosed\b ... <{IS}> ... \bleak ... \bss -s\b",
        r"\bclosed\b ... <\bthere is\b> ... \bleak ... \bss -s\b",
    ),
    "sysctl-p-proves-the-reboot": (
        r"\bsysctl -p\b ... <{PROVES}> ... {BOOT}",
        r"{BOOT} ... <{PROVES}> ... \bsysctl -p\b",
        r"<{PROVES}> ... \bsysctl -p\b ... {BOOT}",
        r"\bafter ... \bsysctl -p\b ... <\b(?:is|are|will)\b> ... (?:permanent|persist|surviv)",
    ),
    "the-hosts-sysctl-holds-in-the-pod": (
        r"{HOST} ... {SETTING} ... <\b(?:appl|hold|reach|inherit|count|work)\w*> ... {POD}",
        r"{SETTING} ... \bon the (?:host|node)s?\b ... <\b(?:appl|hold|reach|count|work)\w*> ... {POD}",
        r"{POD} ... <\b(?:take|get|inherit|ha|have|use|follow)s?\b> ... {HOST} {SETTING}",
        r"{DO}<{SET}> ... \bon the (?:host|node)\b ... {POD}",
    ),
    "no-owner-is-time-wait-only": (
        r"{NOBODY} ... <\b(?:only|alone)\b.{0,12}{TW}|{TW}.{0,10}\b(?:only|alone)\b>",
        r"<\bonly> {TW} ... {NOBODY}",
        r"{NOBODY} ... <\b(?:is|are|means?)\b> ... (?:\bleaked\b|\ba (?:descriptor )?leak\b)",
    ),
}  # fmt: skip

UNLESS_RESERVED: dict[str, tuple[str, ...]] = {
    "a-wide-port-range-is-free": (
        r"{DO}<{SET}> ... (?:ip_local_port_range|port range)\b",
        r"(?:ip_local_port_range|port range) ... <\bshould be\b> ... \b10\d\d(?: to |-| )65535\b",
        r"{DO}<{SET}> ... \b10\d\d(?: to |-| )65535\b",
        r"\b(?:more|all) ports\b ... <\b(?:costs? nothing|for free)\b>",
    ),
}
"""Let pass where the same paragraph names `RESERVED`."""


TOUCHES: dict[str, tuple[tuple[str, ...], str]] = {
    "fin-timeout-shortens-time-wait": (("tcp_fin_timeout", "{TW_OR_PORT}"), "time-?wait entr|FIN-WAIT-2 that"),
    "orphans-are-time-wait": (
        (r"\borphans?\b|tcp_max_orphans", "{TW}"),
        r"time-?wait entr|FIN-WAIT-2|connect\(\)|\btw\b",
    ),
    "a-sysctl-ends-close-wait": (("{ANY_KEY}", "{CW}"), "all the same|descriptor|conntrack|reusable|peer stays"),
    "tw-reuse-helps-servers": ((r"tcp_tw_reuse\b", "{SERVER}"), "gives up"),
    "fewer-tw-buckets-free-ports": (
        ("tcp_max_tw_buckets", r"\b(?:lower|smaller|small (?:net|tcp)|reduc|less|fewer|free)"),
        "KB",
    ),
    "65536-ports-limit-a-server": (("{65536}|out of ports", "{SERVER}"), "bytes|Accepts"),
    "tw-recycle-is-fine-without-nat": (
        (
            "tcp_tw_recycle",
            r"\b(?:is|set(?:ting)?|use|enable|helps?|gets?|makes?|does|works|speeds|cure|fine|safe|1)\b",
        ),
        "drop|removed|gone since|counter|short entries|turn off|breaks|= ?0",
    ),
    "orphan-retries-default-is-7": (
        ("tcp_orphan_retries", r"\b[78]\b", "default|reads|shows"),
        "counts as|stands? for",
    ),
    "orphan-retries-governs-every-fin-wait-1": (("tcp_orphan_retries", "{EVERY}", "{FW1}"), "owned|orphan |each lives"),
    "the-orphan-limit-is-exact": (
        ("tcp_max_orphans|orphan limit", r"\bexact|\bexcess|\bhard\b|\bonly\b.{0,20}\b(?:above|over)\b"),
        "60 s only",
    ),
    "linux-time-wait-is-120-s": (("{TW}", "{MINUTES}"), "conntrack|[Cc]onnection tracking|table|entry of|Established"),
    "log-tells-of-bucket-overflow": (("{LOG}", "{TABLE}|{TW}"), r"\b2\.6\b|Lines of|says:"),
    "timestamps-0-is-more-secure": (
        (r"timestamps?\b", r"\b(?:secur(?:e|er|ity)\b|safe|harden|uptime)"),
        "tell old|make it safe|new connection begins",
    ),
    "closed-in-ss-is-a-leak": ((r"\bss -s\b", r"\bclosed\b", r"\bleak"), "CLOSE-WAIT"),
    "sysctl-p-proves-the-reboot": (("sysctl -p", r"surviv|persist|permanent|reboot|next boot"), "drift|gone from then"),
    "the-hosts-sysctl-holds-in-the-pod": (("{HOST}", "{POD}"), "default|outside|host of containers|node needs"),
    "no-owner-is-time-wait-only": (
        ("{NOBODY}", r"\bleak|\b(?:only|alone|just)\b.*{TW}|{TW}.*\b(?:only|alone)\b"),
        "read as",
    ),
}
"""What a sentence about a belief brings together; it has to deny something, unless it is one of the true ones."""


class Wording(NamedTuple):
    """One way to say a belief. An order is denied by what stands before its verb, a statement by what follows too."""

    belief: str
    pattern: re.Pattern[str]
    orders: bool
    unless: str = ""


class Touch(NamedTuple):
    """What a sentence brings together, whatever it makes of it, and what true ones have in them."""

    belief: str
    parts: tuple[re.Pattern[str], ...]
    true: re.Pattern[str]


def _compiled(belief: str, wording: str, unless: str = "") -> Wording:
    pattern = re.sub("<(.*?)>", r"(?P<says>\1)", wording).replace(" ... ", ".*?")
    return Wording(belief, _pattern(pattern), "{DO}" in wording, unless)


def _pattern(text: str) -> re.Pattern[str]:
    for name, part in PARTS.items():
        text = text.replace(f"{{{name}}}", part)
    return re.compile(text, re.IGNORECASE)


ALL_WORDINGS = [
    *(_compiled(belief, wording) for belief, wordings in WORDINGS.items() for wording in wordings),
    *(_compiled(belief, wording, RESERVED) for belief, wordings in UNLESS_RESERVED.items() for wording in wordings),
]
ALL_TOUCHES = [
    Touch(belief, tuple(map(_pattern, parts)), re.compile(true)) for belief, (parts, true) in TOUCHES.items()
]
