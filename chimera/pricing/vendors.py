"""Vendors' prices from `genai-prices`, a public list whose snapshot is part of the package: nothing is downloaded.

Only this file uses its types and imports it, which takes about a second.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, TieredPrices


@dataclass(frozen=True, slots=True)
class Steps:
    """Prices in USD per million tokens by prompt size: (above this many input tokens, price), ascending."""

    prices: tuple[tuple[int, Decimal], ...]

    @property
    def starts(self) -> tuple[int, ...]:
        return tuple(start for start, _ in self.prices)

    def at(self, start: int) -> Decimal:
        return [price for begin, price in self.prices if begin <= start][-1]


@dataclass(frozen=True, slots=True)
class VendorPrice:
    input: Steps
    cached_input: Steps
    output: Steps
    cache_write: Steps | None
    source: str
    as_of: str


def vendor_price(provider: str, model: str) -> VendorPrice | None:
    """Look up a model; None if it isn't listed, or isn't priced by input and output tokens (speech by the hour)."""
    info = _find(provider, model)
    if info is None:
        return None
    now = datetime.now(UTC)
    listed = info.get_prices(now)
    if listed.input_mtok is None or listed.output_mtok is None:
        return None
    reads = _steps(listed.input_mtok)
    return VendorPrice(
        input=reads,
        cached_input=_steps(listed.cache_read_mtok) if listed.cache_read_mtok is not None else reads,
        output=_steps(listed.output_mtok),
        cache_write=_steps(listed.cache_write_mtok) if listed.cache_write_mtok is not None else None,
        source=_source(provider, info),
        as_of=f"{now:%Y-%m-%d}",
    )


@dataclass(frozen=True, slots=True)
class VendorRates:
    """Prices in USD: per million tokens of each kind, and per hour of audio. None: not charged by this."""

    input: Steps | None
    input_audio: Steps | None
    input_image: Steps | None
    output: Steps | None
    output_image: Steps | None
    audio_hour: Decimal | None
    source: str
    as_of: str

    @property
    def by_anything(self) -> bool:
        """Whether the list has any price at all."""
        kinds = (self.input, self.input_audio, self.input_image, self.output, self.output_image, self.audio_hour)
        return any(kind is not None for kind in kinds)


def vendor_rates(provider: str, model: str) -> VendorRates | None:
    """Look up the price of a model that embeds, generates images or transcribes; None if it isn't listed."""
    info = _find(provider, model)
    if info is None:
        return None
    now = datetime.now(UTC)
    listed = info.get_prices(now)
    return VendorRates(
        input=_maybe_steps(listed.input_mtok),
        input_audio=_maybe_steps(listed.input_audio_mtok),
        input_image=_maybe_steps(listed.input_image_mtok),
        output=_maybe_steps(listed.output_mtok),
        output_image=_maybe_steps(listed.output_image_mtok),
        audio_hour=_hour(listed.input_audio_hours if listed.input_audio_hours is not None else listed.audio_hours),
        source=_source(provider, info),
        as_of=f"{now:%Y-%m-%d}",
    )


def vendor_context(provider: str, model: str) -> int | None:
    """Return the maximum number of input tokens of a model; None if the list doesn't contain it."""
    info = _find(provider, model)
    return info.context_window if info else None


def _find(provider: str, model: str) -> "ModelInfo | None":
    from genai_prices.data_snapshot import get_snapshot

    try:
        return get_snapshot().find_provider_model(model, None, provider, None)[1]
    except LookupError:
        return None


def _steps(price: "Decimal | TieredPrices") -> Steps:
    if isinstance(price, Decimal):
        return Steps(((0, price),))
    return Steps(((0, price.base), *((tier.start, tier.price) for tier in price.tiers)))


def _maybe_steps(price: "Decimal | TieredPrices | None") -> Steps | None:
    return None if price is None else _steps(price)


def _hour(price: "Decimal | TieredPrices | None") -> Decimal | None:
    # No vendor discounts hours by volume; if one ever does, the first price is not below the others.
    return price if price is None or isinstance(price, Decimal) else price.base


def _source(provider: str, info: "ModelInfo") -> str:
    return f"genai-prices {metadata.version('genai-prices')} ({provider}/{info.id})"
