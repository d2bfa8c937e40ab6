"""The base of every table."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ARRAY, BigInteger, DateTime, ForeignKey, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Money = BigInteger


class Table(DeclarativeBase):
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: ARRAY(Text),
    }


def uuid_key() -> Mapped[str]:
    return mapped_column(Uuid(as_uuid=False), primary_key=True, server_default=text("gen_random_uuid()"))


def run_key() -> Mapped[str]:
    return mapped_column(Uuid(as_uuid=False), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)


def owner() -> Mapped[str]:
    return mapped_column(Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"))


def now() -> Mapped[datetime]:
    return mapped_column(server_default=func.now())


def txid() -> Mapped[int]:
    """Return a column with the transaction that wrote the row, which `ledger/changes.py` compares with snapshots."""
    return mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint"))
