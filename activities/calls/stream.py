"""Streams an answer: reads it from the provider to its end, and publishes its text in the meantime."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace

from activities.calls.kind import PartialAnswer
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.ledger.calls import Intent
from chimera.providers import Providers
from chimera.providers.base import ChatEnd, ChatRequest
from chimera.providers.wire.patience import Patience
from models.errors import ProviderError, TookTooLong
from models.events import TokensFrame

BATCH_SECONDS = 0.05


class Stream:
    """Reads streamed answers from providers."""

    def __init__(self, *, settings: Settings, providers: Providers, bus: Bus) -> None:
        self._settings = settings
        self._providers = providers
        self._bus = bus

    async def read(self, intent: Intent, chat: ChatRequest, answer: PartialAnswer[ChatEnd]) -> ChatEnd:
        """Read the answer into `answer`, and publish it in batches of about 50 ms.

        Raises a ProviderError, which is TookTooLong after `CHIMERA_CALL_TOTAL_S`. `answer` then contains the text so
        far.
        """
        pieces: list[str] = []
        shown = shown_pieces = 0
        first_token_ms: int | None = None
        began_at = last_shown = time.monotonic()
        provider = self._providers.of(intent.model)
        try:
            deadline = asyncio.get_running_loop().time() + self._settings.call_total_s
            async with Patience(deadline), aclosing(provider.stream(chat)) as stream:
                async for item in stream:
                    if isinstance(item, ChatEnd):
                        answer.end = item
                        continue
                    if first_token_ms is None:
                        first_token_ms = round((time.monotonic() - began_at) * 1000)
                    pieces.append(item.text)
                    if time.monotonic() - last_shown >= BATCH_SECONDS:
                        shown = self._show(intent, "".join(pieces[shown_pieces:]), shown)
                        shown_pieces, last_shown = len(pieces), time.monotonic()
        except TimeoutError as error:
            limit = self._settings.call_total_s
            raise TookTooLong(
                f"The call took longer than {limit:g} s. To allow more time, raise CHIMERA_CALL_TOTAL_S.",
                may_be_billed=True,
            ) from error
        finally:
            answer.text = "".join(pieces)
            # Also if the answer is interrupted: a reply keeps this text, so its readers have to see all of it.
            if len(answer.text) > shown:
                self._show(intent, answer.text[shown:], shown)
        if answer.end is not None and answer.end.answer is not None:
            # A thought without an opening tag was published as text.
            answer.text = answer.end.answer
        if answer.end is None:
            raise ProviderError(
                f"The provider of {intent.model!r} violated its protocol: it didn't mark the end of the answer."
            )
        return replace(answer.end, first_token_ms=first_token_ms)

    def _show(self, intent: Intent, text: str, offset: int) -> int:
        request = intent.request
        self._bus.publish_tokens(
            TokensFrame(
                run_id=request.run_id,
                path=request.path,
                purpose=request.purpose,
                step=request.step,
                attempt=intent.attempt,
                offset=offset,
                text=text,
            )
        )
        return offset + len(text)
