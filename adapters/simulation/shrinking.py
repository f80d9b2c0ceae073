"""From a run that went wrong to the few steps that make it go wrong."""

from collections.abc import Callable, Sequence

from adapters.simulation.running import Outcome
from adapters.simulation.steps import Step

TRIES = 300
"""How many shorter runs are tried at most."""


def shrink(failed: Outcome, run: Callable[[Sequence[Step]], Outcome], tries: int = TRIES) -> Outcome:
    """Return a run with fewer steps that goes wrong too: parts are left out, large ones first.

    Zeller and Hildebrandt's delta debugging; a run counts as the same fault if anything is wrong at all.
    """
    size = len(failed.steps) // 2
    while size and tries:
        start, shorter = 0, False
        while start < len(failed.steps) and tries:
            tries -= 1
            found = run([*failed.steps[:start], *failed.steps[start + size :]])
            if found.held:
                start += size
            else:
                failed, shorter = found, True
        if not shorter or size > len(failed.steps):
            size = min(size, len(failed.steps)) // 2
    return failed
