"""Prices of embeddings, images and transcriptions, charged by tokens of several kinds, by image or by hour.

Like the prices of model calls, they are the administrator's own, then those of our catalog, then the public list's.
"""

from dataclasses import dataclass
from functools import cache

from chimera.pricing.catalog import catalog
from chimera.pricing.prices import OWN_MACHINE, PER, Own, micro_usd_of, own_price_of, price_of
from chimera.pricing.vendors import Steps, VendorRates, vendor_rates
from models.ai_calls import MediaUsage, Operation
from models.errors import UnknownPrice, UnknownSimulatorModel, WrongKindOfModel
from models.providers import OwnRates

HOUR_MS = 3_600_000
_EXAMPLES = {
    Operation.EMBEDDINGS: "simulator/embedding",
    Operation.IMAGES: "simulator/image",
    Operation.TRANSCRIPTIONS: "simulator/transcription",
}


@dataclass(frozen=True, slots=True)
class MediaRate:
    """A rate in micro-USD: per million tokens of each kind, per image, per hour of audio. None: not charged by this.

    Applies to calls with more than `above_input_tokens`.
    """

    input: int | None = None
    input_audio: int | None = None
    input_image: int | None = None
    output: int | None = None
    output_image: int | None = None
    image: int | None = None
    audio_hour: int | None = None
    above_input_tokens: int = 0


@dataclass(frozen=True, slots=True)
class MediaPrice:
    """Rates by input size, ascending, and their source."""

    rates: tuple[MediaRate, ...]
    source: str
    as_of: str

    def rate_for(self, input_tokens: int) -> MediaRate:
        reached = [rate for rate in self.rates if input_tokens > rate.above_input_tokens]
        return reached[-1] if reached else self.rates[0]


def media_price_of(model_ref: str, operation: Operation, overrides: Own | None = None) -> MediaPrice:
    """Find the price of `provider/model` for an operation; `overrides` are `settings.own_prices`.

    The first lookup reads a price list (about a second). Raises `UnknownPrice`, or `WrongKindOfModel` if the listed
    price is for something else. Only the provider knows whether a model supports the operation.
    """
    own = own_price_of(model_ref, overrides)
    price = _listed(model_ref) if own is None else MediaPrice((_rate_of(own[0]),), own[1], own[2])
    if price is not None and all(_prices(rate, operation) for rate in price.rates):
        return price
    if own is None and _is_for_something_else(model_ref, price):
        raise WrongKindOfModel(model_ref, operation, _EXAMPLES[operation])
    if own is None and model_ref.startswith("simulator/"):
        raise UnknownSimulatorModel(model_ref, (_EXAMPLES[operation],))
    raise UnknownPrice(model_ref)


def only_use_of(model_ref: str, overrides: Own | None = None) -> Operation | None:
    """Return a model's only operation besides tasks, as shown by its price; None for task models and for several."""
    try:
        price_of(model_ref, overrides)
    except UnknownPrice:
        uses = [operation for operation in Operation if _has_price(model_ref, operation, overrides)]
        return uses[0] if len(uses) == 1 else None
    return None


def catalogued_of(provider: str) -> tuple[str, ...]:
    """Return the models of a provider that our catalog lists for uses other than tasks."""
    return tuple(model_ref for model_ref in catalog().media if model_ref.startswith(f"{provider}/"))


def media_cost_of(usage: MediaUsage, price: MediaPrice) -> int:
    """Return the cost of a call in micro-USD, rounded up. Tokens without a rate for their kind are plain tokens."""
    rate = price.rate_for(usage.input_tokens)
    audio = min(usage.input_audio_tokens, usage.input_tokens)
    image_input = min(usage.input_image_tokens, usage.input_tokens - audio)
    image_output = min(usage.output_image_tokens, usage.output_tokens)
    plain_in, plain_out = rate.input or 0, rate.output or 0
    tokens = (usage.input_tokens - audio - image_input) * plain_in
    tokens += audio * _either(rate.input_audio, plain_in) + image_input * _either(rate.input_image, plain_in)
    tokens += (usage.output_tokens - image_output) * plain_out + image_output * _either(rate.output_image, plain_out)
    audio_time = round(usage.audio_seconds * 1000) * (rate.audio_hour or 0)
    return -(-tokens // PER) + usage.images * (rate.image or 0) + -(-audio_time // HOUR_MS)


def _has_price(model_ref: str, operation: Operation, overrides: Own | None) -> bool:
    try:
        media_price_of(model_ref, operation, overrides)
    except UnknownPrice:
        return False
    return True


def _is_for_something_else(model_ref: str, price: MediaPrice | None) -> bool:
    if model_ref in catalog().prices:
        return True
    return price is not None and any(_prices(rate, operation) for rate in price.rates for operation in Operation)


def _prices(rate: MediaRate, operation: Operation) -> bool:
    by_tokens = rate.input is not None and rate.output is not None
    match operation:
        case Operation.EMBEDDINGS:
            return rate.input is not None
        case Operation.IMAGES:
            return by_tokens or rate.image is not None or (rate.input is not None and rate.output_image is not None)
        case Operation.TRANSCRIPTIONS:
            return by_tokens or rate.audio_hour is not None


@cache
def _listed(model_ref: str) -> MediaPrice | None:
    entry = catalog().media.get(model_ref)
    if entry is not None:
        return MediaPrice((_rate_of(entry.usd),), entry.source, entry.as_of)
    provider, _, model = model_ref.partition("/")
    if provider == "local":
        return MediaPrice((MediaRate(input=0, output=0, image=0, audio_hour=0),), OWN_MACHINE, "")
    found = vendor_rates(provider, model)
    return None if found is None else _vendors(found)


def _vendors(found: VendorRates) -> MediaPrice:
    kinds = (found.input, found.input_audio, found.input_image, found.output, found.output_image)
    starts = sorted({0, *(start for steps in kinds if steps for start in steps.starts)})
    rates = tuple(
        MediaRate(
            input=_at(found.input, start),
            input_audio=_at(found.input_audio, start),
            input_image=_at(found.input_image, start),
            output=_at(found.output, start),
            output_image=_at(found.output_image, start),
            audio_hour=None if found.audio_hour is None else micro_usd_of(found.audio_hour),
            above_input_tokens=start,
        )
        for start in starts
    )
    return MediaPrice(rates, found.source, found.as_of)


def _rate_of(usd: OwnRates) -> MediaRate:
    rates = usd.model_dump(exclude_none=True, exclude={"cached_input", "cache_write"})
    return MediaRate(**{kind: micro_usd_of(value) for kind, value in rates.items()})


def _at(steps: Steps | None, start: int) -> int | None:
    return None if steps is None else micro_usd_of(steps.at(start))


def _either(rate: int | None, plain: int) -> int:
    return plain if rate is None else rate
