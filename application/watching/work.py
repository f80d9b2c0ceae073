"""How much the owner of a stream decides, and how long that takes."""

from application.watching.histogram import Histogram

COMMANDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
SECONDS = (0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5)


class Work:
    """Batches of commands: how many each held, and how long it took to decide them."""

    __slots__ = ("commands", "seconds")

    def __init__(self) -> None:
        self.commands = Histogram(COMMANDS)
        self.seconds = Histogram(SECONDS)

    def decided(self, commands: int, seconds: float) -> None:
        """Take note of a batch."""
        self.commands.observe(commands)
        self.seconds.observe(seconds)

    def copy(self) -> "Work":
        """Return how it stands now."""
        other = Work()
        other.add(self)
        return other

    def add(self, other: "Work", since: "Work | None" = None) -> None:
        """Take in what another one counted, or what it counted since it stood so."""
        self.commands.add(other.commands, since.commands if since else None)
        self.seconds.add(other.seconds, since.seconds if since else None)
