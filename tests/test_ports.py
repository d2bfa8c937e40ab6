from collections import deque
from pathlib import Path

import pytest

from tests import ports
from tests.ports import free_port


def test_ports_of_tests_are_below_the_ephemeral_range() -> None:
    first = ports._first_ephemeral()
    assert all(ports.FIRST <= free_port() < first for _ in range(50))


def test_no_port_is_given_out_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = set()
    for worker in ("gw0", "gw1"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "2")
        # Another process doesn't know what this one gave out.
        monkeypatch.setattr(ports, "_given", deque(maxlen=1000))
        chosen |= {free_port() for _ in range(400)}
    assert len(chosen) == 800


def test_an_all_covering_port_range_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda path: "1024\t65535\n")
    assert ports._first_ephemeral() == ports.EPHEMERAL
