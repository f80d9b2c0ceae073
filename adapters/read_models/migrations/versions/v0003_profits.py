"""Every profit as it was made, for standings as they stood."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENT = """
CREATE TABLE leaderboard_profits (
    at_us bigint NOT NULL,
    position bigint NOT NULL,
    account_id text NOT NULL,
    profit bigint NOT NULL,
    PRIMARY KEY (at_us, position, account_id)
)
"""


def upgrade() -> None:
    """Add the table."""
    in_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(f"{STATEMENT} WITHOUT ROWID" if in_sqlite else STATEMENT)


def downgrade() -> None:
    """Read models are rebuilt, never taken back."""
    raise NotImplementedError
