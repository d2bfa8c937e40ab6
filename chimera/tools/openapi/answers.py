"""Turns responses into what a model reads, without credentials."""

from chimera.content.file_types import IMAGES, media_type_of
from chimera.content.text import clean_text
from chimera.egress.client import EgressResponse
from chimera.tools.base import OutcomeUnknown, ToolImage, ToolOutput, ToolUnavailable
from chimera.tools.charsets import decoded
from chimera.tools.openapi.credentials import Credentials
from models.tools import ToolKind

MAX_ERROR_CHARS = 4000
MAX_IMAGE_BYTES = 5 * 1024 * 1024

_LONGEST_WAIT_S = 3600


def output_of(name: str, kind: ToolKind, response: EgressResponse, credentials: Credentials) -> ToolOutput:
    """Return a tool's output for a response.

    Statuses of 400 and above are failed outputs with the body. Raises ToolUnavailable for 429 and 503, and
    OutcomeUnknown if a gateway lost a call that must not be repeated (502 and 504).
    """
    status = response.status
    if status in (429, 503):
        raise _unavailable(name, response)
    if status in (502, 504) and kind is ToolKind.ONCE:
        raise OutcomeUnknown(f"{name!r}: a gateway answered with status {status} instead of the API.")
    if 200 <= status < 300:
        return _result(response, credentials)
    if 300 <= status < 400:
        to = credentials.hide(clean_text(response.headers.get("location", "")))[:300]
        return ToolOutput(f"Status {status}: redirects to {to!r}, which isn't followed.", failed=status != 303)
    text = credentials.hide(_text_of(response))[:MAX_ERROR_CHARS]
    return ToolOutput(f"Status {status}: {text}" if text else f"Status {status}.", failed=True)


def _result(response: EgressResponse, credentials: Credentials) -> ToolOutput:
    if not response.body:
        return ToolOutput(f"Done (status {response.status}).")
    image_type = media_type_of(response.body)
    if image_type in IMAGES and len(response.body) <= MAX_IMAGE_BYTES:
        return ToolOutput("", images=(ToolImage(image_type, response.body),))
    return ToolOutput(credentials.hide(_text_of(response)))


def _text_of(response: EgressResponse) -> str:
    body, media_type = response.body, response.media_type
    if b"\0" in body[:4096] or media_type.startswith(("image/", "audio/", "video/", "application/octet")):
        return f"[{len(body)} bytes of the type {clean_text(media_type)[:80] or 'unknown'}, which can't be shown]"
    return decoded(body, str(response.headers.get("content-type", "")), is_html=False)


def _unavailable(name: str, response: EgressResponse) -> ToolUnavailable:
    error = ToolUnavailable(f"{name!r} is unavailable: the API answers with status {response.status}.")
    wait = response.headers.get("retry-after", "").strip()
    if wait.isdecimal():
        error.retry_after_s = float(min(int(wait[:6]), _LONGEST_WAIT_S))
    return error
