"""Our own entries, for models that aren't in a public price list. Each entry names its source and date."""

from decimal import Decimal
from functools import cache
from pathlib import Path

from models.base import Body
from models.providers import ModelAbility, OwnRates


class UsdPerMillion(Body):
    input: Decimal
    cached_input: Decimal
    output: Decimal


class PriceEntry(Body):
    usd_per_million: UsdPerMillion
    source: str
    as_of: str


class ModelEntry(Body):
    context: int
    max_output: int
    abilities: tuple[ModelAbility, ...] | None = None
    source: str
    as_of: str


class MediaEntry(Body):
    usd: OwnRates
    source: str
    as_of: str


class Catalog(Body):
    """The content of `catalog.json`."""

    prices: dict[str, PriceEntry]
    media: dict[str, MediaEntry]
    """Prices of models that embed, generate images or transcribe."""
    models: dict[str, ModelEntry]


@cache
def catalog() -> Catalog:
    """Read the catalog, once."""
    return Catalog.model_validate_json((Path(__file__).parent / "catalog.json").read_bytes())
