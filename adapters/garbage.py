"""The garbage collector of a process that keeps very many objects on purpose."""

import gc

SURVIVORS = (2_000, 5_000, 10)
"""How many new objects may survive before each generation is looked through.

The first is small: looking through it stops everything, for half a millisecond. The second is large: it holds
what an exchange keeps for a while, its latest events and open orders, and looking through 200,000 of these
stops everything for a tenth of a second and finds nothing.
"""


def collect_seldom() -> None:
    """Have the collector look seldom, and never again at what is there now.

    Reference counts free all but a few of an exchange's objects, and the collector spent a fifth of the
    time on looking through open orders, positions and the latest events.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*SURVIVORS)
