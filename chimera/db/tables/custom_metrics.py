"""Custom metrics: values that users and their programs record."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, now, owner


class MetricSeries(Table):
    """A metric with particular labels. Each user has a limited number of them."""

    __tablename__ = "metric_series"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    owner_id: Mapped[str] = owner()
    name: Mapped[str]
    labels: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = now()
    __table_args__ = (Index("metric_series_key", "owner_id", "name", "labels", unique=True),)


class MetricPoint(Table):
    """A recorded value."""

    __tablename__ = "metric_points"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    series_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("metric_series.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    value: Mapped[float] = mapped_column(Float(53))
    __table_args__ = (Index("metric_points_series", "series_id", "at", "id"), Index("metric_points_at", "at"))
