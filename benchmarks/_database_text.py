"""What ``docs/database.md`` says around what was measured."""

HEAD = """# The database at work

Written by `python -m benchmarks._database` on {when}, from PostgreSQL {version} with {trades:,} trades,
{orders:,} orders (5 % of them open) and 2 fills for each trade, all generated, of one year. Every plan is of
the second run, without parallel workers, with 128 MB of shared buffers: small tables were in memory, large
ones in that of the operating system. The machine was busy with other work; writing times stray by a third.
"Without" means that the index was dropped in a transaction that was rolled back afterwards.

The indexes are in the migrations (`adapters/read_models/migrations/versions`); the questions are the ones
the product asks (`adapters/read_models/queries`). `tests/integration/read_models/test_indexes.py` checks
with fewer rows that each question takes its index.

## Exercise 11: five questions and their indexes
"""

SLOW_LINES = {
    "Limit": "the ten lines that are shown: nothing below it could stop any earlier",
    "Sort": "orders the markets by volume, keeping only the best ten as it goes, which is cheap",
    "HashAggregate": (
        "one entry in memory for each market, in which the rows of the join are counted and summed up: "
        "`Group Key` is the ticker alone, because it determines the title"
    ),
    "Hash Right Join": (
        "each trade finds its market in the hash below; markets without a trade are kept, that is the "
        "`LEFT JOIN` read from the other side. Its rows are those of the trades, and they are what the "
        "time goes into together with reading them"
    ),
    "Seq Scan on trades t": (
        "every trade there ever was, from the first page to the last: `shared read` counts pages of 8 kB "
        "that had to be fetched from the operating system"
    ),
    "Hash": "the open markets by ticker, in memory",
    "Seq Scan on markets m": (
        "all markets are read and those that are not open left out: most are wanted, so no index would be "
        "quicker"
    ),
}
"""What each line of the slow query's plan says."""

FAST_LINES = {
    "Limit": "ten lines",
    "Sort": "by volume, the best ten of the open markets, as before",
    "Hash Join": (
        "one row for each market that is open and was ever traded: the join is as long as the markets, "
        "because summing up is done before it"
    ),
    "Seq Scan on markets m": (
        "the open markets, with the count of trades that stands in the market's own row"
    ),
    "Hash": "the sums by ticker, in memory",
    "Subquery Scan on v": "hands the sums over under the name of the subquery",
    "HashAggregate": "one entry for each market, in which its days are summed up",
    "Bitmap Heap Scan on candlesticks": (
        "reads the days, each page of the table once and in the order of the pages; this is where the "
        "time goes, and it grows with the days and not with the trades in them"
    ),
    "Bitmap Index Scan on candlesticks_by_time": (
        "finds the candlesticks of whole days among those of minutes and hours"
    ),
}
"""What each line of the rewritten query's plan says."""

EXERCISE_12 = """
## Exercise 12: a slow query rewritten

What is wrong with the query:

- It reads every trade there ever was, to show ten lines. An index on `trades (ticker)` cannot help: most
  markets are open, so most trades are needed, and a scan is the cheapest way to get at them.
- It joins first and sums up afterwards: the join's result is as long as the trades of the open markets, and
  each of its rows carries the title, which is wanted for ten of them. That the title is grouped by as well
  costs nothing here: the ticker is the primary key, so PostgreSQL groups by it alone.
- `LIMIT 10` saves nothing: the order is only known when everything is summed up.
- `LEFT JOIN` keeps markets without a trade, whose volume is `NULL`, and `ORDER BY volume DESC` puts `NULL`
  first: as soon as ten open markets have no trade, they are all it shows. An inner join says what is meant.

It gets slower with every trade, for ever. So it is not asked of the trades: the projections add each trade
to its day's candlestick and to its market's count, in the same transaction as the trade itself. What is
left is to add up a market's days, however many trades are in them. The gain here is small, because 1,000,000
trades over 2,000 markets and a year make 388,000 days in which a market traded, 2.6 trades in each; with a
thousand trades a day it would be a thousandfold. For the last 24 hours, which is what readers ask for, it
is a stretch of `candlesticks_by_time`, see above.
"""

PARTITIONS_HEAD = """
## Exercise 14: the orders in parts

`orders` is partitioned by whether an order has ended, and what has ended by the month it was placed in:

```
orders                          list by status
├── orders_resting              open: small, written all the time (fill factor 70: updates stay in place)
└── orders_ended                range by created_at_us
    ├── orders_earlier          everything before the first month
    ├── orders_2026_11 ...      one table a month, made three months ahead
    └── orders_later            everything after the last month
```

No single key serves the three ways orders are asked for. By market, (a) is fast, and a trader's orders and
a stretch of time are in every partition. By a hash of the trader, (b) touches one partition, and (a) and
(c) all of them. By time alone, (c) reads what it needs, and open orders, which may be old, are everywhere.

The key that helps most is whether an order is open. It splits what the matching and all writing care about
(a) from what is only ever read, and an order crosses over once. Within what has ended, time serves (c), and
lets old months be detached in no time instead of deleted row by row. (b) is served by an index in each
partition, and by asking in such a way that few are touched: a page is the newest open orders beside the
newest ended ones, and the months of the latter are read one after the other, newest first, until the page
is full ("never executed" in the plan below). Asked of the whole table at once, PostgreSQL merges all
partitions and looks into each. A trader who has been away for a year pays for twelve empty looks.

The same rows in one table with the same indexes (and one on the time of placing), and in parts; in brackets
how long planning took:
"""

PARTITIONS_END = """
What it shows: writing to open orders is several times faster, because they are few pages with room in
them, and what is written all the time stays small however long the history gets. Reading is not what is
gained at this size: an index in one table finds open orders (a) and a stretch of time (c) as fast, and a
trader's page (b) in a fifth of the time, or less with planning. Both are far below what a page may take,
and neither grows with the history. A month is detached in milliseconds however many orders are in it, which
no index does.

What it costs:

- The key of a partitioned table holds the partition keys, so the database no longer guarantees that an
  order's id is there once. The projector writes with `MERGE` on open orders only: an order that has ended
  is never written again, and its checkpoint commits with its rows.
- An order that ends is deleted in one partition and inserted in another instead of updated in place.
- An order looked up by its id alone (`GET /portfolio/orders/ID`, the client's name in a page of fills) looks
  into the key of each partition.
- Planning takes longer with each partition: most of a millisecond for eighteen, as long as a question takes
  that touches them all. It is what to look at before keeping months by the hundred: detach them.

`presage partitions` makes months ahead and lists them; `presage partitions --detach-before 2026-01` takes
old ones out of the table, under a lock of a few milliseconds. Every start makes what is missing, so it need
not be run, and an order always has a place: `orders_earlier` and `orders_later` take what is out of range.
A detached month stays in the database as a table, to be archived or dropped; a rebuild brings its orders
back from the log. SQLite has no partitions: there the parts are views of one table, and the same questions
are answered through indexes limited to open orders.
"""
