"""How much is bid at the best prices of a book."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMN = "ALTER TABLE book_tops ADD COLUMN {side}_bid_size bigint NOT NULL DEFAULT 0"

# What rests is in the rows of the orders: nothing has to be built anew.
SIZE = """
UPDATE book_tops SET {side}_bid_size = COALESCE((
    SELECT SUM(o.resting) FROM book_orders o
    WHERE o.ticker = book_tops.ticker AND o.side = '{side}' AND o.ticks = book_tops.{side}_bid_ticks), 0)
"""


def upgrade() -> None:
    """Add the columns, and say what stands in them."""
    for side in ("yes", "no"):
        op.execute(COLUMN.format(side=side))
        op.execute(SIZE.format(side=side))


def downgrade() -> None:
    """Read models are rebuilt, never taken back."""
    raise NotImplementedError
