"""The bytes of a file, measured before they are stored."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from chimera.content.file_types import media_type_of
from models.errors import FileTooLarge

CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a new file, already measured."""

    file: BinaryIO
    media_type: str
    size_bytes: int
    sha256: str

    def chunks(self) -> Iterator[bytes]:
        self.file.seek(0)
        while chunk := self.file.read(CHUNK_BYTES):
            yield chunk


def measured(file: BinaryIO, limit_bytes: int | None = None) -> Content:
    """Read a whole file once, to measure it. Blocks, so call this in a thread if the file may be large.

    Raises FileTooLarge.
    """
    digest, size, head = hashlib.sha256(), 0, b""
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        head = head or chunk
        size += len(chunk)
        if limit_bytes is not None and size > limit_bytes:
            raise FileTooLarge(limit_bytes)
        digest.update(chunk)
    return Content(file, media_type_of(head), size, digest.hexdigest())
