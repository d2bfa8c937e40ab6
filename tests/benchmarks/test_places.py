"""The table of odd places, checked as data."""

from pathlib import Path

from benchmarks.places.list import PLACES


def test_each_place_has_a_name_of_its_own() -> None:
    names = [place.name for place in PLACES]
    assert len(names) == len(set(names))


def test_every_place_stays_in_its_own_folder() -> None:
    for place in PLACES:
        for path in (place.data, place.checkout):
            assert not Path(path).is_absolute()
            assert ".." not in Path(path).parts
