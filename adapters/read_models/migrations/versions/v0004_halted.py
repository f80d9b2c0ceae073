"""Why a projection stands still, for those who watch it from another process."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE checkpoints ADD COLUMN halted text NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Read models are rebuilt, never taken back."""
    raise NotImplementedError
