"""Arguments that an approver writes in place of an agent's: they have to fit the tool, and the policy."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.content import schemas
from chimera.db.tables import Approval, Run
from chimera.store import policies, users
from chimera.tools.policy import PolicyCall, rule
from models.approvals import MAX_ARGUMENTS_BYTES
from models.errors import InvalidInput
from models.ids import UserId
from models.policies import Verdict


async def check_changed(
    session: AsyncSession, settings: Settings, run: Run, row: Approval, arguments: Mapping[str, Any]
) -> None:
    """Raise InvalidInput if the arguments are too large, don't fit the tool's schema, or are denied by the policy.

    A schema that can't be read is ignored: the tool checks its arguments itself.
    """
    size = len(to_json(arguments))
    if size > MAX_ARGUMENTS_BYTES:
        raise InvalidInput(
            "arguments", f"The arguments have {size:,} bytes. Send at most {MAX_ARGUMENTS_BYTES:,} bytes of JSON."
        )
    owner_id = UserId(run.owner_id)
    definition, known = await policies.definition_of(session, settings, owner_id, row.tool)
    if known and (problem := _problem_in(definition.parameters, arguments)):
        raise InvalidInput("arguments", problem)
    email = await users.email_of(session, owner_id)
    call = PolicyCall(definition, arguments, row.agent, email, run.untrusted, is_trusted_destination=True)
    stored = await policies.stored(session, owner_id)
    ruling = rule([*stored.installation, *stored.own], call)
    if ruling.verdict is Verdict.DENY:
        raise InvalidInput(
            "arguments", f"The policy doesn't allow the call with these arguments. {ruling.reason}".strip()
        )


def _problem_in(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str | None:
    try:
        problems = schemas.check(schema, dict(arguments))
    except ValueError:
        return None
    return f"{'; '.join(problems[:3])}. Change the arguments so that they fit the tool's schema." if problems else None
