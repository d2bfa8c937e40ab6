"""Errors that only clients of the OpenAI-compatible API see."""

from collections.abc import Sequence

from models.errors.base import ChimeraError
from models.errors.request import InvalidInput

_MAX_NAMED = 10


class ModelNotFound(ChimeraError):
    """No agent or model has this name. Another user's agent must look the same."""

    code, http_status, title = "model_not_found", 404, "There is no such model"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is no agent and no model {name[:100]!r}. Choose one from the list of models. An agent can also be"
            " written as agent/name, and a model as provider/model.",
            field="model",
        )


class AmbiguousModel(InvalidInput):
    """Several providers offer a model with this name."""

    code, title = "ambiguous_model", "Several providers offer this model"

    def __init__(self, name: str, refs: Sequence[str]) -> None:
        super().__init__(
            "model", f"Several providers offer a model {name[:100]!r}. Use {' or '.join(refs[:_MAX_NAMED])}."
        )
