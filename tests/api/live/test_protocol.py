"""Frames as bytes, sent through the WebSocket protocol class that serves the API."""

import asyncio
import json

import httpx2
import pytest
from fastapi import FastAPI

from api.live.frames import TOGETHER
from api.live.protocol import SocketProtocol
from models.events import RunCompleted, RunResumed
from tests.api.conftest import new_task, publish
from tests.api.routes.test_streams import token_of
from tests.listeners import Listener
from tests.parts import serving
from tests.until import LIMIT_S


@pytest.mark.parametrize("protocol", [SocketProtocol, "auto"], ids=["ours", "another server"])
async def test_every_event_comes_once_and_in_order(
    app: FastAPI, alice: httpx2.AsyncClient, protocol: type[asyncio.Protocol] | str
) -> None:
    task_id = (await new_task(alice))["id"]
    for _ in range(TOGETHER):
        await publish(app, task_id, RunResumed(), RunResumed())
    async with asyncio.timeout(LIMIT_S), serving(app, ws=protocol) as url:
        host, port = url.removeprefix("http://").split(":")
        loop = asyncio.get_running_loop()
        _, listener = await loop.create_connection(lambda: Listener(url, token_of(alice), task_id), host, int(port))
        await listener.subscribed
        await publish(app, task_id, RunCompleted(preview="é" * 300))
        await listener.ended
    frames = [json.loads(data) for _, data in listener.arrived]
    assert [each["seq"] for each in frames] == list(range(1, 2 * TOGETHER + 3))
    assert {(each["type"], each["topic"]) for each in frames} == {("event", f"run:{task_id}")}
    assert frames[-1]["event"]["preview"] == "é" * 300
