"""Files: what was uploaded, and what was drawn. Their bytes stay in PostgreSQL; a history has at most an id."""

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import FileId

MAX_NAME_CHARS = 120


class FileView(Contract):
    """A file, without its bytes."""

    id: FileId
    name: str
    media_type: str = Field(description="Found in the bytes; application/octet-stream when they say nothing")
    size_bytes: int
    sha256: str
    simulated: bool = Field(default=False, description="The simulator made it")
    created_at: UtcDatetime


class FilePage(Contract):
    items: tuple[FileView, ...]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one")
