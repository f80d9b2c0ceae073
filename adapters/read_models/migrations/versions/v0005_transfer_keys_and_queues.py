"""Every reference of a transfer that was ever used, and books read in the order they are shown in."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TRANSFER_KEYS = """
CREATE TABLE transfer_keys (
    reference_key text PRIMARY KEY,
    amount bigint NOT NULL
)
"""

# Best prices first, as `ORDER BY side, ticks DESC` asks for them, and with what rests there: a book is one
# stretch of the index, with nothing left to be sorted and no row to be read.
QUEUES = "CREATE INDEX book_orders_by_queue ON book_orders (ticker, side, ticks DESC, sequence{included}"


def upgrade() -> None:
    """Add the table, and turn the index round."""
    in_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"{TRANSFER_KEYS} WITHOUT ROWID" if in_sqlite else TRANSFER_KEYS)
    op.execute("DROP INDEX book_orders_by_queue")
    op.execute(QUEUES.format(included=", resting)" if in_sqlite else ") INCLUDE (resting)"))


def downgrade() -> None:
    """Read models are rebuilt, never taken back."""
    raise NotImplementedError
