"""Prices by model, and the cost of a call. A price includes its source, so that a bill can be explained."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from chimera.pricing.catalog import catalog
from chimera.pricing.vendors import vendor_price, vendor_rates
from models.errors import UnknownPrice, UnknownSimulatorModel, WrongKindOfModel
from models.providers import OwnModel, OwnPrice, OwnRates
from models.usage import Usage

OWN, OWN_FILE = "CHIMERA_PRICES", "CHIMERA_CATALOG_FILE"
OWN_MACHINE = "your own machine"
PER = 1_000_000
"""The number of tokens that a rate is for; also the number of micro-USD in a US dollar."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate in micro-USD per million tokens, for calls with more than `above_input_tokens`."""

    input: int
    cached_input: int
    output: int
    above_input_tokens: int = 0
    cache_write: int | None = None
    """For input that the provider writes to its cache; None: the same as other input."""


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a model. `rates` ascend by `above_input_tokens`; the last one reached applies to the whole call."""

    rates: tuple[Rate, ...]
    source: str
    as_of: str

    def rate_for(self, input_tokens: int) -> Rate:
        """Choose the rate of a call; vendors charge long prompts at a higher rate from the first token on."""
        reached = [rate for rate in self.rates if input_tokens > rate.above_input_tokens]
        return reached[-1] if reached else self.rates[0]


Own = Mapping[str, OwnPrice | OwnModel]
"""`settings.own_prices`."""


def price_of(model_ref: str, overrides: Own | None = None) -> Price:
    """Find the price of `provider/model`; `overrides` are `settings.own_prices`.

    A `local/…` server runs on the user's own machine, so its price is 0 unless an override sets one. The first lookup
    of a vendor's model reads a price list (about a second); later lookups are cached. Raises `UnknownPrice`, or
    `WrongKindOfModel` if the price is for another use.
    """
    own = own_price_of(model_ref, overrides)
    if own is None:
        return _listed(model_ref)
    rates, source, as_of = own
    if rates.input is None or rates.output is None:
        raise UnknownPrice(model_ref)
    cached = rates.input if rates.cached_input is None else rates.cached_input
    price = _flat(rates.input, cached, rates.output, source=source, as_of=as_of)
    if rates.cache_write is None:
        return price
    return replace(price, rates=(replace(price.rates[0], cache_write=micro_usd_of(rates.cache_write)),))


def own_price_of(model_ref: str, overrides: Own | None) -> tuple[OwnRates, str, str] | None:
    """Return the administrator's price for a model, with source and date; None if there is none."""
    match (overrides or {}).get(model_ref):
        case OwnModel(price=OwnRates() as price, source=source, as_of=as_of):
            return price, source or OWN_FILE, as_of
        case OwnRates() as price:
            return price, OWN, ""
    return None


def cost_of(usage: Usage, price: Price) -> int:
    """Return the cost of a call in micro-USD, rounded up: the sum of many calls must never be below their true cost."""
    rate = price.rate_for(usage.input_tokens)
    read = min(usage.cached_input_tokens, usage.input_tokens)
    written = min(usage.cache_write_tokens, usage.input_tokens - read)
    plain = usage.input_tokens - read - written
    total = plain * rate.input + read * rate.cached_input + usage.output_tokens * rate.output
    total += written * (rate.input if rate.cache_write is None else rate.cache_write)
    return -(-total // PER)


@cache
def _listed(model_ref: str) -> Price:
    entry = catalog().prices.get(model_ref)
    if entry is not None:
        usd = entry.usd_per_million
        return _flat(usd.input, usd.cached_input, usd.output, source=entry.source, as_of=entry.as_of)
    provider, _, model = model_ref.partition("/")
    if provider == "local":
        return _flat(0, 0, 0, source=OWN_MACHINE, as_of="")
    found = vendor_price(provider, model)
    if found is None:
        raise _not_priced(model_ref)
    writes = found.cache_write.starts if found.cache_write else ()
    starts = sorted({0, *found.input.starts, *found.cached_input.starts, *found.output.starts, *writes})
    rates = tuple(
        Rate(
            input=micro_usd_of(found.input.at(start)),
            cached_input=micro_usd_of(found.cached_input.at(start)),
            output=micro_usd_of(found.output.at(start)),
            above_input_tokens=start,
            cache_write=micro_usd_of(found.cache_write.at(start)) if found.cache_write else None,
        )
        for start in starts
    )
    return Price(rates, found.source, found.as_of)


def _not_priced(model_ref: str) -> UnknownPrice:
    provider, _, model = model_ref.partition("/")
    rates = vendor_rates(provider, model)
    if model_ref in catalog().media or (rates is not None and rates.by_anything):
        return WrongKindOfModel(model_ref, "tasks", "simulator/standard")
    if provider == "simulator":
        return UnknownSimulatorModel(model_ref, tuple(catalog().prices))
    return UnknownPrice(model_ref)


def _flat(
    input_usd: float | Decimal, cached_usd: float | Decimal, output_usd: float | Decimal, *, source: str, as_of: str
) -> Price:
    return Price((Rate(micro_usd_of(input_usd), micro_usd_of(cached_usd), micro_usd_of(output_usd)),), source, as_of)


def micro_usd_of(usd: float | Decimal) -> int:
    return int((Decimal(str(usd)) * PER).to_integral_value())
