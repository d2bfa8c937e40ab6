"""Examples of bodies and answers. They are built from the schemas, so that they can't become outdated.

A value is the first of: the operation's own example, an example or a fixed value in the schema, a value that suits the
field's name, and the simplest value that the schema allows. A test validates every example against its schema.
"""

from typing import Any

Schema = dict[str, Any]

of_operation: dict[str, Any] = {
    "create_agent": {"name": "poet", "prompt": "You write four lines that rhyme.", "tools": ["calculator"]},
    "change_agent": {"name": "poet", "prompt": "You write two lines that rhyme."},
    "rollback_agent": {"version": 1},
    "create_schedule": {
        "name": "Morning",
        "cron": "0 7 * * *",
        "time_zone": "Europe/Berlin",
        "task": {"goal": "Report."},
    },
    "replace_schedule": {"name": "Hourly", "interval_s": 3600, "task": {"goal": "Report."}},
    "preview_schedule": {"cron": "0 7 * * 1-5", "time_zone": "Europe/Berlin"},
    "raise_task_budget": {"max_cost_micro_usd": 500_000},
    "replace_policy": {"rules": [{"tool": "fetch_page", "verdict": "ask"}]},
    "replace_installation_policy": {"rules": [{"tool": "fetch_page", "verdict": "deny", "reason": "No web."}]},
    "test_policy": {"tool": "fetch_page", "arguments": {"url": "https://example.com"}},
    "create_group": {"name": "Research"},
    "rename_group": {"name": "Research and reports"},
    "put_member": {"email": "carol@example.com", "role": "member"},
    "create_mcp_server": {"name": "github", "url": "https://mcp.example/mcp"},
    "decide_approval": {"decision": "approve"},
    "answer_question": {"answer": "The blue one."},
    "decide": {"decision": "approve"},
    "answer": {"answer": "The blue one."},
    "count_tokens": {"model": "openai/gpt-5-mini", "text": "How many tokens are these?"},
    "create_embeddings": {"model": "simulator/embedding", "input": ["tea", "coffee"]},
    "create_images": {"model": "simulator/image", "prompt": "A cup of tea"},
    "register": {"email": "you@example.com", "password": "correct horse battery"},
    "change_me": {"name": "Ada", "preferences": {"time_zone": "Europe/Berlin", "theme": "dark"}},
    "change_password": {"current_password": "my old password", "new_password": "correct horse battery"},
    "reset_password": {
        "email": "you@example.com",
        "token": "4Hn2bVqk0Yc7mXtRz1sLw8",
        "new_password": "staple of correct horses",
    },
    "create_api_key": {"name": "Nightly report", "scopes": ["read", "write"]},
    "create_service_account": {"name": "nightly-report"},
    "create_service_key": {"name": "Nightly report", "scopes": ["read", "write"]},
    "create_invitation": {"email": "you@example.com", "role": "user"},
    "change_user": {"name": "Ada", "role": "user"},
    "set_user_limits": {"max_cost_day_micro_usd": 5_000_000, "max_cost_month_micro_usd": None},
    "read_notifications": {"up_to": 42},
    "raise_reply_budget": {"max_cost_micro_usd": 500_000},
    "create_openai_chat_completion": {
        "model": "simulator/standard",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
    },
    "create_openai_response": {"model": "simulator/standard", "input": "Hello", "background": True},
    "login": {"email": "you@example.com", "password": "correct horse battery"},
}
"""Request bodies, by operation id."""

of_name: dict[str, Any] = {
    "agent": "writer",
    "code": "not_found",
    "cron": "0 7 * * *",
    "email": "you@example.com",
    "goal": "Compare tea and coffee.",
    "id": "8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a",
    "key": "facts",
    "media_type": "image/png",
    "model": "simulator/standard",
    "name": "poet",
    "path": "facts",
    "prompt": "You write four lines that rhyme.",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "time_zone": "Europe/Berlin",
    "title": "Tea and coffee",
    "to": "you@example.com",
    "tool": "calculator",
    "topic": "run:8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a",
    "url": "https://example.com",
}
"""Values by the name of their field; each is used where its type fits."""

_OF_FORMAT = {
    "uuid": "8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a",
    "date-time": "2026-11-23T07:00:00Z",
    "date": "2026-11-23",
    "uri": "https://example.com",
    "password": "correct horse battery",
}
_DEEPEST = 6


def add_examples(document: Schema) -> None:
    """Add an example to each JSON body and answer that has none."""
    schemas = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body is not None and "example" not in body:
                own = of_operation.get(operation["operationId"])
                body["example"] = example_of(body["schema"], schemas, required_only=True) if own is None else own
            for response in operation["responses"].values():
                for media_type, content in response.get("content", {}).items():
                    if media_type == "application/json" and content.get("schema"):
                        content["example"] = example_of(content["schema"], schemas)


def example_of(schema: Schema, schemas: Schema, name: str = "", *, required_only: bool = False, depth: int = 0) -> Any:
    """Return a value that a schema allows; `name` is the name of its field, and `schemas` are the components."""
    if "$ref" in schema:
        schema = {**schemas[schema["$ref"].rpartition("/")[2]], **{k: v for k, v in schema.items() if k == "default"}}
    if schema.get("examples"):
        return schema["examples"][0]
    for fixed in ("const", "default"):
        if schema.get(fixed) is not None:
            return schema[fixed]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _chosen(schema[choice], schemas, name, required_only=required_only, depth=depth)
    return _value_of(schema, schemas, name, required_only=required_only, depth=depth)


def _chosen(branches: list[Schema], schemas: Schema, name: str, *, required_only: bool, depth: int) -> Any:
    if depth >= _DEEPEST and {"type": "null"} in branches:
        return None
    first = next((each for each in branches if each != {"type": "null"}), {"type": "null"})
    return example_of(first, schemas, name, required_only=required_only, depth=depth)


def _value_of(schema: Schema, schemas: Schema, name: str, *, required_only: bool, depth: int) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, schemas, required_only=required_only, depth=depth + 1)
        case "array":
            return _array(schema, schemas, name, required_only=required_only, depth=depth + 1)
        case "string":
            return _text(schema, name)
        case "integer" | "number":
            lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            return min(lowest, schema.get("maximum", lowest))
        case "boolean":
            return False
        case "null":
            return None
    return {}


def _object(schema: Schema, schemas: Schema, *, required_only: bool, depth: int) -> Schema:
    required = schema.get("required", ())
    return {
        name: example_of(field, schemas, name, required_only=required_only, depth=depth)
        for name, field in schema.get("properties", {}).items()
        if name in required or not required_only
    }


def _array(schema: Schema, schemas: Schema, name: str, *, required_only: bool, depth: int) -> list[Any]:
    fewest = schema.get("minItems", 0)
    if "items" not in schema or (depth > _DEEPEST and not fewest):
        return []
    item = example_of(schema["items"], schemas, name.removesuffix("s"), required_only=required_only, depth=depth)
    return [item] * max(1, fewest)


def _text(schema: Schema, name: str) -> str:
    known = _OF_FORMAT.get(schema.get("format", "")) or of_name.get(name)
    if known is None and name.endswith("_id"):
        known = of_name["id"]
    text = known if isinstance(known, str) else name or "text"
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]
