"""The base classes of contracts, and the scalar types that several nouns share.

A `Contract` travels between our own processes, where an old reader may receive data from a newer writer, so it ignores
unknown fields. A `Body` comes from outside, where an unknown field is a mistake that should be reported.
"""

from datetime import datetime
from math import isfinite
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from pydantic_core import to_json

PREVIEW_CHARS = 500
"""Maximum length of a preview in a history or an event. Both contain references, not whole answers."""


class Contract(BaseModel):
    """A frozen message between parts of Chimera."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Body(BaseModel):
    """A frozen request body from outside; unknown fields are rejected by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


AGENT = r"^([a-z][a-z0-9_-]{0,59}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$"
AGENT_NAME = r"^[a-z][a-z0-9_-]{0,59}$"
BASE64 = r"^[A-Za-z0-9+/]+={0,2}$"
EMAIL = r"^[^@\s]+@[^@\s]+\.?[^@\s]*$"
IDEMPOTENCY_KEY = r"^[\x21-\x7e]{1,200}$"
IMAGE_SIZE = r"^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$"
IMAGE_TYPE = r"^image/(png|jpeg|gif|webp)$"
KEY = r"^[a-z0-9][a-z0-9_-]{0,39}$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$"
METRIC_NAME = r"^[a-z][a-z0-9_.]{0,79}$"
MODEL_CHARS = 240
"""Maximum length of a model's name. Some servers name models after files, whose names have at most 255 bytes."""
# Characters that can't be seen: control characters, spaces other than the plain one, soft hyphens, zero-width
# characters, marks that change the text direction, and noncharacters.
_UNSEEN = r"\x00-\x1f\x7f-\xa0\xad\u061c\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff0-\uffff"
MODEL_REF = rf"^[a-z0-9_-]{{1,40}}/[^ {_UNSEEN}]([^{_UNSEEN}]{{0,{MODEL_CHARS - 2}}}[^ {_UNSEEN}])?$"
ORDER = r"^-?created_at$"
CHAT_ORDER = r"^-?(created_at|last_message_at)$"
RESPONSE_ID = r"^resp_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
SCHEDULE_ID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
USER_OR_ALL = r"^(all|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$"
TOPIC = r"^((run|task|reply|chat):[0-9a-fA-F-]{32,36}|runs|tasks|agents|approvals|notifications|system)$"
"""These are the patterns of values that users write. `models/wording.py` has the error message for each of them."""

Flag = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True)]
"""Strict types for request bodies: they accept JSON's own booleans and numbers, but not strings such as "3"."""

Key = Annotated[str, StringConstraints(pattern=KEY)]
"""A subtask's name within its plan: part of a node path and of a child workflow's id."""

ModelRef = Annotated[str, StringConstraints(pattern=MODEL_REF, strip_whitespace=False)]
"""`provider/model`, for example `openai/gpt-5.6`, `simulator/standard` or `local/Llama 3 8B Instruct`.

The second part is the server's own name for the model. It can contain spaces and special characters, so quote it in
URLs. Leading and trailing spaces are rejected instead of removed, because the name without them would be another model.
"""

Fallbacks = Annotated[tuple[ModelRef, ...], Field(max_length=5, fail_fast=True)]
"""Fallback models, each of which is tried if the one before it fails."""

Priority = Annotated[Whole, Field(ge=1, le=5, description="Priority, from 1 (most urgent) to 5 (least urgent)")]

MAX_SCHEMA_BYTES = 32 * 1024


def _can_be_stored(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(to_json(schema, inf_nan_mode="constants")) > MAX_SCHEMA_BYTES:
        raise ValueError(
            f"As JSON, a schema can be at most {MAX_SCHEMA_BYTES // 1024} KiB long. Remove descriptions or fields."
        )
    if has_endless(schema):
        raise ValueError("The schema contains a number that is too large. Use a smaller one.")
    return schema


OutputSchema = Annotated[
    dict[str, JsonValue],
    AfterValidator(_can_be_stored),
    Field(
        description="JSON Schema (draft 2020-12) of the answer, at most 32 KiB. `$ref` can only refer to parts of the"
        " schema itself."
    ),
]
"""The schema of a typed answer. `chimera/content/schemas.py` decides whether it can be used."""

UtcDatetime = datetime
"""A time-zone-aware timestamp in UTC, like all timestamps in Chimera."""


def has_endless(value: JsonValue) -> bool:
    """Return whether a value contains a number that is too large to store, such as 1e400: JSON allows it, PostgreSQL
    doesn't.
    """
    match value:
        case float():
            return not isfinite(value)
        case dict():
            return any(map(has_endless, value.values()))
        case list():
            return any(map(has_endless, value))
    return False


def preview_of(text: str, limit: int = PREVIEW_CHARS) -> str:
    """Shorten `text` to at most `limit` characters, ending in an ellipsis if anything was cut off."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def usd(micro_usd: int) -> str:
    """Format millionths of a dollar as dollars, with enough decimal places to show small amounts."""
    digits = 2 if micro_usd == 0 or micro_usd >= 1_000_000 else 4 if micro_usd >= 100 else 6
    return f"${micro_usd / 1e6:,.{digits}f}"
