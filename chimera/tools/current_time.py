"""The clock for models, which don't know the date."""

import asyncio
import difflib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BaseModel, ConfigDict, Field

from chimera.tools.base import ToolError, ToolOutput, TypedTool
from chimera.tools.context import ToolContext
from models.base import preview_of
from models.tools import ToolKind

_NAME = re.compile(r"\w+(?:[/+-]\w+){0,4}", re.ASCII)


class CurrentTimeArguments(BaseModel):
    """The arguments, as a model writes them."""

    model_config = ConfigDict(extra="forbid")

    time_zone: str = Field(default="UTC", description="A time zone such as Europe/Berlin or America/New_York")


def _now() -> datetime:
    return datetime.now(UTC)


class CurrentTime(TypedTool[CurrentTimeArguments]):
    """Reads the clock."""

    name = "current_time"
    description = "Return the current date, weekday and time in a time zone. Default: UTC."
    kind = ToolKind.PURE
    arguments = CurrentTimeArguments
    instant = True
    reads_only = True

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self._now = now

    async def call(self, arguments: CurrentTimeArguments, context: ToolContext) -> ToolOutput:
        # To suggest names, the whole database is read.
        here = self._now().astimezone(await asyncio.to_thread(_zone, arguments.time_zone))
        weekday = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[here.weekday()]
        return ToolOutput(f"{here.isoformat(timespec='seconds')} ({weekday}, {here.tzname()}, {arguments.time_zone})")


def _zone(name: str) -> ZoneInfo:
    # A zone's name is a path below the database's folder, so nothing else may be in it.
    if _NAME.fullmatch(name):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    found = _names().get(name.strip().replace(" ", "_").lower())
    if found is None:
        raise ToolError(f"Unknown time zone {preview_of(name, 60)!r}. {_suggestion(name)}")
    return ZoneInfo(found)


@cache
def _names() -> dict[str, str]:
    return {name.lower(): name for name in sorted(available_timezones())}


def _suggestion(name: str) -> str:
    wanted = name.strip().replace(" ", "_").lower()[:60]
    cities = {full.rpartition("/")[2]: full for full in _names()}
    close = difflib.get_close_matches(wanted.rpartition("/")[2], cities, n=3, cutoff=0.75)
    listed = " or ".join(_names()[cities[city]] for city in close)
    return f"Did you mean {listed}?" if listed else "Use an IANA name such as Europe/Berlin, Asia/Tokyo or UTC."
