"""Client ids that orders got by amendments: what they name, and which an order had at a fill."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NAMES = "ALTER TABLE order_keys ADD COLUMN names text NOT NULL DEFAULT ''"

RENAMES = """
CREATE TABLE order_renames (
    order_id text NOT NULL,
    position bigint NOT NULL,
    client_order_id text NOT NULL,
    PRIMARY KEY (order_id, position)
)
"""


def upgrade() -> None:
    """Add the column and the table."""
    in_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(NAMES)
    op.execute(f"{RENAMES} WITHOUT ROWID" if in_sqlite else RENAMES)


def downgrade() -> None:
    """Read models are rebuilt, never taken back."""
    raise NotImplementedError
