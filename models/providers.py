"""Providers and their models in this installation."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from models.ai_calls import Operation
from models.base import MODEL_CHARS, Body, Contract, ModelRef, Number, Whole


class ProviderView(Contract):
    """A provider that Chimera supports."""

    name: str
    configured: bool
    simulated: bool = Field(description="`true` if the provider's answers are simulated")
    operations: tuple[Operation, ...] = Field(
        default=(), description="Operations that the provider offers besides chat"
    )
    advice: str = Field(default="", description="Missing configuration, and the setting that provides it")


class Verdict(StrEnum):
    """The result of checking the configured key."""

    VALID = "valid"
    WRONG_KEY = "wrong_key"
    NO_QUOTA = "no_quota"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    UNKNOWN_MODEL = "unknown_model"
    NOT_CONFIGURED = "not_configured"
    FAILED = "failed"


class ValidationRequest(Body):
    """A check of a provider's key. Without a model, it tests the key by listing the provider's models, which is free.

    With a model, it makes a call of at most 16 tokens, because only a real call shows whether quota is left.
    """

    model: str | None = Field(
        default=None,
        min_length=1,
        max_length=MODEL_CHARS + 41,
        description="Model name, with or without its provider",
    )


class Validation(Contract):
    """The result of checking a provider's key. It never contains the key itself."""

    provider: str
    verdict: Verdict
    message: str
    models: int | None = Field(default=None, description="Number of models that the key can access")
    cost_micro_usd: int = Field(default=0, description="Cost of the test call, which isn't charged to any task")
    took_ms: float


class PriceView(Contract):
    """A model's price in micro-USD per million tokens. If the price has tiers, the first tier is shown."""

    input: int
    cached_input: int
    cache_write: int
    output: int
    source: str
    as_of: str


def _counts(usd: float) -> float:
    # The ledger counts millionths of a dollar, so a lower price would be recorded as zero.
    if 0 < usd < 0.000_001:
        raise ValueError(
            "The price is less than a millionth of a dollar. Use 0, or a price with at most 6 decimal places."
        )
    return usd


Rate = Annotated[Number, Field(ge=0, le=1_000_000, allow_inf_nan=False), AfterValidator(_counts)]
"""A price in US dollars. The maximum corresponds to a dollar per token, which is far above all real prices. Higher
prices wouldn't fit into the ledger.
"""


class OwnRates(Body):
    """A price in US dollars, by kind of use. Omitted kinds are free.

    Token rates are per million tokens. Audio and images count as plain tokens if they have no rate of their own.
    """

    input: Rate | None = None
    cached_input: Rate | None = Field(
        default=None, description="Rate for input read from a cache. Default: the rate in `input`."
    )
    cache_write: Rate | None = Field(
        default=None, description="Rate for input written to a cache. Default: the rate in `input`."
    )
    input_audio: Rate | None = None
    input_image: Rate | None = None
    output: Rate | None = None
    output_image: Rate | None = None
    image: Rate | None = Field(default=None, description="Rate per image")
    audio_hour: Rate | None = Field(default=None, description="Rate per hour of audio")


def _by_name(value: object) -> object:
    match value:
        case [input_usd, output_usd]:
            return {"input": input_usd, "output": output_usd}
        case dict() | OwnRates():
            return value
    raise ValueError(
        "Specify the input and output prices in dollars per million tokens, as in [0.5, 2], or name each rate, as in"
        ' {"image": 0.04}.'
    )


OwnPrice = Annotated[OwnRates, BeforeValidator(_by_name)]
"""A price that can also be written as a pair: input and output per million tokens."""


class ModelAbility(StrEnum):
    """An ability that only some models have."""

    TOOLS = "tools"
    STRUCTURED_OUTPUT = "structured_output"
    IMAGE_INPUT = "image_input"
    REASONING = "reasoning"


class OwnModel(Body):
    """Facts about a model that override the built-in lists: an entry of `CHIMERA_CATALOG_FILE`."""

    price: OwnPrice | None = None
    context_tokens: Whole | None = Field(default=None, ge=1024)
    max_output_tokens: Whole | None = Field(default=None, ge=1)
    max_input_tokens: Whole | None = Field(default=None, ge=1024)
    abilities: tuple[ModelAbility, ...] | None = None
    source: str = Field(default="", max_length=500, description="Source of the model's data")
    as_of: str = Field(default="", max_length=40)


class ModelView(Contract):
    """A model that a provider offers to this installation."""

    model: str = Field(description="Name to use in tasks and agents, as `provider/model`")
    provider: str
    simulated: bool
    usable: bool
    advice: str = Field(default="", description="Why the model can't be used, and how to fix it")
    context_tokens: int
    max_output_tokens: int
    abilities: tuple[ModelAbility, ...] | None = Field(
        default=None, description="The model's capabilities. `null` if no model list contains them."
    )
    price: PriceView | None


class MediaModelView(Contract):
    """A model for embeddings, images or transcriptions. Tasks can't use it."""

    model: str
    provider: str
    simulated: bool
    operation: Operation


class ModelsView(Contract):
    """All currently available models, and the providers that didn't respond."""

    models: tuple[ModelView, ...]
    media: tuple[MediaModelView, ...] = Field(
        default=(),
        description="Models for embeddings, images and transcriptions. A model is listed only if its price shows which"
        " of these operations it is for.",
    )
    unreachable: dict[str, str] = Field(description="Providers whose models couldn't be listed, each with the reason")


class CountRequest(Body):
    model: ModelRef
    text: str = Field(max_length=999_999)


class TokenCount(Contract):
    """The number of tokens in a text.

    `estimated`: the model's tokenizer isn't public, so the count is a high estimate.
    """

    model: str
    tokens: int
    estimated: bool
