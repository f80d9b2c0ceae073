"""The event that each checkpoint stands at, so that another log is noticed."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = (
    "event_id text NOT NULL DEFAULT ''",
    "stream text NOT NULL DEFAULT ''",
    "revision bigint NOT NULL DEFAULT 0",
)


def upgrade() -> None:
    """Add the columns. What older programs noted has no event; it is noted with the next batch."""
    for column in COLUMNS:
        op.execute(f"ALTER TABLE checkpoints ADD COLUMN {column}")


def downgrade() -> None:
    """Read models are rebuilt, never taken back."""
    raise NotImplementedError
