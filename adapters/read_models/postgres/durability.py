"""Refuses a database elsewhere that would lose what it has said to be written."""

import logging

from adapters.read_models.postgres.connections import connect, target

log = logging.getLogger(__name__)

LOSES = ("fsync", "full_page_writes")
"""What makes a crash of the machine damage the whole database when it is off."""

ON_THIS_MACHINE = ("127.0.0.1", "::1", "localhost", "")


class UnsafeDatabase(ValueError):
    """A database that is set to lose data; the message says what to set."""


def is_here(host: str) -> bool:
    """Return whether a host, or the folder of a socket, is on this machine."""
    return host in ON_THIS_MACHINE or host.startswith("/")


async def refuse_unsafe(address: str, schema: str) -> None:
    """Raise :class:`UnsafeDatabase` for a server elsewhere that does not write what it says to have written.

    One on this machine is told about in the log: it is for trying things out.
    """
    async with await connect(address, schema) as connection:
        cursor = await connection.execute(
            "SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = 'off'", [list(LOSES)]
        )
        off = sorted(name for (name,) in await cursor.fetchall())
        host = connection.info.host
    if not off:
        return
    told = (
        f"{' and '.join(off)} is off in {target(address)}: a crash of its machine would damage the database; "
        "set it on in postgresql.conf"
    )
    if not is_here(host):
        raise UnsafeDatabase(told)
    log.warning("%s", told)
