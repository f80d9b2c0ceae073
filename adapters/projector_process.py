"""Runs ``presage projector`` beside the exchange: on a processor of its own, and anew whenever it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from adapters.attached_process import RestartPauses, end_attached, start_attached
from adapters.settings import Settings
from application.health import Health, Trouble

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
    loop, pauses = asyncio.get_running_loop(), RestartPauses()
    while True:
        began = loop.time()
        well = loop.call_later(SOUND_S, health.clear, PART, Trouble.PROJECTOR_FAILED)
        try:
            ended = f"status {await _run(settings)}"
        except Exception as error:  # noqa: BLE001 (whatever keeps it from running is told)
            ended = f"{type(error).__name__}: {error}"
        finally:
            well.cancel()
        health.report(
            PART,
            Trouble.PROJECTOR_FAILED,
            f"it ended with {ended}, having said why to standard error; it is started again and again",
        )
        await asyncio.sleep(pauses.after(loop.time() - began))


async def _run(settings: Settings) -> int:
    """Run a projector until it ends, or until cancelled; return its status."""
    process = await start_attached(
        "adapters.cli", "projector", "--attached", environment=settings.as_environment()
    )
    try:
        return await process.wait()
    finally:
        await end_attached(process, END_S)
