"""What a read model holds, table by table, as a hash of its rows in the order of their keys."""

import hashlib
from collections.abc import Sequence

from adapters.read_models.queries.reader import Reader
from projections.catalog import TABLES


async def checksums(reader: Reader) -> dict[str, str]:
    """Return a hash of each table's rows, checkpoints included."""
    sums = {}
    for table in (table for tables in TABLES.values() for table in tables):
        columns, key = ", ".join(table.columns), ", ".join(table.key)
        sums[table.name] = _sum(await reader.fetch(f"SELECT {columns} FROM {table.name} ORDER BY {key}", {}))
    marks = "SELECT name, version, position, events, at_us FROM checkpoints ORDER BY name"
    sums["checkpoints"] = _sum(await reader.fetch(marks, {}))
    return sums


def _sum(rows: Sequence[tuple[object, ...]]) -> str:
    # Databases differ in how they say yes and no.
    plain = [tuple(int(value) if isinstance(value, bool) else value for value in row) for row in rows]
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:16]
