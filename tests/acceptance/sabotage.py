"""What experiments of the tests do beside breaking things: spoil the steady state, and leave a mark."""

from pathlib import Path

from adapters.chaos.control import stage


def forget_an_order() -> str:
    """Pretend that an order was acknowledged that the exchange does not know."""
    acknowledged = stage().trading.found.acknowledged
    account = next(iter(acknowledged))
    acknowledged[account].append("never-placed")
    return "one order is lost"


def mark(path: str) -> str:
    """Tell a test that the experiment has come so far, and where it takes place."""
    Path(path).write_text(str(stage().settings.data))
    return "marked"
