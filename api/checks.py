"""Checks beyond the shape of a request: plans can run; agents, models and tools exist.

Requests are rejected before anything is stored, so that no run fails for a reason that was known from the start.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.config.vendors import VENDORS
from chimera.content import schemas
from chimera.content.file_types import IMAGES
from chimera.pricing import abilities_of, window_of
from chimera.providers import check_model, is_set_up
from chimera.providers.base import Provider
from chimera.providers.operations import check_operation
from chimera.store import agents, files, tools
from chimera.store.agents import BUILT_IN_VIEWS
from chimera.tools import built_in
from models.agents import PLANNER, AgentSpec, AgentView
from models.ai_calls import Operation
from models.due_times import check_time_zone
from models.errors import (
    AmbiguousAgent,
    ChimeraError,
    Forbidden,
    InactiveAgent,
    InvalidInput,
    NotFound,
    PlanInvalid,
    UnknownAgent,
)
from models.files import MAX_IMAGE_BYTES, FileView
from models.ids import FileId, UserId
from models.plans import problems_of
from models.providers import ModelAbility
from models.remedies import Action, Remedy
from models.schedules import PreviewSpec, ScheduleSpec
from models.shares import Right
from models.tasks import TaskSpec
from models.users import Caller
from models.wording import instead_of

MAX_KNOWN_MODELS = 1000


class Models:
    """Caches which models can be called, because the check loads vendors' SDKs and price lists."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._good: set[str] = set()
        self._configured: tuple[str, ...] | None = None

    async def check(self, model: str, field: str = "model") -> None:
        """Raise an error naming `field` if `model` can't be called: no key, no address or no known price."""
        if model in self._good:
            return
        try:
            await asyncio.to_thread(check_model, model, self._settings)
        except ChimeraError as error:
            error.field = field
            raise
        if len(self._good) < MAX_KNOWN_MODELS:
            self._good.add(model)

    async def configured(self) -> tuple[str, ...]:
        """Return the configured providers."""
        if self._configured is None:
            self._configured = await asyncio.to_thread(self._find_configured)
        return self._configured

    def _find_configured(self) -> tuple[str, ...]:
        return tuple(name for name in VENDORS if is_set_up(name, self._settings))


