"""Processes of our own are kept running, one of each."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from adapters.attached_process import Child

SAYS_NONSENSE_ONCE = """
import os, pathlib, sys, time
place = pathlib.Path(sys.argv[1])
print(os.getpid(), flush=True)
if not place.exists():
    place.touch()
    sys.stdout.buffer.write(bytes([255, 10]))
    sys.stdout.flush()
time.sleep(600)
"""


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_process_that_says_what_is_no_text_is_ended_and_started_again(tmp_path: Path) -> None:
    pids: list[int] = []
    ends: list[str] = []

    def started() -> "asyncio.Future[Process]":
        command = (sys.executable, "-c", SAYS_NONSENSE_ONCE, str(tmp_path / "said"))
        return asyncio.ensure_future(asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE))

    def said(line: str) -> bool:
        pids.append(int(line))
        return True

    child = Child("a child", started, said, ends.append)
    running = asyncio.create_task(child.keep_running())
    while len(pids) < 2:  # noqa: ASYNC110 (a state, not an event)
        await asyncio.sleep(0.01)
    assert "can't decode byte 0xff" in ends[0]
    while runs(pids[0]):  # noqa: ASYNC110 (a state of the system)
        await asyncio.sleep(0.01)
    assert runs(pids[1])
    child.kill()
    await running
