"""A task's images must be image files that belong to the task's owner."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from models.files import MAX_IMAGE_BYTES
from tests.api.routes.test_files import upload
from tests.media import a_png, a_wav

TASKS = "/api/v1/tasks"


async def handed_in(client: httpx2.AsyncClient, *file_ids: str, **fields: Any) -> httpx2.Response:
    body = {"goal": "Look", "model": "simulator/fast", "start": False, "images": file_ids, **fields}
    return await client.post(TASKS, json=body)


async def tasks_of(client: httpx2.AsyncClient) -> int:
    return len((await client.get(TASKS)).json()["items"])


async def test_a_task_shows_its_images(alice: httpx2.AsyncClient) -> None:
    ids = [(await upload(alice, a_png(width)))["id"] for width in (1, 2)]
    answer = await handed_in(alice, *ids)
    assert answer.status_code == 202, answer.text
    assert answer.json()["images"] == ids
    assert (await alice.get(f"{TASKS}/{answer.json()['id']}")).json()["images"] == ids


async def test_another_users_image_looks_missing(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    before = await tasks_of(alice)
    theirs, unknown = (await upload(bob, a_png()))["id"], str(uuid4())
    answers = [await handed_in(alice, file_id) for file_id in (theirs, unknown)]
    assert [answer.status_code for answer in answers] == [404, 404]
    (reported,), (other_reported,) = (answer.json()["errors"] for answer in answers)
    assert reported["field"] == "images.0"
    assert reported == {**other_reported, "message": other_reported["message"].replace(unknown, theirs)}
    assert await tasks_of(alice) == before


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (a_wav(), "audio/wav. Send a PNG"),
        (a_png() + bytes(MAX_IMAGE_BYTES), "at most 3,750,000 bytes"),
    ],
    ids=["a recording", "too large"],
)
async def test_files_other_than_images_are_refused(alice: httpx2.AsyncClient, data: bytes, expected: str) -> None:
    before = await tasks_of(alice)
    answer = await handed_in(alice, (await upload(alice, data))["id"])
    assert answer.status_code == 422
    assert (answer.json()["errors"][0]["field"], expected in answer.text) == ("images.0", True)
    assert await tasks_of(alice) == before


@pytest.mark.parametrize(("images", "field"), [(["x"], "images.0"), ("x", "images"), ([str(uuid4())] * 9, "images")])
async def test_an_invalid_image_list_is_refused(alice: httpx2.AsyncClient, images: Any, field: str) -> None:
    answer = await alice.post(TASKS, json={"goal": "Look", "model": "simulator/fast", "images": images})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
