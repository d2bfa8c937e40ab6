"""Where sessions begin, so that guesses from elsewhere don't lock their owner out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("refresh_tokens", sa.Column("address", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("refresh_tokens", "address")
