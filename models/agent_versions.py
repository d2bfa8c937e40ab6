"""Versions of agents: each change of an agent makes a new one, and the old ones stay."""

from typing import Annotated

from pydantic import Field, JsonValue

from models.agents import AgentSpec
from models.base import Body, Contract, UtcDatetime, Whole
from models.pages import Page

MAX_NUMBER = 2**31 - 1

VersionNumber = Annotated[Whole, Field(ge=1, le=MAX_NUMBER)]


class VersionView(Contract):
    """A version in the list of an agent's versions."""

    version: int
    created_at: UtcDatetime
    changed: tuple[str, ...] = Field(
        description="Fields that differ from the version before. Empty for the first version."
    )


class AgentVersionView(Contract):
    """A version of an agent with all fields."""

    version: int
    created_at: UtcDatetime
    agent: AgentSpec


class FieldChange(Contract):
    """A field that differs between two versions."""

    field: str
    before: JsonValue = Field(description="Value in `from_version`. `null` for `prompt`, whose text is in `diff`.")
    after: JsonValue = Field(description="Value in `to_version`. `null` for `prompt`, whose text is in `diff`.")
    diff: str | None = Field(default=None, description="For `prompt`: the changed lines, as a unified diff")


class VersionDiff(Contract):
    """The differences between two versions of an agent."""

    from_version: int
    to_version: int
    changes: tuple[FieldChange, ...] = Field(description="Fields that differ. Empty if the versions are equal.")


class Rollback(Body):
    """The version whose fields a new version gets."""

    version: VersionNumber


class VersionPage(Page):
    """A page of versions, newest first."""

    items: tuple[VersionView, ...]
