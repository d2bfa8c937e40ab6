"""The versions of users' agents: listed, read and compared."""

from difflib import unified_diff
from itertools import islice

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import AgentVersion
from chimera.store.agents_of_others import StoredAgent
from models.agent_versions import AgentVersionView, FieldChange, VersionDiff, VersionView
from models.agents import AgentSpec
from models.errors import UnknownVersion


async def versions_of(
    session: AsyncSession, agent: StoredAgent, *, below: int | None, limit: int
) -> tuple[VersionView, ...]:
    """Return up to `limit` versions of an agent, newest first, each with the fields that it changed.

    With `below`, only versions with a lower number.
    """
    statement = select(AgentVersion).where(AgentVersion.agent_id == agent.row.id)
    if below is not None:
        statement = statement.where(AgentVersion.version < below)
    # One more, because the last one listed is compared with the version before it.
    rows = (await session.scalars(statement.order_by(AgentVersion.version.desc()).limit(limit + 1))).all()
    views = [_view(row) for row in rows]
    before = [*views[1:], None]
    shown = zip(views, before, strict=True)
    return tuple(
        VersionView(
            version=view.version,
            created_at=view.created_at,
            changed=tuple(_changed(older.agent, view.agent)) if older else (),
        )
        for view, older in islice(shown, limit)
    )


async def version_of(
    session: AsyncSession, agent: StoredAgent, version: int, field: str | None = None
) -> AgentVersionView:
    """Return a version of an agent. Raises UnknownVersion, which names `field`."""
    row = await session.get(AgentVersion, (agent.row.id, version))
    if row is None:
        raise UnknownVersion(agent.row.name, version, agent.row.version, field)
    return _view(row)


def diff_of(older: AgentVersionView, newer: AgentVersionView) -> VersionDiff:
    """Compare two versions field by field. Call this in a thread, because comparing long prompts takes time."""
    changes = (_change_of(field, older, newer) for field in _changed(older.agent, newer.agent))
    return VersionDiff(from_version=older.version, to_version=newer.version, changes=tuple(changes))


def _change_of(field: str, older: AgentVersionView, newer: AgentVersionView) -> FieldChange:
    if field == "prompt":
        return FieldChange(field=field, before=None, after=None, diff=_prompt_diff(older, newer))
    before, after = (version.agent.model_dump(mode="json")[field] for version in (older, newer))
    return FieldChange(field=field, before=before, after=after)


def _prompt_diff(older: AgentVersionView, newer: AgentVersionView) -> str:
    # Split only at line feeds, so that a change of other line separators is shown too.
    before, after = (version.agent.prompt.split("\n") for version in (older, newer))
    names = (f"version {older.version}", f"version {newer.version}")
    return "\n".join(unified_diff(before, after, *names, lineterm=""))


def _changed(older: AgentSpec, newer: AgentSpec) -> list[str]:
    return [field for field in AgentSpec.model_fields if getattr(older, field) != getattr(newer, field)]


def _view(row: AgentVersion) -> AgentVersionView:
    return AgentVersionView(version=row.version, created_at=row.created_at, agent=AgentSpec.model_validate(row.spec))
