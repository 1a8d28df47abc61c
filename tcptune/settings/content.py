"""What a piece of text looks like when nothing but its content says so."""

from __future__ import annotations

import re

from tcptune.settings.setting import KEY_START

SHELL_START = re.compile(r"#!\s*\S*(?:/|env )(?:ba|da|a|k|z|mk)?sh\b|#!\s*/sbin/openrc-run")
TUNED_SECTION = re.compile(r"^[ \t]*\[sysctl\][ \t]*$", re.MULTILINE)
KUBERNETES = re.compile(r"^[ \t]*['\"]?apiVersion['\"]?:", re.MULTILINE)
CONF_LINE = re.compile(rf"^[ \t]*-?{KEY_START}[^\s=:]+[ \t]*=", re.MULTILINE)
YAML_LINE = re.compile(
    rf"^[ \t]*(?:-[ \t]+)?(?:[\w.]+:[ \t]*)?[\"']?{KEY_START}[^\s=:]+[\"']?:?(?:[ \t]|$)", re.MULTILINE
)
SHELL_LINE = re.compile(
    rf"^[^#\n]*(?:\bsysctl[ \t]+(?:-\w+[ \t]+)*[\"']?{KEY_START}|>[ \t]*[\"']?/proc/sys/|<<-?[ \t]*['\"]?\w+)",
    re.MULTILINE,
)


def looks_like(text: str) -> str:
    """The kind of file a text could be; "" for one that shows no sysctl."""
    if text.startswith("#cloud-config"):
        return "cloud-init"
    if TUNED_SECTION.search(text):
        return "tuned"
    if KUBERNETES.search(text):
        return "kubernetes"
    assignments, commands = len(CONF_LINE.findall(text)), len(SHELL_LINE.findall(text))
    if (commands and ("<<" in text or commands >= assignments)) or (SHELL_START.match(text) and not assignments):
        return "shell"
    if assignments:
        return "sysctl"
    return "yaml" if YAML_LINE.search(text) or "sysctls:" in text else ""
