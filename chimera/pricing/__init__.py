"""Prices of calls and context windows of models: the administrator's own, then our catalog's, then a public list's.

Amounts are whole micro-USD (millionths of a US dollar). Prices are in micro-USD per million tokens, so $0.075 per
million tokens is 75,000, and every sum is exact in integers.
"""

from chimera.pricing.abilities import abilities_of
from chimera.pricing.media import MediaPrice, MediaRate, catalogued_of, media_cost_of, media_price_of, only_use_of
from chimera.pricing.prices import Price, Rate, cost_of, price_of
from chimera.pricing.windows import Window, window_of

__all__ = [
    "MediaPrice",
    "MediaRate",
    "Price",
    "Rate",
    "Window",
    "abilities_of",
    "catalogued_of",
    "cost_of",
    "media_cost_of",
    "media_price_of",
    "only_use_of",
    "price_of",
    "window_of",
]
