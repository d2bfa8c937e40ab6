from pathlib import Path

import pytest

from tests import ports
from tests.ports import free_port


def test_ports_of_tests_are_below_the_ephemeral_range() -> None:
    first = ports._first_ephemeral()
    assert all(ports.FIRST <= free_port() < first for _ in range(50))


def test_two_processes_rarely_choose_alike() -> None:
    assert len({free_port() for _ in range(50)}) > 45


def test_an_all_covering_port_range_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda path: "1024\t65535\n")
    assert ports._first_ephemeral() == ports.EPHEMERAL
