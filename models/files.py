"""Uploaded and generated files. Their contents stay in PostgreSQL; a history contains at most their IDs."""

from typing import NamedTuple

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import FileId

MAX_NAME_CHARS = 120
MAX_TASK_IMAGES = 8
MAX_IMAGE_BYTES = 3_750_000
"""5 MB as base64, the lowest limit of any vendor: https://docs.claude.com/en/docs/build-with-claude/vision"""


class InputFile(NamedTuple):
    """The contents of a file that a model call receives: an image or a recording."""

    media_type: str
    data: bytes


class FileView(Contract):
    """A file, without its content."""

    id: FileId
    name: str
    media_type: str = Field(
        description="Media type detected from the content. `application/octet-stream` if the type is unknown."
    )
    size_bytes: int
    sha256: str
    simulated: bool = Field(default=False, description="`true` if the simulator generated the file")
    created_at: UtcDatetime


class FilePage(Contract):
    items: tuple[FileView, ...]
    next_cursor: str | None = Field(
        description="Send this value as `cursor` to get the next page. `null` on the last page."
    )