class Checks:
    """The checks of one process."""

    def __init__(self, settings: Settings, models: Models) -> None:
        self._settings = settings
        self.models = models

    async def task(
        self, session: AsyncSession, owner_id: UserId, spec: TaskSpec, within: str = ""
    ) -> Mapping[str, str]:
        """Raise if a task can't run. `within` is the prefix of field names if the task is part of another body.

        Returns what is stored for the plan's agents that aren't named by their own names: the IDs of those of others,
        and the names of the user's own.
        """
        await self.models.check(spec.model or self._settings.default_model, f"{within}model")
        for index, model in enumerate(spec.fallbacks):
            await self.models.check(model, f"{within}fallbacks.{index}")
        await asyncio.to_thread(_check_schemas, spec, within)
        await self._longest_answer(spec, within)
        await self._images(session, owner_id, spec, within)
        if spec.plan is None:
            return {}
        named = {subtask.agent for subtask in spec.plan}
        own = BUILT_IN_VIEWS if named <= BUILT_IN_VIEWS.keys() else await agents.agents_of(session, owner_id)
        known, others = dict(own), dict[str, str]()
        for index, subtask in enumerate(spec.plan):
            name, field = subtask.agent, f"{within}plan.{index}.agent"
            if name not in known and (agent := await _agent_of_others(session, owner_id, name, field)):
                known[name], others[name] = agent, agents.ref_of(agent)
            await self._planned_agent(name, known, field)
        problems = problems_of(spec.plan, agents=known)
        if problems:
            raise PlanInvalid([(f"{within}{problem.place}", problem.message) for problem in problems])
        return others

    async def schedule(
        self, session: AsyncSession, owner_id: UserId, spec: ScheduleSpec | PreviewSpec
    ) -> Mapping[str, str]:
        """Raise if a recurring task can't run; the contract has validated its cron expression. Returns what `task`
        returns.
        """
        check_time_zone(spec.time_zone)
        if spec.task is None:
            return {}
        if not spec.task.start:
            raise InvalidInput("task.start", "A scheduled task starts when it is due, so omit 'start'.")
        return await self.task(session, owner_id, spec.task, within="task.")

    async def agent(self, agent: AgentSpec) -> None:
        """Raise if an agent can't work."""
        await asyncio.to_thread(_check_schema, agent.output_schema, "output_schema")
        if agent.model is not None:
            await self.models.check(agent.model)
        for index, model in enumerate(agent.fallbacks):
            await self.models.check(model, f"fallbacks.{index}")

    async def attachments(self, session: AsyncSession, owner_id: UserId, file_ids: Sequence[UUID]) -> None:
        """Raise an error that names the field unless all files belong to the user and no image is too large."""
        for index, file_id in enumerate(file_ids):
            field = f"attachments.{index}"
            file = await _file(session, owner_id, FileId(str(file_id)), field)
            if file.media_type in IMAGES and file.size_bytes > MAX_IMAGE_BYTES:
                raise InvalidInput(field, f"An image can be at most {MAX_IMAGE_BYTES:,} bytes. Send a smaller image.")

    async def tools(
        self, session: AsyncSession, owner_id: UserId | None, agent: AgentSpec, *, kept: Collection[str] = ()
    ) -> None:
        """Raise if an agent names a tool that its owner doesn't have, or a pattern without any match.

        Without an owner, only the tools that all users have count: members who change an agent of another user don't
        add the owner's own tools. Those in `kept` aren't checked.
        """
        if set(agent.tools) <= built_in.NAMES.union(kept):
            return
        known = await tools.known_to(session, owner_id)
        is_known = known.is_limited_to_these if owner_id is None else known.has
        for index, name in enumerate(agent.tools):
            if name not in kept and not is_known(name):
                raise InvalidInput(
                    f"tools.{index}",
                    f"Unknown tool {name[:100]!r}. {instead_of(name, known.names)}",
                    remedy=Remedy(action=Action.LIST_TOOLS),
                )

    async def operation(self, operation: Operation, model: str) -> Provider:
        """Return the model's provider. Raises if the model doesn't support the operation."""
        return await asyncio.to_thread(check_operation, model, operation, self._settings)

    async def _longest_answer(self, spec: TaskSpec, within: str) -> None:
        """Raise if the task's model can't generate as many tokens as requested; a fallback generates what it can."""
        wanted, model = spec.limits.max_output_tokens, spec.model or self._settings.default_model
        if wanted is None:
            return
        window = await asyncio.to_thread(window_of, model, self._settings.own_windows)
        if wanted > window.longest_answer:
            raise InvalidInput(
                f"{within}limits.max_output_tokens",
                f"According to Chimera's model data, {model!r} generates at most {window.longest_answer} tokens per"
                " answer. Request fewer tokens, or correct the limits in CHIMERA_CONTEXT_WINDOWS or"
                " CHIMERA_CATALOG_FILE.",
            )

    async def _images(self, session: AsyncSession, owner_id: UserId, spec: TaskSpec, within: str) -> None:
        """Raise if a task's images can't be sent to its model. Its agents' own models aren't checked for this."""
        if not spec.images:
            return
        model = spec.model or self._settings.default_model
        abilities = await asyncio.to_thread(abilities_of, model, self._settings.own_models)
        if abilities is not None and ModelAbility.IMAGE_INPUT not in abilities:
            raise InvalidInput(
                f"{within}images",
                f"Model {model!r} doesn't accept images. Use a model with the image_input capability.",
                remedy=Remedy(action=Action.LIST_MODELS),
            )
        for index, file_id in enumerate(spec.images):
            field = f"{within}images.{index}"
            file = await _file(session, owner_id, FileId(str(file_id)), field)
            if file.media_type not in IMAGES:
                raise InvalidInput(field, f"The file type is {file.media_type}. Send a PNG, JPEG, GIF or WebP image.")
            if file.size_bytes > MAX_IMAGE_BYTES:
                raise InvalidInput(field, f"An image can be at most {MAX_IMAGE_BYTES:,} bytes. Send a smaller image.")

    async def _planned_agent(self, name: str, known: Mapping[str, AgentView], field: str) -> None:
        agent = known.get(name)
        if agent is None:
            offered = {name for name, other in known.items() if other.active} - {PLANNER}
            raise UnknownAgent(name, sorted(offered), field=field)
        if not agent.active:
            raise InactiveAgent(name, field)
        for model in agent.fallbacks if agent.model is None else (agent.model, *agent.fallbacks):
            await self.models.check(model, field)


async def _agent_of_others(session: AsyncSession, owner_id: UserId, ref: str, field: str) -> AgentView | None:
    """Return an agent that a user names by ID, or that is shared with them. Raises AmbiguousAgent and Forbidden."""
    try:
        return await agents.one(session, Caller(user_id=owner_id, role="user"), ref, Right.USE)
    except NotFound:
        return None
    except (AmbiguousAgent, Forbidden) as error:
        error.field = field
        raise


async def _file(session: AsyncSession, owner_id: UserId, file_id: FileId, field: str) -> FileView:
    """Return the owner's file. Raises NotFound, which names the field."""
    try:
        return await files.one_to_use(session, owner_id, file_id)
    except NotFound as error:
        error.field = field
        raise


def _check_schemas(spec: TaskSpec, within: str) -> None:
    """Raise InvalidInput, which names the field, if a JSON Schema in a task can't be used."""
    _check_schema(spec.output_schema, f"{within}output_schema")
    for index, subtask in enumerate(spec.plan or ()):
        _check_schema(subtask.output_schema, f"{within}plan.{index}.output_schema")


def _check_schema(schema: Mapping[str, JsonValue] | None, field: str) -> None:
    problem = None if schema is None else schemas.is_usable(schema)
    if problem is not None:
        raise InvalidInput(field, problem)
