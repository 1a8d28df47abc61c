"""YAML of every tool: Ansible, hiera, Salt, Kubernetes, Compose, cloud-init, told by the shape of what sets a key."""

from __future__ import annotations

import pytest
from settings_common import comments, complaints, flavours, parsed, places

from tcptune.settings.yaml_nodes import HOLE, MAX_DEPTH, without_templates

A, B = "net.ipv4.tcp_a", "net.ipv4.tcp_b"

TASKS = """\
# fewer
- name: Set net.ipv4.tcp_x=1
  ansible.posix.sysctl:
    name: net.ipv4.tcp_a
    value: "30"   # sooner
    state: present
- sysctl: name=net.ipv4.tcp_b value="1 2" reload=yes
- ansible.posix.sysctl: {name: net.ipv4.tcp_x, state: absent}
- ansible.posix.sysctl: {name: net.ipv4.tcp_x, value: 1, state: absent}
- sysctl:
    name: "{{ item.key }}"
    value: "{{ item.value }}"
  with_items:
    - { key: net.ipv4.tcp_c, value: 1 }
    - { key: vm.swappiness, value: "{{ swappiness }}" }
- lineinfile:
    path: /etc/sysctl.conf
    regexp: 'net.ipv4.tcp_x='
    line: "net.ipv4.tcp_d = 4"
- command: sysctl -w net.ipv4.tcp_e="5 6"
- copy:
    dest: /etc/sysctl.d/9.conf
    content: "net.ipv4.tcp_f = 7\\nnet.ipv4.tcp_g = 8\\n"
- blockinfile:
    block: |
      # why
      net.ipv4.tcp_h = 9
"""


def test_ansible_tasks():
    """The module with fields or in one line, loops, and the tasks that write files and run commands."""
    found = parsed(TASKS, "roles/x/tasks/main.yml")

    assert "ansible" == found.kind
    assert [
        (4, 11, "net.ipv4.tcp_a", "30"),
        (7, 16, "net.ipv4.tcp_b", "1 2"),
        (14, 14, "net.ipv4.tcp_c", "1"),
        (15, 14, "vm.swappiness", "{{ swappiness }}"),
        (19, 12, "net.ipv4.tcp_d", "4"),
        (20, 22, "net.ipv4.tcp_e", "5 6"),
        (23, 15, "net.ipv4.tcp_f", "7"),
        (23, 35, "net.ipv4.tcp_g", "8"),
        (27, 7, "net.ipv4.tcp_h", "9"),
    ] == places(found)
    assert "fewer\nsooner" == comments(found)["net.ipv4.tcp_a"]
    assert "why" == comments(found)["net.ipv4.tcp_h"]
    assert "variable" == flavours(found)["vm.swappiness"]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((2, 3, A, "5"), f"sysctl_config:\n  {A}: 5\n"),
        ((2, 3, "vm.a", "5"), "x_sysctl_values:\n  vm.a: '5'\n"),
        ((2, 4, A, "1024 65000"), f'x:\n  "{A}": "1024 65000"\n'),
        ((2, 3, A, "1 2"), f"x:\n  {A}: [1, 2]\n"),
        ((1, 12, A, "5"), f"x: [{{name: {A}, value: 5}}]\n"),
        ((2, 9, A, "5"), f"x:\n- {{ n: '{A}', v: 5 }}\n"),
        ((2, 9, "vm.a", "5"), "harden_sysctl:\n- name: vm.a\n  value: 5\n"),
        ((4, 7, A, "5"), "sysctl:\n  net:\n    ipv4:\n      tcp_a: 5\n"),
        ((2, 3, A, ""), f"sysctl:\n  {A}:\n"),
        ((2, 1, A, "*x"), f"y: &x 5\n{A}: *x\n"),
        ((2, 3, "net.ipv4.conf.{{ i }}.a", "1"), "x_sysctl:\n  net.ipv4.conf.{{ i }}.a: 1\n"),
    ],
)
def test_variables(place, text):
    """Mappings of keys, lists of names and values, lists of numbers, nested names, anchors, templates."""
    assert [place] == places(parsed(text, "group_vars/all.yml"))


