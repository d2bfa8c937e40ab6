"""Runs of schedules that were skipped, and drafts that end when they are deleted."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("schedules", sa.Column("skipped_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("schedules", sa.Column("skipped_because", sa.Text(), nullable=True))
    # Drafts count as open tasks of their owner; those that were deleted are none.
    op.execute(
        "UPDATE tasks SET status = 'cancelled', ended_at = deleted_at WHERE status = 'draft' AND deleted_at IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("schedules", "skipped_because")
    op.drop_column("schedules", "skipped_at")
