"""Turns what a function returns into a tool's output."""

from pydantic_core import PydanticSerializationError, to_json

from chimera.content.file_types import IMAGES, media_type_of
from chimera.content.text import clean_text
from chimera.tools.base import ToolImage, ToolOutput

MAX_IMAGES = 5
MAX_IMAGE_BYTES = 5 * 1024 * 1024
"""Of all images of a result together."""


def output_of(value: object) -> ToolOutput:
    """Return the output for a function's result.

    Text stays as it is, images are bytes, and other values become JSON: models, dataclasses, lists, dicts, dates and
    so on. A list or tuple may mix images with texts. A result that can't be sent is described, because the call has
    had its effect. Never raises.
    """
    if isinstance(value, ToolOutput):
        return value
    parts = value if isinstance(value, list | tuple) and any(map(_is_image, value)) else [value]
    images: list[ToolImage] = []
    texts: list[str] = []
    for part in parts:
        if _is_image(part):
            texts += _add_image(images, part)
        elif part is not None:
            texts.append(_text_of(part))
    return ToolOutput("\n".join(texts) or ("" if images else "Done."), images=tuple(images))


def _is_image(value: object) -> bool:
    return isinstance(value, bytes | bytearray | ToolImage)


def _add_image(images: list[ToolImage], part: object) -> list[str]:
    """Add an image, or return the text that says why it isn't one."""
    data = part.data if isinstance(part, ToolImage) else bytes(part) if isinstance(part, bytes | bytearray) else b""
    media_type = media_type_of(data)
    if media_type not in IMAGES:
        return [f"[{len(data)} bytes that aren't an image in PNG, JPEG, GIF or WebP]"]
    if len(images) == MAX_IMAGES or sum(len(image.data) for image in images) + len(data) > MAX_IMAGE_BYTES:
        return [f"[an image of {len(data)} bytes that exceeds the limit of {MAX_IMAGES} images and 5 MB]"]
    images.append(ToolImage(media_type, data))
    return []


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return clean_text(value)
    try:
        return clean_text(to_json(value, inf_nan_mode="null", bytes_mode="base64").decode())
    except (PydanticSerializationError, ValueError, RecursionError):
        return f"The call was made, but its result of type {type(value).__name__!r} can't be shown as JSON."
