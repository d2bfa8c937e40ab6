"""A small run of `python -m benchmarks fuzz`: requests that schemathesis generates from the OpenAPI document.

No answer is a server error, and each has a status, a media type and a schema that the document names.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.result import Ok

from tests.api.access.world import Route, routes_of
from tests.api.conftest import SignUp
from tests.api.test_endpoints import check

EXAMPLES = 1
"""Valid and invalid requests per operation; the benchmark sends many more."""
LEFT_OUT = {
    "logout": "it ends the session",
    "follow_task": "a stream lasts as long as its task",
    "follow_reply": "a stream lasts as long as its reply",
    "follow_changes": "a stream doesn't end",
    "create_completion": "a stream lasts as long as its reply",
    "create_openai_chat_completion": "a stream lasts as long as its reply",
    "create_openai_response": "a stream lasts as long as its reply",
    "create_mcp_server": "it connects to the addresses that it is sent",
}
MAY_BE_AWAY = {
    "get_health": 503,
    "is_ready": 503,
    "refresh_mcp_server": 503,
    "validate_provider": 503,
}


def cases_of(operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> Iterator[Case[Any]]:
    """Yield the same requests in every run."""
    found: list[Case[Any]] = []

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def collect(case: Case[Any]) -> None:
        found.append(case)

    # Nothing about some operations can be wrong.
    with suppress(Unsatisfiable):
        collect()
    yield from found


async def test_generated_requests_are_answered_as_documented(app: FastAPI, sign_up: SignUp) -> None:
    client, document, sent = await sign_up(), app.openapi(), 0
    schema = schemathesis.openapi.from_dict(document)
    operations: dict[str, APIOperation[Any, Any, Any, Any]] = {}
    for loaded in schema.get_all_operations():
        assert isinstance(loaded, Ok), loaded
        operations[loaded.ok().definition.raw["operationId"]] = loaded.ok()
    for route in routes_of(app):
        if route.operation_id in LEFT_OUT:
            continue
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            for case in cases_of(operations[route.operation_id], mode):
                answer = await sent_by(client, case)
                expected = answer.status_code < 500 or MAY_BE_AWAY.get(route.operation_id) == answer.status_code
                assert expected, f"{route}: {answer.text[:300]}"
                if answer.status_code not in (404, 405) or answer.json().get("code") != "method_not_allowed":
                    check(document, Route(*route), answer)
                sent += 1
    print(f"{sent} generated requests")
    assert sent >= 120


async def sent_by(client: httpx2.AsyncClient, case: Case[Any]) -> httpx2.Response:
    request = case.as_transport_kwargs(base_url=str(client.base_url))
    headers = {name: str(value) for name, value in (request.get("headers") or {}).items()}
    headers = {name: value for name, value in headers.items() if value.isascii() and value.isprintable()}
    content = {name: request[name] for name in ("json", "data", "files") if request.get(name) is not None}
    if isinstance(content.get("data"), (bytes, str)):
        content["content"] = content.pop("data")
    return await client.request(
        request["method"],
        request["url"],
        params=request.get("params"),
        headers={**headers, "Prefer": "wait=0"},
        **content,
    )
