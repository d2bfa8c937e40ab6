"""AI calls (embeddings, images and transcriptions): requests, the workflow's input, and views.

An AI call is a run of its own. Its model call is recorded in the ledger, like those of every run. Contents stay in
PostgreSQL: a history contains only the call's ID and counts.
"""

from enum import StrEnum
from math import isfinite
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from models.base import IMAGE_SIZE, LANGUAGE, Body, Contract, ModelRef, UtcDatetime, Whole
from models.ids import AiCallId, FileId, RunId, UserId
from models.model_calls import Purpose
from models.remedies import Remedy
from models.runs import RunStatus

MAX_INPUTS = 256
MAX_NUMBERS = 2_000_000
"""Maximum number of values in all vectors of an answer: 8 MB when stored, 40 MB when sent."""
MAX_IMAGES = 4
MAX_INPUT_CHARS = 100_000
MAX_PROMPT_CHARS = 32_000
MAX_REPORTED_TOKENS = 1_000_000_000
MAX_REPORTED_SECONDS = 1_000_000
"""Maximum plausible counts for one call. Larger counts wouldn't fit into the ledger, or would spoil its sums."""


class Operation(StrEnum):
    """A provider operation."""

    EMBEDDINGS = "embeddings"
    IMAGES = "images"
    TRANSCRIPTIONS = "transcriptions"


class MediaUsage(Contract):
    """The amounts billed for a call, as counted by its provider."""

    input_tokens: int = Field(default=0, description="Total number of input tokens")
    input_audio_tokens: int = Field(default=0, description="Number of audio tokens in the input")
    input_image_tokens: int = Field(default=0, description="Number of image tokens in the input")
    output_tokens: int = Field(default=0, description="Total number of output tokens")
    output_image_tokens: int = Field(default=0, description="Number of image tokens in the output")
    images: int = Field(default=0, description="Number of generated images")
    audio_seconds: float = Field(default=0.0, description="Duration of the audio in seconds")

    def makes_sense(self) -> bool:
        """Return whether these can be the counts of one call: none negative, infinite or absurdly large."""
        counts = (
            self.input_tokens,
            self.input_audio_tokens,
            self.input_image_tokens,
            self.output_tokens,
            self.output_image_tokens,
        )
        seconds = self.audio_seconds
        return (
            all(0 <= n <= MAX_REPORTED_TOKENS for n in counts)
            and isfinite(seconds)
            and 0 <= seconds <= MAX_REPORTED_SECONDS
        )


def _one_or_many(value: object) -> object:
    return (value,) if isinstance(value, str) else value


_Input = Annotated[str, Field(min_length=1, max_length=MAX_INPUT_CHARS)]
Inputs = Annotated[
    tuple[_Input, ...],
    Field(fail_fast=True),
    BeforeValidator(_one_or_many),
    Field(min_length=1, max_length=MAX_INPUTS),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": MAX_INPUTS}],
            "description": f"One text, or a list of up to {MAX_INPUTS} texts",
        }
    ),
]


class AiCallInput(Contract):
    """The argument of AiCallWorkflow: everything else is in the run's rows."""

    run_id: RunId
    owner_id: UserId
    purpose: Purpose


class EmbeddingSpec(Body):
    """Texts to embed as vectors."""

    # Leading and trailing spaces are part of the text to embed.
    model_config = ConfigDict(str_strip_whitespace=False)

    model: ModelRef
    input: Inputs
    dimensions: Annotated[Whole, Field(ge=1, le=16_384)] | None = Field(
        default=None, description="Number of dimensions per vector, for models that support shorter vectors"
    )


class ImageSpec(Body):
    """An image to generate."""

    model: ModelRef
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT_CHARS)
    n: Whole = Field(default=1, ge=1, le=MAX_IMAGES)
    size: str | None = Field(
        default=None, pattern=IMAGE_SIZE, description="Width and height in pixels, for example `1024x1024`"
    )


class TranscriptionSpec(Body):
    """The text fields of a form that requests a transcription.

    The audio is part of the form, or a file uploaded before.
    """

    model: ModelRef
    file_id: UUID | None = None
    language: str | None = Field(
        default=None, pattern=LANGUAGE, description="Language spoken in the audio, for example `de` or `en`"
    )
    prompt: str | None = Field(default=None, max_length=4_000, description="Names and words that occur in the audio")


class EmbeddingView(Contract):
    object: Literal["embedding"] = "embedding"
    index: int
    embedding: tuple[float, ...]


class EmbeddingUsage(Contract):
    prompt_tokens: int
    total_tokens: int


class Answered(Contract):
    """Fields of every result."""

    id: AiCallId
    model: str
    simulated: bool = Field(description="`true` if the simulator produced the result without calling a model")
    cost_micro_usd: int
    estimated: bool = Field(description="`true` if the cost is an estimate because the provider didn't report usage")


class EmbeddingsView(Answered):
    object: Literal["list"] = "list"
    data: tuple[EmbeddingView, ...]
    usage: EmbeddingUsage


class ImageView(Contract):
    """A generated image, stored as one of your files."""

    file_id: FileId
    url: str = Field(description="URL of the image file. Requests to this URL require your access token.")
    media_type: str
    size_bytes: int
    revised_prompt: str | None = None


class ImagesView(Answered):
    created: int = Field(description="Creation time, in seconds since 1970-01-01 00:00 UTC")
    data: tuple[ImageView, ...]
    usage: MediaUsage


class TranscriptionView(Answered):
    text: str
    language: str | None = Field(
        description="Language detected by the provider. `null` if the provider didn't report a language."
    )
    file_id: FileId
    usage: MediaUsage


AiCallResult = EmbeddingsView | ImagesView | TranscriptionView


class AiCallSummary(Contract):
    """A call as returned in lists."""

    id: AiCallId
    operation: Operation
    model: str
    status: RunStatus
    simulated: bool
    attempts: int = Field(
        description="Number of attempts, including failed connections and attempts whose outcome is unknown"
    )
    in_doubt: int = Field(description="Number of attempts whose outcome is unknown (in doubt)")
    cost_micro_usd: int
    in_doubt_micro_usd: int = Field(description="Estimated cost of the attempts whose outcome is unknown (in doubt)")
    estimated: bool
    usage: MediaUsage
    error_code: str | None
    error: str | None
    created_at: UtcDatetime
    started_at: UtcDatetime | None
    ended_at: UtcDatetime | None


class Blocked(Contract):
    """Why an open call isn't currently making progress. It continues automatically."""

    code: str = Field(
        description="Why the call is blocked, for example `rate_limited` or `provider_away`. `no_worker`: no worker"
        " has started the call yet. `unavailable`: Temporal isn't responding."
    )
    message: str
    next_try_at: UtcDatetime | None = Field(
        default=None, description="When the next attempt is due. `null` if the time is unknown or has passed."
    )
    remedy: Remedy | None = Field(default=None, description="Action that can unblock the call")


class AiCallView(AiCallSummary):
    """A call with its request and result."""

    blocked_by: Blocked | None = Field(
        default=None,
        description="Why an open call isn't making progress. `null` if the call isn't blocked.",
    )
    request: dict[str, Any]
    result: AiCallResult | None = None


class AiCallPage(Contract):
    items: tuple[AiCallSummary, ...]
    next_cursor: str | None = Field(
        description="Send this value as `cursor` to get the next page. `null` on the last page."
    )
