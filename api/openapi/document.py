"""The OpenAPI document that `/docs` shows: FastAPI's document, adapted to version 3.1, with an introduction."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from api.openapi.examples import add_examples
from api.openapi.fields import describe
from api.openapi.frames import add_frames, describe_stream
from api.openapi.problems import add_problems

BEGIN = """\
**A task** is a goal that agents work on. `POST /api/v1/tasks` accepts a task and returns its ID.
`GET /api/v1/tasks/{task_id}` returns the task's state and, once it has ended, its result.

**To authorize:** Run `chimera token` to get an access token for the signed-in user, or send your e-mail and
password to `POST /api/v1/auth/login`. Enter the token under *Authorize*. Programs send it in the header
`Authorization: Bearer <token>`.

**To follow a task live:** `GET /api/v1/tasks/{task_id}/events` streams a task's events. The `/ws` WebSocket streams the
events of many tasks over one connection. The schemas of all events and messages are
in this document, as `Frame` and `ClientMessage`; for the protocol, see `docs/reference/streams.md`.

**Errors** are problem documents (RFC 9457). Their codes are explained at `/docs/errors`.
"""

TAGS = (
    ("tasks", "Goals that agents work on: accept, follow, control and change them"),
    ("chat", "Conversations with agents and models: sessions, messages, search"),
    ("replies", "Answers to conversations: control and follow them"),
    ("approvals", "Decisions of people that tasks wait for"),
    ("schedules", "Recurring tasks"),
    ("agents", "Built-in and custom agents, with their versions"),
    ("tools", "Tools of agents, and MCP servers that offer some"),
    ("policies", "Rules for tool calls"),
    ("ai", "Embeddings, images, transcriptions, tokens and providers"),
    ("files", "Uploaded and generated files"),
    ("streams", "Live progress"),
    ("notifications", "Your notifications, such as approvals that wait for you"),
    ("usage", "Spending limits, and what counts toward them"),
    ("analytics", "Model calls, runs, tokens and cost over time; your own metrics"),
    ("openai", "OpenAI's API: chat completions, responses and models"),
    ("auth", "Your account: signing in, sessions and API keys"),
    ("groups", "Groups of users who share tasks, schedules, files, chat sessions and agents"),
    ("users", "Administration of accounts: users, invitations, the audit log"),
    ("system", "Administration of this installation: the log of its processes"),
    ("retention", "How long content is kept, holds, and the erasure of one's own content"),
    ("codec", "Access to encrypted payloads for Temporal's tools"),
    ("health", "State of this installation"),
)
"""The order of the tags. A tag that isn't listed follows at the end."""


class DocumentedAPI(FastAPI):
    """A FastAPI app whose document all OpenAPI 3.1 tools can read."""

    def openapi(self) -> dict[str, Any]:
        made_before = self.openapi_schema is not None
        document = super().openapi()
        if not made_before:
            _complete(document)
        return document


def _complete(document: dict[str, Any]) -> None:
    for operation in _operations_of(document):
        _describe_parameters(operation)
        describe_stream(operation)
    add_frames(document)
    add_problems(document)
    describe(document["components"]["schemas"])
    add_examples(document)
    document["tags"] = [{"name": name, "description": words} for name, words in TAGS]


def _operations_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from operations.values()


def _describe_parameters(operation: dict[str, Any]) -> None:
    """Remove null from the types of parameters, because a header or query parameter can be absent but not null."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
        if len(kinds) == 1:
            del schema["anyOf"]
            parameter["schema"] = {**kinds[0], **schema}
