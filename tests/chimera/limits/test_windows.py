"""Sliding window counters in memory, on a clock that the tests set."""

from chimera.limits.windows import MAX_NAMES, Windows


def _fill(windows: Windows, name: str, limit: int, now: float) -> int:
    """Count as many as fit at one moment; return how many."""
    count = 0
    while not windows.used(name, now).wait_s(limit):
        windows.add(name, now)
        count += 1
    return count


def test_a_window_takes_its_limit() -> None:
    windows = Windows(60.0)
    assert _fill(windows, "alice", 100, 5.0) == 100
    assert _fill(windows, "alice", 100, 59.0) == 0
    assert _fill(windows, "bob", 100, 59.0) == 100


def test_the_previous_window_counts_in_part() -> None:
    windows = Windows(60.0)
    _fill(windows, "alice", 100, 30.0)
    assert _fill(windows, "alice", 100, 60.0) == 0
    assert _fill(windows, "alice", 100, 90.0) == 50
    assert _fill(windows, "alice", 100, 240.0) == 100


def test_a_wait_is_just_long_enough() -> None:
    windows = Windows(60.0)
    for now in (30.0, 61.0, 90.0, 130.0):
        _fill(windows, "alice", 100, now)
        wait_s = windows.used("alice", now).wait_s(100)
        assert wait_s > 0
        assert windows.used("alice", now + wait_s - 0.01).wait_s(100) > 0
        assert windows.used("alice", now + wait_s + 0.7).wait_s(100) == 0


def test_a_small_limit_recovers_too() -> None:
    windows = Windows(60.0)
    assert _fill(windows, "alice", 1, 10.0) == 1
    wait_s = windows.used("alice", 10.0).wait_s(1)
    assert 50 <= wait_s <= 110
    assert _fill(windows, "alice", 1, 10.0 + wait_s + 0.1) == 1


def test_names_are_forgotten_with_their_windows() -> None:
    windows = Windows(60.0)
    for index in range(10_000):
        windows.add(f"user {index}", index * 60.0)
    assert len(windows) <= 1000


def test_names_of_one_window_are_bounded() -> None:
    windows = Windows(60.0)
    for index in range(MAX_NAMES + 10):
        windows.add(str(index), 1.0)
    assert len(windows) <= MAX_NAMES
    assert windows.used(str(MAX_NAMES), 1.0).current == 1
