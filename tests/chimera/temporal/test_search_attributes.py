"""The search attributes of runs, on a Temporal that lets us register them and on one that doesn't.

Temporal Cloud doesn't give its users access to the operator service. To imitate that with the development server, a
proxy changes a letter of the service's name in each request.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from google.protobuf.duration_pb2 import Duration
from structlog.testing import capture_logs
from structlog.typing import EventDict
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.service import RPCError, RPCStatusCode

from chimera.config.settings import Settings
from chimera.ledger.starts import Start
from chimera.temporal import connections, search_attributes
from chimera.temporal.client import Temporal
from models.ai_calls import AiCallInput
from models.ids import RunId, UserId
from models.model_calls import Purpose
from models.workflows import SEARCH_ATTRIBUTES, registration_of
from tests.tls import Authority, huffman, tls_proxy
from tests.until import until_true

OPERATOR = huffman("/temporal.api.operatorservice.v1.")
NOTHING = huffman("/temporal.api.iperatorservice.v1.")


def without_operator(data: bytes) -> bytes:
    return data.replace(OPERATOR, NOTHING)


@pytest.fixture
async def without_rights(parts: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings for a Temporal that rejects requests to register search attributes."""
    ours = Authority(tmp_path, "ours")
    server = ours.signed("127.0.0.1")
    async with tls_proxy(parts.temporal_address or "", server, edit=without_operator) as address:
        named = {"temporal_address": address, "temporal_tls_server_ca_cert_path": ours.certificate}
        yield parts.model_copy(update=named)


@pytest.fixture
async def namespace(parts: Settings) -> str:
    """Create a namespace without search attributes, and return its name."""
    name = f"bare-{uuid4().hex}"
    client = await connections.connect(parts, lazy=True)
    a_day = Duration(seconds=24 * 60 * 60)
    request = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=a_day)
    await client.workflow_service.register_namespace(request)
    there = await connections.connect(parts.model_copy(update={"temporal_namespace": name}), lazy=True)

    async def is_there() -> bool:
        try:
            await connections.check(there)
        except RPCError:
            return False
        return True

    await until_true(is_there)
    return name


async def logs_of(settings: Settings) -> list[EventDict]:
    with capture_logs() as logs:
        await search_attributes.ensure(await connections.connect(settings, lazy=True))
    return list(logs)


async def start_a_run(settings: Settings) -> None:
    run_id, owner_id = RunId(str(uuid4())), UserId(str(uuid4()))
    argument = AiCallInput(run_id=run_id, owner_id=owner_id, purpose=Purpose.EMBEDDINGS)
    start = Start(argument, owner_id, title="", priority=3, retries=0)
    await Temporal(settings.model_copy(update={"task_queue": "unserved"})).start(run_id, start)


async def test_attributes_that_exist_need_no_rights(without_rights: Settings) -> None:
    client = await connections.connect(without_rights, lazy=True)
    with pytest.raises(RPCError) as raised:
        await search_attributes._register_missing(client)
    assert raised.value.status == RPCStatusCode.UNIMPLEMENTED
    assert await logs_of(without_rights) == []
    await start_a_run(without_rights)


async def test_attributes_to_create_are_logged_with_types(without_rights: Settings, namespace: str) -> None:
    settings = without_rights.model_copy(update={"temporal_namespace": namespace})
    [told] = await logs_of(settings)
    assert (told["event"], told["log_level"]) == ("search_attributes_not_registered", "error")
    assert told["namespace"] == namespace
    assert told["missing"] == [
        "ChimeraOwner=Keyword",
        "ChimeraAgent=Keyword",
        "ChimeraStatus=Keyword",
        "ChimeraPriority=Int",
    ]
    assert "rejects new runs (INVALID_ARGUMENT), and tasks stay queued" in told["advice"]
    with pytest.raises(RPCError) as raised:
        await start_a_run(settings)
    assert raised.value.status == RPCStatusCode.INVALID_ARGUMENT


async def test_attributes_are_registered_with_rights(parts: Settings, namespace: str) -> None:
    settings = parts.model_copy(update={"temporal_namespace": namespace})
    assert await logs_of(settings) == []
    client = await connections.connect(settings, lazy=True)

    async def are_all_known() -> bool:
        return not await search_attributes._unknown_to(client)

    await until_true(are_all_known)


async def test_a_namespace_that_reports_nothing_gets_every_attribute(parts: Settings) -> None:
    [told] = await logs_of(parts.model_copy(update={"temporal_namespace": "nowhere"}))
    assert told["missing"] == [registration_of(key) for key in SEARCH_ATTRIBUTES]
