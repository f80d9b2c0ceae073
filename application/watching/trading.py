"""Trading as those who watch it see it."""

from collections.abc import Iterator

from application.ports.measures import Measure, counter, gauge
from application.sagas.recovery import SagaRecovery
from application.sagas.set_aside import SetAside
from application.trading import CommandHandler


class Trading:
    """Measures the sagas of this process."""

    def __init__(self, trading: CommandHandler, recovery: SagaRecovery, set_aside: SetAside) -> None:
        self._trading = trading
        self._recovery = recovery
        self._set_aside = set_aside

    def measures(self) -> Iterator[Measure]:
        """Yield sagas that are open, and how the others ended."""
        yield gauge(
            "presage_sagas_open",
            "Sagas that callers wait for.",
            {("placement",): self._trading.placing, ("amendment",): self._trading.amending},
            "saga",
        )
        yield counter(
            "presage_sagas_ended",
            "Placements by how they ended; compensated: the market did not take what was paid for.",
            {(end,): n for end, n in self._trading.sagas.ended.items()},
            "end",
        )
        yield counter(
            "presage_sagas_recovered",
            "Interrupted sagas that were brought to an end, their money given back.",
            self._recovery.ended,
        )
        yield gauge(
            "presage_sagas_set_aside",
            "Interrupted orders that cannot be brought to their end; somebody has to look at the log.",
            sum(1 for _ in self._set_aside),
        )
