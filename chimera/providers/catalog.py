"""Providers and models of this installation: which are configured, whether a key works, which models exist.

Nothing here is part of a task. Listing models is free. Only a call of a few tokens reveals a used-up quota; it is made
only on request, and its cost is reported.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from uuid import uuid4

import structlog
from pydantic import TypeAdapter, ValidationError

from chimera.config.settings import Settings
from chimera.config.vendors import VENDORS
from chimera.content.text import clean_text
from chimera.pricing import abilities_of, catalogued_of, cost_of, only_use_of, price_of, window_of
from chimera.providers import Providers
from chimera.providers.base import ChatEnd, ChatMessage, ChatRequest, Provider
from models.base import ModelRef, preview_of
from models.errors import (
    ChimeraError,
    NoQuota,
    NotFound,
    Overloaded,
    ProviderTimeout,
    RateLimited,
    Stalled,
    UnknownModel,
    UnknownPrice,
    Unreachable,
    UselessAnswer,
    WrongKey,
)
from models.providers import MediaModelView, ModelsView, ModelView, PriceView, ProviderView, Validation, Verdict
from models.usage import Usage

log = structlog.get_logger()

LIST_SECONDS = 10.0
"""Time for one provider to list its models before the others are shown without it."""
KEPT_SECONDS = 300.0
PROBE_TOKENS = 16
"""The smallest limit that every vendor accepts."""

_REF: TypeAdapter[str] = TypeAdapter(ModelRef)
_NO_NAME = (
    "Tasks can't use this name, because it is too long, contains invisible characters, or begins or ends with a space."
    " Rename the model on its server."
)

_VERDICTS: Mapping[type[ChimeraError], Verdict] = {
    WrongKey: Verdict.WRONG_KEY,
    NoQuota: Verdict.NO_QUOTA,
    RateLimited: Verdict.RATE_LIMITED,
    UnknownModel: Verdict.UNKNOWN_MODEL,
    Unreachable: Verdict.UNREACHABLE,
    Overloaded: Verdict.UNREACHABLE,
    ProviderTimeout: Verdict.UNREACHABLE,
    Stalled: Verdict.UNREACHABLE,
}


@dataclass(frozen=True, slots=True)
class _Listed:
    """A provider's models, as of a time on the event loop's clock."""

    names: tuple[str, ...]
    at: float


class Available:
    """The available providers and models; one object per process. Keeps the providers' lists for five minutes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._providers = Providers(settings)
        self._listed: dict[str, _Listed] = {}

    async def close(self) -> None:
        await self._providers.close()

    async def providers(self) -> tuple[ProviderView, ...]:
        """List every known provider, with its missing settings."""
        return tuple([await self._view_of(name) for name in VENDORS])

    async def models(self) -> ModelsView:
        """List the models of all configured providers, as they report them, with price and context window."""
        configured = [view.name for view in await self.providers() if view.configured]
        answers = await asyncio.gather(*(self._names_of(name) for name in configured), return_exceptions=True)
        found: list[ModelView] = []
        media: list[MediaModelView] = []
        unreachable: dict[str, str] = {}
        for name, answer in zip(configured, answers, strict=True):
            names = () if isinstance(answer, BaseException) else answer
            media += await asyncio.to_thread(self._media_of, name, names)
            if isinstance(answer, ChimeraError):
                unreachable[name] = answer.message
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found += await asyncio.to_thread(self._views_of, name, answer)
        return ModelsView(models=tuple(found), media=tuple(media), unreachable=unreachable)

    async def refs_of(self, model: str) -> list[str]:
        """Return the full names of all models that are called `model` by their providers."""
        configured = [view.name for view in await self.providers() if view.configured]
        answers = await asyncio.gather(*(self._names_of(name) for name in configured), return_exceptions=True)
        return [
            f"{name}/{model}"
            for name, names in zip(configured, answers, strict=True)
            if not isinstance(names, BaseException) and model in names
        ]

    async def validate(self, name: str, model: str | None = None) -> Validation:
        """Test the configured key: list the models and, if a model is named, make one short call.

        Raises NotFound for an unknown provider, or UnknownPrice for a model without a price.
        """
        if name not in VENDORS:
            raise NotFound("provider", name)
        began = time.perf_counter()
        models: int | None = None
        cost = 0
        verdict, message = Verdict.VALID, "The key works."
        try:
            provider = await self._made(name)
            names = await self._list(provider)
            models = len(names)
            if model is not None:
                # The full name, as tasks use it, is accepted, too.
                cost = await self._probe(provider, model.removeprefix(f"{name}/"))
        except UnknownPrice:
            raise
        except ChimeraError as error:
            verdict, message = _verdict_of(error), error.message
        return Validation(
            provider=name,
            verdict=verdict,
            message=message,
            models=models,
            cost_micro_usd=cost,
            took_ms=round((time.perf_counter() - began) * 1000, 1),
        )

    async def _made(self, name: str) -> Provider:
        # In a thread: the first call for a vendor imports its modules.
        return await asyncio.to_thread(self._providers.named, name)

    async def _view_of(self, name: str) -> ProviderView:
        try:
            provider = await self._made(name)
        except ChimeraError as error:
            return ProviderView(name=name, configured=False, simulated=False, advice=error.message)
        return ProviderView(
            name=name, configured=True, simulated=provider.simulated, operations=VENDORS[name].operations
        )

    async def _names_of(self, name: str) -> tuple[str, ...]:
        now = asyncio.get_running_loop().time()
        kept = self._listed.get(name)
        if kept is None or now - kept.at > KEPT_SECONDS:
            kept = _Listed(await self._list(await self._made(name)), now)
            self._listed[name] = kept
        return kept.names

    async def _list(self, provider: Provider) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(LIST_SECONDS):
                return await provider.models()
        except TimeoutError:
            raise ProviderTimeout(
                f"{provider.name} didn't return its list of models within {LIST_SECONDS:g} s."
            ) from None

    async def _probe(self, provider: Provider, model: str) -> int:
        """Request one word; return its cost in micro-USD. An answer cut off by the limit counts, too."""
        price = await asyncio.to_thread(price_of, f"{provider.name}/{model}", self._settings.own_prices)
        request = ChatRequest(
            model=model,
            messages=(ChatMessage("user", "Say yes."),),
            call_id=f"validate-{uuid4()}",
            attempt=1,
            max_output_tokens=PROBE_TOKENS,
        )
        usage: Usage | None = None
        try:
            async with aclosing(provider.stream(request)) as stream:
                async for item in stream:
                    if isinstance(item, ChatEnd):
                        usage = item.usage
        except UselessAnswer as error:
            # A reasoning model uses up the few tokens before its first word.
            usage = error.usage
        return 0 if usage is None else cost_of(usage, price)

    def _media_of(self, provider: str, names: tuple[str, ...]) -> list[MediaModelView]:
        """Return models for uses other than tasks, from our catalog and the provider's list, which may omit them."""
        made, own = self._providers.named(provider), self._settings.own_prices
        listed = (f"{provider}/{name}" for name in names)
        known = dict.fromkeys((*catalogued_of(provider), *filter(_can_be_named, listed)))
        uses = ((ref, only_use_of(ref, own)) for ref in known)
        return [
            MediaModelView(model=ref, provider=provider, simulated=made.simulated, operation=use)
            for ref, use in uses
            if use is not None and use in VENDORS[provider].operations
        ]

    def _views_of(self, provider: str, names: tuple[str, ...]) -> list[ModelView]:
        simulated = self._providers.named(provider).simulated
        return [self._model(provider, name, simulated=simulated) for name in names]

    def _model(self, provider: str, name: str, *, simulated: bool) -> ModelView:
        ref = f"{provider}/{name}"
        price, advice = None, "" if _can_be_named(ref) else _NO_NAME
        try:
            found = price_of(ref, self._settings.own_prices)
            rate = found.rates[0]
            price = PriceView(
                input=rate.input,
                cached_input=rate.cached_input,
                cache_write=rate.input if rate.cache_write is None else rate.cache_write,
                output=rate.output,
                source=found.source,
                as_of=found.as_of,
            )
        except UnknownPrice as error:
            advice = advice or error.message
        window = window_of(ref, self._settings.own_windows)
        return ModelView(
            model=ref if _can_be_named(ref) else preview_of(clean_text(ref)),
            provider=provider,
            simulated=simulated,
            usable=not advice,
            advice=advice,
            context_tokens=window.context_tokens,
            max_output_tokens=window.max_output_tokens,
            abilities=abilities_of(ref, self._settings.own_models),
            price=price,
        )


def _can_be_named(ref: str) -> bool:
    """Return whether a task can use a model's name: every listed name must be accepted as input."""
    try:
        _REF.validate_python(ref)
    except ValidationError:
        return False
    return True


def _verdict_of(error: ChimeraError) -> Verdict:
    if error.http_status == 422:
        # MissingKey, UnusableKey and MissingBaseUrl: nothing was tried.
        return Verdict.NOT_CONFIGURED
    return next((verdict for kind, verdict in _VERDICTS.items() if isinstance(error, kind)), Verdict.FAILED)
