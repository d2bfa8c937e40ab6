"""The OpenAI-compatible API below `/v1`: translates its wire format to replies and back."""
