"""AI calls: runs of the kinds embeddings, images and transcriptions."""

from typing import Any

from sqlalchemy import ARRAY, Index, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from chimera.db.tables.base import Table, run_key


class AiCall(Table):
    """The request of an AI call and its answer."""

    __tablename__ = "ai_calls"
    run_id: Mapped[str] = run_key()
    model: Mapped[str]
    request: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    vectors: Mapped[bytes | None]
    """For embeddings: the vectors one after the other, in little-endian float32."""
    files: Mapped[list[str]] = mapped_column(ARRAY(Uuid(as_uuid=False)), server_default=text("'{}'::uuid[]"))
    """The ids of the files that `request` and `result` name."""
    __table_args__ = (
        Index("ai_calls_files", "files", postgresql_using="gin", postgresql_where=text("files <> '{}'::uuid[]")),
    )
