"""The number of calls that one process admits in any minute."""

from random import Random

from chimera.providers.limits.windows import Window


def test_no_minute_has_more_than_the_limit() -> None:
    """Even around the end of a minute, where counters that weight the previous minute admit almost twice as many."""
    random, window, taken, now = Random(7), Window(), list[float](), 0.0
    while now < 1200:
        if not window.wait_s(now, 0, 1, 30):
            window.add(now, (1, 0))
            taken.append(now)
        now += random.choice((0.01, 0.2, 3.0))
    assert len(taken) > 400
    assert max(sum(0 <= other - at < 60 for other in taken) for at in taken) == 30


def test_a_wait_ends_when_there_is_room() -> None:
    window = Window()
    window.add(10.5, (1, 700))
    window.add(20.5, (1, 300))
    now = 30.25
    assert window.wait_s(now, 1, 100, 1000) == 71 - now
    assert window.wait_s(now, 1, 800, 1000) == 81 - now
    assert window.wait_s(now, 0, 1, 3) == 0
    assert window.wait_s(71, 1, 100, 1000) == 0
