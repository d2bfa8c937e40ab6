"""Tasks that are tried again after they have failed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("tasks", sa.Column("retries", sa.Integer(), server_default="0", nullable=False))
    op.add_column("subtasks", sa.Column("model", sa.Text(), nullable=True))
    op.add_column("model_calls", sa.Column("forgiven", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("model_calls", "forgiven")
    op.drop_column("subtasks", "model")
    op.drop_column("tasks", "retries")
