"""`GET /v1/models`: every agent of the caller and every usable model."""

from typing import Literal

from pydantic import Field

from models.base import Contract


class ModelObject(Contract):
    """An agent or a model, as OpenAI's clients list models."""

    id: str = Field(description="Name to send as `model`")
    object: Literal["model"] = "model"
    created: int = Field(default=0, description="Always 0, because providers don't report when a model was made")
    owned_by: str = Field(description="`agent` for your agents and the built-in ones; otherwise the provider's name")
    description: str | None = Field(default=None, description="For an agent: its description")
    context_window: int | None = Field(default=None, description="For a model: its context window in tokens")
    simulated: bool = Field(default=False, description="`true` if the simulator answers for the model")


class ModelList(Contract):
    """All agents and models, in one page."""

    object: Literal["list"] = "list"
    data: tuple[ModelObject, ...]
