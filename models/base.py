"""The two kinds of contract, and the scalar types that several nouns share.

A `Contract` travels between our own processes, where an older reader may meet a newer writer, so it ignores
fields that it doesn't know. A `Body` comes from outside, where an unknown field is a mistake worth naming.
"""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

PREVIEW_CHARS = 500
"""The longest piece of a reply that may enter a history or an event (DESIGN: histories carry references)."""


class Contract(BaseModel):
    """A frozen message between parts of Chimera."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Body(BaseModel):
    """A frozen request body from outside; unknown fields are refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
"""A subtask's name within its plan: part of a node path and of a child workflow's id."""

ModelRef = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,40}/[A-Za-z0-9][A-Za-z0-9._:/@-]{0,119}$")]
"""`provider/model`, for example `openai/gpt-5.6` or `simulator/standard`."""

Fallbacks = Annotated[tuple[ModelRef, ...], Field(max_length=5)]
"""Models that stand in, one after the other, for the one before."""

Priority = Annotated[int, Field(ge=1, le=5, description="1 is most urgent, 5 least")]

UtcDatetime = datetime
"""A point in time that carries UTC; every timestamp in Chimera is one."""


def preview_of(text: str, limit: int = PREVIEW_CHARS) -> str:
    """Cut `text` to at most `limit` characters, with an ellipsis where something was left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
