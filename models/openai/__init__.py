"""The wire format of the OpenAI-compatible API: what clients of `/v1` send and receive.

Unlike a `Body`, a wire body ignores fields that it doesn't know: clients send new fields before servers support them.
Fields that would change the answer and can't be honored are rejected by name. docs/reference/openai.md lists both.
"""
