"""Runs ``presage projector`` beside the exchange: on a processor of its own, and anew whenever it ends."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from adapters.settings import Settings
from application.health import Health, Trouble

PAUSES_S = (0.1, 5.0)
"""How long to wait before it is started again: at first, and at most."""

LONG_S = 30.0
"""A projector that ran so long had nothing wrong with it from the start."""

SOUND_S = 5.0
"""A projector that has run for so long is taken to be well: it says itself what else is wrong."""

PART = "projector beside"
"""What it is called where trouble is reported."""

END_S = 10.0
"""How long it has to finish its transaction."""


@asynccontextmanager
async def projector_beside(settings: Settings, health: Health) -> AsyncIterator[None]:
    """Keep a projector running while the block runs."""
    task = asyncio.create_task(_keep_running(settings, health), name="projector")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_running(settings: Settings, health: Health) -> None:
    loop = asyncio.get_running_loop()
    pause_s, longest_s = PAUSES_S
    while True:
        began = loop.time()
        well = loop.call_later(SOUND_S, health.clear, PART, Trouble.PROJECTOR_FAILED)
        try:
            ended = f"status {await _run(settings)}"
        except Exception as error:  # noqa: BLE001 (whatever keeps it from running is told)
            ended = f"{type(error).__name__}: {error}"
        finally:
            well.cancel()
        pause_s = PAUSES_S[0] if loop.time() - began > LONG_S else min(2 * pause_s, longest_s)
        health.report(
            PART,
            Trouble.PROJECTOR_FAILED,
            f"it ended with {ended}, having said why to standard error; it is started again and again",
        )
        await asyncio.sleep(pause_s)


async def _run(settings: Settings) -> int:
    """Run a projector until it ends, or until cancelled; return its status."""
    process = await _start(settings)
    try:
        return await process.wait()
    finally:
        await _end(process)


async def _start(settings: Settings) -> Process:
    # Its input is a pipe that nothing is written to: when this process is gone, however it went, the pipe
    # ends, and the projector with it. Being in a session of its own, it is spared interrupts at the terminal,
    # and with -P nothing is imported from the folder that it happens to be started in.
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "adapters.cli",
        "projector",
        "--attached",
        stdin=PIPE,
        stdout=DEVNULL,
        start_new_session=True,
        env=settings.as_environment(),
    )


async def _end(process: Process) -> None:
    """End a process in order; one that does not end is killed."""
    if process.returncode is not None:
        return
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), END_S)
    except TimeoutError:
        process.kill()
        await process.wait()
