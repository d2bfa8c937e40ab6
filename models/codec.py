"""Requests of Temporal's Web UI and command line to a codec server: payloads in protobuf's JSON form."""

from base64 import b64decode, b64encode
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from models.base import Contract, UtcDatetime

MAX_PAYLOADS = 1000
"""Maximum number of payloads in one request. Temporal's programs send those of one event, or of a page of events."""


def bytes_of(text: object) -> bytes:
    """Decode base64 in either alphabet, with or without padding, as in protobuf's JSON format. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("Send a base64-encoded string.")
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        raise ValueError("Send a valid base64 string.") from None


def _bytes_in(sent: object) -> bytes:
    # Our own code passes bytes. In JSON, they are a base64 string.
    return sent if isinstance(sent, bytes) else bytes_of(sent)


def _base64_of(data: bytes) -> str:
    return b64encode(data).decode()


Base64 = Annotated[
    bytes,
    BeforeValidator(_bytes_in),
    PlainSerializer(_base64_of),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]


class CodecPayload(Contract):
    """A payload. Fields added by newer versions of Temporal are ignored."""

    metadata: dict[str, Base64] = Field(default_factory=dict)
    data: Base64 = b""


class CodecPayloads(Contract):
    payloads: Annotated[tuple[CodecPayload, ...], Field(max_length=MAX_PAYLOADS, fail_fast=True)] = ()


class TemporalTls(Contract):
    """The API's TLS settings for Temporal. The paths refer to the API's machine. The keys aren't included."""

    server_ca_cert_path: str | None = None
    client_cert_path: str | None = None
    client_key_path: str | None = None
    server_name: str | None = None


class CodecAddress(Contract):
    """An address that decodes payloads for Temporal's Web UI and command line.

    Anyone who has the address can use it.
    """

    url: str
    expires_at: UtcDatetime = Field(
        description="When the address expires. The address expires earlier if the user who created it signs out, is"
        " disabled or loses the administrator role."
    )
    temporal_address: str = Field(
        description="Temporal's address as seen from the API's machine, for `temporal --address`"
    )
    temporal_namespace: str = Field(description="Temporal namespace that contains the runs, for `temporal --namespace`")
    temporal_tls: TemporalTls | None = Field(
        default=None, description="TLS settings for the `temporal` command. `null` if Temporal doesn't use TLS."
    )
    temporal_api_key_required: bool = Field(
        default=False, description="Whether the `temporal` command needs an API key in `TEMPORAL_API_KEY`"
    )
    web_ui_url: str = Field(
        description="Address of Temporal's Web UI. Web pages at any other address can't use the codec address."
    )
