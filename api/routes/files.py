"""Routes for files: upload, list, download and delete files."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from api.deps import API, ClosedRoute, Parts, WithCaller, WithFileId, WithParts, WithSignedIn
from api.idempotency import Key, answer_of, keep_with, once_for
from api.live.sse import while_allowed
from api.paging import Cursor, Limit, WithShared
from api.uploads import form_of, keep
from chimera.store import files
from chimera.store.idempotency import Claim
from models.errors import InvalidInput
from models.files import FilePage, FileView
from models.shares import Right

router = APIRouter(prefix="/files", tags=["files"], route_class=ClosedRoute)

_FILE = {
    "type": "string",
    "format": "binary",
    "description": "File to upload, up to `CHIMERA_MAX_FILE_BYTES` bytes",
}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": _FILE},
                    "additionalProperties": False,
                }
            }
        },
    }
}


@router.post(
    "",
    operation_id="create_file",
    summary="Upload File",
    status_code=status.HTTP_201_CREATED,
    response_model=FileView,
    openapi_extra=_FORM,
)
async def create_file(request: Request, caller: WithCaller, parts: WithParts, idempotency_key: Key = None) -> Response:
    """Upload a file in the form field `file`. The file's type is detected from its content."""
    async with form_of(request, limit_bytes=parts.settings.max_file_bytes) as form:
        for name in form.fields:
            raise InvalidInput(name[:60], "Unknown field. Send only the file, in the field 'file'.")
        upload = form.upload
        if upload is None:
            raise InvalidInput("file", "The file is missing. Add it, for example with curl -F file=@note.wav.")

        async def stored(claimed: Claim | None) -> Response:
            async with parts.database.begin() as session:
                view = await keep(session, caller.user_id, upload, parts.settings)
                location = {"Location": f"{API}/files/{view.id}"}
                response = Response(view.model_dump_json(), status.HTTP_201_CREATED, location, "application/json")
                await keep_with(session, claimed, answer_of(response))
            return response

        # Not the form's bytes, because each request has another boundary between its parts.
        meaning = to_json(["upload", upload.name, upload.content.sha256])
        return await once_for(parts.database, caller, idempotency_key, meaning, stored)


@router.get("", operation_id="list_files")
async def list_files(
    caller: WithCaller,
    parts: WithParts,
    q: Annotated[
        str | None, Query(max_length=200, description="Return only files whose name contains this text")
    ] = None,
    shared: WithShared = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> FilePage:
    """List your files, newest first. Administrators see all users' files."""
    if q is not None and "\0" in q:
        raise InvalidInput("q", "The search text contains a NUL character. Remove it.")
    list_name = f"files {caller.user_id} {shared} {q!r}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await files.page(session, caller, shared=shared, text=q, after=after, limit=limit)
    return FilePage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.get("/{file_id}", operation_id="get_file")
async def get_file(file_id: WithFileId, caller: WithCaller, parts: WithParts) -> FileView:
    """Show a file's name, type, size and checksum, but not its content."""
    async with parts.database.begin() as session:
        return await files.view(session, caller, file_id, Right.VIEW)


@router.get(
    "/{file_id}/content",
    operation_id="get_file_content",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
            "description": "Content of the file, as an attachment",
        }
    },
)
async def get_file_content(file_id: WithFileId, signed_in: WithSignedIn, parts: WithParts) -> StreamingResponse:
    """Return a file's content as an attachment, which browsers save instead of opening."""
    async with parts.database.begin() as session:
        view = await files.view(session, signed_in.caller, file_id, Right.VIEW)
    headers = {
        "Content-Length": str(view.size_bytes),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(view.name.rpartition('/')[2], safe='')}",
    }
    chunks = while_allowed(parts.rights, signed_in, _bytes_of(parts, view))
    return StreamingResponse(chunks, headers=headers, media_type=view.media_type)


@router.delete("/{file_id}", operation_id="delete_file", status_code=status.HTTP_204_NO_CONTENT)
async def delete_file(file_id: WithFileId, caller: WithCaller, parts: WithParts) -> None:
    """Delete a file. Records of calls that used or generated the file keep its ID."""
    async with parts.database.begin() as session:
        await files.delete(session, caller, file_id)


async def _bytes_of(parts: Parts, view: FileView) -> AsyncGenerator[bytes]:
    """Read each chunk in its own transaction, so that a slow client doesn't hold a database connection."""
    position = 0
    while True:
        async with parts.database.begin() as session:
            chunk = await files.chunk(session, view.id, position)
        if chunk is None:
            return
        yield chunk
        position += 1
