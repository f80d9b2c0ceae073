"""The SQL that writes rows into PostgreSQL. Each statement is made once for a table.

Rows travel as one JSON document, however many they are: one statement, one round trip, and PostgreSQL takes
the types from the table. That was faster than arrays, than COPY into a staging table for pages of up to a few
hundred rows, and than a statement for each row by far.
"""

import re
from functools import cache, lru_cache
from typing import Any

from adapters.read_models.checkpoints import COLUMNS
from projections.running.table import Table


@cache
def insert(table: Table[Any]) -> str:
    """Add rows."""
    columns = ", ".join(table.columns)
    return (
        f"INSERT INTO {table.name} ({columns}) "
        f"SELECT {columns} FROM json_populate_recordset(NULL::{table.name}, %s::json)"
    )


@cache
def upsert(table: Table[Any]) -> str:
    """Add rows, or write them over those with their keys."""
    if table.name == "orders":
        return _merge_orders(table)
    changes = ", ".join(f"{name} = excluded.{name}" for name in table.columns if name not in table.key)
    return f"{insert(table)} ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {changes}"


def _merge_orders(table: Table[Any]) -> str:
    """Add orders, or write them over open ones; those that end move to another partition.

    No index is unique on the order's id alone, which a partitioned table cannot have. Ended orders never
    change, so only open ones are looked at.
    """
    columns = ", ".join(table.columns)
    changes = ", ".join(f"{name} = k.{name}" for name in table.columns if name not in table.key)
    return (
        f"MERGE INTO {table.name} t USING {_keys(table)} ON {_same(table.key)} AND {_OPEN} "
        f"WHEN MATCHED THEN UPDATE SET {changes} "
        f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({', '.join(f'k.{c}' for c in table.columns)})"
    )


_OPEN = "t.status = 'resting'"


@cache
def delete(table: Table[Any]) -> str:
    """Remove the rows with some keys."""
    return f"DELETE FROM {table.name} t USING {_keys(table)} WHERE {_same(table.key)}"


@cache
def load(table: Table[Any]) -> str:
    """Read the rows with some keys."""
    columns = ", ".join(f"t.{name}" for name in table.columns)
    # What an event still concerns is open: the months of ended orders need not be looked through.
    only = f" AND {_OPEN}" if table.name == "orders" else ""
    return f"SELECT {columns} FROM {_keys(table)} JOIN {table.name} t ON {_same(table.key)}{only}"


@cache
def load_where(table: Table[Any], column: str) -> str:
    """Read the rows whose column has one of some values."""
    columns = ", ".join(f"t.{name}" for name in table.columns)
    return f"SELECT {columns} FROM {_keys(table)} JOIN {table.name} t ON {_same((column,))}"


def _keys(table: Table[Any]) -> str:
    return f"json_populate_recordset(NULL::{table.name}, %s::json) k"


def _same(columns: tuple[str, ...]) -> str:
    return " AND ".join(f"t.{name} = k.{name}" for name in columns)


# Held until the end of a transaction: one projector writes at a time.
ALONE = "SELECT pg_advisory_xact_lock(hashtext('presage projections ' || current_schema()))"

# Held until the connection ends: one rebuild at a time.
REBUILD_ALONE = "SELECT pg_try_advisory_lock(hashtext('presage rebuild ' || current_schema()))"

SAVE_CHECKPOINTS = f"""
INSERT INTO checkpoints ({", ".join(COLUMNS)})
SELECT {", ".join(COLUMNS)} FROM json_populate_recordset(NULL::checkpoints, %s::json)
ON CONFLICT (name) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}
"""

PARK = """
INSERT INTO parked_events (projection, position, event_type, stream, revision, error)
SELECT projection, position, event_type, stream, revision, error
FROM json_populate_recordset(NULL::parked_events, %s::json)
ON CONFLICT DO NOTHING
"""

# Tells processes that only read that there is something new.
CHANNEL = "presage_progress"
ANNOUNCE = f"SELECT pg_notify('{CHANNEL}', '')"
LISTEN = f"LISTEN {CHANNEL}"

# Markets whose words hold all that are asked for, best first; words are taken at their stems.
SEARCH = """
SELECT ticker FROM markets, plainto_tsquery('english', :words) AS wanted
WHERE to_tsvector('english', title || ' ' || rules || ' ' || category) @@ wanted
ORDER BY ts_rank(to_tsvector('english', title || ' ' || rules || ' ' || category), wanted) DESC, ticker
LIMIT :limit
"""

_NAMED = re.compile(r"(?<!:):([a-z]\w*)")


@lru_cache(maxsize=512)
def in_driver_style(sql: str) -> str:
    """Return a question whose parameters stand as ``:name`` the way the driver wants it."""
    return _NAMED.sub(r"%(\1)s", sql)


# The tables of ended orders, with their bounds, rows as of the last ANALYZE, and size.
PARTS_OF_ORDERS = """
SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), greatest(c.reltuples, 0), pg_total_relation_size(c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = to_regclass('orders_ended')
"""

# A table and, where it is partitioned, its partitions.
PARTITIONS = """
SELECT %(table)s::text UNION SELECT relid::regclass::text FROM pg_partition_tree(%(table)s::regclass)
"""


def adopt_checkpoint(schema: str, new: str) -> tuple[str, ...]:
    """Take over the checkpoint of a projection, and its parked events."""
    return (
        f"DELETE FROM {schema}.checkpoints WHERE name = %(name)s",
        f"INSERT INTO {schema}.checkpoints SELECT * FROM {new}.checkpoints WHERE name = %(name)s",
        f"DELETE FROM {schema}.parked_events WHERE projection = %(name)s",
        f"INSERT INTO {schema}.parked_events SELECT * FROM {new}.parked_events WHERE projection = %(name)s",
    )
