"""Runs that wait until a spending limit leaves room for their next call."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Money, Table, now, run_key


class SpendingWait(Table):
    """A run whose call a spending limit rejected. The workers wake it (`chimera/ledger/spending_waits.py`)."""

    __tablename__ = "spending_waits"
    run_id: Mapped[str] = run_key()
    needed_micro_usd: Mapped[int] = mapped_column(Money)
    """The worst case of the cheapest call that was rejected."""
    since: Mapped[datetime] = now()
    __table_args__ = (Index("spending_waits_since", "since"),)
