"""The first read models.

Lists of what happened are keyed by owner, time and position, so that a page of them is one stretch of the
primary key; SQLite keeps such tables clustered, PostgreSQL does not know the word.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE checkpoints (
    name text PRIMARY KEY,
    version bigint NOT NULL,
    position bigint NOT NULL,
    events bigint NOT NULL,
    at_us bigint NOT NULL
);

CREATE TABLE parked_events (
    projection text NOT NULL,
    position bigint NOT NULL,
    event_type text NOT NULL,
    stream text NOT NULL,
    revision bigint NOT NULL,
    error text NOT NULL,
    PRIMARY KEY (projection, position)
);

CREATE TABLE exchanges (
    founded_at_us bigint PRIMARY KEY,
    partitions bigint NOT NULL
);

CREATE TABLE markets (
    ticker text PRIMARY KEY,
    listed_position bigint NOT NULL,
    group_id text,
    title text NOT NULL,
    rules text NOT NULL,
    rules_version bigint NOT NULL,
    category text NOT NULL,
    status text NOT NULL,
    status_reason text NOT NULL,
    result text,
    settlement_ticks bigint,
    condition text NOT NULL,
    parent text,
    required text,
    tick_size_ticks bigint NOT NULL,
    price_min_ticks bigint NOT NULL,
    price_max_ticks bigint NOT NULL,
    quantity_min bigint NOT NULL,
    quantity_step bigint NOT NULL,
    position_limit bigint,
    fee_maker_quadratic_bps bigint NOT NULL,
    fee_maker_flat_ticks bigint NOT NULL,
    fee_taker_quadratic_bps bigint NOT NULL,
    fee_taker_flat_ticks bigint NOT NULL,
    fee_grain bigint NOT NULL,
    last_price_ticks bigint,
    volume bigint NOT NULL,
    trades bigint NOT NULL,
    open_interest bigint NOT NULL,
    created_at_us bigint NOT NULL,
    opened_at_us bigint,
    close_at_us bigint,
    closed_at_us bigint,
    determined_at_us bigint,
    settled_at_us bigint,
    updated_at_us bigint NOT NULL,
    revision bigint NOT NULL
);
CREATE UNIQUE INDEX markets_by_listing ON markets (listed_position);
CREATE INDEX markets_by_group ON markets (group_id, listed_position);

CREATE TABLE market_groups (
    group_id text PRIMARY KEY,
    listed_position bigint NOT NULL,
    title text NOT NULL,
    category text NOT NULL,
    series text NOT NULL,
    members text NOT NULL,
    status text NOT NULL,
    winner text,
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL
);
CREATE UNIQUE INDEX market_groups_by_listing ON market_groups (listed_position);
CREATE INDEX market_groups_by_series ON market_groups (series, listed_position);

CREATE TABLE book_orders (
    order_id text PRIMARY KEY,
    ticker text NOT NULL,
    account_id text NOT NULL,
    side text NOT NULL,
    ticks bigint NOT NULL,
    resting bigint NOT NULL,
    sells boolean NOT NULL,
    sequence bigint NOT NULL
);
CREATE INDEX book_orders_by_queue ON book_orders (ticker, side, ticks, sequence);
CREATE INDEX book_orders_by_account ON book_orders (account_id, ticker);

CREATE TABLE book_tops (
    ticker text PRIMARY KEY,
    yes_bid_ticks bigint,
    no_bid_ticks bigint,
    liquidity bigint NOT NULL,
    last_price_ticks bigint,
    open_interest bigint NOT NULL,
    revision bigint NOT NULL
);

CREATE TABLE candlesticks (
    ticker text NOT NULL,
    minutes bigint NOT NULL,
    start_us bigint NOT NULL,
    price_open bigint,
    price_high bigint,
    price_low bigint,
    price_close bigint,
    previous_ticks bigint,
    bid_open bigint NOT NULL,
    bid_high bigint NOT NULL,
    bid_low bigint NOT NULL,
    bid_close bigint NOT NULL,
    ask_open bigint NOT NULL,
    ask_high bigint NOT NULL,
    ask_low bigint NOT NULL,
    ask_close bigint NOT NULL,
    value bigint NOT NULL,
    volume bigint NOT NULL,
    open_interest bigint NOT NULL,
    PRIMARY KEY (ticker, minutes, start_us)
) CLUSTERED;
CREATE INDEX candlesticks_by_time ON candlesticks (minutes, start_us);

CREATE TABLE orders (
    order_id text PRIMARY KEY,
    account_id text NOT NULL,
    placed_position bigint NOT NULL,
    client_order_id text NOT NULL,
    ticker text NOT NULL,
    side text NOT NULL,
    action text NOT NULL,
    order_type text NOT NULL,
    price_ticks bigint NOT NULL,
    time_in_force text NOT NULL,
    status text NOT NULL,
    end_reason text,
    initial bigint NOT NULL,
    filled bigint NOT NULL,
    remaining bigint NOT NULL,
    canceled bigint NOT NULL,
    lapsed bigint NOT NULL,
    voided bigint NOT NULL,
    maker_fill_cost bigint NOT NULL,
    taker_fill_cost bigint NOT NULL,
    maker_fees bigint NOT NULL,
    taker_fees bigint NOT NULL,
    reserved bigint NOT NULL,
    expires_at_us bigint,
    stop_price_ticks bigint,
    triggered_at_us bigint,
    post_only boolean NOT NULL,
    reduce_only boolean NOT NULL,
    self_trade_prevention text NOT NULL,
    order_group_id text,
    cancel_on_pause boolean NOT NULL,
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL,
    revision bigint NOT NULL,
    position bigint NOT NULL
);
CREATE INDEX orders_by_account ON orders (account_id, created_at_us, placed_position);
CREATE INDEX orders_open_by_account ON orders (account_id, created_at_us, placed_position)
WHERE status = 'resting';
CREATE INDEX orders_by_group ON orders (order_group_id) WHERE order_group_id IS NOT NULL;

CREATE TABLE trades (
    position bigint PRIMARY KEY,
    trade_id text NOT NULL,
    ticker text NOT NULL,
    revision bigint NOT NULL,
    price_ticks bigint NOT NULL,
    quantity bigint NOT NULL,
    taker_side text NOT NULL,
    kind text NOT NULL,
    rules_version bigint NOT NULL,
    at_us bigint NOT NULL
);
CREATE INDEX trades_by_market ON trades (ticker, at_us, position);
CREATE INDEX trades_by_time ON trades (at_us, position);

CREATE TABLE fills (
    account_id text NOT NULL,
    at_us bigint NOT NULL,
    position bigint NOT NULL,
    trade_id text NOT NULL,
    order_id text NOT NULL,
    ticker text NOT NULL,
    side text NOT NULL,
    action text NOT NULL,
    price_ticks bigint NOT NULL,
    quantity bigint NOT NULL,
    fee bigint NOT NULL,
    is_taker boolean NOT NULL,
    kind text NOT NULL,
    rules_version bigint NOT NULL,
    PRIMARY KEY (account_id, at_us, position)
) CLUSTERED;
CREATE INDEX fills_by_order ON fills (order_id);

CREATE TABLE positions (
    account_id text NOT NULL,
    ticker text NOT NULL,
    yes bigint NOT NULL,
    no bigint NOT NULL,
    yes_cost bigint NOT NULL,
    no_cost bigint NOT NULL,
    realized_pnl bigint NOT NULL,
    fees bigint NOT NULL,
    total_traded bigint NOT NULL,
    shares_traded bigint NOT NULL,
    updated_at_us bigint NOT NULL,
    PRIMARY KEY (account_id, ticker)
) CLUSTERED;

CREATE TABLE outcomes (
    ticker text PRIMARY KEY,
    result text NOT NULL,
    yes_ticks bigint NOT NULL
);

CREATE TABLE settlements (
    account_id text NOT NULL,
    at_us bigint NOT NULL,
    position bigint NOT NULL,
    ticker text NOT NULL,
    result text NOT NULL,
    unwound boolean NOT NULL,
    yes bigint NOT NULL,
    no bigint NOT NULL,
    yes_cost bigint NOT NULL,
    no_cost bigint NOT NULL,
    payout bigint NOT NULL,
    fees bigint NOT NULL,
    fees_returned boolean NOT NULL,
    yes_ticks bigint NOT NULL,
    PRIMARY KEY (account_id, at_us, position)
) CLUSTERED;

CREATE TABLE leaderboard_stakes (
    account_id text NOT NULL,
    ticker text NOT NULL,
    yes bigint NOT NULL,
    no bigint NOT NULL,
    yes_cost bigint NOT NULL,
    no_cost bigint NOT NULL,
    profit bigint NOT NULL,
    PRIMARY KEY (account_id, ticker)
) CLUSTERED;

CREATE TABLE leaderboard (
    period text NOT NULL,
    start_us bigint NOT NULL,
    account_id text NOT NULL,
    profit bigint NOT NULL,
    PRIMARY KEY (period, start_us, account_id)
) CLUSTERED;
CREATE INDEX leaderboard_by_profit ON leaderboard (period, start_us, profit DESC, account_id);

CREATE TABLE accounts (
    account_id text PRIMARY KEY,
    cash bigint NOT NULL,
    reserved bigint NOT NULL,
    locked bigint NOT NULL,
    deposited bigint NOT NULL,
    withdrawn bigint NOT NULL,
    updated_at_us bigint NOT NULL
);

CREATE TABLE locked_proceeds (
    account_id text NOT NULL,
    ticker text NOT NULL,
    ledger text NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (account_id, ticker)
) CLUSTERED;
CREATE INDEX locked_proceeds_by_market ON locked_proceeds (ticker);

CREATE TABLE ledgers (
    ledger text PRIMARY KEY,
    deposited bigint NOT NULL,
    withdrawn bigint NOT NULL,
    in_markets bigint NOT NULL,
    fees_held bigint NOT NULL,
    fees_earned bigint NOT NULL
);

CREATE TABLE ledger_entries (
    account_id text NOT NULL,
    at_us bigint NOT NULL,
    position bigint NOT NULL,
    kind text NOT NULL,
    cash_delta bigint NOT NULL,
    reserved_delta bigint NOT NULL,
    locked_delta bigint NOT NULL,
    order_id text,
    ticker text,
    trade_id text,
    reference text NOT NULL,
    market_revision bigint,
    ledger text NOT NULL,
    ledger_revision bigint NOT NULL,
    command_id text NOT NULL,
    correlation_id text NOT NULL,
    PRIMARY KEY (account_id, at_us, position)
) CLUSTERED;
CREATE INDEX ledger_entries_by_order ON ledger_entries (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE order_keys (
    order_id text PRIMARY KEY,
    ticker text NOT NULL,
    request_digest text NOT NULL,
    position bigint NOT NULL
) CLUSTERED;

CREATE TABLE api_keys (
    key_id text PRIMARY KEY,
    account_id text NOT NULL,
    name text NOT NULL,
    public_key_pem text NOT NULL,
    scopes text NOT NULL,
    strict boolean NOT NULL,
    created_at_us bigint NOT NULL,
    revoked_at_us bigint
);
CREATE INDEX api_keys_by_account ON api_keys (account_id);

CREATE TABLE order_groups (
    order_group_id text PRIMARY KEY,
    account_id text NOT NULL,
    quantity_limit bigint NOT NULL,
    filled bigint NOT NULL,
    triggered boolean NOT NULL,
    created_at_us bigint NOT NULL,
    updated_at_us bigint NOT NULL
);
CREATE INDEX order_groups_by_account ON order_groups (account_id);
"""

