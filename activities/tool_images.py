"""Images in the results of tools: those that are kept become files of the run, and the model is told about others."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from uuid import uuid4

from chimera.content.file_types import IMAGES
from chimera.content.files import Content, measured
from chimera.ledger.ai_calls import NewFile
from chimera.ledger.kept_bytes import LEAST_BYTES
from chimera.ledger.run_files import Room
from chimera.tools.base import ToolImage
from models.files import MAX_IMAGE_BYTES, MAX_RESULT_IMAGE_BYTES, MAX_RESULT_IMAGES
from models.ids import FileId, RunId, UserId

FOLDER = "images"
"""The first part of the names."""

_NO_TYPE = "not a PNG, JPEG, GIF or WebP image"
_TOO_LARGE = f"larger than {MAX_IMAGE_BYTES:,} bytes"
_TOO_MANY = f"a result may have {MAX_RESULT_IMAGES} images with {MAX_RESULT_IMAGE_BYTES:,} bytes in total"
_NO_ROOM = "the task or its owner has no room for more files"


@dataclass(slots=True)
class KeptImages:
    """The images of a result that are kept, and how many are left out for which reason."""

    contents: list[Content] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def size_bytes(self) -> int:
        return sum(content.size_bytes for content in self.contents)

    @property
    def counted_bytes(self) -> int:
        """The bytes as they count toward the owner's limit."""
        return sum(max(content.size_bytes, LEAST_BYTES) for content in self.contents)

    def noted(self, text: str) -> str:
        """Return a result's text with notes about images; it isn't empty, as some vendors reject empty results."""
        notes = [f"[{_count(number)} left out: {why}]" for why, number in self.left_out.items()]
        if not text.strip() and not notes:
            notes = [f"[{_count(len(self.contents))}]"]
        return "\n".join([*([text] if text.strip() else []), *notes])

    def files_of(self, tool: str, owner_id: UserId, run_id: RunId) -> list[NewFile]:
        """Return the new files. Their ids make their names unique in the run."""
        return [_file_of(content, tool, owner_id, run_id) for content in self.contents]


def kept_images(images: Sequence[ToolImage], room: Room) -> KeptImages:
    """Choose the images that are kept: by their bytes, whatever type the tool states, and as long as there is room."""
    kept = KeptImages()
    for image in images:
        content = measured(BytesIO(image.data))
        why = _reason(content, kept, room)
        if why is None:
            kept.contents.append(content)
        else:
            kept.left_out[why] += 1
    return kept


def _reason(content: Content, kept: KeptImages, room: Room) -> str | None:
    """Return why an image is left out, or None."""
    if content.media_type not in IMAGES:
        return _NO_TYPE
    if content.size_bytes > MAX_IMAGE_BYTES:
        return _TOO_LARGE
    size_bytes = kept.size_bytes + content.size_bytes
    if len(kept.contents) >= MAX_RESULT_IMAGES or size_bytes > MAX_RESULT_IMAGE_BYTES:
        return _TOO_MANY
    counted = kept.counted_bytes + max(content.size_bytes, LEAST_BYTES)
    fits_owner = room.counted_bytes is None or counted <= room.counted_bytes
    return None if len(kept.contents) < room.files and size_bytes <= room.size_bytes and fits_owner else _NO_ROOM


def _file_of(content: Content, tool: str, owner_id: UserId, run_id: RunId) -> NewFile:
    file_id = uuid4()
    name = f"{FOLDER}/{tool}-{file_id.hex[:12]}.{IMAGES[content.media_type]}"
    return NewFile(FileId(str(file_id)), owner_id, name, content, simulated=False, run_id=run_id)


def _count(images: int) -> str:
    return "1 image" if images == 1 else f"{images} images"
