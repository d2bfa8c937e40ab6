"""The simulator's prose has the requested length and consists of whole sentences."""

from random import Random

import pytest

from chimera.simulator.prose import LABEL, paragraphs


@pytest.mark.parametrize("seed", range(3))
def test_prose_of_an_exact_length_ends_with_a_sentence(seed: int) -> None:
    for tokens in range(10, 310):
        words = paragraphs(Random(seed), "nightly reports", "In short, it works.", tokens, exact=True)
        assert len(words) == tokens
        assert "".join(words).endswith(".")
        assert "".join(words).startswith(LABEL)


def test_short_prose_is_cut_within_its_opening() -> None:
    assert paragraphs(Random(1), "x", "In short, it works.", 2, exact=True) == [f"{LABEL} ", "In"]
    assert paragraphs(Random(1), "x", "In short, it works.", 0, exact=True) == [LABEL]
