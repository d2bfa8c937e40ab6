"""Everything that reaches outside the process: settings, database, Temporal, Redis, providers, tools, and the embedded
stack."""

__version__ = "0.1.0"
