"""The weak dictionary used by traced runs."""

import sys
import types
import weakref

import pytest

from tests.weak_keys import WeakKeys, use_in_tracers


class Key:
    pass


def test_a_dead_key_is_removed() -> None:
    kept, dropped = Key(), Key()
    index = WeakKeys({kept: 1, dropped: 2})
    del dropped
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


@pytest.mark.parametrize(
    ("is_traced", "version", "is_used"),
    [(True, (3, 11), True), (False, (3, 11), False), (True, (3, 12), False), (True, (3, 13), False)],
)
def test_only_traced_runs_of_3_11_use_it(
    monkeypatch: pytest.MonkeyPatch, is_traced: bool, version: tuple[int, int], is_used: bool
) -> None:
    monkeypatch.setattr(weakref, "WeakKeyDictionary", dict)
    use_in_tracers(is_traced=is_traced, version=version)
    assert (weakref.WeakKeyDictionary is WeakKeys) == is_used


def test_this_run_uses_it_only_when_traced() -> None:
    needed = sys.gettrace() is not None and sys.version_info[:2] == (3, 11)
    assert (weakref.WeakKeyDictionary is WeakKeys) == needed
