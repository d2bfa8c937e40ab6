"""Every POST takes an `Idempotency-Key`, or says why it needs none."""

from typing import Any

from models.shares import ShareKind
from tests.api.openapi.test_document import document, operations_of

WITHOUT_KEY = {
    "estimate_task": "nothing is stored",
    "preview_schedule": "nothing is stored",
    "test_policy": "nothing is stored",
    "count_tokens": "nothing is stored",
    "validate_provider": "only a test",
    "decode_payloads": "nothing is stored",
    "register": "the address is unique",
    "login": "each session is new on purpose",
    "refresh": "a token works only once",
    "logout": "the same twice",
    "change_password": "the old password works only once",
    "create_codec_address": "nothing is stored, and the answer is a secret",
    "put_member": "the same twice",
    "create_first_administrator": "there can be only one first administrator",
    "reset_password": "a token works only once",
    "start_oidc": "each sign-in is new on purpose",
    "finish_oidc": "a code works only once",
    "link_oidc": "a code works only once",
    "create_ws_ticket": "the answer is a secret, which expires within seconds",
    "create_api_key": "the answer is a secret, which is returned only once",
    "create_service_key": "the answer is a secret, which is returned only once",
    "create_invitation": "the answer is a secret, which is returned only once",
    "create_password_reset": "the answer is a secret, which is returned only once",
    "erase_me": "the same twice",
    "cancel_task": "the same twice",
    "pause_task": "the same twice",
    "resume_task": "the same twice",
    "raise_task_budget": "the same twice",
    "cancel_ai_call": "the same twice",
    "cancel_reply": "the same twice",
    "cancel_openai_response": "the same twice",
    "raise_reply_budget": "the same twice",
    "read_notification": "the same twice",
    "read_notifications": "the same twice",
    "disable_user": "the same twice",
    "enable_user": "the same twice",
    "decide_approval": "the first decision counts",
    "answer_question": "the first answer counts",
    "decide": "the first decision counts",
    "answer": "the first answer counts",
    "delegate_approval": "the same twice",
    "activate_agent": "the same twice",
    "deactivate_agent": "the same twice",
    "pause_schedule": "the same twice",
    "resume_schedule": "the same twice",
    "refresh_mcp_server": "the same twice",
}
"""Operations without a key, each with the reason."""
WITHOUT_TAG = {
    "delete_file": "files can't be changed, so there is nothing to overwrite",
    "delete_api_key": "keys can't be changed",
    "delete_user_key": "keys can't be changed",
    "delete_invitation": "invitations can't be changed",
    "delete_openai_response": "responses can't be changed, and OpenAI's clients send no tags",
    "end_session": "sessions can't be changed",
    "end_other_sessions": "sessions can't be changed",
    "remove_member": "a member is named by an ID, and the last change counts",
    **{f"{verb}_{kind}": "the last change counts" for verb in ("share", "unshare") for kind in ShareKind},
    "place_hold": "a second hold of the same object changes nothing",
    "lift_hold": "a second removal changes nothing",
}
"""Changes without a tag, each with the reason."""


def parameters(operation: dict[str, Any]) -> set[str]:
    return {each["name"] for each in operation.get("parameters", ())}


def test_every_post_takes_a_key_or_needs_none() -> None:
    posts = {each["operationId"]: each for method, _, each in operations_of(document()) if method == "POST"}
    keyed = {name for name, operation in posts.items() if "Idempotency-Key" in parameters(operation)}
    print(f"{len(keyed)} of {len(posts)} POSTs take a key")
    assert posts.keys() - keyed == WITHOUT_KEY.keys()
    assert len(keyed) >= 14


def test_every_change_takes_a_tag() -> None:
    """Whatever two people may edit: PUT and DELETE compare `If-Match`."""
    without = {
        each["operationId"]
        for method, _, each in operations_of(document())
        if method in ("PUT", "DELETE") and "If-Match" not in parameters(each)
    }
    assert without == WITHOUT_TAG.keys()


def test_lists_have_the_same_parameters() -> None:
    """A GET returns one object, a page, or one of a few short lists that never grow."""
    fixed = {"list_agent_types", "list_providers", "list_task_types", "list_models"}
    lists = 0
    for method, path, operation in operations_of(document()):
        content = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        name = str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2]
        if method == "GET" and (name.endswith("Page") or content.get("schema", {}).get("type") == "array"):
            if operation["operationId"] in fixed:
                continue
            # Events are numbered, so that a page can begin after any of them, as a stream does.
            place = "after" if operation["operationId"] == "list_task_events" else "cursor"
            assert {"limit", place} <= parameters(operation), path
            assert name.endswith("Page"), path
            lists += 1
    print(f"{lists} paged lists")
    assert lists >= 13
