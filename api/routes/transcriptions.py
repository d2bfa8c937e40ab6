"""Route for transcriptions. The form contains a recording or the ID of an uploaded one."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from api.ai_calls import LATER, IdempotencyKey, WithWait, answered, new_call
from api.deps import ClosedRoute, WithCaller, WithParts
from api.uploads import Form, form_of, keep
from chimera.config.settings import Settings
from chimera.content.audio import seconds_of
from chimera.providers.base import Provider
from chimera.providers.media import Transcribes
from chimera.store import ai_calls, files, user_limits
from chimera.store.ai_calls import NewAiCall
from chimera.store.user_limits import OPEN_AI_CALLS_LIMIT
from models.ai_calls import AiCallView, Operation, TranscriptionSpec, TranscriptionView
from models.base import MODEL_REF
from models.errors import IdempotencyKeyReused, InvalidInput, NotFound
from models.files import FileView
from models.ids import AiCallId, FileId
from models.users import Caller
from models.wording import instead_of

router = APIRouter(prefix="/ai", tags=["ai"], route_class=ClosedRoute)

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["model"],
                    "additionalProperties": False,
                    "properties": {
                        "model": {"type": "string", "pattern": MODEL_REF, "description": "Model, as `provider/model`"},
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "Recording to transcribe. You can send `file_id` instead.",
                        },
                        "file_id": {
                            "type": "string",
                            "format": "uuid",
                            "description": "ID of one of your files. You can send `file` instead.",
                        },
                        "language": {
                            "type": "string",
                            "description": "Language spoken in the recording, such as `de` or `en`",
                        },
                        "prompt": {"type": "string", "description": "Names and words that occur in the recording"},
                    },
                }
            }
        },
    }
}


@router.post(
    "/transcriptions",
    operation_id="create_transcription",
    response_model=TranscriptionView | AiCallView,
    responses=LATER,
    openapi_extra=_FORM,
)
async def create_transcription(
    request: Request,
    caller: WithCaller,
    parts: WithParts,
    response: Response,
    wait_s: WithWait,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Transcribe a recording.

    Send a form that contains either the recording in `file` or the ID of one of your files in `file_id`.
    """
    async with form_of(request, limit_bytes=parts.settings.max_file_bytes) as form:
        spec = _spec_in(form)
        provider = await parts.checks.operation(Operation.TRANSCRIPTIONS, spec.model)
        async with parts.database.begin() as session:
            call_id, created = await _transcription(
                session, caller, spec, form, provider, idempotency_key, parts.settings
            )
    return await answered(parts, caller, call_id, response, wait_s, created=created)


def _spec_in(form: Form) -> TranscriptionSpec:
    known = (*TranscriptionSpec.model_fields, "file")
    for name in form.fields:
        if name not in known:
            raise InvalidInput(name[:60], f"Unknown field. {instead_of(name, known)}")
    try:
        spec = TranscriptionSpec.model_validate(form.fields)
    except ValidationError as error:
        raise RequestValidationError([{**entry, "loc": ("body", *entry["loc"])} for entry in error.errors()]) from None
    if (form.upload is None) == (spec.file_id is None):
        raise InvalidInput("file", "Send either the recording in 'file' or the ID of a file in 'file_id'.")
    return spec


async def _transcription(
    session: AsyncSession,
    caller: Caller,
    spec: TranscriptionSpec,
    form: Form,
    provider: Provider,
    key: str | None,
    settings: Settings,
) -> tuple[AiCallId, bool]:
    """Accept a transcription request, and store the recording if the form contains one.

    If the request repeats an earlier one, nothing is stored.
    """
    hints = spec.model_dump(mode="json", include={"language", "prompt"}, exclude_none=True)
    try:
        stored = await _stored(session, caller, spec)
    except NotFound:
        before = await _of_key(session, caller, spec, hints, key)
        if before is None:
            raise
        return before, False
    recording = stored or (form.upload.content if form.upload else None)
    assert recording is not None, "exactly one was sent"
    _check_recording(provider, recording.media_type, recording.size_bytes, "file_id" if stored else "file")
    meant = {**hints, "sha256": recording.sha256}
    if key is not None:
        asked = new_call(Operation.TRANSCRIPTIONS, provider, spec.model, {}, key, meant=meant)
        before = await ai_calls.accepted_before(session, caller.user_id, key, asked.body_sha256)
        if before is not None:
            return before, False
    file, audio_seconds = await _measured(session, caller, stored, form, settings)
    request = {"file_id": file.id, "audio_seconds": audio_seconds, **hints}
    new = new_call(Operation.TRANSCRIPTIONS, provider, spec.model, request, key, meant=meant)
    return await _created(session, caller, new, settings, uploaded=file if stored is None else None)


async def _stored(session: AsyncSession, caller: Caller, spec: TranscriptionSpec) -> FileView | None:
    """Return the file that the form names, or None if the form contains the recording itself. Raises NotFound."""
    if spec.file_id is None:
        return None
    return await files.one_to_use(session, caller.user_id, FileId(str(spec.file_id)))


async def _measured(
    session: AsyncSession, caller: Caller, stored: FileView | None, form: Form, settings: Settings
) -> tuple[FileView, float]:
    """Return the recording's file and its length in seconds. A recording from the form is stored first.

    The length is measured once and stored, so that the file is read again only for the request to the provider.
    """
    if stored is not None:
        head = await files.chunk(session, stored.id, 0) or b""
        return stored, seconds_of(head, stored.size_bytes)
    assert form.upload is not None, "exactly one was sent"
    head = next(form.upload.content.chunks(), b"")
    file = await keep(session, caller.user_id, form.upload, settings)
    return file, seconds_of(head, file.size_bytes)


async def _created(
    session: AsyncSession, caller: Caller, new: NewAiCall, settings: Settings, *, uploaded: FileView | None
) -> tuple[AiCallId, bool]:
    """Store a call. If a request with the same key came first, delete the upload and return that request's call."""
    call_id, created = await ai_calls.create(session, caller.user_id, new)
    if created:
        await user_limits.check_added(session, caller.user_id, OPEN_AI_CALLS_LIMIT, settings)
    elif uploaded is not None:
        await files.delete(session, caller, uploaded.id)
    return call_id, created


async def _of_key(
    session: AsyncSession, caller: Caller, spec: TranscriptionSpec, hints: dict[str, Any], key: str | None
) -> AiCallId | None:
    """Return the call with this key. Its file has been deleted, so only the file's ID can be compared, not its bytes.

    Raises IdempotencyKeyReused.
    """
    before = None if key is None else await ai_calls.of_key(session, caller, key)
    if key is None or before is None:
        return None
    call_id, operation, model, request = before
    asked = {name: value for name, value in request.items() if name != "audio_seconds"}
    if (operation, model, asked) != (Operation.TRANSCRIPTIONS, spec.model, {"file_id": str(spec.file_id), **hints}):
        raise IdempotencyKeyReused(key)
    return call_id


def _check_recording(provider: Provider, media_type: str, size_bytes: int, field: str) -> None:
    assert isinstance(provider, Transcribes)
    if media_type not in provider.audio_types:
        known = ", ".join(sorted(kind.removeprefix("audio/") for kind in provider.audio_types))
        raise InvalidInput(
            field,
            f"The file has the type {media_type}. Send a file of a type that {provider.name} accepts: {known}.",
        )
    if size_bytes > provider.max_audio_bytes:
        raise InvalidInput(
            field,
            f"{provider.name} accepts recordings of up to {provider.max_audio_bytes} bytes. Send a shorter recording.",
        )
