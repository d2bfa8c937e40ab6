"""Cases for Chimera's own API: requests exactly as given, and the times when a schedule is due."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
from httpx2.websockets import AsyncWebSocketClient, WebSocketDisconnect

from benchmarks.cases.case import ApiCalls, Call, Scheduled, SocketCase
from benchmarks.cases.seen import ApiReply, Times

SCHEDULES = "/api/v1/schedules"
NO_PREVIEW = (404, 405)
SOCKET_S = 30.0


async def try_calls(api: httpx2.AsyncClient, called: ApiCalls) -> ApiReply:
    """Send the requests one after another; return the reply to the last one, with the ids from all replies."""
    ids: list[str | None] = []
    reply = ApiReply(0, "")
    for call in called.calls:
        response = await _made(api, call, ids[-1] if ids else None)
        ids.append(_id_in(response))
        reply = ApiReply(response.status_code, response.text, tuple(ids))
    return reply


async def _made(api: httpx2.AsyncClient, call: Call, last_id: str | None) -> httpx2.Response:
    path = call.path.replace("{id}", last_id or "")
    if call.raw is not None:
        headers = {"content-type": "application/json", **call.headers}
        return await api.request(call.method, path, content=call.raw.encode(), headers=headers)
    return await api.request(call.method, path, json=call.body, headers=dict(call.headers))


async def try_socket(api: httpx2.AsyncClient, messages: SocketCase) -> ApiReply:
    """Send each message and read its answer. The status is 101 if the socket is still open at the end."""
    types: list[str] = []
    try:
        async with AsyncWebSocketClient(api).connect("/ws") as socket, asyncio.timeout(SOCKET_S):
            # The API greets a caller who has signed in during the handshake.
            types.append((await socket.receive_json())["type"])
            for message in messages.messages:
                await (socket.send_text(message) if isinstance(message, str) else socket.send_bytes(message))
                types.append((await socket.receive_json())["type"])
        return ApiReply(101, " ".join(types))
    except WebSocketDisconnect as left:
        return ApiReply(left.code, " ".join(types))


async def try_timing(api: httpx2.AsyncClient, scheduled: Scheduled) -> Times:
    """Ask when a schedule is due, without creating it. If there is no preview, it is created and deleted again."""
    asked_at = datetime.now(UTC)
    body = {"name": "a case", "task": {"goal": "x", "model": "simulator/fast"}, **scheduled.timing}
    response = await api.post(f"{SCHEDULES}/preview", json=body)
    if response.status_code in NO_PREVIEW:
        response = await api.post(SCHEDULES, json=body)
        if response.status_code == 201:
            await api.delete(f"{SCHEDULES}/{response.json()['id']}")
    if response.is_error:
        return Times(refused=ApiReply(response.status_code, response.text))
    zone = ZoneInfo(scheduled.timing.get("time_zone", "UTC"))
    due = (datetime.fromisoformat(moment).astimezone(zone) for moment in response.json()["next_runs"])
    return Times(tuple(due), asked_at.astimezone(zone))


def _id_in(response: httpx2.Response) -> str | None:
    try:
        found: Any = response.json()
    except ValueError:
        return None
    return found.get("id") if isinstance(found, dict) else None
