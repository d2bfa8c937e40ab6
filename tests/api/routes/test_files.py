"""Files are stored unchanged, served as what they are, and accessible only to their owner."""

import hashlib
from collections.abc import AsyncIterator
from random import Random
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text

from api.app import create_app
from chimera.config.settings import Settings
from chimera.db.engine import Database
from tests.api.conftest import client_of
from tests.media import a_png, a_wav

FILES = "/api/v1/files"


async def upload(
    client: httpx2.AsyncClient, data: bytes, name: str = "a.png", declared_type: str = "text/html"
) -> dict[str, Any]:
    answer = await client.post(FILES, files={"file": (name, data, declared_type)})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{FILES}/{answer.json()['id']}"
    kept: dict[str, Any] = answer.json()
    return kept


async def test_a_file_is_returned_unchanged(alice: httpx2.AsyncClient) -> None:
    data = a_png() + bytes(range(256)) * 10_000
    kept = await upload(alice, data, "an image.png")
    assert kept["size_bytes"] == len(data)
    assert kept["sha256"] == hashlib.sha256(data).hexdigest()
    assert (kept["name"], kept["media_type"]) == ("an image.png", "image/png")
    assert (await alice.get(f"{FILES}/{kept['id']}")).json() == kept
    answer = await alice.get(f"{FILES}/{kept['id']}/content")
    assert answer.content == data
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''an%20image.png"
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "object-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (a_png(), "image/png"),
        (a_wav(), "audio/wav"),
        (b"ID3\x04" + bytes(20), "audio/mpeg"),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/mp4"),
        (b"\x00\x00\x00\x20ftypheic", "image/heic"),
        (b"\x00\x00\x00\x1cftypavif", "image/avif"),
        (b"<html><script>alert(1)</script>", "text/plain; charset=utf-8"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "text/plain; charset=utf-8"),
        (("a" + "ä" * 4095).encode(), "text/plain; charset=utf-8"),
        (b"MZ\x90\x00", "application/octet-stream"),
    ],
)
async def test_a_files_type_is_read_from_its_bytes(alice: httpx2.AsyncClient, data: bytes, media_type: str) -> None:
    kept = await upload(alice, data, "x.png", "image/png")
    answer = await alice.get(f"{FILES}/{kept['id']}/content")
    assert answer.headers["Content-Type"] == media_type


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\windows\\x.png", "x.png"),
        ("\u202egnp.exe", "gnp.exe"),
        ("..", "file"),
        ("a" * 4096 + ".png", "a" * 116 + ".png"),
        ("a%2e%2e%2fb.png", "a_2e_2e_2fb.png"),
    ],
)
async def test_a_name_is_only_a_name(alice: httpx2.AsyncClient, sent: str, kept: str) -> None:
    assert (await upload(alice, a_png(), sent))["name"] == kept


