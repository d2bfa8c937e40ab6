"""The files of a conversation, as a model receives them: the newest images, and the beginnings of text files.

Names and sizes are read first, then only the contents that are shown. A session can have far more files than fit into a
worker's memory, or into a request to a vendor.
"""

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from activities.prompts import messages, tool_images
from activities.prompts.tool_images import MOST_SHOWN, MOST_SHOWN_BYTES
from chimera.config.settings import Settings
from chimera.content.file_types import IMAGES
from chimera.content.text import clean_text
from chimera.db.engine import Connection
from chimera.ledger import input_files
from chimera.ledger.input_files import FileDescription
from chimera.providers.base import Image
from models.chat_messages import MAX_ATTACHMENTS
from models.files import MAX_IMAGE_BYTES, InputFile

MAX_TEXT_FILE_CHARS = 100_000
MAX_TEXT_FILE_BYTES = 3 + 4 * MAX_TEXT_FILE_CHARS
"""As many bytes as that many characters can have in UTF-8, after a byte order mark."""
MOST_TEXT_FILES = 200
MOST_TEXT_BYTES = MAX_ATTACHMENTS * MAX_TEXT_FILE_BYTES
"""All text files of a conversation together: enough for those of one message."""
NO_ROOM = (
    f"a conversation has room for {MOST_SHOWN} images of {MOST_SHOWN_BYTES:,} bytes together, each of at most"
    f" {MAX_IMAGE_BYTES:,} bytes"
)
DELETED = "[An attached file was deleted.]"
_CUT = "\n[… cut here to fit the model's context window]"

Attachment = str | InputFile
"""The ID of a stored file, or an image that came with the request."""
_Place = tuple[int, int]
"""The number of a message, and that of one of its attachments."""


class Shown(NamedTuple):
    """What a model receives of a message's attachments."""

    notes: tuple[str, ...] = ()
    """The contents of text files, and what isn't shown."""
    images: tuple[Image, ...] = ()


def not_shown(name: str) -> str:
    """Return the note about a file that is left out because newer content needs its place."""
    return f"[The attached file {name!r} isn't shown any more.]"


async def read(
    connection: Connection, owner_id: str, attached: Sequence[Sequence[Attachment]], model: str, settings: Settings
) -> list[Shown]:
    """Return what a model receives of the attachments of each message; the messages are ordered from oldest to newest.

    Of all images, the newest are shown that fit into MOST_SHOWN and MOST_SHOWN_BYTES, and of text files the newest that
    fit into MOST_TEXT_BYTES. Notes stand for the others.
    """
    if not any(attached):
        return [Shown()] * len(attached)
    ids = {each for message in attached for each in message if isinstance(each, str)}
    known = await input_files.describe(connection, owner_id, sorted(ids))
    accepts_images = tool_images.are_accepted(model, settings)
    images = _fitting(_image_sizes(attached, known), MOST_SHOWN if accepts_images else 0, MOST_SHOWN_BYTES)
    texts = _fitting(_text_sizes(attached, known), MOST_TEXT_FILES, MOST_TEXT_BYTES)
    loaded = await input_files.read_newest(connection, owner_id, _ids_at(images, attached), max_bytes=MOST_SHOWN_BYTES)
    beginnings = _ids_at(texts, attached)
    loaded |= await input_files.read_beginnings(connection, owner_id, beginnings, max_bytes=MAX_TEXT_FILE_BYTES)
    files = _Files(known, loaded, images | texts, NO_ROOM if accepts_images else messages.NO_IMAGE_INPUT)
    return [_shown(files, number, message) for number, message in enumerate(attached)]


