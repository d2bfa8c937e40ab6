"""The content of messages: text, images and files, in the spelling of both APIs."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator

from models.openai.base import NULL, TEXT, Also, WireBody, as_items
from models.replies import MAX_PARTS

PartType = Literal[
    "text",
    "input_text",
    "output_text",
    "refusal",
    "image_url",
    "input_image",
    "file",
    "input_file",
    "input_audio",
]
_TEXTS = ("text", "input_text", "output_text")
_IMAGES = ("image_url", "input_image")
NO_AUDIO = "Audio in messages isn't supported. Transcribe it first, and send the text."


def _as_url(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


class ImageUrl(WireBody):
    url: str = Field(min_length=1)


class FilePart(WireBody):
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = Field(default=None, max_length=200)


class Part(WireBody):
    """A part of a message. The fields that `type` doesn't use are ignored."""

    type: PartType
    text: str | None = None
    refusal: str | None = None
    image_url: Annotated[ImageUrl | None, BeforeValidator(_as_url), Also(TEXT)] = None
    file: FilePart | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = Field(default=None, max_length=200)

    @model_validator(mode="after")
    def _has_content(self) -> Self:
        if self.type == "input_audio":
            raise ValueError(NO_AUDIO)
        if self.type in _TEXTS and self.text is None:
            raise ValueError(f"A part of type {self.type!r} needs the field 'text'.")
        if self.type in _IMAGES and self.image_url is None and self.file_id is None:
            raise ValueError(f"A part of type {self.type!r} needs the field 'image_url' or 'file_id'.")
        if self.is_file:
            self._check_file()
        return self

    def _check_file(self) -> None:
        source = self.source
        if source.file_url is not None:
            raise ValueError("Files can't be fetched from a URL. Upload the file, and send its 'file_id'.")
        if source.file_id is None and source.file_data is None:
            raise ValueError("A file part needs the field 'file_id' or 'file_data'.")

    @property
    def said(self) -> str | None:
        """The text of a text part; None for images and files."""
        return self.text if self.type in _TEXTS else self.refusal if self.type == "refusal" else None

    @property
    def is_file(self) -> bool:
        return self.type in ("file", "input_file")

    @property
    def stored_id(self) -> str | None:
        """The ID of the uploaded file that an image or file part refers to; None if it brings its content along."""
        if self.is_file:
            return self.source.file_id
        return self.file_id if self.said is None and self.image_url is None else None

    @property
    def source(self) -> FilePart:
        """Where the content of a file part is: Chat Completions nests these fields, Responses doesn't."""
        if self.file is not None:
            return self.file
        return FilePart(file_id=self.file_id, file_data=self.file_data, file_url=self.file_url, filename=self.filename)


Parts = Annotated[
    tuple[Part, ...], Field(fail_fast=True, max_length=MAX_PARTS), BeforeValidator(as_items), Also(TEXT, NULL)
]
"""The content of a message. A text counts as one text part."""


def uuid_of(value: str) -> UUID | None:
    """Return the ID in `value`, with or without OpenAI's prefix `file-`; None if there is none."""
    try:
        return UUID(value.removeprefix("file-"))
    except ValueError:
        return None
