"""Helpers for tests of chat completions, starting where a call's intent is recorded."""

from activities.calls.chains import Chain
from activities.calls.chat import Chat
from activities.calls.kind import ReadyCall
from activities.calls.settle import Settlements
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger.calls import Intent
from chimera.providers import Providers
from chimera.providers.base import ChatMessage, ChatRequest
from chimera.providers.health.circuit_breaker import asker_of
from chimera.tools.catalog import Catalog

CHAT = ChatRequest("fast", (ChatMessage("user", "go"),), "t/a#turn.1", 1, 100)


def chat_of(settings: Settings, database: Database, bus: Bus) -> Chat:
    return Chat(
        settings=settings,
        providers=Providers(settings),
        settlements=Settlements(database=database, bus=bus),
        bus=bus,
        catalog=Catalog(),
        worker_name="w",
    )


def ready(intent: Intent, chat: ChatRequest = CHAT) -> ReadyCall[ChatRequest]:
    asker = asker_of("o", intent.request.run_id, intent.request.path)
    return ReadyCall(intent, chat, "account", asker, Chain((intent.model,), (), 0, 5), 0)
