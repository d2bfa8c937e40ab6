"""Uploaded and generated files. Their contents stay in PostgreSQL; a history contains at most their IDs."""

from typing import NamedTuple

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import FileId, TaskId

MAX_NAME_CHARS = 120
MAX_TASK_IMAGES = 8
MAX_IMAGE_BYTES = 3_750_000
"""5 MB as base64, the lowest limit of any vendor: https://docs.claude.com/en/docs/build-with-claude/vision"""

MAX_RUN_FILES = 200
MAX_RUN_FILE_BYTES = 5_000_000
MAX_RUN_BYTES = 50_000_000
"""All files of a run together."""
MAX_RESULT_IMAGES = 5
MAX_RESULT_IMAGE_BYTES = 5_000_000
"""All images of a tool's result together."""


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
    task_id: TaskId | None = Field(default=None, description="For a file that a task's agents wrote: the task's ID")
    created_at: UtcDatetime


class FilePage(Contract):
    items: tuple[FileView, ...]
    next_cursor: str | None = Field(
        description="Send this value as `cursor` to get the next page. `null` on the last page."
    )
