"""Which files each loader reads, in which order: on literal folders and on stored trees."""

from __future__ import annotations

import pytest
from loaders_common import FIN, drift, outcomes, row

from tcptune.loaders import procps, releases, systemd
from tcptune.loaders.files import Entry, boot_plan, reload_plan

ETC, RUN, LOCAL, LIB, OLD_LIB = (
    "etc/sysctl.d",
    "run/sysctl.d",
    "usr/local/lib/sysctl.d",
    "usr/lib/sysctl.d",
    "lib/sysctl.d",
)


def listing(*paths, kind="file"):
    folders = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append(Entry(folder, name, kind, path))
    return folders


def booted(folders, release=systemd.NEW):
    return [entry.path for entry in boot_plan(folders, release=release).files]


def reloaded(folders, release=procps.NEW):
    return [entry.path for entry in reload_plan(folders, release=release).files]


def test_files_are_read_by_name_whatever_their_folder():
    """/usr/lib/sysctl.d/99-vendor.conf goes over /etc/sysctl.d/50-mine.conf; capitals come first, umlauts last."""
    folders = listing(f"{LIB}/99-vendor.conf", f"{ETC}/50-mine.conf", f"{ETC}/ü.conf", f"{RUN}/B.conf", f"{ETC}/a.conf")
    order = [f"/{ETC}/50-mine.conf", f"/{LIB}/99-vendor.conf", f"/{RUN}/B.conf", f"/{ETC}/a.conf", f"/{ETC}/ü.conf"]

    assert order == booted(folders)
    assert order == reloaded(folders)


def test_the_highest_folder_hides_files_of_the_same_name():
    """/etc, /run, /usr/local/lib, /usr/lib, /lib."""
    paths = [f"{folder}/x.conf" for folder in (OLD_LIB, LIB, LOCAL, RUN, ETC)]
    for number in range(1, len(paths) + 1):
        folders = listing(*paths[:number])
        assert [f"/{paths[number - 1]}"] == booted(folders)
        assert [f"/{paths[number - 1]}"] == reloaded(folders)
    assert f"not read: /{ETC}/x.conf hides it" == boot_plan(listing(*paths)).unread[f"/{LIB}/x.conf"]


def test_sysctl_before_3_3_17_read_run_before_etc():
    """Ubuntu 20.04, RHEL 8."""
    folders = listing(f"{ETC}/x.conf", f"{RUN}/x.conf")

    assert [f"/{RUN}/x.conf"] == reloaded(folders, procps.V3_3_16)
    assert [f"/{ETC}/x.conf"] == reloaded(folders, procps.V3_3_17)


@pytest.mark.parametrize("kind", ["null", "missing", "folder"])
def test_whatever_has_the_name_hides_what_is_lower(kind):
    """A link to /dev/null is the way to do so on purpose; an empty file does it too."""
    folders = listing(f"{LIB}/x.conf") | listing(f"{ETC}/x.conf", kind=kind)

    assert [f"/{ETC}/x.conf"] == booted(folders)
    assert [f"/{ETC}/x.conf"] == reloaded(folders)


def test_a_link_in_circles_hides_nothing_from_systemd_258():
    """It cannot be followed, and is passed over."""
    folders = listing(f"{LIB}/x.conf") | listing(f"{ETC}/x.conf", kind="circle")

    assert [f"/{LIB}/x.conf"] == booted(folders, systemd.version(258))
    assert [f"/{ETC}/x.conf"] == booted(folders, systemd.version(257))
    assert [f"/{ETC}/x.conf"] == reloaded(folders)


@pytest.mark.parametrize("name", ["x", "x.conf.bak", "x.conf~", "README", "x.CONF"])
def test_a_name_has_to_end_in_conf(name):
    """Both loaders pass over everything else without a word."""
    assert [] == booted(listing(f"{ETC}/{name}"))
    assert [] == reloaded(listing(f"{ETC}/{name}"))


@pytest.mark.parametrize("name", [".50-old.conf", ".conf"])
def test_hidden_files_are_read_at_reload_only(name):
    """An editor's leftovers."""
    assert [] == booted(listing(f"{ETC}/{name}"))
    assert [f"/{ETC}/{name}"] == reloaded(listing(f"{ETC}/{name}"))


@pytest.mark.parametrize(
    ("read", "names"),
    [
        (["a.conf", "ab.conf", "ab.conf", "x"], ["a*.conf", "ab.conf", "x"]),
        (["5-[a].conf"], ["5-[a].conf"]),
        (["5-a.conf", "5-a.conf"], ["5-[a].conf", "5-a.conf"]),
        (["b.conf", "c.conf", "b.conf", "c.conf"], ["{c,b}.conf", "b.conf", "c.conf"]),
        (["{b}.conf"], ["{b}.conf"]),
        (["{}.conf"], ["{}.conf"]),
    ],
)
def test_sysctl_takes_a_name_for_a_pattern(read, names):
    """Preload() gives it to glob(), which falls back on the name itself where nothing matches."""
    plan = reload_plan(listing(*(f"{ETC}/{name}" for name in names)))
    expected = {"a*.conf": ["a*.conf", "ab.conf", "ab.conf"], "{c,b}.conf": ["b.conf", "c.conf", "c.conf", "b.conf"]}

    assert expected.get(names[0], read) == [entry.name for entry in plan.files]


