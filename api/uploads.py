"""Forms with files: only multipart, parsed as they arrive, with few fields and one file.

The bytes are counted as they arrive (`middleware.BodyLimit`), and kept in a temporary file if they exceed a mebibyte.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request
from python_multipart.multipart import parse_options_header
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from api.errors import Refused
from chimera.config.settings import Settings
from chimera.content.files import Content, measured
from chimera.ledger.kept_bytes import LEAST_BYTES
from chimera.store import files, user_limits
from chimera.store.user_limits import FILES_LIMIT
from models.errors import InvalidInput, WrongContentType
from models.files import FileView
from models.ids import UserId

FIELD_BYTES = 64 * 1024
MAX_FIELDS = 10


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a form: its content, and its name, which is only displayed."""

    name: str | None
    content: Content


@dataclass(frozen=True, slots=True)
class Form:
    """A form's text fields, and its file if it has one."""

    fields: dict[str, str]
    upload: Upload | None


@asynccontextmanager
async def form_of(request: Request, *, limit_bytes: int) -> AsyncIterator[Form]:
    """Read a form whose only file is in the field `file`. Its temporary file exists as long as the block runs.

    Raises WrongContentType for anything but multipart, FileTooLarge, or InvalidInput naming the field.
    """
    _check_content_type(request.headers.get("content-type", ""))
    try:
        form = await request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=FIELD_BYTES)
    except Refused as refused:
        raise refused.error from None
    except HTTPException as error:
        reason = error.detail[:200].rstrip(".")
        raise InvalidInput(
            "body", f"The form can't be read ({reason}). Send one file, for example with curl -F file=@note.wav."
        ) from None
    try:
        yield await _read(form, limit_bytes)
    finally:
        await form.close()


async def keep(session: AsyncSession, owner_id: UserId, upload: Upload, settings: Settings) -> FileView:
    """Store an uploaded file. Raises LimitReached before it is written if its owner has no room, or afterward if the
    owner's simultaneous uploads took the room first.
    """
    counts_for = max(upload.content.size_bytes, LEAST_BYTES)
    await user_limits.check_room(session, owner_id, FILES_LIMIT, settings, counts_for)
    view = await files.create(session, owner_id, upload.name, upload.content)
    await user_limits.check_added(session, owner_id, FILES_LIMIT, settings, counts_for)
    return view


def _check_content_type(header: str) -> None:
    # Parsed as Starlette will parse it, which decodes names with any of Python's codecs, some in quadratic time.
    media_type, options = parse_options_header(header)
    if media_type != b"multipart/form-data":
        raise WrongContentType
    charset = options.get(b"charset", b"utf-8").decode("latin-1")
    if charset.strip().lower() not in ("utf-8", "utf8"):
        raise InvalidInput(
            "Content-Type", f"The charset {charset[:60]!r} is not supported. Use utf-8, or omit the charset."
        )


async def _read(form: FormData, limit_bytes: int) -> Form:
    fields: dict[str, str] = {}
    upload: Upload | None = None
    for name, value in form.multi_items():
        if name in fields or (name == "file" and upload is not None):
            raise InvalidInput(name[:60], "The form contains this field more than once. Send it only once.")
        if isinstance(value, UploadFile):
            if name != "file":
                raise InvalidInput(name[:60], "Send the file in the field 'file'.")
            content = await asyncio.to_thread(measured, value.file, limit_bytes)
            if content.size_bytes == 0:
                raise InvalidInput("file", "The file is empty. Send a file with content.")
            upload = Upload(value.filename, content)
        elif name == "file":
            raise InvalidInput("file", "Send the file itself instead of text, for example with curl -F file=@note.wav.")
        else:
            fields[name] = value
    return Form(fields, upload)
