"""A check of our own for schemathesis: a valid request is rejected only for a rule that JSON Schema can't express."""

import json
import re
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response

RULES = {
    r"Idempotency-Key": "a key belongs to one request",
    r"cursor": "a cursor is sealed by the server, for one list",
    r"If-(None-)?Match": "a tag comes from an earlier response",
    r"query|q": "the number of parameters, and characters that PostgreSQL can't store",
    r"Last-Event-ID": "a number from the stream",
    r"current_password|new_password|password|email": "a password is secret, and not a common one",
    r"refresh_token": "a token comes from the server",
    r"url": "an address that requests may be sent to",
    r"body|(task\.)?budget|limits|(task\.)?limits|rules\.\d+(\..*)?": "fields that exclude or require each other",
    r"(task\.)?(model|fallbacks\.\d+)": "a model of a configured provider with a known price",
    r"(task\.)?limits\.max_output_tokens|max_output_tokens": "a number that the model allows",
    r"(task\.)?plan(\..*)?": "a graph without cycles, of agents that exist",
    r"(task\.)?images\.\d+|file_id|file": "a file of the caller, of a type that suits the use",
    r"(.*\.)?output_schema": "a JSON Schema whose answers can be validated",
    r"tools\.\d+|tool|agent": "a name of something that exists",
    r"name": "a name that is free, or the one that the object has",
    r"cron|interval_s|time_zone|start|end|overlap|after|task|task\.start|paused": "a time that exists",
    r"(.*\.)?(text|goal|prompt|title|instruction|reason|guidance|answer|description|role|key)": "spaces aren't text",
    r"input(\.\d+)?|dimensions|n|size|language": "what the provider offers",
    r"(.*\.)?metadata(\..*)?|arguments(\..*)?|changed_arguments(\..*)?|headers(\..*)?": "a size as JSON",
    r"version|from|to|sha256|path|since|schedule_id": "something that exists",
    r"payloads(\..*)?": "an encrypted payload",
    r"messages(\..*)?|tool_choice": "roles, calls and tools that belong together",
    r"response_id|session_id|message_id": "the form of an ID",
    r"metrics\.\d+\.at": "a time that isn't in the future",
    r"response_format|text(\.format)?": "a format and its schema",
    r"starting_after": "a parameter of OpenAI's that is known but not offered",
}
"""Fields whose values a rule beyond the document can reject, each with that rule."""
_NOT_STORED = re.compile("NUL|surrogate|UTF-8")
"""Text that PostgreSQL can't store, although JSON can contain it."""
_KNOWN = re.compile("|".join(f"(?:{pattern})" for pattern in RULES), re.DOTALL)


@schemathesis.hook
def filter_case(context: HookContext, case: Case[Any]) -> bool:
    """Leave out requests whose only fault is an unknown header: servers ignore those (RFC 9110, section 5.1)."""
    data = case.meta.phase.data if case.meta else None
    place, what = getattr(data, "parameter_location", None), getattr(data, "description", None) or ""
    return not (str(getattr(place, "value", place)) == "header" and "unexpected properties" in what.lower())


@schemathesis.check
def rejected_for_a_known_rule(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Fail if a request that matches the document is rejected, unless one of `RULES` explains it."""
    meta = case.meta
    if response.status_code not in (400, 422) or meta is None or not meta.generation.mode.is_positive:
        return
    problem = json.loads(response.content)
    detail = problem["error"]["message"] if "error" in problem else problem["detail"]
    if response.status_code == 400 and _NOT_STORED.search(detail):
        return
    fields = _fields_of(problem)
    unknown = [field for field in fields if not _KNOWN.fullmatch(field)]
    if unknown or not fields:
        raise AssertionError(f"rejected for {unknown}: {detail[:300]}")


def _fields_of(problem: dict[str, Any]) -> list[str]:
    """Return the fields that an error names, in our shape or in OpenAI's, whose status is always 400."""
    if "error" in problem:
        return [problem["error"]["param"] or problem["error"]["message"].partition(":")[0]]
    return [each["field"] for each in problem.get("errors") or ()]
