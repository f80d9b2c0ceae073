"""Pairs that were redeemed."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENT = """
CREATE TABLE redemptions (
    account_id text NOT NULL,
    at_us bigint NOT NULL,
    position bigint NOT NULL,
    ticker text NOT NULL,
    quantity bigint NOT NULL,
    trade_id text,
    PRIMARY KEY (account_id, at_us, position)
)
"""

BY_TRADE = "CREATE INDEX redemptions_by_trade ON redemptions (account_id, trade_id, quantity)"


def upgrade() -> None:
    """Add the table and its index."""
    in_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"{STATEMENT} WITHOUT ROWID" if in_sqlite else STATEMENT)
    op.execute(BY_TRADE)


def downgrade() -> None:
    """Read models are rebuilt, never taken back."""
    raise NotImplementedError
