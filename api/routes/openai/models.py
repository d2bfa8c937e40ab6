"""The list of models: agents and models."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.deps import WithCaller, WithParts
from api.openai import names
from api.openai.routing import ERRORS, OpenAIRoute
from models.openai.models import ModelList, ModelObject

router = APIRouter(prefix="/v1/models", tags=["openai"], route_class=OpenAIRoute, responses=ERRORS)


@router.get("", operation_id="list_openai_models", summary="List Models (OpenAI)")
async def list_openai_models(caller: WithCaller, parts: WithParts) -> ModelList:
    """List your agents and all usable models, as OpenAI's clients expect them."""
    return ModelList(data=await names.listed(parts, caller))


@router.get("/{model:path}", operation_id="get_openai_model", summary="Get Model (OpenAI)")
async def get_openai_model(
    model: Annotated[str, Path(max_length=300, description="Name of an agent, or a model as `provider/model`")],
    caller: WithCaller,
    parts: WithParts,
) -> ModelObject:
    """Show an agent or a model under the name that you sent."""
    return await names.one(parts, caller, model)