def test_a_pattern_of_a_name_ends_at_what_cannot_be_opened():
    """Preload() returns there."""
    folders = listing(f"{ETC}/z.conf") | {LIB: [Entry(LIB, "*.conf", "missing"), Entry(LIB, "y", "file")]}
    folders[LIB].append(Entry(LIB, "z.conf", "file"))

    assert [f"/{ETC}/z.conf"] == reloaded(folders)


def test_sysctl_conf_is_read_last_and_never_at_boot(tmp_path):
    """Whatever its values, boot does not see them."""
    found = drift(tmp_path, {"etc/sysctl.conf": f"{FIN}=30\n", "etc/sysctl.d/99-z.conf": f"{FIN}=50\n"})

    assert {FIN: ("50", "30")} == outcomes(found)
    assert "/etc/sysctl.conf:1" == row(found, FIN).reload.where


@pytest.mark.parametrize("target", ["../sysctl.conf", "/etc/sysctl.conf"])
def test_a_link_to_sysctl_conf_has_it_read_twice_at_reload(tmp_path, target):
    """Boot is not reload: 99-z.conf goes over the link, and the file itself over both."""
    found = drift(
        tmp_path,
        {
            "etc/sysctl.conf": f"{FIN}=30\n",
            "etc/sysctl.d/99-sysctl.conf": f"-> {target}",
            "etc/sysctl.d/99-z.conf": f"{FIN}=50\n",
        },
    )

    assert {FIN: ("50", "30")} == outcomes(found)
    assert ["/etc/sysctl.d/99-sysctl.conf:1", "/etc/sysctl.d/99-z.conf:1", "/etc/sysctl.conf:1"] == [
        setter.where for setter in row(found, FIN).setters
    ]


@pytest.mark.parametrize("mask", ["-> /dev/null", "-> ../../dev/null", ""])
def test_a_mask_works_in_a_stored_tree(tmp_path, mask):
    """/dev/null is that of the tree, which need not have one."""
    found = drift(tmp_path, {"usr/lib/sysctl.d/50-x.conf": f"{FIN}=30\n", "etc/sysctl.d/50-x.conf": mask})

    assert {FIN: (None, None)} == outcomes(found)
    assert "not read: /etc/sysctl.d/50-x.conf hides it" == row(found, FIN).setters[0].why
    assert ("not-set", {}) == (row(found, FIN).verdict, found.gaps)


def test_lib_is_mostly_a_link(tmp_path):
    """Its sysctl.d is the one of /usr/lib then, and read once."""
    found = drift(tmp_path, {"usr/lib/sysctl.d/x.conf": f"{FIN}=30\n", "lib": "-> usr/lib"})

    assert ["/usr/lib/sysctl.d/x.conf:1"] == [setter.where for setter in row(found, FIN).setters]


def test_the_credential_is_read_last_at_boot(tmp_path):
    """systemd-sysctl 252 and later take sysctl.extra."""
    files = {
        "run/credentials/systemd-sysctl.service/sysctl.extra": f"{FIN}=20\n",
        "etc/sysctl.d/z.conf": f"{FIN}=30\n",
    }

    assert {FIN: ("20", "30")} == outcomes(drift(tmp_path / "new", files))
    old = files | {"usr/lib/systemd/libsystemd-shared-249.so": ""}
    assert {FIN: ("30", "30")} == outcomes(drift(tmp_path / "old", old))


@pytest.mark.parametrize(
    ("boot", "reload", "names"),
    [
        (None, None, []),
        ("252", "4.0.0 to 4.0.4", ["libsystemd-shared-252.so", "libproc2.so.0", "libproc2.so.0.0.1"]),
        ("257", "4.0.5 or later", ["libsystemd-shared-257.13-1~deb13u1.so", "libproc2.so.1.0.2"]),
        ("247", "3.3.17", ["libsystemd-shared-247.so", "libprocps.so.8", "libprocps.so.8.0.3"]),
        ("245", "3.3.16", ["libsystemd-shared-245.so", "libprocps.so.8", "libprocps.so.8.0.2"]),
        ("239", "3.3.15 or earlier", ["libsystemd-shared-239.so", "libprocps.so.7.1.0"]),
        ("254", "4.0.5 or later", ["libsystemd-shared-249.so", "libsystemd-shared-254.so", "libproc2.so.1"]),
    ],
)
def test_libraries_tell_the_releases(boot, reload, names):
    """Debian 11 to 13, Ubuntu 20.04, RHEL 8: their names say enough."""
    found = releases.of(names)

    assert (boot, reload) == (found.systemd, found.procps)
