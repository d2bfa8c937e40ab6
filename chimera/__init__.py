"""What reaches the outside world: settings, database, Temporal, Redis, providers, tools, and the embedded stack."""

__version__ = "0.1.0"
