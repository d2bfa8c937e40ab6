"""Shared by all wire bodies: lenient base classes, and fields that are rejected unless they change nothing."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from models.agents import ReasoningEffort
from models.base import Contract
from models.replies import MAX_STOPS

MAX_METADATA = 16


class WireBody(BaseModel):
    """A frozen request body of an OpenAI client. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Unless:
    """Marks a field that is accepted only if it is absent, null, empty or one of the `harmless` values."""

    def __init__(self, *harmless: object, advice: str) -> None:
        self._harmless = harmless
        self._advice = advice

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Replace the schema of the annotated type by a check, whose outcome is always None."""
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"enum": [None, [], {}, *self._harmless], "description": f"Not supported. {self._advice}"}

    def _check(self, value: object) -> None:
        if value is None or value in ([], {}):
            return
        if not any(value == each and type(value) is type(each) for each in self._harmless):
            raise ValueError(self._advice)


class Also:
    """Adds forms of a value to its JSON Schema that a validator before it translates."""

    def __init__(self, *forms: dict[str, Any]) -> None:
        self._forms = forms

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [*self._forms, handler(schema)]}


TEXT: dict[str, Any] = {"type": "string"}
NULL: dict[str, Any] = {"type": "null"}


def as_items(value: object) -> object:
    """Return a text as a list of one text part, null as an empty list, and everything else as it is."""
    if value is None:
        return ()
    return ({"type": "text", "text": value},) if isinstance(value, str) else value


def one_or_many(value: object) -> object:
    """Return a text as a list of one, null as an empty list, and everything else as it is."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


Metadata = Annotated[
    dict[Annotated[str, Field(max_length=64)], Annotated[str, Field(max_length=512)]],
    Field(max_length=MAX_METADATA),
]
"""Up to 16 pairs of texts, as in OpenAI's API."""

Stops = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200)], ...],
    Field(max_length=MAX_STOPS),
    BeforeValidator(one_or_many),
    Also(TEXT, NULL),
    Field(description="Up to 4 texts at which the answer ends. One text can be sent as a string."),
]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Extension(Contract):
    """What Chimera adds to answers in the field `chimera`. OpenAI's clients ignore it."""

    run_id: str = Field(description="ID of the run, for `GET /api/v1/replies/{run_id}`")
    cost_micro_usd: int = Field(description="Cost of the run in millionths of a US dollar")
    simulated: bool = Field(description="`true` if the simulator produced the answer without calling a model")


def effort_of(effort: Effort | None) -> ReasoningEffort | None:
    """Return the effort that Chimera knows: it has no levels beyond low and high."""
    match effort:
        case "minimal":
            return "low"
        case "xhigh" | "max":
            return "high"
    return effort


BETWEEN_TURNS = "\n\n"
"""Between the texts of an agent's turns, which clients receive as one text."""
