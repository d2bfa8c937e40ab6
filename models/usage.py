"""Token counts, as reported and charged."""

from pydantic import Field

from models.base import Contract


class Usage(Contract):
    """The token counts of one or more calls."""

    input_tokens: int = Field(default=0, description="Total number of input tokens, including cached tokens")
    cached_input_tokens: int = Field(default=0, description="Number of input tokens read from the provider's cache")
    cache_write_tokens: int = Field(default=0, description="Number of input tokens written to the provider's cache")
    output_tokens: int = Field(default=0, description="Total number of output tokens, including reasoning")
    reasoning_tokens: int = Field(default=0, description="Number of output tokens used for hidden reasoning")
