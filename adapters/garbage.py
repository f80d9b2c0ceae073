"""The garbage collector of a process that keeps very many objects on purpose."""

import asyncio
import gc

SURVIVORS = (50_000, 2_000, 10)
"""How many new objects may survive before each generation is looked through.

An exchange under load has tens of thousands of objects under way. To look at them again and again before
they are done with took a fourteenth of the processor's time and found nothing: reference counts free them.
What survives that is kept for a while, the latest events and open orders; to look through 200,000 of these
stops everything for a tenth of a second, so it is done after very many of the first looks only.
"""

CHEAP = 2_000
"""So few new objects are looked through in one or two milliseconds."""

CALM_S = 0.05
"""How often to see whether there are so few."""


def collect_seldom() -> None:
    """Have the collector look seldom, and never again at what is there now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SURVIVORS)


def collect_in_calm(loop: asyncio.AbstractEventLoop) -> None:
    """Look through new objects while they are few, from now until the loop ends.

    With little going on they stay few, and looking through very many at once, which holds up everything for
    some hundredths of a second, is left to an exchange under load.
    """
    if CHEAP // 10 <= gc.get_count()[0] <= CHEAP:
        gc.collect(0)
    loop.call_later(CALM_S, collect_in_calm, loop)
