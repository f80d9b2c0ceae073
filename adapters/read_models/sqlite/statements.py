"""The SQL that writes rows into SQLite. Each statement is made once for a table."""

from functools import cache
from typing import Any

from adapters.read_models.checkpoints import COLUMNS
from projections.running.table import Table


@cache
def insert(table: Table[Any]) -> str:
    """Add a row."""
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})"


@cache
def upsert(table: Table[Any]) -> str:
    """Add a row, or write it over the one with its key."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in table.columns if name not in table.key)
    return f"{insert(table)} ON CONFLICT ({', '.join(table.key)}) DO UPDATE SET {changes}"


@cache
def delete(table: Table[Any]) -> str:
    """Remove the row with a key."""
    return f"DELETE FROM {table.name} WHERE {' AND '.join(f'{name} = ?' for name in table.key)}"


@cache
def load(table: Table[Any]) -> str:
    """Read the rows whose keys stand in a JSON list of lists.

    CROSS JOIN has SQLite go from the list to the table, never the other way.
    """
    columns = ", ".join(f"t.{name}" for name in table.columns)
    same = " AND ".join(f"t.{name} = k.value ->> {place}" for place, name in enumerate(table.key))
    return f"SELECT {columns} FROM json_each(?) AS k CROSS JOIN {table.name} AS t ON {same}"


@cache
def load_where(table: Table[Any], column: str) -> str:
    """Read the rows whose column has a value that stands in a JSON list."""
    columns = ", ".join(f"t.{name}" for name in table.columns)
    return f"SELECT {columns} FROM json_each(?) AS k CROSS JOIN {table.name} AS t ON t.{column} = k.value"


SAVE_CHECKPOINT = f"""
INSERT INTO checkpoints ({", ".join(COLUMNS)}) VALUES ({", ".join("?" * len(COLUMNS))})
ON CONFLICT (name) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}
"""

PARK = """
INSERT INTO parked_events (projection, position, event_type, stream, revision, error)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""

# Markets whose words hold all that are asked for, best first; words count as they stand in the index.
SEARCH = """
SELECT ticker FROM market_search WHERE market_search MATCH :quoted ORDER BY rank, ticker LIMIT :limit
"""


# Swapping new rows in, from the file attached as "beside".


def empty(table: Table[Any]) -> str:
    """Remove all rows."""
    return f"DELETE FROM main.{table.name}"


def adopt(table: Table[Any]) -> str:
    """Copy all rows over."""
    columns = ", ".join(table.columns)
    return f"INSERT INTO main.{table.name} ({columns}) SELECT {columns} FROM beside.{table.name}"


ADOPT_CHECKPOINT = (
    "DELETE FROM main.checkpoints WHERE name = :name",
    "INSERT INTO main.checkpoints SELECT * FROM beside.checkpoints WHERE name = :name",
    "DELETE FROM main.parked_events WHERE projection = :name",
    "INSERT INTO main.parked_events SELECT * FROM beside.parked_events WHERE projection = :name",
)
"""The checkpoint of a projection and its parked events go with its rows."""
