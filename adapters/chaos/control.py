"""What the Chaos Toolkit calls around an experiment: the stage is set before it, and restored after it.

However an experiment ends - it is over, it is aborted, Ctrl-C is pressed, it has failed - the stage is
restored and what was made for it is gone.
"""

import logging
import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from chaoslib.exceptions import InterruptExecution
from chaoslib.exit import exit_gracefully

from adapters.chaos.reaching import readiness
from adapters.chaos.stage import Stage, adopted_stage, private_stage
from adapters.cli.failures import Failure

DATA = "PRESAGE_CHAOS_DATA"
"""The variable that names the folder of an exchange to break; without it one is made."""

DOWN_S = 60.0
"""For how long an exchange may not be ready before the experiment is aborted, unless it says otherwise."""

log = logging.getLogger("chaostoolkit")

_stack = ExitStack()
_stage: Stage | None = None
_over = threading.Event()


def stage() -> Stage:
    """Return where the experiment takes place."""
    if _stage is None:
        raise InterruptExecution("no stage is set: the experiment lacks the control adapters.chaos.control")
    return _stage


def before_experiment_control(context: dict[str, Any], **_: Any) -> None:
    """Refuse an experiment that could not be undone; set the stage."""
    global _stage  # noqa: PLW0603 (the toolkit calls functions, not objects)
    if not context.get("rollbacks"):
        raise InterruptExecution("the experiment has no rollbacks: what it breaks would stay broken")
    said = context.get("configuration", {})
    needs = said.get("needs", [])
    data = os.environ.get(DATA)
    try:
        opened = adopted_stage(Path(data), needs) if data else private_stage(needs)
        _stage = _stack.enter_context(opened)
    except Failure as failure:
        raise InterruptExecution(f"{failure.message} {failure.details}".strip()) from failure
    _over.clear()
    watch = threading.Thread(
        target=_watch, args=(_stage, float(said.get("abort_down_s", DOWN_S))), name="abort", daemon=True
    )
    watch.start()
    _stack.callback(_over.set)


def after_experiment_control(context: dict[str, Any], state: dict[str, Any], **_: Any) -> None:
    """Note in the journal what was seen."""
    del context
    if _stage is not None:
        state["presage"] = {"acknowledged": _stage.trading.acknowledged_count, "aborted": _stage.aborted}


def cleanup_control() -> None:
    """Restore the stage, and take away what was made for it."""
    global _stage  # noqa: PLW0603
    _stage = None
    _stack.close()


def _watch(here: Stage, down_s: float) -> None:
    """Abort the experiment once the exchange has not been ready for too long."""
    down_since: float | None = None
    while not _over.wait(0.5):
        status, _ = readiness(here.url, within_s=1.0)
        if status == 200:
            down_since = None
        elif down_since is None:
            down_since = time.monotonic()
        elif time.monotonic() - down_since > down_s:
            here.aborted = f"the exchange was not ready for more than {down_s:g} s"
            log.error("aborted: %s", here.aborted)
            exit_gracefully()
            return
