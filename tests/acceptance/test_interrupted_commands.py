"""Ctrl-C, at whatever moment: the command ends, shows no traceback, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.cli.__main__ import main as entry
from tests.acceptance.presage_process import PATIENCE_S, PRESAGE

IMPORTING = """
import builtins, os, signal
through = builtins.__import__

def interrupted(name, *rest, **more):
    if name == {module!r}:
        os.kill(os.getpid(), signal.SIGINT)
    return through(name, *rest, **more)

builtins.__import__ = interrupted
from adapters.cli.__main__ import main
main()
"""
"""The command, interrupted at the moment when it first imports a module."""


@pytest.mark.parametrize("module", ["typer", "adapters.cli.failures", "adapters.cli.main"])
def test_an_interrupt_while_the_program_is_imported_ends_it_like_any_other(module: str) -> None:
    command = [sys.executable, "-c", IMPORTING.format(module=module), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_an_interrupt_later_is_told_by_the_exit_status(tmp_path: Path) -> None:
    command = [sys.executable, "-c", IMPORTING.format(module="adapters.cli.client"), "market", "list"]
    done = subprocess.run(
        [*command, "--data", str(tmp_path)], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_program_is_started_by_what_takes_care_of_interrupts() -> None:
    assert entry.__module__ in PRESAGE.read_text()


@pytest.mark.parametrize("everybody", [True, False], ids=["a terminal's Ctrl-C", "a signal to it alone"])
def test_a_benchmark_in_processes_of_its_own_ends_with_all_of_them(
    tmp_path: Path, *, everybody: bool
) -> None:
    command = [PRESAGE, "bench", "orders", "--n", "200000", "--data", str(tmp_path)]
    bench = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    # The first measurement has its log when the process that makes it is at work.
    while not any(tmp_path.rglob("log.db")):
        assert bench.poll() is None
        time.sleep(0.02)
    (os.killpg if everybody else os.kill)(bench.pid, signal.SIGINT)
    said, complained = bench.communicate(timeout=PATIENCE_S)  # whoever is left holds these open
    assert (bench.returncode, said) == (130, "")
    assert "Traceback" not in complained