@pytest.mark.parametrize(
    "text",
    [
        "spring:\n  net.example.timeout: 5\n  kernel.image: x\n",
        "env:\n- name: fs.defaultFS\n  value: hdfs\n",
        "fs.s3a.endpoint: x\n",
        "skip:\n  sysctl: false\n",
        "sysctl:\n  vm: {enabled: true}\n  file: /etc/sysctl.d/9.conf\n",
        "sysctl:\n  net.ipv4.tcp_a: {ensure: absent}\n",
        "msg: net.ipv4.tcp_a=1\n",
        "x: net.ipv4.tcp_a\n",
        "# net.ipv4.tcp_a: 1\n",
        "kube_proxy_tcp_fin_timeout: 0s\n",
    ],
)
def test_what_only_looks_like_a_setting(text):
    """Names of other programs, switches, descriptions and comments."""
    assert [] == places(parsed(text, "x.yml"))


def test_hiera():
    """The classes of Puppet take a mapping of keys, each with its own fields."""
    found = parsed(
        "sysctl::base::values:\n  net.ipv4.tcp_a:\n    value: '20'\n    comment: frees ports\n", "data/a.yaml"
    )

    assert "hiera" == found.kind
    assert [(2, 3, A, "20")] == places(found)
    assert {A: "frees ports"} == comments(found)


def test_salt():
    """A state with the key as its name or in it, old or new, and a pillar."""
    found = parsed(
        "x:\n  sysctl.present:\n    - name: net.ipv4.tcp_a\n    - value: 1\n"
        "# why\nnet.ipv4.tcp_b:\n  sysctl:\n    - present\n    - value: 10 # so\n"
        "net.ipv4.tcp_c:\n  sysctl.present:\n    - value: 1024 65000\n",
        "x.sls",
    )

    assert "salt" == found.kind
    assert [(3, 13, A, "1"), (6, 1, B, "10"), (10, 1, "net.ipv4.tcp_c", "1024 65000")] == places(found)
    assert "why\nso" == comments(found)[B]


POD = """\
apiVersion: v1
kind: Pod
spec:
  securityContext:
    sysctls:
    # ports
    - name: net.ipv4.tcp_a
      value: "1024 65000"
  initContainers:
  - command: ["sh", "-c", "sysctl -w net.ipv4.tcp_b=1 && sysctl -w net.ipv4.tcp_c=\\"2 3\\""]
  - command: [sysctl, -w, net.ipv4.tcp_d=4]
  - args:
    - |
      echo 5 > /proc/sys/net/ipv4/tcp_e
---
kind: KubeletConfiguration
allowedUnsafeSysctls: ["net.core.somaxconn", "net.ipv4.tcp_*"]
extraArgs:
  allowed-unsafe-sysctls: net.ipv4.tcp_f,kernel.msg*
"""


def test_kubernetes():
    """A pod's own sysctls, containers that set them, and the names that kubelet allows."""
    found = parsed(POD, "pod.yaml")

    assert "kubernetes" == found.kind
    assert [
        (7, 13, "net.ipv4.tcp_a", "1024 65000"),
        (10, 38, "net.ipv4.tcp_b", "1"),
        (10, 68, "net.ipv4.tcp_c", "2 3"),
        (11, 27, "net.ipv4.tcp_d", "4"),
        (14, 26, "net.ipv4.tcp_e", "5"),
        (17, 25, "net.core.somaxconn", ""),
        (17, 47, "net.ipv4.tcp_*", ""),
        (19, 27, "net.ipv4.tcp_f", ""),
        (19, 42, "kernel.msg*", ""),
    ] == places(found)
    assert ["allowed"] * 4 == list(flavours(found).values())[-4:]
    assert "ports" == comments(found)[A]


def test_a_tuned_profile_inside_a_manifest():
    """The operator's object holds a profile as text; its modifiers and comments count."""
    found = parsed(
        "apiVersion: tuned.openshift.io/v1\nspec:\n  profile:\n  - data: |\n      [main]\n      summary=x\n"
        "      [sysctl]\n      # why\n      net.ipv4.tcp_a=>5\n    name: x\n",
        "x.yaml",
    )

    assert [(9, 7, A, "5")] == places(found)
    assert ({A: "at-least"}, {A: "why"}) == (flavours(found), comments(found))


def test_json_is_yaml():
    """kubelet's configuration and what docker shows; tabs and all."""
    found = parsed('{"allowedUnsafeSysctls": ["net.ipv4.tcp_a"],\n\t"Sysctls": {"net.ipv4.tcp_b": "1"}}', "x.json")

    assert "json" == found.kind
    assert [(1, 28, A, ""), (2, 15, B, "1")] == places(found)


