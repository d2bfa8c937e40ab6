"""The clock for models."""

from datetime import UTC, datetime

import pytest

from chimera.tools.base import ToolError
from chimera.tools.current_time import CurrentTime
from tests.chimera.tools.calls import context

NOON = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


async def time_in(**arguments: str) -> str:
    return (await CurrentTime(lambda: NOON).run(arguments, context())).text


async def test_the_time_is_in_utc_by_default() -> None:
    assert await time_in() == "2026-07-01T12:00:00+00:00 (Wednesday, UTC, UTC)"


@pytest.mark.parametrize("name", ["America/New_York", "america/new york"])
async def test_a_time_zone_changes_the_time(name: str) -> None:
    assert (await time_in(time_zone=name)).startswith("2026-07-01T08:00:00-04:00 (Wednesday, EDT")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Berlin", "Did you mean Europe/Berlin?"),
        ("Europe/Berlim", "Did you mean Europe/Berlin?"),
        ("../../etc/passwd", "Use an IANA name"),
        ("my desk", "Use an IANA name"),
        ("", "Use an IANA name"),
        ("x" * 10_000, "Use an IANA name"),
    ],
)
async def test_an_unknown_time_zone_is_explained(name: str, advice: str) -> None:
    with pytest.raises(ToolError, match="Unknown time zone") as raised:
        await time_in(time_zone=name)
    assert advice in raised.value.message


async def test_the_clock_has_no_other_arguments() -> None:
    with pytest.raises(ToolError, match="format"):
        await time_in(format="iso")
