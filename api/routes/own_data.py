"""Route for a copy of all data of the caller."""

from collections.abc import AsyncGenerator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from api.deps import ClosedRoute, Parts, WithParts, WithSignedIn
from api.live.sse import while_allowed
from api.routes.streams import WithOpenStream
from chimera.store import own_data
from models.ids import UserId

router = APIRouter(prefix="/auth/me/export", tags=["retention"], route_class=ClosedRoute)

MEDIA_TYPE = "application/x-ndjson"


@router.get(
    "",
    operation_id="export_me",
    summary="Export Own Data",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": 'A JSON object per line, with `table` and `row`. The last line is `{"complete": true}`.',
            "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
        }
    },
)
async def export_me(signed_in: WithSignedIn, parts: WithParts, open_stream: WithOpenStream) -> StreamingResponse:
    """Download all your data: account, agents, schedules, tasks with their messages, chats, metrics and files.

    The bytes of files follow their file, in URL-safe base64, in pieces of one mebibyte. Passwords and keys aren't
    included. If the last line is missing, the download was interrupted, or your session has ended.
    """
    await open_stream()
    headers = {"Content-Disposition": 'attachment; filename="chimera-data.ndjson"'}
    lines = while_allowed(parts.rights, signed_in, _lines(parts, signed_in.caller.user_id))
    return StreamingResponse(lines, headers=headers, media_type=MEDIA_TYPE)


async def _lines(parts: Parts, user_id: UserId) -> AsyncGenerator[bytes]:
    async for table, row in own_data.rows_of(parts.database.begin, user_id):
        yield to_json({"table": table, "row": row}, bytes_mode="base64") + b"\n"
    yield b'{"complete": true}\n'
