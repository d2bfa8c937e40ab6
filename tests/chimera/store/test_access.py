"""Every query of an owned table checks whose rows the caller may see."""

import ast
from collections.abc import Iterator
from pathlib import Path

import chimera.store
from chimera.db.tables import Table

FOLDER = Path(chimera.store.__file__).parent
OWNED = {mapper.class_.__name__ for mapper in Table.registry.mappers if "owner_id" in mapper.columns}
ASKING = {"visible_to", "open_to", "_open_to", "listed_for", "check_owner", "locked"}
ASKING |= {"_shown_to", "_owner_shown", "visible", "_visible_to"}
"""Names of conditions and checks that ask whose rows the caller may see."""
NOT_FOR_CALLERS = {
    "agents_of_others.current": "a part of the queries that are asked for a caller",
    "agents_of_others._seen_by": "a part of the queries that are asked for a caller",
    "ai_calls._calls": "a part of the queries that are asked for a caller",
    "api_keys._note": "a sign-in notes that its own key is used",
    "approval_views._rows": "a part of the queries that are asked for a caller",
    "chat._rows": "a part of the queries that are asked for a caller",
    "chat_deletions.purge": "the sweeper deletes the content of sessions that their owners have deleted",
    "chat_replies._answer": "changes the reply that it has just written, in a session of the caller",
    "chat_replies.of_session": "reads a message of a session that was read for a caller",
    "contents.delete_of": "deletes the content of a run that was locked for a caller",
    "contents.size_of": "measures the content of runs that are about to be deleted",
    "deleted_owners.empty_runs": "the sweeper deletes the content of deleted accounts",
    "custom_metrics.prune": "the worker deletes what is too old, whoever recorded it",
    "disabled_owners.stop": "the sweeper stops what disabled accounts run",
    "idempotency.forget": "frees the key of a request; `_try` names its owner",
    "idempotency.give_up": "lets a request be repeated; `_try` names its owner",
    "idempotency.keep": "writes the answer to a request; `_try` names its owner",
    "idempotency.forget_old": "the sweeper deletes what is older than a day",
    "ended_runs.locked": "retention deletes what is old, or what a condition says is a user's",
    "expired._old_sessions": "retention deletes what is old, whoever owns it",
    "expired.count": "retention counts what is old, whoever owns it",
    "expired.delete_sessions": "retention deletes what is old, whoever owns it",
    "holds._held_file_of": "a part of the conditions of the queries that delete",
    "holds.file_is_free": "conditions of the queries that delete",
    "holds.is_free": "a condition of the queries that delete",
    "holds.run_is_free": "a condition of the queries that delete",
    "holds.session_is_free": "a condition of the queries that delete",
    "unused_files._old": "retention deletes what is old, whoever owns it",
    "unused_files.delete_before": "retention deletes what is old, whoever owns it",
    "notifications.delete_old": "every worker deletes old notifications",
    "notifications.unread": "counts the notifications that `_of` selects for their owner",
    "owners._owners": "says whose objects an administrator has read, for the audit log",
    "shares.forget": "deletes the shares of an object that was deleted for a caller",
    "shares._rows": "a part of the queries that come after a check of the owner, or of the group",
    "schedules.due": "the worker runs a schedule that is due; its owner's account is checked",
    "schedules.by_id": "Temporal gets what the row says",
    "schedules.note_rejected": "the worker notes that Temporal rejects a schedule",
    "schedules.note_skipped": "the worker notes that a run was skipped",
    "schedules.task_of": "the worker asks for the task of its own run",
    "task_changes._replace_plan": "changes a draft that was locked for a caller",
}
"""Queries that aren't made for a caller, each with its reason."""


def _functions() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.stem}.{node.name}", node


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _owners_compared(node: ast.AST) -> bool:
    """Return whether a query compares a table's `owner_id` and is therefore limited to one owner's rows."""
    return any(
        isinstance(each, ast.Compare) and isinstance(each.left, ast.Attribute) and each.left.attr == "owner_id"
        for each in ast.walk(node)
    )


def _is_query(node: ast.AST) -> bool:
    called = {each.func.id for each in ast.walk(node) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)}
    return bool(called & {"select", "update", "delete", "delete_from"}) and bool(_names(node) & OWNED)


def test_owned_tables_are_known() -> None:
    assert {"Run", "File", "Schedule", "Agent"} <= OWNED


def test_every_query_of_an_owned_table_names_a_caller() -> None:
    unasked = [
        name
        for name, node in _functions()
        if _is_query(node) and not _names(node) & ASKING and not _owners_compared(node)
    ]
    assert sorted(unasked) == sorted(NOT_FOR_CALLERS)
