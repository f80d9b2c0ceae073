"""Brings a read model's tables up to date with Alembic, if they are not.

Importing Alembic and SQLAlchemy takes longer than everything else at start, so it waits until there is
something to migrate: the newest revision is written down here, and a test holds it to the files.
"""

from pathlib import Path
from typing import Any

HEAD = "0009"
"""The newest revision."""


def upgrade(connection: Any) -> None:
    """Migrate over an SQLAlchemy connection; the caller commits."""
    from alembic import command  # noqa: PLC0415 - slow to import
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
