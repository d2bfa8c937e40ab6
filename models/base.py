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
    """A frozen request body from outside; unknown fields are rejected by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


AGENT_NAME = r"^[a-z][a-z0-9_-]{0,59}$"
EMAIL = r"^[^@\s]+@[^@\s]+\.?[^@\s]*$"
IDEMPOTENCY_KEY = r"^[\x21-\x7e]{1,200}$"
IMAGE_SIZE = r"^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$"
KEY = r"^[a-z0-9][a-z0-9_-]{0,39}$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$"
MODEL_CHARS = 240
"""The longest name of a model. Files that a server names its models by have at most 255 bytes."""
# Controls, blanks other than the space, and what has no look of its own: the soft hyphen, marks of width zero or that
# turn the direction, noncharacters.
_UNSEEN = r"\x00-\x1f\x7f-\xa0\xad\u061c\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff0-\uffff"
MODEL_REF = rf"^[a-z0-9_-]{{1,40}}/[^ {_UNSEEN}]([^{_UNSEEN}]{{0,{MODEL_CHARS - 2}}}[^ {_UNSEEN}])?$"
ORDER = r"^-?created_at$"
SCHEDULE_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
TOPIC = r"^run:[0-9a-fA-F-]{32,36}$"
"""Patterns of what people write; `models/wording.py` has the words for who gets one wrong."""

Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True)]
"""Of request bodies: what JSON calls true, 3 or 0.5, and nothing that only looks like it."""

Key = Annotated[str, StringConstraints(pattern=KEY)]
"""A subtask's name within its plan: part of a node path and of a child workflow's id."""

ModelRef = Annotated[str, StringConstraints(pattern=MODEL_REF, strip_whitespace=False)]
"""`provider/model`, for example `openai/gpt-5.6`, `simulator/standard` or `local/Llama 3 8B Instruct`.

The model is called what its server calls it: data, to be quoted wherever it becomes part of an address. Blanks at its
ends are refused, not removed: with them it would be another model.
"""

Fallbacks = Annotated[tuple[ModelRef, ...], Field(max_length=5, fail_fast=True)]
"""Models that stand in, one after the other, for the one before."""

Priority = Annotated[Whole, Field(ge=1, le=5, description="Priority, from 1 (most urgent) to 5 (least urgent)")]

UtcDatetime = datetime
"""A point in time that carries UTC; every timestamp in Chimera is one."""


def preview_of(text: str, limit: int = PREVIEW_CHARS) -> str:
    """Cut `text` to at most `limit` characters, with an ellipsis where something was left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def usd(micro_usd: int) -> str:
    """Write millionths of a dollar as dollars, with as many digits as it takes to see something."""
    digits = 2 if micro_usd == 0 or micro_usd >= 1_000_000 else 4 if micro_usd >= 100 else 6
    return f"${micro_usd / 1e6:,.{digits}f}"
