"""Where an experiment takes place: an exchange, what it needs, who trades there, and what was broken.

Everything that can be broken can be restored by :meth:`Stage.restore`, however far an experiment came.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from adapters.chaos.clockwork import MovedClock
from adapters.chaos.disk import Disk, disk_at
from adapters.chaos.programs import Adopted, Program
from adapters.chaos.proxy import TcpProxy
from adapters.chaos.servers import postgres, redis
from adapters.chaos.trading import Trading
from adapters.cli.failures import Failure
from adapters.data_folder import DataFolder
from adapters.settings import ProjectorPlace, Settings

NEEDS = ("postgres", "redis", "event_store", "disk", "clock", "projector", "workers")
"""What an exchange can be given for an experiment, beside itself."""

CHILDREN = ("projector", "engine", "http")
"""The processes that an exchange may have beside itself."""

WORKERS = 2

RESTARTED = "restarted.log"
"""Where in its folder an exchange that was killed, and started again, says what it has to say."""


class Stage:
    """The exchange under test, and all that can be broken of it."""

    def __init__(self, settings: Settings, exchange: Program | Adopted) -> None:
        self.settings = settings
        self.exchange = exchange
        self.proxies: dict[str, TcpProxy] = {}
        self.event_store: Program | None = None
        self.disk: Disk | None = None
        self.clock: MovedClock | None = None
        self.aborted = ""
        self.trading: Trading

    @property
    def url(self) -> str:
        """Where the exchange answers."""
        return str(self.exchange.ready["url"])

    def program(self, name: str) -> Program | Adopted:
        """Return the exchange or its event store."""
        program = {"exchange": self.exchange, "event_store": self.event_store}.get(name)
        if program is None:
            raise Failure("not_on_stage", f"there is no {name} in this experiment")
        return program

    def child(self, part: str) -> psutil.Process:
        """Return a process that the exchange has started: projector, engine, one that answers HTTP."""
        for child in psutil.Process(self.exchange.pid).children(recursive=True):
            if part in child.cmdline():
                return child
        raise Failure("not_on_stage", f"the exchange has no {part} beside it")

    def restore(self) -> None:
        """Undo whatever was broken; what was not is left as it is."""
        if self.disk is not None and self.exchange.running:
            self.disk.free(self.exchange.pid)
        if self.clock is not None:
            self.clock.move(0)
        for proxy in self.proxies.values():
            proxy.latency_s = 0
            proxy.mend()
        if self.event_store is not None:
            self.event_store.thaw()
            self.event_store.start()
        self.exchange.thaw()
        self.exchange.start()


@contextmanager
def private_stage(needs: Sequence[str]) -> Iterator[Stage]:
    """Make an exchange of its own, with what an experiment needs, as long as the block runs."""
    if unknown := set(needs) - set(NEEDS):
        raise Failure("bad_experiment", f"needs: {', '.join(sorted(unknown))} is none of {', '.join(NEEDS)}")
    with ExitStack() as stack:
        place = Path(stack.enter_context(TemporaryDirectory(prefix="presage-chaos-")))
        data = place / "data"
        data.mkdir()
        options: dict[str, Any] = {"data": data, "event_store": "sqlite", "host": "127.0.0.1"}
        proxies: dict[str, TcpProxy] = {}
        event_store: Program | None = None
        disk = stack.enter_context(disk_at(data)) if "disk" in needs else None
        if "postgres" in needs:
            options["database_url"], proxies["postgres"] = stack.enter_context(postgres())
        if "redis" in needs:
            options["redis_url"], proxies["redis"] = stack.enter_context(redis())
        if "projector" in needs:
            options["projector"] = ProjectorPlace.BESIDE
        if "workers" in needs:
            options["workers"] = WORKERS
        if "event_store" in needs:
            arguments = ["eventstore", "--data", str(place / "node")]
            event_store = Program(arguments, _plain(), log=place / "node.log")
            stack.callback(event_store.end)
            event_store.start()
            options["event_store"] = event_store.ready["uri"]
        clock = MovedClock(place / "clock") if "clock" in needs else None
        settings = Settings.model_validate(options)
        exchange = Program(
            ["serve", "--log-level", "warning"],
            settings.as_environment(_plain()),
            log=place / "exchange.log",
            clock=None if clock is None else clock.path,
        )
        stack.callback(exchange.end)
        exchange.start()
        stage = Stage(settings, exchange)
        stage.proxies, stage.event_store, stage.disk, stage.clock = proxies, event_store, disk, clock
        yield from _with_trading(stage, place)


@contextmanager
def adopted_stage(data: Path, needs: Sequence[str]) -> Iterator[Stage]:
    """Use the exchange that somebody runs on a folder. Raises :class:`Failure` where that is not enough."""
    if needs:
        raise Failure(
            "needs_its_own",
            f"the experiment needs {', '.join(needs)} of its own",
            details="leave --data out, and an exchange is made for it",
        )
    settings = Settings.from_environment(data=data)
    server = DataFolder(data).server()
    if server is None:
        raise Failure("no_server", f"no exchange is running on {data}")
    with TemporaryDirectory(prefix="presage-chaos-") as place:
        yield from _with_trading(Stage(settings, Adopted(server.url, data / RESTARTED)), Path(place))


def _with_trading(stage: Stage, place: Path) -> Iterator[Stage]:
    """Let the stage be used while traders are there, and leave it whole."""
    stage.trading = Trading(stage.url, stage.settings.data, place)
    try:
        stage.trading.start()
        yield stage
    finally:
        try:
            stage.restore()
        finally:
            stage.trading.stop()


def _plain() -> Mapping[str, str]:
    """Return the environment without what it says of another exchange."""
    others = ("DATABASE_URL", "REDIS_URL")
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PRESAGE_") and name not in others
    }
