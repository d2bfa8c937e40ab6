"""Providers of models: which there are, whether their keys work, how many tokens a text has."""

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
    """List the providers, with what is missing where one isn't set up."""
    return await parts.available.providers()


@router.post("/providers/{name}/validate", operation_id="validate_provider")
async def validate_provider(
    name: Annotated[str, Path(max_length=40, description="The provider's name, as in openai")],
    caller: WithCaller,
    parts: WithParts,
    request: Annotated[ValidationRequest | None, Body()] = None,
) -> Validation:
    """Try the configured key now. For administrators: it is the installation's key."""
    if caller.role != "admin":
        raise Forbidden("Only an administrator may try the installation's keys.")
    return await parts.available.validate(name, request.model if request else None)


@router.post("/tokens/count", operation_id="count_tokens", summary="Count Tokens")
async def count(request: CountRequest) -> TokenCount:
    """Count the tokens of a text for a model, without asking its provider; says when it is an estimate."""
    split_model(request.model)
    return await asyncio.to_thread(count_tokens, request.model, request.text)
