"""How telling accounts of their orders gets on."""

from collections.abc import Iterator

from application.notices.deliveries import Deliveries
from application.ports.measures import Measure, counter, gauge


class Notices:
    """Measures what is sent to webhooks."""

    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries

    def measures(self) -> Iterator[Measure]:
        """Yield what waits, and what became of the rest."""
        deliveries = self._deliveries
        yield gauge("presage_notices_waiting", "Notices that wait to be taken.", deliveries.waiting)
        yield gauge(
            "presage_notices_undelivered",
            "Notices that did not reach a webhook and wait for its owner.",
            deliveries.undelivered,
        )
        yield counter(
            "presage_notices_sent",
            "Requests to webhooks, by how they ended.",
            {(outcome.value.replace(" ", "_"),): n for outcome, n in deliveries.outcomes.items()},
            "outcome",
        )
