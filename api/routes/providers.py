"""Routes for model providers: list providers, test their API keys and count tokens."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body, Path

from api.deps import ClosedRoute, WithCaller, WithParts
from chimera.content.tokens import count_tokens
from chimera.providers import split_model
from models.errors import Forbidden
from models.providers import CountRequest, ProviderView, TokenCount, Validation, ValidationRequest

router = APIRouter(prefix="/ai", tags=["ai"], route_class=ClosedRoute)


@router.get("/providers", operation_id="list_providers")
async def list_providers(parts: WithParts) -> tuple[ProviderView, ...]:
    """List the providers. For each unconfigured provider, the list includes the missing settings."""
    return await parts.available.providers()


@router.post("/providers/{name}/validate", operation_id="validate_provider")
async def validate_provider(
    name: Annotated[str, Path(max_length=40, description="Name of the provider, for example `openai`")],
    caller: WithCaller,
    parts: WithParts,
    request: Annotated[ValidationRequest | None, Body()] = None,
) -> Validation:
    """Test a provider's configured API key. Only administrators can do this."""
    if caller.role != "admin":
        raise Forbidden("Only administrators can test the installation's API keys.")
    return await parts.available.validate(name, request.model if request else None)


@router.post("/tokens/count", operation_id="count_tokens", summary="Count Tokens")
async def count(request: CountRequest) -> TokenCount:
    """Count the tokens in a text for a given model, without contacting the provider.

    If the count is an estimate, `estimated` is `true`.
    """
    split_model(request.model)
    return await asyncio.to_thread(count_tokens, request.model, request.text)
