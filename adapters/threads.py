"""How the threads of a process take turns."""

import sys

SWITCH_S = 0.0005
"""How long a thread holds the interpreter's lock while others want it."""


def give_way_soon() -> None:
    """Have the event loop give way soon to the threads that write files: they need little, but at once."""
    sys.setswitchinterval(SWITCH_S)
