"""How answers end, cancels that are sent again, and when a call was last seen at work."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("ai_calls", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("thought", sa.Text(), nullable=True))
    op.add_column("model_call_attempts", sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subtasks", sa.Column("finish_reason", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("finish_reason", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("cancels_sent", sa.SmallInteger(), server_default="0", nullable=False))
    op.create_index(
        "tasks_cancelling", "tasks", ["id"], unique=False, postgresql_where=sa.text("status = 'cancelling'")
    )


def downgrade() -> None:
    op.drop_index("tasks_cancelling", table_name="tasks", postgresql_where=sa.text("status = 'cancelling'"))
    op.drop_column("tasks", "cancels_sent")
    op.drop_column("tasks", "finish_reason")
    op.drop_column("subtasks", "finish_reason")
    op.drop_column("model_call_attempts", "seen_at")
    op.drop_column("messages", "thought")
    op.drop_column("ai_calls", "seen_at")
