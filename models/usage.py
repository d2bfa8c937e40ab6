"""Tokens, as they are counted and paid."""

from pydantic import Field

from models.base import Contract


class Usage(Contract):
    """Tokens of a call or of many."""

    input_tokens: int = Field(default=0, description="All of the prompt, read from a cache or not")
    cached_input_tokens: int = Field(default=0, description="Of the input: read from the provider's cache")
    cache_write_tokens: int = Field(default=0, description="Of the input: written to the provider's cache")
    output_tokens: int = Field(default=0, description="All that was written, reasoning too")
    reasoning_tokens: int = Field(default=0, description="Of the output: reasoning that isn't shown")
