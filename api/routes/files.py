"""Routes for files: upload, list, download and delete files."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response, status
from fastapi.responses import StreamingResponse

from api.deps import API, ClosedRoute, Parts, WithCaller, WithFileId, WithParts
from api.uploads import form_of, keep
from chimera.store import files
from models.errors import InvalidInput
from models.files import FilePage, FileView

router = APIRouter(prefix="/files", tags=["files"], route_class=ClosedRoute)

MAX_PAGE = 100

_FILE = {
    "type": "string",
    "format": "binary",
    "description": "File to upload, up to `CHIMERA_MAX_FILE_BYTES` bytes",
}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {"file": _FILE}}}
        },
    }
}


@router.post(
    "", operation_id="create_file", summary="Upload File", status_code=status.HTTP_201_CREATED, openapi_extra=_FORM
)
async def create_file(request: Request, caller: WithCaller, parts: WithParts, response: Response) -> FileView:
    """Upload a file in the form field `file`. The file's type is detected from its content."""
    async with form_of(request, limit_bytes=parts.settings.max_file_bytes) as form:
        for name in form.fields:
            raise InvalidInput(name[:60], "Unknown field. Send only the file, in the field 'file'.")
        if form.upload is None:
            raise InvalidInput("file", "The file is missing. Add it, for example with curl -F file=@note.wav.")
        async with parts.database.begin() as session:
            view = await keep(session, caller.user_id, form.upload, parts.settings)
    response.headers["Location"] = f"{API}/files/{view.id}"
    return view


@router.get("", operation_id="list_files")
async def list_files(
    caller: WithCaller,
    parts: WithParts,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Maximum number of items per page")] = 20,
    cursor: Annotated[
        str | None, Query(max_length=200, description="Value of `next_cursor` from the previous page")
    ] = None,
) -> FilePage:
    """List your files, newest first. Administrators see all users' files."""
    list_name = f"files {caller.user_id}"
    after = parts.cursors.open(cursor, list_name) if cursor else None
    async with parts.database.begin() as session:
        views, place = await files.page(session, caller, after=after, limit=limit)
    return FilePage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.get("/{file_id}", operation_id="get_file")
async def get_file(file_id: WithFileId, caller: WithCaller, parts: WithParts) -> FileView:
    """Show a file's name, type, size and checksum, but not its content."""
    async with parts.database.begin() as session:
        return await files.view(session, caller, file_id)


@router.get(
    "/{file_id}/content",
    operation_id="get_file_content",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "Content of the file, as an attachment"}
    },
)
async def get_file_content(file_id: WithFileId, caller: WithCaller, parts: WithParts) -> StreamingResponse:
    """Return a file's content as an attachment, which browsers save instead of opening."""
    async with parts.database.begin() as session:
        view = await files.view(session, caller, file_id)
    headers = {
        "Content-Length": str(view.size_bytes),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(view.name.rpartition('/')[2], safe='')}",
    }
    return StreamingResponse(_bytes_of(parts, view), headers=headers, media_type=view.media_type)


@router.delete("/{file_id}", operation_id="delete_file", status_code=status.HTTP_204_NO_CONTENT)
async def delete_file(file_id: WithFileId, caller: WithCaller, parts: WithParts) -> None:
    """Delete a file. Records of calls that used or generated the file keep its ID."""
    async with parts.database.begin() as session:
        await files.delete(session, caller, file_id)


async def _bytes_of(parts: Parts, view: FileView) -> AsyncIterator[bytes]:
    """Read each chunk in its own transaction, so that a slow client doesn't hold a database connection."""
    position = 0
    while True:
        async with parts.database.begin() as session:
            chunk = await files.chunk(session, view.id, position)
        if chunk is None:
            return
        yield chunk
        position += 1
