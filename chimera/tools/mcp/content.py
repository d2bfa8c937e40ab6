"""Turns the content of an MCP result into text and images for a model."""

from base64 import b64decode
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic_core import from_json, to_json

from chimera.content.file_types import IMAGES, media_type_of
from chimera.content.text import clean_text
from chimera.tools.base import ToolImage, ToolOutput

if TYPE_CHECKING:
    import mcp_types as types

MAX_TEXT_CHARS = 256 * 1024
MAX_IMAGES = 5
MAX_IMAGE_BYTES = 5 * 1024 * 1024
"""For all images of a result together."""
_CUT = "\n[The rest of the answer was cut.]"
_URI_CHARS = 300


def output_of(result: "types.CallToolResult") -> ToolOutput:
    """Return a result as a tool's output.

    Text stays as it is, up to `MAX_TEXT_CHARS`. Images are recognized by their bytes. Everything else is described.
    """
    images: list[ToolImage] = []
    parts = [_part(block, images) for block in result.content]
    structured = _structured(result.structured_content, parts)
    text = clean_text("\n".join(part for part in (*parts, structured) if part))
    if len(text) > MAX_TEXT_CHARS:
        text = text[: MAX_TEXT_CHARS - len(_CUT)] + _CUT
    return ToolOutput(text or "(empty)", failed=result.is_error is True, images=tuple(images))


def _part(block: "types.ContentBlock", images: list[ToolImage]) -> str:
    """Return a block's text, or its description. An image is also added to `images`."""
    match block.type:
        case "text":
            return block.text
        case "image":
            return _image(block.data, images)
        case "audio":
            return f"[Audio ({_short(block.mime_type)}), which can't be shown]"
        case "resource_link":
            described = f": {block.description}" if block.description else ""
            return f"[Resource {_short(block.name)}, {_short(str(block.uri))}{described}]"
        case _:
            return _resource(block.resource, images)


def _resource(resource: "types.TextResourceContents | types.BlobResourceContents", images: list[ToolImage]) -> str:
    where = f"[Resource {_short(str(resource.uri))}]"
    if (text := getattr(resource, "text", None)) is not None:
        return f"{where}\n{text}"
    data = _decoded(getattr(resource, "blob", ""))
    if data is not None and media_type_of(data) in IMAGES:
        return f"{where}\n{_image(getattr(resource, 'blob', ''), images)}"
    return f"[Resource {_short(str(resource.uri))}, {len(data or b''):,} bytes, which can't be shown]"


def _image(encoded: str, images: list[ToolImage]) -> str:
    data = _decoded(encoded)
    if data is None:
        return "[An image that isn't valid base64]"
    media_type = media_type_of(data)
    if media_type not in IMAGES:
        # A server's own word for the type isn't looked at.
        return f"[An image that was left out: its type is {media_type}, not PNG, JPEG, GIF or WebP]"
    if len(images) >= MAX_IMAGES:
        return f"[An image that was left out: a result has at most {MAX_IMAGES}]"
    if sum(len(image.data) for image in images) + len(data) > MAX_IMAGE_BYTES:
        return f"[An image that was left out: images have at most {MAX_IMAGE_BYTES // 1024 // 1024} MB together]"
    images.append(ToolImage(media_type, data))
    return f"[Image {len(images)}]"


def _structured(content: object, parts: Iterable[str]) -> str:
    """Return structured content as JSON; empty if there is none, or if a text already says the same."""
    if content is None:
        return ""
    # Servers wrap a value that isn't an object in one that has only this value, such as `{"result": …}`.
    values = list(content.values()) if isinstance(content, dict) else []
    wrapped = values if len(values) == 1 else []
    for part in parts:
        try:
            said = from_json(part)
        except ValueError:
            said = part
        if said == content or said in wrapped or part in wrapped:
            return ""
    return to_json(content).decode()


def _decoded(encoded: str) -> bytes | None:
    try:
        return b64decode(encoded, validate=True)
    except ValueError:
        return None


def _short(text: str) -> str:
    return text if len(text) <= _URI_CHARS else text[:_URI_CHARS] + "…"