async def notes_on(connection: Connection, owner_id: str, attached: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the notes that stand for the attachments of each message, without their contents."""
    ids = {file_id for message in attached for file_id in message}
    known = await input_files.describe(connection, owner_id, sorted(ids))
    return [
        [not_shown(known[file_id].name) if file_id in known else DELETED for file_id in message] for message in attached
    ]


@dataclass(frozen=True, slots=True)
class _Files:
    """The files of a conversation."""

    known: Mapping[str, FileDescription]
    loaded: Mapping[str, InputFile]
    shown: Set[_Place]
    why_no_image: str


def _image_sizes(
    attached: Sequence[Sequence[Attachment]], known: Mapping[str, FileDescription]
) -> Iterator[tuple[_Place, int]]:
    for place, each in _newest_first(attached):
        if isinstance(each, InputFile):
            yield place, len(each.data)
        elif (file := known.get(each)) is not None and _can_be_shown(file):
            yield place, file.size_bytes


def _text_sizes(
    attached: Sequence[Sequence[Attachment]], known: Mapping[str, FileDescription]
) -> Iterator[tuple[_Place, int]]:
    for place, each in _newest_first(attached):
        if isinstance(each, str) and (file := known.get(each)) is not None and file.media_type not in IMAGES:
            yield place, min(file.size_bytes, MAX_TEXT_FILE_BYTES)


def _newest_first(attached: Sequence[Sequence[Attachment]]) -> Iterator[tuple[_Place, Attachment]]:
    for number in reversed(range(len(attached))):
        for position, each in enumerate(attached[number]):
            yield (number, position), each


def _can_be_shown(file: FileDescription) -> bool:
    return file.media_type in IMAGES and file.size_bytes <= MAX_IMAGE_BYTES


def _fitting(sizes: Iterable[tuple[_Place, int]], most: int, most_bytes: int) -> set[_Place]:
    """Return the first places that fit into a number and a size; after one that doesn't fit, none is returned."""
    found: set[_Place] = set()
    for place, size in sizes:
        most_bytes -= size
        if len(found) == most or most_bytes < 0:
            break
        found.add(place)
    return found


def _ids_at(places: Set[_Place], attached: Sequence[Sequence[Attachment]]) -> list[str]:
    """Return the IDs of the stored files at these places, each once."""
    files = (attached[number][position] for number, position in sorted(places))
    return list(dict.fromkeys(each for each in files if isinstance(each, str)))


def _shown(files: _Files, number: int, message: Sequence[Attachment]) -> Shown:
    notes: list[str] = []
    images: list[Image] = []
    left_out = 0
    for position, each in enumerate(message):
        file = None if isinstance(each, InputFile) else files.known.get(each)
        content = each if isinstance(each, InputFile) else files.loaded.get(each)
        is_shown = (number, position) in files.shown
        if isinstance(each, str) and file is None:
            notes.append(DELETED)
        elif file is not None and file.media_type not in IMAGES:
            notes.append(_text_of(file, content) if is_shown else not_shown(file.name))
        elif content is not None and is_shown:
            images.append(Image(*content))
        else:
            left_out += 1
    if left_out:
        notes.append(messages.images_left_out(left_out, files.why_no_image).strip())
    return Shown(tuple(notes), tuple(images))


def _text_of(file: FileDescription, content: InputFile | None) -> str:
    if content is None:
        # It was deleted a moment ago.
        return DELETED
    words = _words_in(content.data, is_whole=len(content.data) >= file.size_bytes)
    if words is None:
        return f"[The attached file {file.name!r} can't be read: it isn't a text file.]"
    return f"Attached file {file.name!r}:\n{words}"


def _words_in(data: bytes, *, is_whole: bool) -> str | None:
    """Return the text of a text file, shortened; None for another file."""
    if b"\0" in data:
        return None
    try:
        # The last character of a beginning may be incomplete.
        text = getincrementaldecoder("utf-8-sig")().decode(data, final=is_whole)
    except UnicodeDecodeError:
        return None
    is_cut = len(text) > MAX_TEXT_FILE_CHARS or not is_whole
    return clean_text(text[:MAX_TEXT_FILE_CHARS]) + (_CUT if is_cut else "")
