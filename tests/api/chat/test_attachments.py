"""Files in chat sessions: what a model receives of them."""

import httpx2
import pytest

from models.files import MAX_IMAGE_BYTES
from tests.api.chat.conftest import new_session, send
from tests.media import a_png

pytestmark = pytest.mark.usefixtures("runs")
FILES = "/api/v1/files"


async def _an_image(client: httpx2.AsyncClient, size_bytes: int) -> str:
    head = a_png()
    answer = await client.post(FILES, files={"file": ("i.png", head + bytes(size_bytes - len(head)), "image/png")})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_session_outgrows_no_request(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    ids = [await _an_image(alice, 3_000_000) for _ in range(4)]
    await send(alice, session, "Look.", wait_s=30, attachments=ids[:2])
    reply = (await send(alice, session, "And now?", wait_s=30, attachments=ids))["reply"]
    assert "3 images attached" in reply["text"]


async def test_a_large_image_is_refused(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    ids = [await _an_image(alice, 1000), await _an_image(alice, MAX_IMAGE_BYTES + 1)]
    answer = await alice.post(f"{session}/messages", json={"text": "Look.", "attachments": ids})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "attachments.1"), answer.text
