"""Malicious forms: with an unusual encoding, or never sent to the end."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi import FastAPI

from api import middleware
from api.app import create_app
from chimera.config.settings import Settings
from tests.media import a_png
from tests.parts import serving
from tests.until import LIMIT_S

FILES = "/api/v1/files"


def a_form(name: bytes = b"a.png") -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n'
    return head + a_png() + b"\r\n--x--\r\n"


@pytest.mark.parametrize("charset", ["punycode", "undefined", "idna", "utf-16", "latin-1", '"utf-7"'])
async def test_a_form_is_utf_8(alice: httpx2.AsyncClient, charset: str) -> None:
    content_type = f"multipart/form-data; boundary=x; charset={charset}"
    answer = await alice.post(FILES, content=a_form(b"\xff\xfe-99"), headers={"Content-Type": content_type})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "Content-Type"
    assert charset.strip('"') in error["message"]


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf8"'])
async def test_a_form_may_name_its_charset(alice: httpx2.AsyncClient, charset: str) -> None:
    content_type = f"multipart/form-data; boundary=x; charset={charset}"
    answer = await alice.post(FILES, content=a_form(), headers={"Content-Type": content_type})
    assert answer.status_code == 201, answer.text


@pytest.fixture(params=[0.3])
async def impatient(
    api_settings: Settings, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> AsyncIterator[FastAPI]:
    """An API that tolerates only a short silence during an upload."""
    monkeypatch.setattr(middleware, "UPLOAD_SILENCE_S", request.param)
    app = create_app(api_settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.mark.parametrize("path", middleware.UPLOADS)
async def test_an_upload_that_stops_coming_is_let_go(impatient: FastAPI, alice: httpx2.AsyncClient, path: str) -> None:
    async with serving(impatient) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        lines = (
            f"POST {path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: {alice.headers['Authorization']}",
            "Content-Type: multipart/form-data; boundary=x",
            "Content-Length: 20000",
        )
        writer.write("\r\n".join((*lines, "", "--x\r\n")).encode())
        answer = (await reader.readuntil(b"}")).decode()
        writer.close()
    assert answer.startswith("HTTP/1.1 408 ")
    assert "application/problem+json" in answer
    assert "body_too_slow" in answer


@pytest.mark.parametrize("impatient", [1.0], indirect=True, ids=["1 s"])
async def test_an_upload_in_pieces_is_accepted(impatient: FastAPI, alice: httpx2.AsyncClient) -> None:
    """Together, the pauses exceed the limit for one pause, but each leaves room for the delays of a busy machine."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, 120, 10):
            await asyncio.sleep(0.1)
            yield a_form()[start : start + 10]
        yield a_form()[120:]

    async with (
        serving(impatient) as url,
        httpx2.AsyncClient(base_url=url, headers=alice.headers, timeout=LIMIT_S) as client,
    ):
        content_type = {"Content-Type": "multipart/form-data; boundary=x"}
        answer = await client.post(FILES, content=pieces(), headers=content_type)
    assert answer.status_code == 201, answer.text
