"""Free disk space is described in the same words everywhere."""

import pytest

from chimera.observe.disk import in_words


@pytest.mark.parametrize(
    ("free", "text"),
    [(66_816_000_000, "66.8 GB"), (1_000_000_000, "1.0 GB"), (999_000_000, "999 MB"), (0, "0 MB"), (None, "unknown")],
)
def test_free_space_uses_decimal_units(free: int | None, text: str) -> None:
    assert in_words(free) == text
