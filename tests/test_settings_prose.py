"""Markdown and notes: code blocks, tables and lines that are settings; prose that speaks of one is none."""

from __future__ import annotations

from settings_common import parsed, places

PAGE = """\
Never set `net.ipv4.tcp_a=1`, and
net.ipv4.tcp_b = 2 is worse than

| `net.ipv4.tcp_c = 3` | note |

```bash
# sysctl -w net.ipv4.tcp_d=4
sysctl -w net.ipv4.tcp_e=5
cat <<EOF > /etc/sysctl.d/9.conf
net.ipv4.tcp_f = 6
EOF
```

~~~yaml
securityContext: {sysctls: [{name: net.ipv4.tcp_g, value: "7"}]}
~~~

```
/sbin/sysctl -p
net.ipv4.tcp_h = 8
```
    net.ipv4.tcp_i = 9
"""


def test_blocks_tables_and_lines_are_read():
    """Each block by its language or its content, with the lines of the page."""
    found = parsed(PAGE, "README.md")

    assert "text" == found.kind
    assert [
        (2, 1, "net.ipv4.tcp_b", "2 is worse than"),
        (4, 4, "net.ipv4.tcp_c", "3"),
        (8, 11, "net.ipv4.tcp_e", "5"),
        (10, 1, "net.ipv4.tcp_f", "6"),
        (15, 36, "net.ipv4.tcp_g", "7"),
        (20, 1, "net.ipv4.tcp_h", "8"),
        (22, 5, "net.ipv4.tcp_i", "9"),
    ] == places(found)
    assert () == found.complaints


def test_a_block_that_nothing_closes_ends_with_the_page():
    """As in CommonMark."""
    assert [(2, 11, "net.ipv4.tcp_a", "1")] == places(parsed("```sh\nsysctl -w net.ipv4.tcp_a=1", "x.md"))
