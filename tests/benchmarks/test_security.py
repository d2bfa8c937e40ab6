"""How findings are told: what was not tried is never said to hold."""

import asyncio

import pytest

from benchmarks.security.__main__ import FINDINGS, row_of, tried
from benchmarks.security.finding import Finding, Seen


async def nothing(stack: object) -> Seen:
    return Seen()


def test_every_finding_has_an_id_of_its_own() -> None:
    ids = [finding.id for finding in FINDINGS]
    assert len(ids) == len(set(ids))


def test_cases_of_the_matrix_come_last_and_in_order() -> None:
    ids = [finding.id for finding in FINDINGS]
    assert ids.index("B2") < ids.index("B10") < ids.index("B28") < ids.index("S04") < ids.index("S50")


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (Seen(trials=3), "| 3 | holds |"),
        (Seen(not_tried="needs root"), "| 0 | not tried: needs root |"),
        (Seen(trials=2, problems=["a", "a", "b"], figures={"ms": 7}), "| 2 | **broken**: a; b (ms 7) |"),
        (Seen(trials=1, decisions=["so"]), "| 1 | holds; by decision: so |"),
        (Seen(not_tried="needs root", problems=["a"]), "| 0 | **broken**: a |"),
        (Seen(), "| 0 | **broken**: nothing was tried |"),
    ],
)
def test_a_row_says_what_was_seen(seen: Seen, told: str) -> None:
    assert row_of(Finding("B1", "something", nothing), seen) == f"| B1 | something {told}"


def test_an_attack_that_breaks_off_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    async def breaks(stack: object) -> Seen:
        raise RuntimeError("away")

    seen = asyncio.run(tried(Finding("B1", "something", breaks), None))  # type: ignore[arg-type]
    assert seen.problems == ["could not be tried: RuntimeError"]
    assert "away" in capsys.readouterr().err