def test_compose():
    """A list or a mapping; a list may be quoted, and a comment may follow an item."""
    found = parsed(
        "services:\n  a:\n    sysctls:\n      - net.ipv4.tcp_a=1 2 # why\n      - 'net.ipv4.tcp_b=3'\n"
        "  b:\n    sysctls:\n      net.ipv4.tcp_c: 4\n    environment:\n      - X=net.ipv4.tcp_d\n",
        "docker-compose.yml",
    )

    assert "compose" == found.kind
    assert [(4, 9, A, "1 2"), (5, 10, B, "3"), (8, 7, "net.ipv4.tcp_c", "4")] == places(found)
    assert "why" == comments(found)[A]


def test_cloud_init():
    """Files that it writes and commands that it runs, as text or as words."""
    found = parsed(
        "#cloud-config\nwrite_files:\n- path: /etc/sysctl.d/9.conf\n  content: |\n    # why\n    net.ipv4.tcp_a = 1\n"
        "runcmd:\n- sysctl -w net.ipv4.tcp_b=2\n- [sysctl, -w, net.ipv4.tcp_c=3]\n"
        "- echo net.ipv4.tcp_d=4 >> /etc/sysctl.conf\n",
        "user-data",
    )

    assert "cloud-init" == found.kind
    assert [
        (6, 5, A, "1"),
        (8, 13, B, "2"),
        (9, 16, "net.ipv4.tcp_c", "3"),
        (10, 8, "net.ipv4.tcp_d", "4"),
    ] == places(found)
    assert "why" == comments(found)[A]


def test_a_template_around_yaml_leaves_it_readable():
    """Lines of a template are blank, what it fills in is kept as text."""
    found = parsed(
        "{% if a %}\nx_sysctl:\n  {{- range .b }}\n  net.ipv4.tcp_a: {{ .c }}\n  {{- end }}\n"
        '  net.ipv4.tcp_b: "{% if d %}1{% else %}2{% endif %}" # e\n{% endif %}\n',
        "x.yaml",
    )

    assert [(4, 3, A, "{{ .c }}"), (6, 3, B, "{% if d %}1{% else %}2{% endif %}")] == places(found)
    assert {A: "variable", B: "variable"} == flavours(found)
    assert [] == complaints(found)


def test_a_template_keeps_its_place():
    """As many characters as before, on as many lines, whatever is open or closed."""
    text = "a: {{ b }}\n  {% c\n d %}\nx: {{ y\n{# z #} 1\nk: |\n  {{ l }}\n m\n"
    masked = without_templates(text)

    assert [len(line) for line in text.split("\n")] == [len(line) for line in masked.split("\n")]
    assert "a: " + HOLE * 7 == masked.split("\n")[0]
    assert "" == masked.split("\n")[1].strip()


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ((2, 1, A, "5"), f"a: b: c\n{A}: 5 # why\n"),
        ((2, 4, A, "5"), f"\tx:\n - {A}=5 # why\n"),
        ((2, 9, A, "5"), f"\tx:\n- name: {A} # why\n  value: '5'\n"),
        ((2, 10, A, "5"), f"\tx:\n- {{name: {A}, value: 5}} # why\n"),
        ((2, 13, A, "5"), f"\tx:\n- sysctl -w {A}=5\n"),
    ],
)
def test_what_is_no_yaml_is_read_line_by_line(place, text):
    """A tab or a fragment does not hide what the lines show, and it is said that they are no YAML."""
    found = parsed(text, "x.yaml")

    assert [place] == places(found)
    assert ["yaml"] == [complaint.kind for complaint in found.complaints]
    assert {A: "why" if "why" in text else ""} == comments(found)


def test_a_bomb_of_aliases_stays_small():
    """Nothing is followed, so what is anchored is read once, where it stands."""
    bomb = "a0: &a0 {net.ipv4.tcp_a: 1}\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 30)
    )

    assert [(1, 10, A, "1")] == places(parsed(bomb, "x.yaml"))


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "x:\n" + "? " * 100_000])
def test_deep_nesting_is_refused(text):
    """The stack of the process is not ours to exhaust."""
    (complaint,) = parsed(text, "x.yaml").complaints

    assert "yaml" == complaint.kind
    assert "nested too deeply" in complaint.text
    assert [] == complaints(parsed("[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1), "x.yaml"))


def test_a_tag_is_text():
    """Nothing is built, so nothing can be run."""
    assert [(1, 38, A, "1")] == places(parsed("!!python/object/apply:os.system [x]: net.ipv4.tcp_a=1\n", "x.yaml"))


def test_a_character_that_yaml_refuses_hides_nothing():
    """A control character in a comment is no reason to read nothing; a separator of lines moves no line."""
    found = parsed("# \x07 \u2028 \x85\nnet.ipv4.tcp_a: 1\n", "x.yaml")

    assert [(2, 1, A, "1")] == places(found)
