"""The weak dictionary that traced runs use."""

import types
import weakref

from tests.weak_keys import WeakKeys


class Key:
    pass


def test_a_dead_key_is_removed() -> None:
    kept, dropped = Key(), Key()
    index: WeakKeys = weakref.WeakKeyDictionary({kept: 1, dropped: 2})  # type: ignore[assignment]
    del dropped
    assert isinstance(index, WeakKeys)
    assert (len(index), list(index.items())) == (1, [(kept, 1)])


def test_the_removal_runs_no_python() -> None:
    assert not isinstance(WeakKeys()._remove, types.FunctionType)


def test_a_key_may_die_during_iteration() -> None:
    keys = [Key() for _ in range(3)]
    index = WeakKeys(dict.fromkeys(keys))
    seen = 0
    for _ in index:
        seen += 1
        keys.clear()
    assert 1 <= seen <= 3
    assert len(WeakKeys(index)) <= 1
