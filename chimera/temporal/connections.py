"""Connections to Temporal by its SDK: TLS, the API key, and the setting at fault if Temporal rejects a connection."""

import asyncio
import re
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.service import GrpcCompression, RPCError, RPCStatusCode, TLSConfig

from chimera.config.settings import Settings
from chimera.config.temporal_tls import API_KEY, CLIENT_CERT, CLIENT_KEY, SERVER_CA, UnusableFile, read
from chimera.temporal import reach
from chimera.temporal.reach import Problem

ASK_TIMEOUT = timedelta(seconds=2)

_REJECTED = re.compile(r"code: (PermissionDenied|Unauthenticated)")
"""The SDK's message if Temporal rejects the first request, which the SDK sends while it connects."""


class TemporalUnusable(RuntimeError):
    """Temporal can't be used with these settings.

    The message names the setting, and contains no address, path or key.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def address_of(settings: Settings) -> str:
    """Return the host and port where a process reaches Temporal."""
    return settings.temporal_address or f"127.0.0.1:{settings.temporal_port}"


async def connect(settings: Settings, converter: DataConverter = DataConverter.default, *, lazy: bool) -> Client:
    """Connect or, if lazy, prepare to connect. Certificate files are read now, so a restart uses new ones.

    Raises RuntimeError; if lazy, the client's first call raises it.
    """
    key = settings.temporal_api_key
    return await Client.connect(
        address_of(settings),
        namespace=settings.temporal_namespace,
        data_converter=converter,
        lazy=lazy,
        tls=_tls_of(settings),
        api_key=key.get_secret_value() if key is not None else None,
        # Temporal Cloud's regional addresses find the key's owner by this; the SDK sends it only with some requests.
        rpc_metadata={"temporal-namespace": settings.temporal_namespace} if key is not None else {},
        # Our requests are small, so compressing them costs more than it saves.
        grpc_compression=GrpcCompression.NONE,
    )


async def check(client: Client) -> None:
    """Raise RPCError or RuntimeError unless Temporal responds within 2 s, accepts this client and has the namespace."""
    request = DescribeNamespaceRequest(namespace=client.namespace)
    await client.workflow_service.describe_namespace(request, timeout=ASK_TIMEOUT, retry=False)


async def problem_of(error: Exception, settings: Settings) -> Problem | None:
    """Return the setting that caused an error of `connect` or `check`; None if no setting did, or if unknown."""
    if isinstance(error, TemporalUnusable):
        return error.problem
    if isinstance(error, RPCError) and error.status == RPCStatusCode.NOT_FOUND:
        remedy = "Create the namespace, or correct CHIMERA_TEMPORAL_NAMESPACE."
        return Problem(f"doesn't have the namespace {settings.temporal_namespace!r}", remedy)
    if _is_rejection(error):
        return _rejected(settings)
    try:
        async with asyncio.timeout(ASK_TIMEOUT.total_seconds()):
            found = await reach.problem_of(address_of(settings), settings.temporal_connection)
    except TimeoutError:
        return None
    # Without a remedy, no setting is at fault.
    return found if found is not None and found.remedy else None


def _tls_of(settings: Settings) -> TLSConfig | bool:
    tls = settings.temporal_connection
    if not tls.is_on:
        return False
    try:
        return TLSConfig(
            server_root_ca_cert=read(tls.server_ca, SERVER_CA) if tls.server_ca else None,
            domain=tls.server_name,
            client_cert=read(tls.client_cert, CLIENT_CERT) if tls.client_cert else None,
            client_private_key=read(tls.client_key, CLIENT_KEY) if tls.client_key else None,
        )
    except UnusableFile as error:
        raise TemporalUnusable(reach.unusable(error)) from None


def _is_rejection(error: Exception) -> bool:
    if isinstance(error, RPCError):
        return error.status in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED)
    return bool(_REJECTED.search(str(error)))


def _rejected(settings: Settings) -> Problem:
    namespace = f"the namespace {settings.temporal_namespace!r}"
    if settings.temporal_api_key is not None:
        remedy = f"Correct {API_KEY} or CHIMERA_TEMPORAL_NAMESPACE."
        return Problem(f"rejects the API key for {namespace}", remedy)
    remedy = (
        f"Set {API_KEY}, or {CLIENT_CERT} and {CLIENT_KEY}, to the credentials of a user who can access the namespace."
    )
    return Problem(f"denies this client access to {namespace}", remedy)
