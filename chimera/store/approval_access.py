"""Who may see an approval, and who may decide about it.

The owner of the run, its approvers and administrators see an approval. For other users, it doesn't exist. An
approver who isn't the owner sees nothing else of the task.
"""

from sqlalchemy import ColumnElement, and_, func, or_, true

from chimera.db.tables import Approval, Run
from models.users import Caller


def visible(caller: Caller) -> ColumnElement[bool]:
    """Return the condition for the approvals that a user sees, joined with their runs."""
    if caller.role == "admin":
        return true()
    return or_(Run.owner_id == caller.user_id, _is_approver(caller))


def decidable(caller: Caller) -> ColumnElement[bool]:
    """Return the condition for the approvals that a user may decide about, joined with their runs."""
    if caller.role == "admin":
        return true()
    return or_(
        _is_approver(caller),
        and_(
            Run.owner_id == caller.user_id,
            func.cardinality(Approval.approvers) == 0,
            func.jsonb_array_length(Approval.terms["approvers"]) == 0,
        ),
    )


def may_decide(caller: Caller, row: Approval, owner_id: str) -> bool:
    """Return whether a user may decide about a pending approval."""
    return caller.role == "admin" or caller.user_id in deciders_of(row, owner_id)


def deciders_of(row: Approval, owner_id: str) -> list[str]:
    """Return the users who may decide, besides administrators.

    If the users whom the terms name no longer exist, the owner doesn't take their place.
    """
    return list(row.approvers) or ([] if row.terms.get("approvers") else [owner_id])


def _is_approver(caller: Caller) -> ColumnElement[bool]:
    # Written with an operator that the index on the column supports.
    return Approval.approvers.contains([caller.user_id])
