"""Rollups: what model calls used and how runs ended, added up by time, owner, agent and model.

Each change of the ledger writes a row with its difference, in the same transaction (`chimera/db/triggers.py`). The
workers fold these rows into the rollups (`chimera/ledger/rollups.py`). Readers add both, so figures are exact at any
time. An upsert of the rollups in each settlement would make calls wait for each other's row locks.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, SmallInteger, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Money, Table


class UsageChange(Table):
    """A difference that is not yet part of the rollups: an attempt at a model call that ended, or whose end changed.

    There are few such rows at any time, so no index besides the key has to be written at each call.
    """

    __tablename__ = "usage_changes"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    """When the attempt started. All changes of an attempt have the same time."""
    owner_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    """Without a foreign key, which would lock the user's row at each model call."""
    kind: Mapped[str]
    agent: Mapped[str]
    agent_version: Mapped[int | None]
    model: Mapped[str]
    purpose: Mapped[str]
    simulated: Mapped[bool]
    status: Mapped[str]
    error_code: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    """1, or -1 if the attempt no longer has this status; the other numbers have the same sign."""
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    cached_input_tokens: Mapped[int] = mapped_column(BigInteger)
    cache_write_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger)
    cost_micro_usd: Mapped[int] = mapped_column(Money)
    estimated_micro_usd: Mapped[int] = mapped_column(Money)
    """The part of the cost that is an estimate."""
    in_doubt_micro_usd: Mapped[int] = mapped_column(Money)
    latency_ms: Mapped[int | None] = mapped_column(BigInteger)
    first_token_ms: Mapped[int | None] = mapped_column(BigInteger)


class UsageRollup(Table):
    """The use of model calls in a period."""

    __tablename__ = "usage_rollups"
    level: Mapped[str]
    """`slot`: a quarter of an hour, because the days of all time zones begin at one. `day`, `month`: of UTC. `total`: a
    quarter of an hour without agents, models, purposes, kinds and error codes, for long series."""
    at: Mapped[datetime]
    """When the period begins."""
    owner_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"))
    """Null: all users together. There are no such slots, because few are read at once."""
    kind: Mapped[str | None]
    agent: Mapped[str | None]
    agent_version: Mapped[int | None]
    model: Mapped[str | None]
    purpose: Mapped[str | None]
    simulated: Mapped[bool]
    status: Mapped[str]
    error_code: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(BigInteger)
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    cached_input_tokens: Mapped[int] = mapped_column(BigInteger)
    cache_write_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    reasoning_tokens: Mapped[int] = mapped_column(BigInteger)
    cost_micro_usd: Mapped[int] = mapped_column(Money)
    estimated_micro_usd: Mapped[int] = mapped_column(Money)
    in_doubt_micro_usd: Mapped[int] = mapped_column(Money)
    _key = (
        "owner_id",
        "level",
        "at",
        "status",
        "model",
        "agent",
        "agent_version",
        "purpose",
        "kind",
        "simulated",
        "error_code",
    )
    __table_args__ = (
        Index("usage_rollups_key", *_key, unique=True, postgresql_nulls_not_distinct=True),
        Index("usage_rollups_users", "level", "at", postgresql_where=text("owner_id IS NOT NULL")),
        {"postgresql_with": {"fillfactor": 80}},
    )
    __mapper_args__ = {"primary_key": _key}  # noqa: RUF012  # SQLAlchemy reads a plain dict


class RunChange(Table):
    """A difference that is not yet part of the rollups: a run that was created, has ended, or was reopened."""

    __tablename__ = "run_changes"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    """When the run was created or ended."""
    owner_id: Mapped[str] = mapped_column(Uuid(as_uuid=False))
    kind: Mapped[str]
    status: Mapped[str]
    """`created`, or the status with which the run ended."""
    error_code: Mapped[str | None]
    simulated: Mapped[bool]
    runs: Mapped[int] = mapped_column(SmallInteger)
    """1, or -1 if the run was reopened; the other numbers have the same sign."""
    retries: Mapped[int] = mapped_column(BigInteger)
    queued_ms: Mapped[int] = mapped_column(BigInteger)
    waited_ms: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int | None] = mapped_column(BigInteger)


class RunRollup(Table):
    """The runs that were created or ended in a period."""

    __tablename__ = "run_rollups"
    level: Mapped[str]
    """`slot`, `day` or `month`, as in the rollups of model calls."""
    at: Mapped[datetime]
    owner_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str]
    status: Mapped[str]
    error_code: Mapped[str | None]
    simulated: Mapped[bool]
    runs: Mapped[int] = mapped_column(BigInteger)
    retries: Mapped[int] = mapped_column(BigInteger)
    queued_ms: Mapped[int] = mapped_column(BigInteger)
    waited_ms: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(BigInteger)
    _key = ("owner_id", "level", "at", "status", "kind", "simulated", "error_code")
    __table_args__ = (
        Index("run_rollups_key", *_key, unique=True, postgresql_nulls_not_distinct=True),
        Index("run_rollups_users", "at", postgresql_where=text("owner_id IS NOT NULL AND level = 'slot'")),
        {"postgresql_with": {"fillfactor": 80}},
    )
    __mapper_args__ = {"primary_key": _key}  # noqa: RUF012  # SQLAlchemy reads a plain dict


class Latency(Table):
    """A bar of a histogram in a period. Bar `b` counts durations in (2^((b-1)/4), 2^(b/4)] milliseconds."""

    __tablename__ = "latencies"
    level: Mapped[str]
    """`slot`, `day` or `month`, as in the rollups of model calls."""
    at: Mapped[datetime]
    owner_id: Mapped[str | None] = mapped_column(Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"))
    measure: Mapped[str]
    """`call`, `first_token`, `run` or `waited`."""
    kind: Mapped[str]
    agent: Mapped[str | None]
    agent_version: Mapped[int | None]
    bar: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    _key = ("owner_id", "level", "measure", "at", "agent", "agent_version", "kind", "bar")
    __table_args__ = (
        Index("latencies_key", *_key, unique=True, postgresql_nulls_not_distinct=True),
        Index("latencies_users", "at", postgresql_where=text("owner_id IS NOT NULL AND level = 'slot'")),
        {"postgresql_with": {"fillfactor": 80}},
    )
    __mapper_args__ = {"primary_key": _key}  # noqa: RUF012  # SQLAlchemy reads a plain dict