SEARCH_IN_SQLITE = """
CREATE VIRTUAL TABLE market_search USING fts5 (ticker UNINDEXED, title, rules, category);
CREATE TRIGGER markets_listed AFTER INSERT ON markets BEGIN
    INSERT INTO market_search (rowid, ticker, title, rules, category)
    VALUES (new.rowid, new.ticker, new.title, new.rules, new.category);
END;
CREATE TRIGGER markets_reworded AFTER UPDATE ON markets
WHEN old.title <> new.title OR old.rules <> new.rules OR old.category <> new.category BEGIN
    UPDATE market_search SET title = new.title, rules = new.rules, category = new.category
    WHERE rowid = new.rowid;
END;
CREATE TRIGGER markets_removed AFTER DELETE ON markets BEGIN
    DELETE FROM market_search WHERE rowid = old.rowid;
END
"""

SEARCH_IN_POSTGRES = """
CREATE INDEX markets_by_words ON markets
USING gin (to_tsvector('english', title || ' ' || rules || ' ' || category))
"""


def upgrade() -> None:
    """Create every table."""
    in_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in STATEMENTS.replace(" CLUSTERED", " WITHOUT ROWID" if in_sqlite else "").split(";"):
        if statement.strip():
            op.execute(statement)
    # Triggers hold semicolons of their own, so they are told apart by the blank before CREATE.
    search = SEARCH_IN_SQLITE if in_sqlite else SEARCH_IN_POSTGRES
    for statement in search.split("\nCREATE "):
        if statement.strip():
            op.execute("CREATE " + statement.strip())


def downgrade() -> None:
    """Read models are rebuilt, never taken back."""
    raise NotImplementedError
