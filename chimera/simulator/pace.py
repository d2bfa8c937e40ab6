"""The simulator's models: one brain at three speeds, and one that obeys whatever it reads."""

from dataclasses import dataclass
from math import inf

_CHUNK_S = 0.04
"""The time between chunks: similar to vendors' streams, and short enough to look fluent."""

_UNPACED_CHUNK_TOKENS = 64

OBEDIENT = "obedient"
"""The model that follows all instructions of `obedience`, without a directive."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The speed of a model."""

    first_token_s: float
    tokens_per_s: float

    @property
    def chunk_tokens(self) -> int:
        """Tokens to send at once."""
        return _UNPACED_CHUNK_TOKENS if self.tokens_per_s == inf else max(1, round(self.tokens_per_s * _CHUNK_S))

    @property
    def chunk_s(self) -> float:
        """Time to wait after a full chunk."""
        return self.chunk_tokens / self.tokens_per_s

    def scripted(self, tokens_per_s: float | None) -> "Pace":
        """Return this pace with the scripted speed, if there is one."""
        return self if not tokens_per_s else Pace(self.first_token_s, tokens_per_s)


MODELS = {
    "standard": Pace(first_token_s=0.15, tokens_per_s=100),
    "fast": Pace(first_token_s=0, tokens_per_s=inf),
    "slow": Pace(first_token_s=0.5, tokens_per_s=30),
    OBEDIENT: Pace(first_token_s=0, tokens_per_s=inf),
}
