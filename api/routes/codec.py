"""A codec server for Temporal's Web UI and CLI. These tools can't sign in, so the server's address is a secret."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.routing import APIRoute

from api.bodies import StrictRequest
from api.deps import API, ClosedRoute, WithParts, WithSignedIn, count_address, parts_of
from chimera.config.temporal_tls import TemporalTls as TlsSettings
from chimera.store import audit
from chimera.temporal.payloads import PayloadUnreadable
from models.audit import AuditAction
from models.codec import CodecAddress, CodecPayloads, TemporalTls
from models.errors import InvalidInput


class PassRoute(APIRoute):
    """Checks the secret in the address, and only then reads the request body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def checked_first(request: Request) -> Response:
            await count_address(request)
            await parts_of(request).auth.check_codec_pass(request.path_params["codec_pass"])
            return await handle(StrictRequest(request.scope, request.receive))

        return checked_first


router = APIRouter(prefix="/codec", tags=["codec"], route_class=ClosedRoute)
public = APIRouter(prefix="/codec", tags=["codec"], route_class=PassRoute)


@router.post("", operation_id="create_codec_address")
async def create_codec_address(request: Request, signed_in: WithSignedIn, parts: WithParts) -> CodecAddress:
    """Create a codec address for Temporal's tools, valid for 12 hours. Only administrators can create one.

    Temporal's tools can use the address to decode the payloads of all runs. The address expires earlier if the session
    ends, or if the account is disabled or loses its administrator role.
    """
    async with parts.database.begin() as session:
        await audit.record(session, AuditAction.CODEC_ADDRESS_CREATED, actor_id=signed_in.caller.user_id)
    codec_pass, ends = parts.auth.codec_pass(signed_in)
    url = f"{str(request.base_url).rstrip('/')}{API}/codec/{codec_pass}"
    temporal = parts.temporal
    return CodecAddress(
        url=url,
        expires_at=ends,
        temporal_address=temporal.address,
        temporal_namespace=temporal.namespace,
        temporal_tls=_tls_of(parts.settings.temporal_connection),
        temporal_api_key_required=parts.settings.temporal_api_key is not None,
        web_ui_url=temporal.web_ui,
    )


def _tls_of(tls: TlsSettings) -> TemporalTls | None:
    if not tls.is_on:
        return None
    files = {
        "server_ca_cert_path": tls.server_ca,
        "client_cert_path": tls.client_cert,
        "client_key_path": tls.client_key,
    }
    paths = {name: str(path.absolute()) for name, path in files.items() if path is not None}
    return TemporalTls(**paths, server_name=tls.server_name)


@public.post("/{codec_pass}/decode", operation_id="decode_payloads", response_model_exclude_defaults=True)
async def decode_payloads(
    codec_pass: Annotated[str, Path(description="Secret part of the address returned by `POST /api/v1/codec`")],
    payloads: CodecPayloads,
    parts: WithParts,
) -> CodecPayloads:
    """Decode payloads according to Temporal's codec protocol. Unencrypted payloads are returned unchanged."""
    try:
        return await parts.temporal.encryption.decode_for_tools(payloads)
    except PayloadUnreadable as error:
        raise InvalidInput("payloads", str(error)) from None
