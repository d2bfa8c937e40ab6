"""What a model sees of a result: text, images, and descriptions of the rest."""

from base64 import b64encode
from typing import Any

import mcp_types as types
import pytest

from chimera.tools.base import ToolOutput
from chimera.tools.mcp.content import MAX_IMAGE_BYTES, output_of
from tests.chimera.tools.mcp.servers import PNG


def output(*content: dict[str, Any], **fields: Any) -> ToolOutput:
    return output_of(types.CallToolResult.model_validate({"content": list(content), **fields}))


def image(data: bytes, claimed: str = "image/png") -> dict[str, Any]:
    return {"type": "image", "data": b64encode(data).decode(), "mimeType": claimed}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def test_texts_are_joined() -> None:
    assert output(text("a"), text("b")).text == "a\nb"
    assert output().text == "(empty)"


@pytest.mark.parametrize("said", ['{"a": 1}', '{ "a" : 1.0 }'])
def test_structured_content_is_not_repeated(said: str) -> None:
    assert output(text(said), structuredContent={"a": 1}).text == said


@pytest.mark.parametrize("name", ["result", "content"])
def test_a_wrapped_text_is_not_repeated(name: str) -> None:
    assert output(text("Tuesday\n"), structuredContent={name: "Tuesday\n"}).text == "Tuesday\n"
    assert output(text("5"), structuredContent={name: 5}).text == "5"
    assert output(text("5"), structuredContent={name: 5, "unit": "m"}).text != "5"


def test_structured_content_without_its_text_is_added() -> None:
    assert output(text("done"), structuredContent={"a": 1}).text == 'done\n{"a":1}'
    assert output(structuredContent={"a": 1}).text == '{"a":1}'


def test_a_tools_own_error_is_marked() -> None:
    assert output(text("no"), isError=True) == ToolOutput("no", failed=True)


def test_images_are_recognized_by_their_bytes() -> None:
    found = output(image(PNG, "image/svg+xml"), image(b"<svg/>"))
    assert [each.media_type for each in found.images] == ["image/png"]
    assert found.text == "[Image 1]\n[An image that was left out: its type is text/plain, not PNG, JPEG, GIF or WebP]"


def test_images_are_bounded() -> None:
    assert len(output(*[image(PNG)] * 7).images) == 5
    large = PNG + b"\0" * (MAX_IMAGE_BYTES // 2)
    assert len(output(image(large), image(large)).images) == 1


@pytest.mark.parametrize("data", ["no base64!", "====", "ab"])
def test_broken_images_are_described(data: str) -> None:
    found = output({"type": "image", "data": data, "mimeType": "image/png"})
    assert (found.images, found.text[:9]) == ((), "[An image")


def test_other_content_is_described() -> None:
    found = output(
        {"type": "audio", "data": "", "mimeType": "audio/wav"},
        {"type": "resource_link", "uri": "file:///a", "name": "a", "description": "A file"},
        {"type": "resource", "resource": {"uri": "file:///b", "text": "content"}},
        {"type": "resource", "resource": {"uri": "file:///c", "blob": b64encode(b"1234").decode()}},
        {"type": "resource", "resource": {"uri": "file:///d", "blob": b64encode(PNG).decode()}},
    )
    assert found.text == (
        "[Audio (audio/wav), which can't be shown]\n[Resource a, file:///a: A file]\n[Resource file:///b]\ncontent\n"
        "[Resource file:///c, 4 bytes, which can't be shown]\n[Resource file:///d]\n[Image 1]"
    )
    assert len(found.images) == 1
