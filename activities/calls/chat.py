"""Chat completions: a node's conversation with a model."""

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog

from activities import readings, replies
from activities.agent_limits import check_cost, limit_reached
from activities.calls.chains import Chain, chain_of
from activities.calls.intents import intent_of
from activities.calls.kind import Kind, PartialAnswer, Place, ReadyCall, Spent
from activities.calls.settle import Settlements
from activities.calls.stream import Stream
from activities.continuations import joined
from activities.plans import Plans
from activities.prompts import PROMPTS, assembly
from activities.tool_results import limits_from_now, not_yet, results_at_once
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.content.text import clean_text
from chimera.db.engine import AWAY, Connection
from chimera.ledger import described, transcripts
from chimera.ledger.calls import Intent
from chimera.ledger.transcripts import CallContext
from chimera.pricing import cost_of, price_of, window_of
from chimera.providers import Providers
from chimera.providers.base import ChatEnd, ChatRequest
from chimera.tools.catalog import Catalog
from chimera.tools.context import ToolContext
from models.agents import AgentSpec
from models.errors import AnswerNotKept, ChimeraError, ProviderError
from models.ids import ROOT, UserId
from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from models.tools import ToolDefinition
from models.usage import Usage

log = structlog.get_logger()


class Chat(Kind[CallContext, ChatRequest, ChatEnd]):
    """Makes the model calls of nodes: plans, turns and aggregations."""

    def __init__(
        self,
        *,
        settings: Settings,
        providers: Providers,
        settlements: Settlements,
        bus: Bus,
        catalog: Catalog,
        worker_name: str,
    ) -> None:
        self._settings = settings
        self._providers = providers
        self._settlements = settlements
        self._catalog = catalog
        self._worker_name = worker_name
        self._stream = Stream(settings=settings, providers=providers, bus=bus)

    async def context(self, connection: Connection, request: ModelCallRequest) -> CallContext:
        return await transcripts.read_context(connection, request)

    def chain(self, request: ModelCallRequest, context: CallContext) -> Chain:
        agent = assembly.agent_of(request, context)
        return chain_of(agent, context, retry=request.retry, max_attempts=self._settings.call_max_attempts)

    async def prepare(self, request: ModelCallRequest, model: str) -> None:
        await asyncio.to_thread(price_of, model, self._settings.own_prices)
        await asyncio.to_thread(window_of, model, self._settings.own_windows)

    async def provider_request(
        self,
        connection: Connection,
        request: ModelCallRequest,
        place: Place[CallContext],
        model: str,
        passed_over: Mapping[str, ChimeraError],
    ) -> tuple[ChatRequest, Intent]:
        context, agent = place.context, assembly.agent_of(request, place.context)
        tools = await self._tools_for(connection, request, context, agent)
        reached = await limit_reached(connection, request, agent)
        if reached is not None:
            request = request.model_copy(update={"last_turn": True})
        provider_request = await assembly.assemble(
            connection, request, context, agent, model, self._settings, tools, reached
        )
        intent = intent_of(
            request,
            provider_request,
            context=context,
            model=model,
            fell_back=place.chain.fell_back(request, provider_request.chat.attempt, model, passed_over),
            simulated=self._providers.of(model).simulated,
            worker=self._worker_name,
            settings=self._settings,
            limit_reached=reached is not None,
        )
        await check_cost(connection, request, agent, intent.reserve_micro_usd)
        return provider_request.chat, intent

    async def _tools_for(
        self, connection: Connection, request: ModelCallRequest, context: CallContext, agent: AgentSpec
    ) -> list[ToolDefinition]:
        """Return the tools for a turn, even for the last one: the cached prompt would differ without them."""
        if not PROMPTS[request.purpose].offers_tools or not agent.tools:
            return []
        tools = await self._catalog.matching(connection, UserId(context.owner_id), agent.tools)
        allowed = context.allowed_tools
        offered = [tool.definition for name, tool in tools.items() if allowed is None or name in allowed]
        await described.note(connection, request.run_id, offered)
        return offered

    async def ask(self, ready: ReadyCall[ChatRequest], answer: PartialAnswer[ChatEnd]) -> ChatEnd:
        return await self._stream.read(ready.intent, ready.provider_request, answer)

    def cut_short(
        self, ready: ReadyCall[ChatRequest], answer: PartialAnswer[ChatEnd], error: ProviderError
    ) -> ChatEnd | None:
        """Return the end of a truncated answer that this call failed to continue: its text is kept, marked as
        truncated.
        """
        if not ready.intent.begun:
            return None
        return ChatEnd("length", error.usage or (None if error.may_be_billed else Usage()))

    def kept_of(self, ready: ReadyCall[ChatRequest], text: str) -> str | None:
        request = ready.intent.request
        if request.path != ROOT or request.purpose is not Purpose.TURN or not text:
            return None
        return joined((*ready.intent.begun, clean_text(text)))

    def broken(self, answer: PartialAnswer[ChatEnd]) -> ChatEnd | None:
        return ChatEnd("other", usage=None) if answer.text else None

    def spent(self, ready: ReadyCall[ChatRequest], text: str, error: BaseException) -> Spent:
        usage = replies.spent_by(ready.provider_request, text, error)
        cost = cost_of(usage, price_of(ready.intent.model, self._settings.own_prices))
        is_reported = isinstance(error, ProviderError) and error.usage is usage
        return Spent(usage, cost, estimated=not is_reported)

    async def settle(self, ready: ReadyCall[ChatRequest], text: str, end: ChatEnd) -> ModelCallOutcome:
        """Store a paid answer and return the outcome.

        A failure on our side must not cause another paid answer, so an answer that can't be stored as a whole is stored
        without the data that accompanies its text. Raises what `Settlements.settle` raises, and AnswerNotKept.
        """
        intent = ready.intent
        settled = partial(replies.settlement_of, intent, ready.provider_request, text, settings=self._settings)
        found: Plans | None = None
        try:
            calls = readings.calls_of(intent, end)
            if readings.is_handed_over(intent, calls):
                calls = ()
            results = await results_at_once(
                calls,
                {tool.name: tool.parameters for tool in ready.provider_request.tools},
                self._catalog.tools,
                _instant_context(ready),
            )
            own = tuple(result for result in results if result.tool not in intent.client_tools)
            results = own + not_yet(calls, intent.client_tools)
            found = await readings.plans_of(intent, text)
            typed = await readings.typed_of(intent, text, end)
            return await self._settlements.settle(
                intent, partial(settled, end, plans=found, results=results, typed=typed)
            )
        except (ChimeraError, *AWAY):
            raise
        except Exception as error:  # noqa: BLE001  (in any case the answer is paid)
            # Log only the type: PostgreSQL's message quotes the rejected value.
            log.error("answer_not_settled", attempt=intent.attempt, error=type(error).__name__)
        refusal = AnswerNotKept(usage=end.usage)
        try:
            if text:
                return await self._settlements.settle(
                    intent, partial(settled, ChatEnd("other", usage=end.usage), plans=found)
                )
        except (ChimeraError, *AWAY):
            raise
        except Exception as error:  # noqa: BLE001  (as above)
            log.error("answer_not_kept", attempt=intent.attempt, error=type(error).__name__)
        await self._settlements.end(intent, self.spent(ready, text, refusal), refusal)
        raise refusal


def _instant_context(ready: ReadyCall[ChatRequest]) -> ToolContext:
    """Return the context of the tools that run with an answer. They need nothing but their arguments."""
    request = ready.intent.request
    return ToolContext(
        owner_id=UserId(ready.asker[0]),
        run_id=request.run_id,
        path=request.path,
        step=request.step,
        index=0,
        idempotency_key="",
        limits=limits_from_now(),
    )
