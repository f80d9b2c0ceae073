"""``presage serve --workers``: starts the exchange and what answers HTTP, and keeps them running."""

import asyncio
import json
import logging
import os
import tempfile
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from shutil import rmtree
from socket import socket
from typing import Any

from adapters.attached_process import Child, ChildEnded, start_attached
from adapters.cli.failures import Failure
from adapters.cli.output import print_json
from adapters.cli.process import Stopping, tell
from adapters.cli.serve_part import END, NOTICE, REFUSE
from adapters.cli.serve_steps import REQUESTS_S
from adapters.cli.welcome import welcome
from adapters.data_folder import DataFolder, Identity
from adapters.engine_lines.shared_notes import notes_file
from adapters.http.serving.serving import url_of
from adapters.listening import not_listening_yet
from adapters.settings import Settings
from application.shutdown import Step

log = logging.getLogger(__name__)

MODULE = "adapters.cli.serve_part"

ENGINE_S = 75.0
"""How long the engine has for all its steps: the sum of what each of them may take."""


class Together:
    """An engine and its HTTP processes."""

    def __init__(self, settings: Settings, listeners: Sequence[socket], *, demo: bool, as_json: bool) -> None:
        self._as_json = as_json
        self._folder = DataFolder(settings.data)
        self._environment = settings.as_environment()
        self._listeners = [*listeners]
        self._notes = notes_file()
        # A socket in the data folder could have a longer name than sockets may have.
        self._place = Path(tempfile.mkdtemp(prefix="presage-"))
        self._failure: Failure | None = None
        self.listening = asyncio.Event()
        self.opened: dict[str, Any] = {}
        line = str(self._place / "engine")
        common = ("--line", line, "--notes", str(self._notes))
        self.engine = Child(
            "the engine",
            partial(self._start, [self._notes], "engine", *common, *(["--demo"] if demo else [])),
            self._engine_said,
            partial(_tell_end, "the engine"),
        )
        self.workers = [self._worker(number, common) for number in range(len(listeners))]

    def _worker(self, number: int, common: Sequence[str]) -> Child:
        name = f"HTTP process {number}"
        options = ("http", "--number", str(number), *common)

        def start() -> "asyncio.Future[Any]":
            listener = self._listeners[number].fileno()
            return self._start([self._notes, listener], *options, "--listener", str(listener))

        def ended(how: str) -> None:
            _tell_end(name, how)
            self._lead_elsewhere(number)

        return Child(name, start, self._worker_said, ended)

    def _lead_elsewhere(self, number: int) -> None:
        """Have the other HTTP processes, if any, answer who connects until this one is back."""
        if len(self._listeners) > 1:
            left = self._listeners[number]
            with suppress(OSError):  # then who comes to it waits
                self._listeners[number] = not_listening_yet(left)
                left.close()

    def _start(self, descriptors: Sequence[int], *arguments: str) -> "asyncio.Future[Any]":
        return asyncio.ensure_future(
            start_attached(
                MODULE,
                *arguments,
                environment=self._environment,
                descriptors=descriptors,
                heard=True,
            )
        )

    def _engine_said(self, line: str) -> bool:
        document = self._heard(line)
        if "listening" in document:
            self.listening.set()
        if "open" in document:
            self.opened = self.opened or document
        if "step" in document:
            tell({"process": "engine", **document}, as_json=self._as_json)
        return "open" in document

    def _worker_said(self, line: str) -> bool:
        return "open" in self._heard(line)

    def _heard(self, line: str) -> dict[str, Any]:
        try:
            document: dict[str, Any] = json.loads(line)
        except ValueError:
            log.warning("a process of ours said: %s", line.strip())
            return {}
        if "error" in document and self._failure is None:
            error = document["error"]
            self._failure = Failure(error["code"], error["message"], details=error["details"])
        return document

    async def begin(self, stack: AsyncExitStack) -> None:
        """Start all of them and keep them running. Raises :class:`Failure` if one does not open."""
        stack.callback(self._leave)
        running = [self._keep(stack, self.engine)]
        await self._unless_ended(running, self.listening.wait())
        running += [self._keep(stack, worker) for worker in self.workers]
        for child in (*self.workers, self.engine):
            await self._unless_ended(running, child.open.wait())

    def _keep(self, stack: AsyncExitStack, child: Child) -> "asyncio.Task[None]":
        task = asyncio.create_task(child.keep_running(), name=child.name)
        stack.callback(task.cancel)
        return task

    async def _unless_ended(
        self, running: Sequence["asyncio.Task[None]"], event: Coroutine[Any, Any, Any]
    ) -> None:
        waiting = asyncio.ensure_future(event)
        await asyncio.wait({waiting, *running}, return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            if task.done():
                waiting.cancel()
                try:
                    task.result()
                except ChildEnded as error:
                    raise self._failure or Failure("not_started", str(error)) from error

    def kill(self) -> None:
        """End all of them here and now."""
        for child in (*self.workers, self.engine):
            child.kill()

    def _leave(self) -> None:
        self.kill()
        for listener in self._listeners:
            listener.close()
        os.close(self._notes)
        rmtree(self._place, ignore_errors=True)

    def closing(self, notice_s: float) -> Iterator[Step]:
        """Yield what is done when the server is asked to end, in order."""

        async def give_notice() -> None:
            self.engine.order(NOTICE)
            await asyncio.sleep(notice_s)

        async def refuse_more() -> None:
            self._folder.withdraw()
            for listener in self._listeners:
                listener.close()
            for worker in self.workers:
                worker.order(REFUSE)

        async def finish() -> None:
            _expect_order(await asyncio.gather(*(worker.end(END) for worker in self.workers)))

        async def end_engine() -> None:
            _expect_order([await self.engine.end(END)])

        yield Step(name="readiness", action=give_notice, limit_s=notice_s + 1)
        yield Step(name="listener", action=refuse_more, limit_s=1)
        yield Step(name="requests", action=finish, limit_s=REQUESTS_S + 2)
        yield Step(name="engine", action=end_engine, limit_s=ENGINE_S)


class NotInOrder(Exception):
    """A process has not ended as it should."""


def _expect_order(statuses: Sequence[int]) -> None:
    if any(statuses):
        raise NotInOrder(f"status {', '.join(map(str, statuses))}")


def _tell_end(name: str, how: str) -> None:
    log.error("%s has ended with %s, and is started again", name, how)


async def serve_together(
    settings: Settings, stopping: Stopping, listeners: Sequence[socket], *, demo: bool, as_json: bool
) -> None:
    """Serve until cancelled."""
    async with AsyncExitStack() as stack:
        together = Together(settings, listeners, demo=demo, as_json=as_json)
        killing = asyncio.create_task(_kill_at_once(stopping, together), name="end at once")
        stack.callback(killing.cancel)
        await together.begin(stack)
        folder, url, opened = DataFolder(settings.data), url_of(listeners[0]), together.opened
        folder.announce(url, Identity(**opened.pop("open")))
        stack.callback(folder.withdraw)
        stopping.steps += together.closing(settings.shutdown_notice_s)
        if as_json:
            print_json({"url": url, "data": str(settings.data.absolute()), **opened})
        else:
            key_id = opened.get("demo_key", {}).get("key_id")
            welcome(settings, url, folder.key(key_id) if key_id else None)
        await asyncio.Event().wait()


async def _kill_at_once(stopping: Stopping, together: Together) -> None:
    await stopping.at_once.wait()
    together.kill()
