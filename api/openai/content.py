"""Text, images and files of messages: checked, and read where they don't come with the request."""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence

from api.deps import Parts
from chimera.content.file_types import IMAGES, TEXT, media_type_of
from chimera.egress.client import EgressClient
from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.store import files
from models.errors import InvalidInput, NotFound
from models.files import MAX_IMAGE_BYTES, FileView
from models.openai.content import Part, uuid_of
from models.replies import MAX_TEXT_CHARS, FilePart, ImagePart, MessagePart, TextPart
from models.users import Caller

MAX_FETCHED = 8
"""Maximum number of images that a request may have fetched from other servers."""
_DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_IMAGE_ADVICE = "Send a PNG, JPEG, GIF or WebP image"


class ContentReader:
    """Reads the content of one request's messages."""

    def __init__(self, parts: Parts, caller: Caller) -> None:
        self._parts = parts
        self._caller = caller
        self._fetched = 0
        self._files: dict[str, FileView] = {}

    async def look_up(self, contents: Iterable[Sequence[Part]]) -> None:
        """Read the files that these messages refer to, all at once. Call it before `read`."""
        named = (uuid_of(part.stored_id) for parts in contents for part in parts if part.stored_id is not None)
        wanted = {str(file_id) for file_id in named if file_id is not None}
        if wanted:
            async with self._parts.database.begin() as session:
                self._files = await files.these(session, self._caller.user_id, wanted)

    async def read(self, content: Sequence[Part], field: str) -> str | tuple[MessagePart, ...]:
        """Return the content of a user's message. Raises InvalidInput or NotFound with a field below `field`."""
        if all(part.said is not None for part in content):
            texts = tuple(_text(part.said or "", field) for part in content)
            return texts if len(texts) > 1 else "".join(part.text for part in texts)
        return tuple([await self._part(part, f"{field}.{index}") for index, part in enumerate(content)])

    async def _part(self, part: Part, field: str) -> MessagePart:
        if part.said is not None:
            return _text(part.said, field)
        if part.stored_id is not None:
            return self._stored(part.stored_id, f"{field}.file_id")
        if part.image_url is not None and not part.is_file:
            return await self._image(part.image_url.url, f"{field}.image_url")
        return self._file(part, field)

    def _file(self, part: Part, field: str) -> MessagePart:
        source = part.source
        field = f"{field}.file_data"
        data = _decoded(_DATA_URL.sub("", source.file_data or "", count=1), field)
        if (media_type := media_type_of(data)) in IMAGES:
            return _image_of(data, field)
        if media_type != TEXT:
            raise InvalidInput(field, f"The file type is {media_type}. Send a text file or an image.")
        name = f"{source.filename}:\n" if source.filename else ""
        return _text(name + data.decode(errors="replace"), field)

    def _stored(self, file_id: str, field: str) -> MessagePart:
        found = uuid_of(file_id)
        file = None if found is None else self._files.get(str(found))
        if found is None or file is None:
            error = NotFound("file", str(found or file_id[:100]))
            error.field = field
            raise error
        if file.media_type in IMAGES:
            return ImagePart(type="image", file_id=found)
        if not file.media_type.startswith("text/"):
            raise InvalidInput(field, f"The file type is {file.media_type}. Send a text file or an image.")
        return FilePart(type="file", file_id=found)

    async def _image(self, url: str, field: str) -> ImagePart:
        if (prefix := _DATA_URL.match(url)) is not None:
            return _image_of(_decoded(url[prefix.end() :], field), field)
        if not url.lower().startswith(("http://", "https://")):
            raise InvalidInput(field, "Send an image as a base64 data: URL, or its http or https URL.")
        self._fetched += 1
        if self._fetched > MAX_FETCHED:
            raise InvalidInput(
                field, f"A request can refer to at most {MAX_FETCHED} images on other servers. Send data: URLs."
            )
        return _image_of(await self._fetch(url, field), field)

    async def _fetch(self, url: str, field: str) -> bytes:
        client = EgressClient(self._parts.settings)
        try:
            response = await client.request("GET", url, accept=("image/*",), max_bytes=MAX_IMAGE_BYTES)
        except (EgressRefused, EgressFailed) as error:
            raise InvalidInput(field, f"The image can't be fetched: {error}") from error
        if response.status != 200:
            raise InvalidInput(
                field, f"The image's server answered with status {response.status}. Send a data: URL instead."
            )
        return response.body


def text_of(content: Sequence[Part]) -> str:
    """Return the text of a message that consists only of text, with a line break between its parts."""
    return "\n".join(part.said or "" for part in content)


def only_text(content: Sequence[Part], field: str, role: str) -> str:
    """Return the text of a message that can't contain anything else. Raises InvalidInput."""
    for index, part in enumerate(content):
        if part.said is None:
            raise InvalidInput(
                f"{field}.{index}", f"Messages with the role {role!r} can only contain text. Send text parts."
            )
    return checked_text(text_of(content), field)


def checked_text(text: str, field: str) -> str:
    """Return a text that isn't too long for a message. Raises InvalidInput."""
    return _text(text, field).text


def _text(text: str, field: str) -> TextPart:
    if len(text) > MAX_TEXT_CHARS:
        raise InvalidInput(field, f"A text can have at most {MAX_TEXT_CHARS:,} characters. Send a shorter text.")
    return TextPart(type="text", text=text)


def _image_of(data: bytes, field: str) -> ImagePart:
    media_type = media_type_of(data)
    if media_type not in IMAGES:
        raise InvalidInput(field, f"The file type is {media_type}. {_IMAGE_ADVICE}.")
    if len(data) > MAX_IMAGE_BYTES:
        raise InvalidInput(field, f"An image can be at most {MAX_IMAGE_BYTES:,} bytes. Send a smaller image.")
    return ImagePart(type="image", media_type=media_type, data=base64.b64encode(data).decode())


def _decoded(text: str, field: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(field, "The base64 data is invalid. Encode the file with standard base64.") from None
