"""Shell scripts, units and Dockerfiles: only what a command writes is a setting, not what it prints or greps."""

from __future__ import annotations

import pytest
from settings_common import comments, flavours, parsed, places

from tcptune.settings.shell_words import commands


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ((11, "net.ipv4.tcp_a", "5"), "sysctl -w net.ipv4.tcp_a=5 >/dev/null 2>&1"),
        ((8, "net.ipv4.tcp_a", "5"), "sysctl net.ipv4.tcp_a=5"),
        ((26, "net.ipv4.tcp_a", "1 2"), 'sudo /sbin/sysctl -q -w "net.ipv4.tcp_a=1 2"'),
        ((11, "net.ipv4.tcp_a", "1 2"), 'sysctl -w net.ipv4.tcp_a="1 2"'),
        ((11, "net.ipv4.tcp_a", "5"), "sysctl -w net/ipv4/tcp_a=5"),
        ((28, "net.ipv4.tcp_a", "5"), "ExecStart=-/sbin/sysctl -w net.ipv4.tcp_a=5"),
        ((20, "net.ipv4.tcp_a", "1"), "echo 1 > /proc/sys/net/ipv4/tcp_a"),
        ((23, "net.ipv4.tcp_a", "1 2"), 'echo "1 2" >/proc/sys/net/ipv4/tcp_a;'),
        ((29, "net.ipv4.tcp_a", "1"), "echo 1 | sudo tee /proc/sys/net/ipv4/tcp_a"),
        ((29, "net.ipv4.tcp_a", "3"), r"printf '%s\n' 3 > /proc/sys/net/ipv4/tcp_a"),
        ((34, "net.ipv4.tcp_a", "1"), "[ -f x ] && { echo 1 > /proc/sys/net/ipv4/tcp_a; }"),
        ((7, "net.ipv4.tcp_a", "1"), "echo 'net.ipv4.tcp_a = 1' >> /etc/sysctl.conf"),
        ((6, "net.ipv4.tcp_a", "1"), "echo net.ipv4.tcp_a = 1 >> /etc/sysctl.d/9.conf"),
        ((7, "net.ipv4.tcp_a", "1"), 'echo "net.ipv4.tcp_a=1" >> "$CONF"'),
        ((7, "net.ipv4.tcp_a", "1"), 'echo "net.ipv4.tcp_a=1" | tee -a /etc/sysctl.conf'),
        ((25, "net.ipv4.tcp_a", "1"), "ssh h \"su -c 'sysctl -w net.ipv4.tcp_a=1'\""),
        ((17, "net.ipv4.tcp_a", "1"), 'echo "sysctl -w net.ipv4.tcp_a=1" >> /etc/rc.local'),
        ((21, "net.ipv4.tcp_a", "1"), "docker run --sysctl net.ipv4.tcp_a=1 image"),
        ((22, "net.ipv4.tcp_a", "1 2"), 'podman run --sysctl="net.ipv4.tcp_a=1 2" image'),
        ((11, "net.ipv4.tcp_a", "$N"), 'sysctl -w net.ipv4.tcp_a="$N"'),
        ((8, "net.ipv4.tcp_a", "9"), '  out("net.ipv4.tcp_a",9); f(x)'),
    ],
)
def test_what_a_command_writes_is_a_setting(place, line):
    """By the command itself, into /proc/sys, into a file of sysctl, or inside another command."""
    assert [(1, *place)] == places(parsed(line, "x.sh"))


@pytest.mark.parametrize(
    "line",
    [
        "# sysctl -w net.ipv4.tcp_a=1",
        "sysctl -n net.ipv4.tcp_a",
        "sysctl -p /etc/sysctl.d/a=b.conf",
        "sysctl -a | grep 'net.ipv4.tcp_a = 1'",
        'echo "sysctl -w net.ipv4.tcp_a=1"',
        "echo 'net.ipv4.tcp_a = 1'",
        'echo "    net.ipv4.tcp_a: 65535"',
        "grep -q net.ipv4.tcp_a=1 /etc/sysctl.conf",
        "sed -i 's/net.ipv4.tcp_a = 1/net.ipv4.tcp_a = 2/' /etc/sysctl.conf",
        "cat <<EOF\nnet.ipv4.tcp_a = 1\nEOF",
        ": <<'EOF'\nsysctl -w net.ipv4.tcp_a=1\nEOF",
        "setprop net.tcp.buffersize.lte 4096,87380",
        "printf 'net.ipv4.tcp_a = %s\\n' \"$(sysctl -n net.ipv4.tcp_a)\"",
        'expected("net.ipv4.tcp_a", 5)',
        "cat /proc/sys/net/ipv4/tcp_a > /tmp/x",
    ],
)
def test_what_a_command_shows_or_searches_is_none(line):
    """A key in a script is not yet a setting."""
    assert [] == places(parsed(line, "x.sh"))