async def test_files_are_listed_newest_first_page_by_page(sign_up: Any) -> None:
    carol = await sign_up()
    ids = [(await upload(carol, a_png(), f"{n}.png"))["id"] for n in range(3)]
    first = (await carol.get(FILES, params={"limit": 2})).json()
    rest = (await carol.get(FILES, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None
    refused = await carol.get(FILES, params={"cursor": "x" * 30})
    assert refused.json()["errors"][0]["field"] == "cursor"


async def test_a_deleted_file_is_gone_with_its_bytes(alice: httpx2.AsyncClient, database: Database) -> None:
    kept = await upload(alice, a_png())
    assert (await alice.delete(f"{FILES}/{kept['id']}")).status_code == 204
    assert (await alice.get(f"{FILES}/{kept['id']}")).status_code == 404
    assert (await alice.delete(f"{FILES}/{kept['id']}")).status_code == 404
    assert await _count(database, "file_chunks WHERE file_id = :id", id=kept["id"]) == 0


@pytest.mark.parametrize(("method", "below"), [("GET", ""), ("GET", "/content"), ("DELETE", "")])
async def test_another_users_file_looks_missing(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, method: str, below: str
) -> None:
    kept, unknown = (await upload(alice, a_png()))["id"], str(uuid4())
    answers = [
        await bob.request(method, f"{FILES}/{id}{below}", headers={"X-Request-ID": "same"}) for id in (kept, unknown)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert _but_for(answers[0].json(), kept) == _but_for(answers[1].json(), unknown)
    assert (await alice.get(f"{FILES}/{kept}/content")).content == a_png()
    assert kept not in (await bob.get(FILES)).text


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"json": {"files": {"file": {"path": "/etc/passwd"}}}}, 415, "Content-Type"),
        ({"data": {"file": "/etc/passwd"}}, 415, "Content-Type"),
        ({"files": {"file": (None, "/etc/passwd")}}, 422, "file"),
        ({"files": {"other": ("a.png", a_png())}}, 422, "other"),
        ({"files": [("file", ("a.png", a_png())), ("path", (None, "/etc"))]}, 422, "path"),
        ({"files": [("file", ("a.png", a_png())), ("file", ("b.png", a_png()))]}, 422, "body"),
        ({"files": {"file": ("a.png", b"")}}, 422, "file"),
        ({"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}}, 422, "body"),
        ({"content": b"no part", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 422, None),
    ],
)
async def test_an_invalid_upload_is_refused_and_not_stored(
    sign_up: Any, database: Database, sent: dict[str, Any], status: int, field: str | None
) -> None:
    dave = await sign_up()
    answer = await dave.post(FILES, **sent)
    assert answer.status_code == status, answer.text
    if field is not None:
        assert answer.json()["errors"][0]["field"] == field
    assert (await dave.get(FILES)).json()["items"] == []


async def test_a_broken_form_never_causes_a_server_error(alice: httpx2.AsyncClient) -> None:
    random = Random(7)
    whole = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + a_png() + b"\r\n--x--\r\n"
    types = ("", "; boundary=", '; boundary="x', "; charset=utf-99; boundary=x", *["; boundary=x"] * 6)
    statuses = set()
    for _ in range(300):
        form = bytearray(whole)
        for _ in range(random.randrange(1, 6)):
            place = random.randrange(len(form))
            form[place : place + random.randrange(12)] = random.randbytes(random.randrange(4))
        declared_type = {"Content-Type": f"multipart/form-data{random.choice(types)}"}
        statuses.add((await alice.post(FILES, content=bytes(form), headers=declared_type)).status_code)
    assert statuses == {201, 422}


@pytest.fixture(scope="module")
async def small(api_settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    """Yield a signed-in client of an API that accepts files of up to 1,000 bytes."""
    app = create_app(api_settings.model_copy(update={"max_file_bytes": 1000}))
    async with app.router.lifespan_context(app), client_of(app) as client:
        account = {"email": f"{uuid4().hex}@example.com", "password": "correct horse battery"}
        await client.post("/api/v1/auth/register", json=account)
        tokens = (await client.post("/api/v1/auth/login", json=account)).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        yield client


async def test_the_file_size_limit_is_exact(small: httpx2.AsyncClient) -> None:
    await upload(small, bytes(1000))
    answer = await small.post(FILES, files={"file": ("a", bytes(1001))})
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert "CHIMERA_MAX_FILE_BYTES" in answer.json()["detail"]


async def test_a_stream_without_an_end_is_cut_at_the_limit(small: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while sent < 100_000_000:
            sent += 65_536
            yield bytes(65_536)

    form = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await small.post(FILES, content=endless(), headers=form)
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert sent < 1_000_000


async def test_other_addresses_keep_their_limit(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post("/api/v1/tasks", content=bytes(2_000_000), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


async def _count(database: Database, what: str, **values: Any) -> int:
    async with database.begin() as session:
        return int(await session.scalar(text(f"SELECT count(*) FROM {what}"), values) or 0)


def _but_for(problem: dict[str, Any], id: str) -> dict[str, Any]:
    return {name: str(value).replace(id, "…") for name, value in problem.items() if name != "instance"}


async def files_of(database: Database, table: str, run_id: str) -> list[str]:
    """Return the files that the database lists for a reply or an AI call, with which retention finds their uses."""
    async with database.begin() as session:
        found = await session.scalar(text(f"SELECT files FROM {table} WHERE run_id = :id"), {"id": run_id})
    return [str(file_id) for file_id in found]


async def test_files_are_found_by_name(sign_up: Any) -> None:
    carol = await sign_up()
    for name in ("Report_1.txt", "notes.txt"):
        await carol.post(FILES, files={"file": (name, b"x")})

    async def names(q: str) -> list[str]:
        return [file["name"] for file in (await carol.get(FILES, params={"q": q})).json()["items"]]

    assert await names("report") == await names("_") == ["Report_1.txt"]
    assert await names("%") == []
    assert await names(".txt") == ["notes.txt", "Report_1.txt"]
    assert await names("nothing") == []
    refused = await carol.get(FILES, params={"q": "\0"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "q")


async def test_content_lists_the_files_that_it_names(alice: httpx2.AsyncClient, database: Database) -> None:
    image, note, recording = [(await upload(alice, data))["id"] for data in (a_png(), b"A note.", a_wav())]
    parts = [
        {"type": "image", "file_id": image},
        {"type": "file", "file_id": note},
        {"type": "image", "file_id": image},
    ]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]
    no_wait = {"Prefer": "wait=0"}
    body = {"model": "simulator/fast", "messages": messages}
    reply = await alice.post("/api/v1/chat/completions", json=body, headers=no_wait)
    assert reply.status_code == 202, reply.text
    assert await files_of(database, "replies", reply.json()["id"]) == [image, note]
    form = {"model": (None, "simulator/transcription"), "file_id": (None, recording)}
    call = await alice.post("/api/v1/ai/transcriptions", files=form, headers=no_wait)
    assert call.status_code == 202, call.text
    assert await files_of(database, "ai_calls", call.json()["id"]) == [recording]
