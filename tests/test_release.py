"""What `uname -r` prints, and ranges of releases."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tcptune.kernel.catalogue import SYSCTLS
from tcptune.kernel.release import KernelRange, Release, version
from tcptune.kernel.scope import scope_at

UNAMES = [
    ("6.12.38+deb13-amd64", (6, 12), ""),
    ("6.1.0-37-amd64", (6, 1), ""),
    ("5.10.0-35-cloud-amd64", (5, 10), ""),
    ("4.19.0-27-686-pae", (4, 19), ""),
    ("6.8.0-79-generic", (6, 8), ""),
    ("6.8.0-1033-aws", (6, 8), ""),
    ("5.15.0-152-generic", (5, 15), ""),
    ("3.13.0-170-generic", (3, 13), ""),
    ("2.6.32-754.35.1.el6.x86_64", (2, 6), "el6"),
    ("3.10.0-1160.el7.x86_64", (3, 10), "el7"),
    ("3.10.0-1160.119.1.el7.x86_64.debug", (3, 10), "el7"),
    ("3.10.0-1062.12.1.el7.centos.plus.x86_64", (3, 10), "el7"),
    ("4.18.0-553.66.1.el8_10.x86_64", (4, 18), "el8.10"),
    ("4.18.0-80.el8.x86_64+debug", (4, 18), "el8"),
    ("4.18.0-305.rt7.72.el8.x86_64", (4, 18), "el8"),
    ("4.18.0-513.9.1.el8_lustre.x86_64", (4, 18), "el8"),
    ("5.14.0-427.13.1.el9_4.x86_64", (5, 14), "el9.4"),
    ("5.14.0-611.el9.aarch64", (5, 14), "el9"),
    ("5.14.0-570.12.1.el9_6.s390x", (5, 14), "el9.6"),
    ("6.12.0-55.9.1.el10_0.x86_64", (6, 12), "el10.0"),
    ("4.14.0-115.el7a.aarch64", (4, 14), ""),
    ("5.4.17-2136.335.4.el7uek.x86_64", (5, 4), ""),
    ("5.15.0-200.131.27.el8uek.x86_64", (5, 15), ""),
    ("6.12.0-100.28.2.el10uek.x86_64", (6, 12), ""),
    ("5.4.167-1.el7.elrepo.x86_64", (5, 4), ""),
    ("6.1.0-1.el8.elrepo.x86_64", (6, 1), ""),
    ("6.16.4-1.el9.elrepo.x86_64", (6, 16), ""),
    ("4.14.355-280.684.amzn2.x86_64", (4, 14), ""),
    ("5.10.238-234.956.amzn2.x86_64", (5, 10), ""),
    ("6.1.147-172.266.amzn2023.x86_64", (6, 1), ""),
    ("4.19.91-27.al7.x86_64", (4, 19), "alinux"),
    ("5.10.134-18.al8.x86_64", (5, 10), "alinux"),
    ("5.10.112-11.2.al8.aarch64", (5, 10), "alinux"),
    ("5.4.119-19.0009.54", (5, 4), ""),
    ("5.10.0-216.0.0.115.oe2203sp4.x86_64", (5, 10), ""),
    ("5.14.21-150500.55.110-default", (5, 14), ""),
    ("6.16.5-200.fc42.x86_64", (6, 16), ""),
    ("6.16.5-arch1-1", (6, 16), ""),
    ("6.12.44-1-lts", (6, 12), ""),
    ("6.6.32-0-virt", (6, 6), ""),
    ("5.15.153.1-microsoft-standard-WSL2", (5, 15), ""),
    ("4.4.0-22621-Microsoft", (4, 4), ""),
    ("5.10.107-android13-4-00003-g1234567-ab9876543", (5, 10), ""),
    ("4.14.186-perf+", (4, 14), ""),
    ("6.18.44-fc-v669", (6, 18), ""),
    ("6.18-rc3", (6, 18), ""),
    ("6.18.0\n", (6, 18), ""),
    ("  5.4", (5, 4), ""),
    ("5.4.286+", (5, 4), ""),
]


@pytest.mark.parametrize(("text", "expected", "vendor"), UNAMES)
def test_releases_of_many_distributions(text, expected, vendor):
    """The mainline version is the first two numbers; a vendor is told where it patches against the number."""
    found = Release.parse(text)

    assert found is not None
    assert (text.strip(), expected, vendor) == found


@pytest.mark.parametrize(
    "text",
    ["", "Linux", "garbage", "v6.1", "6", "6.", ".1", "6-1", "6,1", "Linux 6.1", "99999.1", "\x00", "six.one", "-6.1"],
)
def test_what_does_not_begin_with_a_version_is_no_release(text):
    """Nothing is guessed from a text that is none."""
    assert Release.parse(text) is None


@pytest.mark.parametrize(
    ("vendor", "line", "belongs"),
    [
        ("el8.10", "el8", True),
        ("el8.10", "el8.10", True),
        ("el8", "el8", True),
        ("el8", "el8.10", False),
        ("el8.1", "el8.10", False),
        ("el8.10", "el8.1", False),
        ("el10.0", "el1", False),
        ("", "el8", False),
        ("alinux", "alinux", True),
    ],
)
def test_a_minor_release_belongs_to_its_vendor_line(vendor, line, belongs):
    """el8 stands for every el8.x, and el8.1 is not el8.10."""
    assert belongs == Release("", (4, 18), vendor).is_vendor(line)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=4.13,<6.9", ["4.13", "4.13.16", "5.4", "6.8.99"], ["4.12", "6.9", "6.10", "7.0", "3.10"]),
        ("<=4.17", ["4.17", "4.17.19", "2.6"], ["4.18", "5.0"]),
        (">6.1", ["6.2", "6.10"], ["6.1", "6.1.999", "5.19"]),
        (" >= 4.18 ", ["4.18"], ["4.17"]),
        (">=5.10,<=5.10", ["5.10.0", "5.10.250"], ["5.9", "5.11"]),
        (">=6.9,<4.13", [], ["4.13", "5.4", "6.9"]),
    ],
)
def test_a_range_holds_between_its_ends(text, inside, outside):
    """Versions are compared as numbers, so 6.10 comes after 6.9; patch levels do not count."""
    found = KernelRange.parse(text)

    assert inside == [release for release in inside + outside if found.holds(Release.parse(release))]


@pytest.mark.parametrize(
    "text", ["", "4.18", "=4.18", "==4.18", ">=4", ">=4.18.1", ">=4.18,", "≥4.18", "~4.18", ">= x.y"]
)
def test_what_is_no_range_is_quoted(text):
    """The part that is wrong stands in the message."""
    with pytest.raises(ValueError, match=r"is not a comparison such as '>=4\.18'"):
        KernelRange.parse(text)


def test_versions_are_pairs():
    """Anything after the second number is let be."""
    assert [(6, 12), (3, 10), (6, 12)] == [version(text) for text in ("6.12", "3.10", "6.12.5")]


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_release_or_none(text):
    """No host name or banner in the place of a release does harm, and every scope can be told of what parses."""
    found = Release.parse(text)
    scopes = {scope_at(key.scopes, found) for key in SYSCTLS.values()}

    assert scopes <= {"netns", "host"}
    assert found is None or text.strip() == found.text


@settings(deadline=None)
@given(st.integers(0, 9999), st.integers(0, 9999), st.sampled_from(["", "-generic", ".17", ".el8_3", "-rc1", "+"]))
def test_every_pair_of_numbers_is_a_release(major, minor, rest):
    """The numbers come back as they were, whatever follows them."""
    assert (major, minor) == Release.parse(f"{major}.{minor}{rest}").version
