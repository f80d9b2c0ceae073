"""Orders in parts (PostgreSQL), and an index for positions that are held.

An order ends once and never changes again. Open orders are few and are written all the time; ended ones
are many and are only read. So PostgreSQL keeps them apart: open orders in one small table, ended ones by
the month they were placed in. SQLite has no partitions; there the two are views of one table.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Those who have traded for long hold few of the many markets they ever had a position in.
POSITIONS = "CREATE INDEX positions_held ON positions (account_id, ticker) WHERE yes > 0 OR no > 0"

ORDERS = """
CREATE TABLE orders_in_parts (LIKE orders) PARTITION BY LIST (status);
CREATE TABLE orders_resting PARTITION OF orders_in_parts FOR VALUES IN ('resting') WITH (fillfactor = 70);
CREATE TABLE orders_ended PARTITION OF orders_in_parts FOR VALUES IN ('canceled', 'executed')
    PARTITION BY RANGE (created_at_us);
CREATE TABLE orders_later PARTITION OF orders_ended FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
INSERT INTO orders_in_parts SELECT * FROM orders;
DROP TABLE orders;
ALTER TABLE orders_in_parts RENAME TO orders;
ALTER TABLE orders ADD CONSTRAINT orders_key PRIMARY KEY (order_id, status, created_at_us);
CREATE INDEX orders_by_account ON orders (account_id, created_at_us, placed_position);
CREATE INDEX orders_by_group ON orders (order_group_id) WHERE order_group_id IS NOT NULL;
CREATE INDEX orders_open_by_market ON orders_resting (ticker, side, price_ticks, placed_position)
"""

VIEWS = """
CREATE VIEW orders_resting AS SELECT * FROM orders WHERE status = 'resting';
CREATE VIEW orders_ended AS SELECT * FROM orders WHERE status <> 'resting'
"""


def upgrade() -> None:
    """Add the index, and part the orders."""
    op.execute(POSITIONS)
    in_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (VIEWS if in_sqlite else ORDERS).split(";"):
        op.execute(statement)


def downgrade() -> None:
    """Read models are rebuilt, never taken back."""
    raise NotImplementedError
