"""Names of a run's files: no name that a disk would understand as more than a name."""

import pytest

from chimera.content import file_names


@pytest.mark.parametrize(
    "name", ["a", "report.md", "drafts/part 1/intro.md", "Übersicht.csv", "a-b_c.tar.gz", "日本.txt"]
)
def test_a_plain_name_is_allowed(name: str) -> None:
    assert file_names.problem_of(name) is None


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "1 to 120 characters"),
        ("a" * 121, "1 to 120 characters"),
        ("../a", "begins or ends with '.'"),
        ("a/../b", "begins or ends with '.'"),
        ("a/./b", "begins or ends with '.'"),
        (".ssh/authorized_keys", "begins or ends with '.'"),
        ("/etc/passwd", "is empty"),
        ("a//b", "is empty"),
        ("a/", "is empty"),
        ("a /b", "a space"),
        ("..\\a", "contains '\\\\'"),
        ("C:a", "contains ':'"),
        ("%2e%2e/a", "contains '%'"),
        ("a\x00b", "invisible"),
        ("a\nb", "invisible"),
        ("\u202egnp.exe", "invisible"),
        ("a\u2028b", "invisible"),
        ("a/NUL.txt", "Windows"),
        ("com1", "Windows"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_other_names_are_rejected(name: str, problem: str) -> None:
    assert problem in (file_names.problem_of(name) or "")


def test_names_that_look_alike_are_alike() -> None:
    assert file_names.composed("u\u0308.md") == file_names.composed("\u00fc.md")
