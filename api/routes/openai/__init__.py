"""Routes of the OpenAI-compatible API. docs/reference/openai.md describes what they support."""

from api.routes.openai import chat, models, responses

ROUTERS = (chat.router, responses.router, models.router)