def test_a_heredoc_into_sysctl_conf_is_one():
    """Its comments count too; so does what goes through tee, and into sysctl itself."""
    found = parsed(
        "cat >> /etc/sysctl.conf <<-'EOF'\n\t# why\n\tnet.ipv4.tcp_a = 1\n\tEOF\n"
        "cat <<X | sudo tee /etc/sysctl.d/1.conf\nnet.ipv4.tcp_b=$B\nX\n"
        "sysctl -p - <<Y\nnet.ipv4.tcp_c=3\nY\n"
        'cat > "$CONF" << Z\nnet.ipv4.tcp_d=4\nZ\n'
        "sysctl -w net.ipv4.tcp_e=5\n",
        "x.sh",
    )

    assert [
        (3, 2, "net.ipv4.tcp_a", "1"),
        (6, 1, "net.ipv4.tcp_b", "$B"),
        (9, 1, "net.ipv4.tcp_c", "3"),
        (12, 1, "net.ipv4.tcp_d", "4"),
        (14, 11, "net.ipv4.tcp_e", "5"),
    ] == places(found)
    assert "why" == comments(found)["net.ipv4.tcp_a"]
    assert "variable" == flavours(found)["net.ipv4.tcp_b"]


def test_a_shift_is_no_heredoc():
    """What nothing ends does not hide the rest of the script."""
    found = parsed("x=$((1 << n))\nsysctl -w net.ipv4.tcp_a=1\n", "x.sh")

    assert [(2, 11, "net.ipv4.tcp_a", "1")] == places(found)


def test_an_echo_may_span_lines():
    """By an open quote, by a backslash, by the escape of a line end; a commented line in it is none."""
    found = parsed(
        'echo "net.ipv4.tcp_a = 1\n# net.ipv4.tcp_b = 2\nnet.ipv4.tcp_c = 3" >> /etc/sysctl.conf\n'
        'echo -e "net.ipv4.tcp_d = 4\\n"\\\n"# net.ipv4.tcp_e = 5\\n"\\\n"net.ipv4.tcp_f = 6\\n" > /etc/sysctl.conf\n',
        "x.sh",
    )

    assert [
        (1, 7, "net.ipv4.tcp_a", "1"),
        (3, 1, "net.ipv4.tcp_c", "3"),
        (4, 10, "net.ipv4.tcp_d", "4"),
        (6, 2, "net.ipv4.tcp_f", "6"),
    ] == places(found)


def test_several_settings_of_one_command():
    """Continued by a backslash, each at its own place, with the comment behind the command."""
    found = parsed("# above\nsysctl -w net.ipv4.tcp_a=1 \\\n  net.ipv4.tcp_b=2 # both\n", "x.sh")

    assert [(2, 11, "net.ipv4.tcp_a", "1"), (3, 3, "net.ipv4.tcp_b", "2")] == places(found)
    assert {"net.ipv4.tcp_a": "above\nboth", "net.ipv4.tcp_b": "both"} == comments(found)


def test_a_dockerfile_continues_over_comments():
    """Docker drops comment lines between the lines of a command; a list of words is a command too."""
    found = parsed(
        "FROM x\nRUN apt-get update && \\\n  # why\n  sysctl -w net.ipv4.tcp_a=1 && \\\n\n"
        '  echo "net.ipv4.tcp_b=2" >> /etc/sysctl.conf\n'
        'CMD ["sysctl", "-w", "net.ipv4.tcp_c=3"]\n'
        "RUN <<EOF\nsysctl -w net.ipv4.tcp_d=4\nEOF\n",
        "Dockerfile",
    )

    assert "dockerfile" == found.kind
    assert [
        (4, 13, "net.ipv4.tcp_a", "1"),
        (6, 9, "net.ipv4.tcp_b", "2"),
        (7, 23, "net.ipv4.tcp_c", "3"),
        (9, 11, "net.ipv4.tcp_d", "4"),
    ] == places(found)


def test_a_value_that_a_program_computes_is_a_variable():
    """The whole argument of the call is kept, not the part up to its first bracket."""
    found = parsed('out("net.ipv4.tcp_mem",int(2*m) " " int(3*m)); out("net.ipv4.tcp_b","1 2")\n', "x.sh")

    assert ['int(2*m) " " int(3*m)', "1 2"] == [setting.value for setting in found.settings]
    assert {"net.ipv4.tcp_mem": "variable", "net.ipv4.tcp_b": "assignment"} == flavours(found)


def test_words_lose_their_quotes_and_keep_their_places():
    """Quotes, escapes and neighbouring pieces make one word; a hash inside one begins no comment."""
    (command,) = commands('a \'b c\'"d\\"e" f\\ g h#i >k <<E # l')

    assert ["a", 'b cd"e', "f g", "h#i"] == [word.text for word in command.words]
    assert [0, 2, 14, 19] == [word.start for word in command.words]
    assert (["k"], ["E"], "# l") == (
        [word.text for word in command.targets],
        [word.text for word in command.heredocs],
        command.comment,
    )
